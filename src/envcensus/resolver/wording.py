"""Packages, versions and incompatibilities in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envcensus._kernels.solver import Edge, Incompatibility, Package
from envcensus.resolver.lines import Line
from envcensus.resolver.project import Direct, Project

if TYPE_CHECKING:
    from collections.abc import Sequence

_LISTED = 4  # versions listed by name before "and N others"
_NAMED = 3  # versions whose needs are told one by one


def versions_of(project: Project, mask: int) -> str:
    """A set of versions of a project: its name with as few numbers as say it."""
    usable = project.package.initial & ~1
    mask &= ~1
    within = mask & usable or mask
    universe = usable | within
    bits = [bit for bit in range(1, universe.bit_length()) if universe >> bit & 1]
    chosen = [bit for bit in bits if within >> bit & 1]
    if not chosen:
        return f"no version of {project.name}"
    if len(chosen) == len(bits):
        only = f" {project.version(bits[0])}" if len(bits) == 1 else ""
        return f"{project.name}{only}"
    first, last = chosen[0], chosen[-1]
    if first == last:
        return f"{project.name} {project.version(first)}"
    if bits.index(last) - bits.index(first) == len(chosen) - 1:
        if first == bits[0]:
            return f"{project.name} <={project.version(last)}"
        if last == bits[-1]:
            return f"{project.name} >={project.version(first)}"
        return f"{project.name} >={project.version(first)},<={project.version(last)}"
    names = [project.version(bit) for bit in reversed(chosen[-_LISTED:])]
    more = len(chosen) - len(names)
    return f"{project.name} {', '.join(names)}" + (f" and {more} others" if more else "")


def edge(e: Edge) -> str:
    """What an edge says."""
    line = e.reason
    assert isinstance(line, Line)
    if e.a.id == 0:
        if e.s & 1:
            return f"a constraint says {line.shown}"
        return f"you require {line.shown}"
    owner, label = e.a.label, ""
    assert isinstance(owner, Project)
    if e.x is not None:
        label = f" with extra {_extra(e.x)}"
    if e.b.boolean and e.s == 1:
        return f"{versions_of(owner, e.v)}{label} needs another version of itself ({line.shown})"
    return f"{versions_of(owner, e.v)}{label} needs {line.shown}"


def shortage(e: Edge) -> str:
    """Why no usable version meets an edge, whatever is decided; empty where some do."""
    project = e.b.label
    if not isinstance(project, Project) or e.s & e.b.initial & ~1 or e.s & 1:
        return ""
    candidates = project.candidates
    if candidates is None:
        return f"{project.name} {project.reason or 'is in no index'}"
    if isinstance(candidates, Direct):
        return f"{project.name} is {candidates.versions[0]} here, from {candidates.shown}"
    named = e.s & ~1
    if not named:
        return f"{project.name} has no such version"
    bits = [bit for bit in range(named.bit_length() - 1, 0, -1) if named >> bit & 1][:_LISTED]
    reasons: dict[str, list[str]] = {}
    for bit in bits:
        reasons.setdefault(candidates.why_not(bit - 1), []).append(project.version(bit))
    parts = [f"{project.name} {', '.join(rows)} {_said(why, len(rows))}" for why, rows in reasons.items()]
    return "; ".join(parts)


def kind(inc: Incompatibility | None) -> tuple[object, ...] | None:
    """What facts that say the same of several versions of a project have in common; None for what stands alone."""
    if isinstance(inc, Edge):
        return None if inc.a.id == 0 or inc.b.boolean else (inc.a.id, inc.b.id)
    if inc is None or inc.left is not None or not isinstance(inc.reason, str) or inc.reason == "policy":
        return None
    return (inc.terms()[0][0].id,)


def facts(leaves: Sequence[Incompatibility]) -> list[str]:
    """What underived incompatibilities say: versions that cannot be used for one reason in one sentence, and of many
    that need different versions of one project the newest few."""
    groups: dict[object, list[Incompatibility]] = {}
    for leaf in dict.fromkeys(leaves):
        key = kind(leaf)
        groups.setdefault(leaf if key is None else key if isinstance(leaf, Edge) else (*key, leaf.reason), []).append(
            leaf
        )
    found = []
    for group in groups.values():
        first = group[0]
        if isinstance(first, Edge):
            edges = [each for each in group if isinstance(each, Edge)]
            edges.sort(key=lambda each: -each.v.bit_length())
            found += [reason(each) for each in edges[:_NAMED]]
            if rest := edges[_NAMED:]:
                owner, other = first.a.label, first.b.label
                assert isinstance(owner, Project)
                assert isinstance(other, Project)
                mask = 0
                for each in rest:
                    mask |= each.v
                found.append(f"{versions_of(owner, mask)} needs other versions of {other.name}")
        elif len(group) == 1:
            found.append(reason(first))
        else:
            package, mask = first.terms()[0]
            for other_one in group:
                mask |= other_one.terms()[0][1]
            assert isinstance(package.label, Project)
            found.append(f"{versions_of(package.label, mask)} {first.reason}")
    return list(dict.fromkeys(found))


def reason(inc: Incompatibility) -> str:
    """What an incompatibility says that was not derived."""
    if isinstance(inc, Edge):
        why = shortage(inc)
        return edge(inc) + (f" ({why})" if why else "")
    package, mask = inc.terms()[0]
    project = package.label
    assert isinstance(project, Project)
    if inc.reason == "policy":
        kinds = []
        if mask & package.pre:
            kinds.append("pre-releases, which nothing here asks for")
        if mask & package.yanked:
            kinds.append("yanked, which only an exact pin may ask for")
        return f"all that is left of {project.name} is {' or '.join(kinds)}"
    if isinstance(inc.reason, Line):
        return f"{versions_of(project, mask)} needs another version of itself ({inc.reason.shown})"
    return f"{versions_of(project, mask)} {inc.reason or 'cannot be used'}"


def derived(inc: Incompatibility) -> str:
    """What a derived incompatibility means: the root and what is always so left out."""
    negative, positive = [], []
    for package, mask in inc.terms():
        if package.id == 0:
            continue
        if package.boolean:
            positive.append(extra_name(package))
            continue
        project = package.label
        assert isinstance(project, Project)
        if mask & 1:
            allowed = package.initial & ~mask
            negative.append(versions_of(project, allowed) if allowed & ~1 else "")
        else:
            positive.append(versions_of(project, mask))
    negative = [n for n in negative if n]
    if not positive and not negative:
        return "there is no answer"
    if not negative:
        if len(positive) == 1:
            return f"{positive[0]} cannot be used"
        return f"{_and(positive)} cannot be used together"
    if not positive:
        return f"one of {_and(negative)} is needed" if len(negative) > 1 else f"{negative[0]} is needed"
    return f"{_and(positive)} can only be used with {' or '.join(negative)}"


def _said(why: str, count: int) -> str:
    """A verb agrees with the number of its subjects."""
    if count > 1:
        for one, several in (("has ", "have "), ("does ", "do "), ("is ", "are "), ("needs ", "need ")):
            if why.startswith(one):
                return several + why.removeprefix(one)
    return why


def extra_name(package: Package) -> str:
    """The name of an extra's package, with its owner's."""
    assert isinstance(package.label, tuple)
    return f"{package.label[0].name}[{package.label[1]}]"


def _extra(package: Package) -> str:
    assert isinstance(package.label, tuple)
    return str(package.label[1])


def _and(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
