"""One JSON record a line: a header, one line per environment, the skipped, a trailer with the totals.

Lines can be written as environments come in, and a reader needs to hold one at a time. A file without its trailer
was cut off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from envcensus.model.census import Census, Metrics, Survey
from envcensus.model.skipped import Skipped
from envcensus.report import document, totals
from envcensus.report.document import encode
from envcensus.report.options import RenderOptions


def render(census: Census, options: RenderOptions) -> Iterator[str]:
    """The lines of a finished census."""
    return stream(census.surveys, census.skipped, census.metrics, census.generated, options)


def stream(
    surveys: Iterable[Survey],
    skipped: Iterable[Skipped],
    metrics: Metrics,
    generated: float,
    options: RenderOptions,
) -> Iterator[str]:
    """The lines, environment by environment: `skipped` and `metrics` are read after `surveys` has ended."""
    yield _header(generated, options)
    sums = totals.Totals()
    for survey in surveys:
        counts = totals.of_survey(survey)
        sums.add(counts)
        record = document.survey(survey, options, counts)
        record.record = "environment"
        yield encode(record) + "\n"
    count = 0
    for count, row in enumerate(skipped, 1):  # noqa: B007 - used after the loop
        yield encode(document.SkippedLine(what=row.what, where=row.where, reason=row.reason)) + "\n"
    yield encode(document.Trailer(summary=document.census_summary(sums, count), metrics=metrics)) + "\n"


def render_envs(census: Census, options: RenderOptions) -> Iterator[str]:
    """The environments alone, one a line."""
    yield _header(census.generated, options)
    for survey in census.surveys:
        record = document.environment(survey.environment)
        record.record = "environment"
        yield encode(record) + "\n"
    for row in census.skipped:
        yield encode(document.SkippedLine(what=row.what, where=row.where, reason=row.reason)) + "\n"
    sums = totals.Totals(environments=len(census.surveys))
    trailer = document.Trailer(summary=document.census_summary(sums, len(census.skipped)), metrics=census.metrics)
    yield encode(trailer) + "\n"


def _header(generated: float, options: RenderOptions) -> str:
    header = document.Header(
        version="1",
        generator=document.generator(options),
        command=options.command,
        generated=document.timestamp(generated),
    )
    return encode(header) + "\n"
