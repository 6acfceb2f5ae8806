"""Apply the policy file's ignores to findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from envcensus._kernels.specifier import SpecifierSet
from envcensus.model.environment import owner_label

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from envcensus.model.environment import Environment
    from envcensus.model.finding import Finding
    from envcensus.model.policy import Ignore, Policy


def apply_policy(
    findings: Sequence[Finding], environment: Environment, policy: Policy, today: date
) -> tuple[Finding, ...]:
    """Mark the outdated rows that an entry of `policy` covers today; no row is dropped."""
    entries = [entry for entry in policy.ignore if _covers(entry, environment, today)]
    if not entries:
        return tuple(findings)
    return tuple([_marked(finding, entries) for finding in findings])


def _covers(entry: Ignore, environment: Environment, today: date) -> bool:
    from fnmatch import fnmatchcase

    if entry.expires is not None and entry.expires < today:
        return False
    owner = owner_label(environment.owner)
    return fnmatchcase(environment.path, entry.environment) and fnmatchcase(owner, entry.owner)


def _marked(finding: Finding, entries: Sequence[Ignore]) -> Finding:
    if finding.state != "outdated" or finding.latest is None:
        return finding
    from envcensus.analysis.patterns import is_named

    for entry in entries:
        if not is_named(finding.distribution.normalized, entry.project):
            continue
        if entry.versions and not SpecifierSet(entry.versions).contains(finding.latest.version, prereleases=True):
            continue
        return msgspec.structs.replace(finding, ignored=entry.reason)
    return finding
