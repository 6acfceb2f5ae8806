"""A second look at an answer: one package older, where others are newer by it.

The search takes the newest version of one package after the other. Where that one holds others back, the answer would
be newer without it. Nothing that was asked for directly becomes older, nothing that was preferred changes, and no
pre-release and no yanked version comes in. A package goes back by no more than two releases, and to none with another
first number; those that become newer gain more releases than it loses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envcensus.resolver.problem import Needs
from envcensus.resolver.project import Direct, Project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envcensus._kernels.solver import Package
    from envcensus.resolver.problem import Metadata
    from envcensus.resolver.solver import Solver

_BACK = 2  # releases
_ROUNDS = 12  # of reading what the attempts before were in want of
_READ = 3  # one version for so many packages of the answer is read for trades, and
_READ_ANYWAY = 16
_READ_AT_MOST = 300


class Trades:
    """The trades of one answer. `step` until the answer `stands`; in between the engine is to run again."""

    def __init__(self, solver: Solver) -> None:
        self._solver = solver
        self._conflicts = -1  # that there were when the trades were settled
        self._back = False
        self._rounds = _ROUNDS
        projects = solver.projects
        chosen = sum(each.package.chosen for each in projects.values())
        self._left = min(_READ_ANYWAY + chosen // _READ, _READ_AT_MOST)
        self._wanted: list[tuple[Package, int]] = []
        fixed = {projects[line.name].package for line in solver.requirements if line.name in projects}
        kept = {
            each.package for each in projects.values() if each.package.preferred or isinstance(each.candidates, Direct)
        }
        solver.engine.begin_trades(_reach, fixed, kept)

    def stands(self) -> bool:
        """Whether there is nothing left to look at. What led to conflicts again is given up for what was there before:
        pre-releases may be allowed for the sake of a package that has moved.
        """
        engine = self._solver.engine
        if self._conflicts >= 0 and engine.conflicts > self._conflicts and not self._back:
            self._back = True
            engine.settle(back=True)
            return False
        return self._conflicts >= 0

    def step(self) -> Needs | None:
        """What is missing, if anything. What is fed meanwhile has no say in that: the same inputs, the same answer."""
        engine = self._solver.engine
        while self._conflicts < 0:
            missing = [key for each in self._wanted if not self._fed(key := _key(*each))]
            if missing:
                return Needs(metadata=tuple(missing))
            for package, bit in self._wanted:
                self._read(package, bit)
            self._wanted = engine.look_for_trades()[: self._left] if self._rounds else []
            self._rounds -= 1
            self._left -= len(self._wanted)
            if not self._wanted:
                self._conflicts = engine.conflicts
                if engine.moved:
                    engine.settle()
        return None

    def _fed(self, key: tuple[str, str]) -> bool:
        solver = self._solver
        return key in solver.metadata or (solver.at_hand is not None and solver.at_hand.cached_metadata(*key))

    def _read(self, package: Package, bit: int) -> None:
        """Give the engine what a version needs, unless that is something nobody has looked at."""
        solver, project = self._solver, package.label
        assert isinstance(project, Project)
        metadata = solver.metadata[_key(package, bit)]
        if isinstance(metadata, str) or all(self._known(project, text) for text in _lines(project, metadata)):
            solver.load(project, bit, metadata)
            solver.work()
        if bit not in project.loaded:
            solver.engine.refuse(package, bit)

    def _known(self, project: Project, text: str) -> bool:
        """Whether a requirement leads to no project and no extra that the search has not seen."""
        solver = self._solver
        line = solver.lines.get(text)
        if line is None or not (line.base or project.extras.keys() & line.for_extras):
            return True
        known = solver.projects.get(line.name)
        return not line.url and known is not None and known.extras.keys() >= set(line.extras)


def _reach(package: Package) -> int:
    """The versions that a package may go back to: the next releases below with the same first number."""
    project = package.label
    assert isinstance(project, Project)
    series = project.version(package.position).partition(".")[0]
    mask = package.initial & ~(package.pre | package.yanked | 1) & (1 << package.position) - 1
    reach = 0
    for _ in range(_BACK):
        bit = mask.bit_length() - 1
        if bit < 1 or project.version(bit).partition(".")[0] != series:
            break
        mask ^= 1 << bit
        reach |= 1 << bit
    return reach


def _key(package: Package, bit: int) -> tuple[str, str]:
    project = package.label
    assert isinstance(project, Project)
    return project.name, project.version(bit)


def _lines(project: Project, metadata: Metadata) -> Iterator[str]:
    yield from metadata.base
    for extra in project.extras:
        yield from metadata.of_extra(extra)
