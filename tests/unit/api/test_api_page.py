"""docs/api.md: its examples are run, and its tables hold every public name."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import Any

import envcensus
from envcensus import aio
from tests.support.place import Place

PAGE = Path(__file__).parents[3] / "docs" / "api.md"


class ElsewhereChecker(doctest.OutputChecker):
    """The page says /srv where the test has a directory of its own."""

    def __init__(self, place: Path) -> None:
        self.place = str(place)

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return super().check_output(want, got.replace(self.place, ""), optionflags)


def test_the_examples_run(place: Place) -> None:
    test = doctest.DocTestParser().get_doctest(PAGE.read_text(encoding="utf-8"), {}, "api.md", str(PAGE), 0)
    assert len(test.examples) > 20
    told: list[str] = []
    outcome = doctest.DocTestRunner(ElsewhereChecker(place.path)).run(test, out=told.append)
    assert not outcome.failed, "".join(told)


def test_every_public_name_is_described() -> None:
    rows = "\n".join(re.findall(r"^\| (.*?) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    described = set(re.findall(r"[A-Za-z.]+", rows))
    assert set(envcensus.__all__) - {"__version__", "aio"} <= described
    assert {f"aio.{name}" for name in aio.__all__} <= described


def test_every_attribute_is_described() -> None:
    rows = dict(re.findall(r"^\| `([A-Za-z]+)` \| (.*) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    elsewhere = {"Platform", "Metrics", "CoreMetadata", "Conflict"}  # what they say in sentences
    for name in set(envcensus.__all__) - elsewhere:
        model: Any = getattr(envcensus, name)
        for field in getattr(model, "__struct_fields__", ()):
            assert f"`{field}`" in rows[name], f"{name}.{field}"
