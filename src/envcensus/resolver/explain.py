"""Why there is no answer, as a derivation a person can follow; and why a pin is not newer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envcensus._kernels.solver import Edge, Incompatibility, Package
from envcensus.model.resolution import Conflict, Rejected
from envcensus.resolver import wording
from envcensus.resolver.lines import Line
from envcensus.resolver.project import Project

if TYPE_CHECKING:
    from envcensus.resolver.solver import Solver

_LONGEST = 30  # lines


def explain(solver: Solver) -> Conflict:
    """The derivation of a failure: first in one sentence, then step by step."""
    failure = solver.engine.failure
    leaves = leaves_of(failure)
    asked = list(dict.fromkeys(_root_text(leaf) for leaf in leaves if _root_text(leaf)))
    lines = [_summary(leaves, asked)]
    if len(leaves) > 1 and not _simple(leaves, asked):
        lines += _Derivation(failure).lines()
    engine = solver.engine
    return Conflict(
        lines=tuple(lines), requirements=tuple(asked), decisions=engine.decisions, conflicts=engine.conflicts
    )


def newer(solver: Solver, name: str) -> tuple[Rejected, ...]:
    """Why the versions above a pin were not taken, newest first. Only after `step` gave a `Resolution`."""
    project = solver.projects[name]
    package, engine = project.package, solver.engine
    assert project.candidates is not None
    rejected = []
    requirers = engine.requirers(package)
    for bit in range(len(project.candidates.versions), package.position, -1):
        one = 1 << bit
        why = ""
        if not package.initial & one:
            why = project.candidates.why_not(bit - 1)
        if not why:
            held = list(dict.fromkeys(wording.edge(e) for e in requirers if not e.s & one))
            why = "; ".join(held)
        if not why and (text := engine.excluded(package, bit)) is not None:
            why = text if isinstance(text, str) else "needs another version of itself"
        if not why:
            why = _given_up(solver, package, bit)
        if not why:
            why = "; ".join(_unmet(solver, e) for e in engine.needs(package, bit) if not e.b.dom & e.s)
        if not why and one & package.yanked:
            why = "is yanked"
        if not why and one & package.pre:
            why = "is a pre-release"
        if not why and solver.problem.prefer_binary and not project.candidates.wheels >> bit - 1 & 1:
            why = "has no wheel for this target"
        rejected.append(Rejected(project.version(bit), why or "leads to a conflict further on"))
    return tuple(rejected)


def _given_up(solver: Solver, package: Package, bit: int) -> str:
    """What a version gave way to that would have fitted; empty where it was not given up in a trade."""
    engine = solver.engine
    newer = {moved for trade in engine.trades if trade[0] == (package, bit) for moved, _ in trade[1:]}
    held = [e for e in engine.needs(package, bit) if e.b in newer and e.b.position and not e.b.dom & e.s]
    if not held:
        return ""
    lines = dict.fromkeys(e.reason.shown for e in held if isinstance(e.reason, Line))
    others = {e.b.label.name: e.b.label.version(e.b.position) for e in held if isinstance(e.b.label, Project)}
    names = " and ".join(f"{name} {version}" for name, version in others.items())
    return f"would fit, but needs {' and '.join(lines)}: made older so that {names} can be newer"


def _unmet(solver: Solver, e: Edge) -> str:
    """A need of a version that the rest of the answer does not allow."""
    other = e.b.label
    line = e.reason
    assert isinstance(line, Line)
    text = f"needs {line.shown}"
    if not isinstance(other, Project):
        return text
    why = wording.shortage(e)
    if why:
        return f"{text} ({why})"
    holders = [wording.edge(held) for held in solver.engine.requirers(e.b) if held is not e and not held.s & e.s]
    if holders:
        return f"{text}, but {holders[0]}"
    if e.b.position:
        return f"{text}, but the answer has {other.name} {other.version(e.b.position)}"
    inside = _stands_against(solver, other, (e.s & e.b.initial).bit_length() - 1)
    return f"{text}, but {inside}" if inside else text


def _stands_against(solver: Solver, project: Project, bit: int) -> str:
    """What is known against a version of a project that is not in the answer; empty where that is nothing."""
    if bit < 1:
        return ""
    reason = solver.engine.excluded(project.package, bit)
    if isinstance(reason, str):
        return f"{project.name} {project.version(bit)} {reason}"
    for need in solver.engine.needs(project.package, bit):
        if not need.b.dom & need.s and isinstance(need.reason, Line):
            why = wording.shortage(need)
            return f"{project.name} {project.version(bit)} needs {need.reason.shown}" + (f" ({why})" if why else "")
    return ""


def leaves_of(failure: Incompatibility) -> list[Incompatibility]:
    """What a failure rests on, in the order of the derivation."""
    found: dict[Incompatibility, None] = {}
    seen: set[Incompatibility] = set()
    work = [failure]
    while work:
        inc = work.pop()
        if inc in seen:
            continue
        seen.add(inc)
        if inc.left is None or inc.right is None:
            found[inc] = None
        else:
            work += [inc.right, inc.left]
    return list(found)


def _root_text(inc: Incompatibility) -> str:
    return inc.reason.shown if isinstance(inc, Edge) and inc.a.id == 0 and isinstance(inc.reason, Line) else ""


def _simple(leaves: list[Incompatibility], asked: list[str]) -> bool:
    """Whether all there is to say is what was asked for and one thing that speaks against it, or a few of one project:
    why its versions cannot be used.
    """
    told = len(wording.facts(leaves))
    if len(asked) != 1 or told > 4:
        return False
    others = [leaf for leaf in leaves if not _root_text(leaf)]
    return told == 2 or (
        len({leaf.terms()[0][0] for leaf in others}) == 1 and not any(isinstance(leaf, Edge) for leaf in others)
    )


def _summary(leaves: list[Incompatibility], asked: list[str]) -> str:
    short = [why for leaf in leaves if isinstance(leaf, Edge) and (why := wording.shortage(leaf))]
    names = ", ".join(asked)
    if len(leaves) == 1:
        return f"No answer: {wording.reason(leaves[0])}."
    if _simple(leaves, asked):
        ordered = sorted(leaves, key=lambda leaf: not _root_text(leaf))
        return f"No answer: {', and '.join(wording.facts(ordered))}."
    if len(asked) == 1:
        text = f"No version of what {asked[0]} needs fits together"
    else:
        text = f"These cannot be met together: {names}"
    return text + (f" ({'; '.join(dict.fromkeys(short[:2]))})" if short else "") + "."


class _Derivation:
    """The steps of a derivation in the order in which they can be read; shared steps are numbered."""

    def __init__(self, failure: Incompatibility) -> None:
        self.failure = failure
        self.used: dict[Incompatibility, int] = {}
        self.numbers: dict[Incompatibility, int] = {}
        work = [failure]
        while work:
            inc = work.pop()
            self.used[inc] = self.used.get(inc, 0) + 1
            if self.used[inc] == 1 and inc.left is not None and inc.right is not None:
                work += [inc.left, inc.right]

    def lines(self) -> list[str]:
        """One sentence for each step; steps that add a single fact to the step before are joined to it."""
        ordered = self._ordered()
        steps: list[str] = []
        previous: Incompatibility | None = None
        skip = self._inner(ordered)
        for inc in ordered:
            if inc in skip:
                continue
            facts, chained = self._facts(inc, skip)
            start = "And because " if chained and chained is previous else "Because "
            if chained and chained is not previous:
                facts.insert(0, self._cite(chained))
            text = f"{start}{_join(facts)}, {wording.derived(inc)}."
            steps.append(f"{len(steps) + 1}. {text}")
            self.numbers[inc] = len(steps)
            previous = inc
        if len(steps) > _LONGEST:
            dropped = len(steps) - _LONGEST
            steps = [*steps[: _LONGEST // 2], f"… {dropped} more steps …", *steps[-_LONGEST // 2 :]]
        return steps

    def _ordered(self) -> list[Incompatibility]:
        """Derived incompatibilities, causes before what follows from them."""
        ordered: dict[Incompatibility, None] = {}
        work: list[tuple[Incompatibility, bool]] = [(self.failure, False)]
        while work:
            inc, done = work.pop()
            if inc.left is None or inc.right is None or inc in ordered:
                continue
            if done:
                ordered[inc] = None
            else:
                work += [(inc, True), (inc.right, False), (inc.left, False)]
        return list(ordered)

    def _inner(self, ordered: list[Incompatibility]) -> set[Incompatibility]:
        """Steps used once, by a step that only adds a fact: three facts read better in one sentence than in two. So do
        any number of facts that say what was said already, of the same versions or of others of the same project.
        """
        inner: set[Incompatibility] = set()
        told: dict[Incompatibility, set[object]] = {}  # by a step and those joined to it
        for inc in ordered:
            assert inc.left is not None
            assert inc.right is not None
            mine = told[inc] = {wording.kind(each) or wording.reason(each) for each in _facts_of(inc)}
            for step, other in ((inc.left, inc.right), (inc.right, inc.left)):
                if step.left is None or other.left is not None or self.used[step] != 1:
                    continue
                if len(_facts_of(step)) == 2 or (wording.kind(other) or wording.reason(other)) in told[step]:
                    inner.add(step)
                    mine |= told[step]
        return inner

    def _facts(self, inc: Incompatibility, skip: set[Incompatibility]) -> tuple[list[str], Incompatibility | None]:
        """The sentences a step rests on, and the earlier step it continues, if there is one."""
        assert inc.left is not None
        assert inc.right is not None
        leaves: list[Incompatibility] = []
        steps: list[Incompatibility] = []
        work = [inc.right, inc.left]
        while work:
            cause = work.pop()
            if cause.left is None or cause.right is None:
                leaves.append(cause)
            elif cause in skip:
                work += [cause.right, cause.left]
            else:
                steps.append(cause)
        if len(steps) == 2:
            return [self._cite(steps[0]), self._cite(steps[1])], None
        return wording.facts(leaves), steps[0] if steps else None

    def _cite(self, inc: Incompatibility) -> str:
        number = self.numbers.get(inc)
        return wording.derived(inc) + (f" (step {number})" if number else "")


def _facts_of(inc: Incompatibility) -> list[Incompatibility]:
    """Those of the two causes that were not derived themselves."""
    return [each for each in (inc.left, inc.right) if each is not None and each.left is None]


def _join(facts: list[str]) -> str:
    facts = list(dict.fromkeys(facts))
    return " and ".join(facts)
