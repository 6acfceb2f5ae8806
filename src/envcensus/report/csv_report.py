"""Comma-separated values (RFC 4180): one row per package, safe to open in a spreadsheet.

A cell that a spreadsheet would take for a formula (CWE-1236) gets an apostrophe in front, which spreadsheets show
as text. Problems and what could not be looked at have rows of their own, told apart by `state`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence

from envcensus.model.census import Census, Survey
from envcensus.model.display import neutral
from envcensus.model.environment import owner_label
from envcensus.model.finding import Finding
from envcensus.report.document import timestamp
from envcensus.report.options import RenderOptions

HEADER = (
    *("host", "environment", "kind", "python", "owner", "package", "version", "state", "wanted", "latest", "type"),
    *("severity", "age_days", "libyears", "latest_uploaded", "yanked", "project_status", "direct", "installer"),
    *("held_by", "ignored", "reason"),
)
# The last four are the full-width forms, which some spreadsheets read alike.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")


class _Line:
    """What the csv module writes to: keeps the last line."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


def render(census: Census, options: RenderOptions) -> Iterator[str]:
    """The header line, then one line per row."""
    line = _Line()
    writer = csv.writer(line, quoting=csv.QUOTE_ALL)
    writer.writerow(HEADER)
    yield line.text
    for survey in census.surveys:
        for row in _rows(survey, options):
            writer.writerow(row)
            yield line.text
    for skipped in census.skipped:
        writer.writerow(_other("", skipped.where, "skipped", f"{skipped.what}: {skipped.reason}"))
        yield line.text


def guard(text: str) -> str:
    """`text` as a cell that no spreadsheet evaluates."""
    text = neutral(text)
    return "'" + text if text.lstrip().startswith(FORMULA) else text


def _rows(survey: Survey, options: RenderOptions) -> Iterator[Sequence[str]]:
    environment = survey.environment
    place = [
        guard(environment.host),
        guard(environment.path),
        guard(environment.kind),
        guard(environment.python),
        guard(owner_label(environment.owner)),
    ]
    for finding in survey.findings:
        if options.shows(finding):
            yield place + _cells(finding)
    for problem in survey.problems:
        yield _other(environment.host, environment.path, "problem", f"{problem.code}: {problem.where}")


def _cells(finding: Finding) -> list[str]:
    distribution, latest = finding.distribution, finding.latest
    return [
        guard(distribution.name),
        guard(distribution.version),
        finding.state,
        guard(finding.wanted),
        guard(latest.version) if latest else "",
        latest.filetype if latest else "",
        finding.severity or "",
        "" if finding.age_days is None else f"{finding.age_days:.1f}",
        "" if finding.libyears is None else f"{finding.libyears:.3f}",
        timestamp(latest.uploaded) if latest else "",
        "" if finding.yanked is None else guard(finding.yanked or "yanked"),
        guard(finding.status),
        "yes" if finding.direct else "no",
        guard(distribution.installer),
        guard("; ".join(finding.held_by)),
        guard(finding.ignored),
        guard(finding.reason),
    ]


def _other(host: str, where: str, state: str, reason: str) -> list[str]:
    row = dict.fromkeys(HEADER, "")
    row.update(host=guard(host), environment=guard(where), state=state, reason=guard(reason))
    return list(row.values())
