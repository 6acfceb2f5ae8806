"""Counts that summaries, charts and metrics share."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from envcensus.model.census import Survey
from envcensus.model.finding import Finding, Severity, Unchecked

SEVERITIES: tuple[Severity, ...] = ("major", "minor", "patch", "pre", "post", "other")


class Totals(Struct, kw_only=True):
    """Counts over the distributions of one environment, or of all. Ignored rows count in `ignored` only."""

    environments: int = 0
    packages: int = 0
    outdated: int = 0
    current: int = 0
    not_comparable: int = 0
    not_found: int = 0
    failed: int = 0
    unchecked: int = 0
    ignored: int = 0
    yanked: int = 0
    problems: int = 0
    libyears: float = 0.0
    severity: dict[str, int] = {}  # of the outdated ones, without the zeros

    def count(self, finding: Finding) -> None:
        """Take `finding` into account."""
        self.packages += 1
        if finding.yanked is not None:
            self.yanked += 1
        state = finding.state
        # A failed look-up stays a failure whatever a policy says about the row.
        if finding.ignored and state != "failed":
            self.ignored += 1
        elif state == "outdated":
            self.outdated += 1
            key = finding.severity or "other"
            self.severity[key] = self.severity.get(key, 0) + 1
            self.libyears += finding.libyears or 0.0
        elif state == "current":
            self.current += 1
        elif state == "failed":
            self.failed += 1
        elif state == "not-found":
            self.not_found += 1
        elif state == "not-comparable":
            self.not_comparable += 1
        else:
            self.unchecked += 1

    def add(self, other: Totals) -> None:
        """Add the counts of `other`."""
        for field in _NUMBERS:
            number = getattr(other, field)
            if number:  # most are 0
                setattr(self, field, getattr(self, field) + number)
        for key, count in other.severity.items():
            self.severity[key] = self.severity.get(key, 0) + count


_NUMBERS = tuple([field for field in Totals.__struct_fields__ if field != "severity"])


def of_survey(survey: Survey) -> Totals:
    """The counts of one environment."""
    totals = Totals(environments=1, problems=len(survey.problems))
    findings = survey.findings
    if isinstance(findings, Unchecked) or all(
        f.state == "unchecked" and f.yanked is None and not f.ignored for f in findings
    ):
        totals.packages = totals.unchecked = len(findings)  # what `list` shows; a call for each would cost more
        return totals
    for finding in findings:
        if finding.state == "current" and finding.yanked is None and not finding.ignored:  # most rows: without a call
            totals.packages += 1
            totals.current += 1
        else:
            totals.count(finding)
    return totals


def of_surveys(surveys: Iterable[Survey]) -> Totals:
    """The counts of many environments."""
    totals = Totals()
    for survey in surveys:
        totals.add(of_survey(survey))
    return totals


def active(finding: Finding) -> bool:
    """Whether the row asks for attention: no policy entry ignores it."""
    return not finding.ignored or finding.state == "failed"
