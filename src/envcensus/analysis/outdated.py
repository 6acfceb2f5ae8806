"""What could be installed in a distribution's place: one row of the report for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from envcensus._kernels import page
from envcensus._kernels.version import Version
from envcensus.analysis.severity import severity
from envcensus.model.finding import Finding
from envcensus.model.page import Latest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from envcensus._kernels.page import Target
    from envcensus.model.distribution import Distribution
    from envcensus.model.page import PageAnswer


class Decisions:
    """The newest version of a project for a target, decided once for each pair and remembered for the run."""

    def __init__(self, answers: Mapping[str, PageAnswer]) -> None:
        self._answers = answers
        self._latest: dict[tuple[str, Target], Latest | None] = {}

    def answer(self, name: str) -> PageAnswer:
        """What the indexes said about the normalized `name`."""
        return self._answers[name]

    def latest(self, name: str, target: Target) -> Latest | None:
        """The newest version of `name` for `target`, None where no file of the project fits."""
        key = (name, target)
        if key not in self._latest:
            found = page.latest(self._answers[name].record, target, name)
            self._latest[key] = None if found is None else _latest(*found)
        return self._latest[key]


def judge(distribution: Distribution, decisions: Decisions, target: Target) -> Finding:
    """Compare `distribution` with the newest version for `target`.

    A look-up that failed gives the state "failed", never "current". Editables and direct URLs are "not-comparable":
    their version says nothing about what an index holds.
    """
    answer = decisions.answer(distribution.normalized)
    if answer.outcome in {"failed", "offline"}:
        return Finding(distribution=distribution, state="failed", reason=answer.reason)
    if answer.outcome == "not-found":
        return Finding(distribution=distribution, state="not-found", reason=answer.reason or "no index knows it")
    latest = decisions.latest(distribution.normalized, target)
    if latest is None:
        reason = page.why_none(answer.record, target, distribution.normalized)
        return Finding(distribution=distribution, state="not-found", reason=reason)
    comparable = _not_comparable(distribution)
    if comparable:
        return Finding(distribution=distribution, state="not-comparable", latest=latest, reason=comparable)
    installed, newest = Version(distribution.version), Version(latest.version)
    if newest <= installed:
        return Finding(distribution=distribution, state="current", latest=latest)
    return Finding(distribution=distribution, state="outdated", latest=latest, severity=severity(installed, newest))


def judge_all(distributions: Sequence[Distribution], decisions: Decisions, target: Target) -> tuple[Finding, ...]:
    """`judge` for each of `distributions`, in their order."""
    return tuple([judge(distribution, decisions, target) for distribution in distributions])


def _latest(version: str, filetype: Literal["wheel", "sdist"], uploaded: float | None, yanked: bool) -> Latest:
    return Latest(version=version, filetype=filetype, uploaded=uploaded, yanked=yanked)


def _not_comparable(distribution: Distribution) -> str:
    """Why the version cannot be compared with an index, empty where it can."""
    if distribution.editable:
        return "editable"
    if distribution.direct_url:
        return "installed from a URL"
    try:
        Version(distribution.version)
    except ValueError:
        return "not a PEP 440 version"
    return ""
