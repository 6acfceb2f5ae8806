"""What could be installed in a distribution's place: one row of the report for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from envcensus._kernels import page
from envcensus._kernels.version import Version
from envcensus.analysis.graph import is_direct
from envcensus.model.display import hours
from envcensus.model.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from envcensus._kernels.page import Target
    from envcensus._kernels.specifier import SpecifierSet
    from envcensus.analysis.decisions import Decisions
    from envcensus.analysis.graph import Edge, Graph
    from envcensus.model.distribution import Distribution
    from envcensus.model.page import PageAnswer

_DAY = 86400.0


class Surroundings(Struct, frozen=True):
    """What the rows of one environment depend on, beside the distribution itself.

    `now` is in seconds since the epoch, the same wherever the same `Decisions` are used. Without a graph (requirements
    were not read) `wanted` is not computed.
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
    edges: Sequence[Edge] = ()
    direct: bool | None = None
    if around.graph is not None:
        edges = around.graph.needed_by.get(name, ())
        direct = not edges or is_direct(name, edges)
    key = (name, distribution.version, around.target, direct, distribution.editable, distribution.direct_url)
    row = decisions.row(key)
    if row is None:
        row = decisions.keep_row(key, _unheld(distribution, decisions, around, direct))
    if row.wanted and row.latest is not None and (edges or around.constraints):
        held = _held(name, row.latest.version, edges, decisions, around)
        if held is not None:
            wanted, held_by = held
            if wanted and Version(wanted) < Version(distribution.version):
                wanted = distribution.version  # what is installed is beyond what is allowed: nothing to upgrade to
            return replace(row, distribution=distribution, wanted=wanted, held_by=held_by)
    return row if row.distribution is distribution else replace(row, distribution=distribution)


def judge_all(distributions: Sequence[Distribution], decisions: Decisions, around: Surroundings) -> tuple[Finding, ...]:
    """`judge` for each of `distributions`, in their order."""
    return tuple([judge(distribution, decisions, around) for distribution in distributions])


def _unheld(distribution: Distribution, decisions: Decisions, around: Surroundings, direct: bool | None) -> Finding:
    """The row of all distributions like this one, where nothing that is installed beside it holds it back."""
    name = distribution.normalized
    answer = decisions.answer(name)
    if answer.outcome in {"failed", "offline"}:
        return Finding(distribution=distribution, state="failed", direct=bool(direct), reason=answer.reason)
    if answer.outcome == "not-found":
        return _not_found(distribution, bool(direct), "no index knows it", answer)
    latest = decisions.latest(name, around.target)
    if latest is None:
        reason = page.why_none(answer.record, around.target, name)
        status, told = decisions.status(name)
        if status == "quarantined" and told:
            reason = f"{reason}: {told}"
        return _not_found(distribution, bool(direct), reason, answer)
    reason = _not_comparable(distribution)
    if reason:
        return Finding(
            distribution=distribution,
            state="not-comparable",
            latest=latest,
            direct=bool(direct),
            reason=reason,
            stale=answer.stale,
        )
    step = decisions.step(name, distribution.version, latest)
    status, status_reason = decisions.status(name)
    return Finding(
        distribution=distribution,
        state="outdated" if step.outdated else "current",
        latest=latest,
        wanted=latest.version if step.outdated and around.graph is not None else "",
        severity=step.severity,
        age_days=None if step.uploaded is None else max(around.now - step.uploaded, 0.0) / _DAY,
        libyears=step.libyears,
        yanked=step.yanked,
        status=status,
        status_reason=status_reason,
        direct=bool(direct),
        reason=_staleness(answer) if answer.stale is not None else "",
        stale=answer.stale,
    )


def _held(
    name: str, latest: str, edges: Sequence[Edge], decisions: Decisions, around: Surroundings
) -> tuple[str, tuple[str, ...]] | None:
    """The newest version that every installed requirer and the constraints allow, and who holds it below `latest`;
    None where nobody does.

    It is what ``pip install --upgrade NAME`` may choose while everything else stays as it is.
    """
    constraints = around.constraints.get(name, ())
    holding = [edge for edge in decisions.barring(edges, latest) if edge.requirer.normalized != name]
    barring = [each for each in constraints if not each.contains(latest, prereleases=True)]
    if not holding and not barring:
        return None
    holders = {f"{edge.requirer.name} {edge.requirer.version} ({edge.requirement.specifier})" for edge in holding}
    holders |= {f"constraint {specifier}" for specifier in barring}
    specifiers = [edge.requirement.specifier for edge in edges if edge.requirer.normalized != name]
    return decisions.newest_allowed(name, around.target, (*specifiers, *constraints)), tuple(sorted(holders))


def _not_found(distribution: Distribution, direct: bool, reason: str, answer: PageAnswer) -> Finding:
    said = "; ".join(filter(None, (reason, _staleness(answer))))
    return Finding(distribution=distribution, state="not-found", direct=direct, reason=said, stale=answer.stale)


def _staleness(answer: PageAnswer) -> str:
    """That, and why, an answer is older than it should be; empty where it is not."""
    if answer.stale is None:
        return ""
    said = f"answered from the cache, {hours(answer.stale)} old"
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
