"""The same findings seen per project and per owner instead of per environment."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct

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


class OwnerRow(Struct, frozen=True, kw_only=True):
    """All environments of one owner."""

    owner: str
    environments: int
    distributions: int
    outdated: int
    failed: int
    libyears: float


def by_project(surveys: Iterable[Survey]) -> list[ProjectRow]:
    """Outdated projects, those in most environments first."""
    groups: dict[str, list[Finding]] = {}
    for survey in surveys:
        for finding in _outdated(survey):
            groups.setdefault(finding.distribution.normalized, []).append(finding)
    rows = [_project_row(findings) for findings in groups.values()]
    return sorted(rows, key=lambda row: (-row.environments, -_RANK[row.severity], row.name))


def by_owner(surveys: Iterable[Survey]) -> list[OwnerRow]:
    """One row for each owner (name, else uid, else "unknown"), in their order."""
    groups: dict[str, list[Survey]] = {}
    for survey in surveys:
        owner = survey.environment.owner
        groups.setdefault((owner.name or str(owner.uid)) if owner else "unknown", []).append(survey)
    return [_owner_row(owner, groups[owner]) for owner in sorted(groups)]


def _outdated(survey: Survey) -> Iterator[Finding]:
    return (finding for finding in survey.findings if finding.state == "outdated" and not finding.ignored)


def _project_row(findings: list[Finding]) -> ProjectRow:
    versions = Counter(finding.distribution.version for finding in findings)
    return ProjectRow(
        name=findings[0].distribution.name,
        environments=len(findings),
        versions=tuple(versions.most_common()),
        latest=tuple(dict.fromkeys(finding.latest.version for finding in findings if finding.latest)),
        severity=max((finding.severity for finding in findings), key=_RANK.__getitem__),
        libyears=sum(finding.libyears or 0.0 for finding in findings),
    )


def _owner_row(owner: str, surveys: list[Survey]) -> OwnerRow:
    outdated = [finding for survey in surveys for finding in _outdated(survey)]
    return OwnerRow(
        owner=owner,
        environments=len(surveys),
        distributions=sum(len(survey.findings) for survey in surveys),
        outdated=len(outdated),
        failed=sum(finding.state == "failed" for survey in surveys for finding in survey.findings),
        libyears=sum(finding.libyears or 0.0 for finding in outdated),
    )
