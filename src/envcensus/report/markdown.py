"""Markdown (CommonMark with tables, as forges render it). No text from outside becomes markup, link or mention."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from envcensus.model.census import Census, Survey
from envcensus.model.display import neutral, plural
from envcensus.model.finding import Finding
from envcensus.model.skipped import in_words
from envcensus.report import columns, totals
from envcensus.report.document import timestamp
from envcensus.report.options import RenderOptions
from envcensus.report.remarks import remarks
from envcensus.report.totals import SEVERITIES, Totals

# Written as character references: a backslash would do for most, but not for links and mentions that forges make
# out of plain text, and not for a bar in every parser of tables.
_SPECIAL = re.compile(
    r"[\\`*_{}\[\]<>|~&@$]|#(?=\w)|:(?=\S)|(?<=www)\."  # anywhere: emphasis, code, links, mentions, emoji, formulas
    r"|^[-+=#]|^\d(?=\d*[.)](?:\s|$))|^\s|\s$",  # at the ends: lists, headings, rules
    re.IGNORECASE,
)


def escape(text: str) -> str:
    """`text` as inline text that renders as exactly these characters."""
    return _SPECIAL.sub(lambda match: f"&#{ord(match[0])};", neutral(text))


def render(census: Census, options: RenderOptions) -> Iterator[str]:
    """Heading, summary, one section per environment with rows or problems, what was skipped."""
    sums = totals.of_surveys(census.surveys)
    yield "# Python environments\n\n"
    yield "".join(_summary(census, sums))
    quiet = []
    for survey in census.surveys:
        lines = list(_environment(survey, options))
        if lines:
            yield "".join(lines)
        else:
            quiet.append(survey)
    if quiet:
        yield "## Nothing to report\n\n"
        for survey in quiet:
            counts = totals.of_survey(survey)
            yield f"- {escape(survey.environment.path)}: {escape(columns.nothing(counts))}\n"
        yield "\n"
    said = list(remarks(census, verbose=True))
    if said:
        yield "## Remarks\n\n"
        yield "".join(f"- {escape(line)}\n" for line in said) + "\n"
    if census.skipped:
        yield "## Not looked at\n\n"
        for row in census.skipped:
            yield f"- {escape(row.what)} {escape(row.where)}: {escape(row.reason)}\n"


def _summary(census: Census, sums: Totals) -> Iterator[str]:
    if sums.failed or census.skipped:
        yield f"**Incomplete:** {plural(sums.failed, 'package')} could not be looked up, "
        yield f"{len(census.skipped):,} not looked at.\n\n"
    generated = timestamp(census.generated)
    yield f"{plural(sums.environments, 'environment')}, {plural(sums.packages, 'package')}; {generated}\n\n"
    rows = [("outdated", sums.outdated)]
    rows += [(f"outdated, {severity}", sums.severity[severity]) for severity in SEVERITIES if severity in sums.severity]
    rows += [("up to date", sums.current), ("yanked", sums.yanked), ("not comparable", sums.not_comparable)]
    rows += [("not found", sums.not_found), ("could not be looked up", sums.failed), ("not looked up", sums.unchecked)]
    rows += [("ignored by policy", sums.ignored), ("problems", sums.problems)]
    yield "| | Count |\n|---|---:|\n"
    yield from (
        f"| {words} | {number:,} |\n" for words, number in rows if number or words in ("outdated", "up to date")
    )
    if sums.libyears:
        yield f"| libyears behind | {sums.libyears:,.1f} |\n"
    yield "\n"


def _environment(survey: Survey, options: RenderOptions) -> Iterator[str]:
    shown = [f for f in survey.findings if options.shows(f) and totals.active(f)]
    if not shown and not survey.problems:
        return
    yield f"## {escape(survey.environment.path)}\n\n{escape(columns.about(survey.environment))}\n\n"
    if shown:
        yield from _table(shown)
        yield "\n"
    for problem in survey.problems:
        meaning = in_words(problem)
        detail = f" ({escape(meaning)})" if meaning else ""
        yield f"- problem: {escape(problem.code)}: {escape(problem.where)}{detail}\n"
    if survey.problems:
        yield "\n"


def _table(findings: Sequence[Finding]) -> Iterator[str]:
    header = ("Package", "Version", "Wanted", "Latest", "Severity", "Age", "Notes")
    rows = [
        (
            finding.distribution.name,
            finding.distribution.version,
            finding.wanted,
            finding.latest.version if finding.latest else "",
            finding.severity or "",
            "" if finding.age_days is None else columns.age(finding.age_days),
            "; ".join(_notes(finding)),
        )
        for finding in findings
    ]
    kept = [n for n in range(len(header)) if n < 2 or any(row[n] for row in rows)]
    yield "| " + " | ".join(header[n] for n in kept) + " |\n"
    yield "|" + "---|" * len(kept) + "\n"
    for row in rows:
        yield "| " + " | ".join(escape(row[n]) for n in kept) + " |\n"


def _notes(finding: Finding) -> list[str]:
    words = {"failed": "could not be looked up", "not-found": "not found", "not-comparable": "not comparable"}
    said = columns.notes(finding)
    if finding.state in words:
        said.append(words[finding.state] + (f": {finding.reason}" if finding.reason else ""))
    return said
