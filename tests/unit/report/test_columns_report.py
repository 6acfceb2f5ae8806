"""The report on a terminal."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec
import pytest

from envcensus.model.census import Census, Metrics, Survey
from envcensus.model.finding import Finding
from envcensus.model.skipped import Skipped
from envcensus.report import formats
from envcensus.report.columns import age
from envcensus.report.options import RenderOptions
from envcensus.report.text import width_of

Golden = Callable[[str, str], None]


def text_of(census: Census, **options: object) -> str:
    return "".join(formats.render("columns", census, msgspec.convert(options, RenderOptions)))


def test_plain(census: Census, golden: Golden) -> None:
    golden("columns.txt", text_of(census))


def test_verbose(census: Census, golden: Golden) -> None:
    golden("columns-verbose.txt", text_of(census, verbose=True))


def test_colour_adds_codes_only(census: Census, golden: Golden) -> None:
    coloured = text_of(census, color=True)
    golden("columns-color.txt", coloured)
    assert re.sub(r"\x1b\[\d+m", "", coloured) == text_of(census)


def test_narrow(census: Census, golden: Golden) -> None:
    text = text_of(census, width=70)
    golden("columns-narrow.txt", text)
    tables = [line for line in text.splitlines() if line.startswith(("Package", "---", "urllib3"))]
    assert tables
    assert all(width_of(line) <= 70 for line in tables)


def test_envs(census: Census, golden: Golden) -> None:
    golden("envs.txt", "".join(formats.render_envs("columns", census)))


def test_listing(census: Census, golden: Golden) -> None:
    first = next(iter(census.surveys))
    plain = tuple(Finding(distribution=f.distribution, state="unchecked") for f in first.findings)
    listed = Census(
        surveys=(Survey(environment=first.environment, findings=plain),), skipped=(), metrics=Metrics(), generated=0.0
    )
    golden("columns-list.txt", text_of(listed, command="list"))


def failing(census: Census, count: int) -> Census:
    """Every look-up failed."""
    source = next(iter(census.surveys)).findings[2].distribution
    rows = tuple(
        Finding(
            distribution=msgspec.structs.replace(source, name=f"p{n}", normalized=f"p{n}"),
            state="failed",
            reason="index down",
        )
        for n in range(count)
    )
    survey = Survey(environment=next(iter(census.surveys)).environment, findings=rows)
    return Census(surveys=(survey,), skipped=(), metrics=Metrics(), generated=0.0)


def test_a_failure_never_reads_as_up_to_date(census: Census) -> None:
    text = text_of(failing(census, 7))
    assert "7 packages could not be looked up: index down (p0, p1, p2, p3, p4 and 2 more)" in text
    assert "INCOMPLETE: 7 packages could not be looked up" in text
    assert "0 up to date" in text
    assert "packages up to date" not in text


def test_skipped_alone_is_incomplete() -> None:
    empty = Census(surveys=(), skipped=(Skipped("directory", "/x", "gone"),), metrics=Metrics(), generated=0.0)
    assert "INCOMPLETE: 1 not looked at" in text_of(empty)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (0.2, "0 days"),
        (-1, "0 days"),
        (1, "1 day"),
        (59, "59 days"),
        (65, "2 months"),
        (729, "23 months"),
        (1000, "2.7 years"),
    ],
)
def test_age(days: float, words: str) -> None:
    assert age(days) == words
