"""What could be installed in a distribution's place: one row of the report for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from envcensus._kernels import page
from envcensus._kernels.version import Version
from envcensus.model.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from envcensus._kernels.page import Target
    from envcensus._kernels.specifier import SpecifierSet
    from envcensus.analysis.decisions import Decisions
    from envcensus.analysis.graph import Graph
    from envcensus.model.distribution import Distribution
    from envcensus.model.page import Latest, PageAnswer

_DAY = 86400.0


class Surroundings(Struct, frozen=True):
    """What the rows of one environment depend on, beside the distribution itself.

    `now` is in seconds since the epoch. Without a graph (requirements were not read) `wanted` is not computed.
    """

    target: Target
    now: float
    graph: Graph | None = None
    constraints: Mapping[str, Sequence[SpecifierSet]] = {}  # by normalized name


def judge(distribution: Distribution, decisions: Decisions, around: Surroundings) -> Finding:
    """Compare `distribution` with what its environment could have.

    A look-up that failed gives the state "failed", never "current". Editables and direct URLs are "not-comparable":
    their version says nothing about what an index holds.
    """
    name = distribution.normalized
    answer = decisions.answer(name)
    direct = around.graph is not None and around.graph.direct(name)
    if answer.outcome in {"failed", "offline"}:
        return Finding(distribution=distribution, state="failed", direct=direct, reason=answer.reason)
    if answer.outcome == "not-found":
        return _not_found(distribution, direct, "no index knows it", answer)
    latest = decisions.latest(name, around.target)
    if latest is None:
        reason = page.why_none(answer.record, around.target, name)
        return _not_found(distribution, direct, reason, answer)
    reason = _not_comparable(distribution)
    if reason:
        return Finding(
            distribution=distribution,
            state="not-comparable",
            latest=latest,
            direct=direct,
            reason=reason,
            stale=answer.stale,
        )
    return _compared(distribution, latest, decisions, around, direct)


def judge_all(distributions: Sequence[Distribution], decisions: Decisions, around: Surroundings) -> tuple[Finding, ...]:
    """`judge` for each of `distributions`, in their order."""
    return tuple([judge(distribution, decisions, around) for distribution in distributions])


def _compared(
    distribution: Distribution, latest: Latest, decisions: Decisions, around: Surroundings, direct: bool
) -> Finding:
    name = distribution.normalized
    answer = decisions.answer(name)
    step = decisions.step(name, distribution.version, around.target, latest)
    wanted, held_by = _wanted(name, latest, decisions, around) if step.outdated else ("", ())
    if wanted and wanted != latest.version and Version(wanted) < Version(distribution.version):
        wanted = distribution.version  # what is installed is beyond what is allowed: nothing to upgrade to
    return Finding(
        distribution=distribution,
        state="outdated" if step.outdated else "current",
        latest=latest,
        wanted=wanted,
        held_by=held_by,
        severity=step.severity,
        age_days=None if step.uploaded is None else max(around.now - step.uploaded, 0.0) / _DAY,
        libyears=step.libyears,
        yanked=step.yanked,
        status=decisions.status(name),
        direct=direct,
        reason=_staleness(answer) if answer.stale is not None else "",
        stale=answer.stale,
    )


def _wanted(name: str, latest: Latest, decisions: Decisions, around: Surroundings) -> tuple[str, tuple[str, ...]]:
    """The newest version that every installed requirer and the constraints allow, and who holds it below `latest`.

    It is what ``pip install --upgrade NAME`` may choose while everything else stays as it is.
    """
    if around.graph is None:
        return "", ()
    edges = [edge for edge in around.graph.needed_by.get(name, ()) if edge.requirer.normalized != name]
    constraints = around.constraints.get(name, ())
    holding = [edge for edge in edges if not edge.requirement.specifier.contains(latest.version, prereleases=True)]
    barring = [each for each in constraints if not each.contains(latest.version, prereleases=True)]
    if not holding and not barring:
        return latest.version, ()
    holders = {f"{edge.requirer.name} {edge.requirer.version} ({edge.requirement.specifier})" for edge in holding}
    holders |= {f"constraint {specifier}" for specifier in barring}
    specifiers = {edge.requirement.specifier for edge in edges} | set(constraints)
    return decisions.newest_allowed(name, around.target, specifiers), tuple(sorted(holders))


def _not_found(distribution: Distribution, direct: bool, reason: str, answer: PageAnswer) -> Finding:
    said = "; ".join(filter(None, (reason, _staleness(answer))))
    return Finding(distribution=distribution, state="not-found", direct=direct, reason=said, stale=answer.stale)


def _staleness(answer: PageAnswer) -> str:
    """That, and why, an answer is older than it should be; empty where it is not."""
    if answer.stale is None:
        return ""
    said = f"answered from the cache, {answer.stale / 3600:.1f} hours old"
    return f"{said}: {answer.reason}" if answer.reason else said


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
