"""The same findings seen per project and per owner instead of per environment."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct

from envcensus.model.environment import owner_label
from envcensus.model.finding import SEVERITY_ORDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envcensus.model.census import Survey
    from envcensus.model.finding import Finding, Severity

_RANK: dict[Severity | None, int] = {None: -1, **{severity: rank for rank, severity in enumerate(SEVERITY_ORDER)}}


class ProjectRow(Struct, frozen=True, kw_only=True):
    """One project over all environments that hold an outdated copy of it."""

    name: str
    environments: int
    versions: tuple[tuple[str, int], ...]  # installed version, in how many environments; most frequent first
    latest: tuple[str, ...]  # more than one where environments differ in Python or platform
    severity: Severity | None  # the worst
    libyears: float


class OwnerRow(Struct, frozen=True):
    """All environments of one owner."""

    owner: str
    environments: int = 0
    distributions: int = 0
    outdated: int = 0
    failed: int = 0
    libyears: float = 0.0


def by_project(surveys: Iterable[Survey]) -> list[ProjectRow]:
    """Outdated projects, those in most environments first."""
    projects: dict[str, _Project] = {}
    for survey in surveys:
        for finding in _outdated(survey):
            key = finding.distribution.normalized
            if key not in projects:
                projects[key] = _Project(finding.distribution.name)
            projects[key].add(finding)
    rows = [project.row() for project in projects.values()]
    return sorted(rows, key=lambda row: (-row.environments, -_RANK[row.severity], row.name))


def by_owner(surveys: Iterable[Survey]) -> list[OwnerRow]:
    """One row for each owner (name, else uid, else "unknown"), in their order."""
    rows: dict[str, OwnerRow] = {}
    for survey in surveys:
        name = owner_label(survey.environment.owner) or "unknown"
        rows[name] = _with(rows.get(name) or OwnerRow(name), survey)
    return [rows[name] for name in sorted(rows)]


def _outdated(survey: Survey) -> Iterator[Finding]:
    return (finding for finding in survey.findings if finding.state == "outdated" and not finding.ignored)


class _Project:
    """What is said of one project, from findings that come one by one: none of them is kept."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.versions: Counter[str] = Counter()
        self.latest: dict[str, None] = {}
        self.severity: Severity | None = None
        self.libyears = 0.0

    def add(self, finding: Finding) -> None:
        self.versions[finding.distribution.version] += 1
        if finding.latest:
            self.latest[finding.latest.version] = None
        self.severity = max(self.severity, finding.severity, key=_RANK.__getitem__)
        self.libyears += finding.libyears or 0.0

    def row(self) -> ProjectRow:
        return ProjectRow(
            name=self.name,
            environments=self.versions.total(),
            versions=tuple(self.versions.most_common()),
            latest=tuple(self.latest),
            severity=self.severity,
            libyears=self.libyears,
        )


def _with(row: OwnerRow, survey: Survey) -> OwnerRow:
    """The row with one more environment."""
    outdated = list(_outdated(survey))
    return OwnerRow(
        row.owner,
        row.environments + 1,
        row.distributions + len(survey.findings),
        row.outdated + len(outdated),
        row.failed + sum(finding.state == "failed" for finding in survey.findings),
        sum((finding.libyears or 0.0 for finding in outdated), row.libyears),
    )
