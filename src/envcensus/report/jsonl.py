"""One JSON record a line: a header, one line per environment, the skipped, a trailer with the totals.

Lines can be written as environments come in, and a reader needs to hold one at a time. A file without its trailer
was cut off.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import UNSET

from envcensus.model.census import Census, Stream
from envcensus.report import document, totals
from envcensus.report.options import RenderOptions
from envcensus.report.text import encode


def render(census: Census | Stream, options: RenderOptions) -> Iterator[str]:
    """The lines, environment by environment; those of a stream as it gives them."""
    yield _header(census.generated, options)
    sums = totals.Totals()
    for survey in census.surveys:
        counts = totals.of_survey(survey)
        sums.add(counts)
        record = document.survey(survey, options, counts)
        record.record = "environment"
        yield encode(record) + "\n"
    yield from _end(census, sums)


def render_envs(census: Census | Stream, options: RenderOptions) -> Iterator[str]:
    """The environments alone, one a line."""
    yield _header(census.generated, options)
    sums = totals.Totals()
    for survey in census.surveys:
        sums.environments += 1
        record = document.environment(survey.environment)
        record.record = "environment"
        yield encode(record) + "\n"
    yield from _end(census, sums)


def _end(census: Census | Stream, sums: totals.Totals) -> Iterator[str]:
    for row in census.skipped:
        yield encode(document.SkippedLine(what=row.what, where=row.where, reason=row.reason)) + "\n"
    summary = document.census_summary(sums, len(census.skipped))
    trailer = document.Trailer(summary=summary, metrics=census.metrics)
    trailer.notes = document.note_records(census.notes) or UNSET
    yield encode(trailer) + "\n"


def _header(generated: float, options: RenderOptions) -> str:
    header = document.Header(
        version="1",
        generator=document.generator(options),
        command=options.command,
        generated=document.timestamp(generated),
    )
    return encode(header) + "\n"
