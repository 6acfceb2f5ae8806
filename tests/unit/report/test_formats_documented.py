"""docs/formats.md says what the registry and the formats do."""

from __future__ import annotations

import pathlib
import re
import typing

from envcensus.model.census import Census
from envcensus.model.finding import State
from envcensus.model.skipped import CODES
from envcensus.report import formats
from envcensus.report.schema import schemas

TEXT = (pathlib.Path(__file__).parents[3] / "docs" / "formats.md").read_text(encoding="utf-8")
GOLDEN = pathlib.Path(__file__).with_name("golden")


def table(heading: str) -> list[list[str]]:
    """Cells of the table whose first column is headed so."""
    body = TEXT.split(f"| {heading} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in body]


def test_every_format_with_its_suffixes() -> None:
    documented = [
        (name.strip("`"), tuple(re.findall("`(.*?)`", suffixes)), text) for name, suffixes, text in table("format")
    ]
    assert documented == [(name, entry.suffixes, entry.summary) for name, entry in formats.FORMATS.items()]


def test_every_state() -> None:
    assert {row[0].strip("`") for row in table("state")} == set(typing.get_args(State))


def test_every_problem() -> None:
    assert [(code.strip("`"), meaning) for code, meaning in table("code")] == list(CODES.items())


def test_every_metric(census: Census) -> None:
    documented = set(re.findall(r"`(envcensus_\w+)`", TEXT))
    written = set(re.findall(r"^# TYPE (\w+)", "".join(formats.render("prometheus", census)), re.MULTILINE))
    assert documented <= written
    assert {name for name in written if not name.startswith("envcensus_run_")} <= documented


def test_the_example_is_real() -> None:
    (example,) = re.findall(r"```text\n(.*?)```", TEXT, re.DOTALL)
    assert (GOLDEN / "columns.txt").read_text(encoding="utf-8").startswith(example)


def test_every_schema() -> None:
    assert all(name in TEXT for name in schemas())
