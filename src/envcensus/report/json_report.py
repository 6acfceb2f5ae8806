"""The whole census as one JSON document, written environment by environment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from envcensus.model.census import Census
from envcensus.report import document, totals
from envcensus.report.options import RenderOptions
from envcensus.report.text import encode


def render(census: Census, options: RenderOptions) -> Iterator[str]:
    """Pieces of a `document.CensusDocument`; one environment a line, so that `grep` and `diff` serve as well."""
    counts = totals.of_surveys(census.surveys)
    yield _opening(options, census.generated, f'"command":{encode(options.command)},\n')
    yield f'"summary":{encode(document.census_summary(counts, len(census.skipped)))},\n'
    yield from _array("environments", (document.survey(s, options, totals.of_survey(s)) for s in census.surveys))
    yield from _array("skipped", map(document.skipped_record, census.skipped))
    if census.changes is not None:
        yield f'"changes":{encode(document.changes_record(census.changes))},\n'
    if census.notes:
        yield from _array("notes", document.note_records(census.notes))
    yield f'"metrics":{encode(census.metrics)}}}\n'


def render_envs(census: Census, options: RenderOptions) -> Iterator[str]:
    """Pieces of a `document.EnvironmentsDocument`."""
    yield _opening(options, census.generated, "")
    yield from _array("skipped", map(document.skipped_record, census.skipped))
    *rest, last = _array("environments", (document.environment(s.environment) for s in census.surveys))
    yield from rest
    yield last.removesuffix(",\n") + "}\n"


def _opening(options: RenderOptions, generated: float, command: str) -> str:
    return (
        f'{{"version":"{document.VERSION}",\n"generator":{encode(document.generator(options))},\n'
        f'{command}"generated":{encode(document.timestamp(generated))},\n'
    )


def _array(key: str, records: Iterable[Struct]) -> Iterator[str]:
    yield f'"{key}":['
    opening = "\n"
    for record in records:
        yield opening + encode(record)
        opening = ",\n"
    yield "],\n"
