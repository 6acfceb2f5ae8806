"""The answer of a search that ended well: pins, who asks for them, and what is odd about them."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING

from envcensus._kernels.solver import NAMES_PRE
from envcensus.model.core_metadata import CoreMetadata
from envcensus.model.resolution import Pin, Resolution, Via

if TYPE_CHECKING:
    from envcensus.resolver.lines import Line
    from envcensus.resolver.project import Loaded, Project
    from envcensus.resolver.solver import Solver

ROOT = ""


def answer_of(solver: Solver) -> Resolution:
    """What the engine decided, as far as the requirements lead to it."""
    return _Answer(solver).resolution()


class _Answer:
    """The walk from the requirements over everything that they need."""

    def __init__(self, solver: Solver) -> None:
        self._solver = solver
        self._via: defaultdict[str, list[Via]] = defaultdict(list)
        self._extras: dict[str, dict[str, None]] = {}
        self._requires: dict[str, set[str]] = {}
        self._warnings: list[str] = []

    def resolution(self) -> Resolution:
        """The pins in the order of their names."""
        self._walk()
        solver = self._solver
        return Resolution(
            pins=tuple(self._pin(name) for name in sorted(self._via)),
            warnings=tuple(dict.fromkeys((*solver.warnings, *self._warnings))),
            environment=solver.problem.environment,
            decisions=solver.engine.decisions,
            conflicts=solver.engine.conflicts,
        )

    def _walk(self) -> None:
        solver = self._solver
        projects, odd = solver.projects, solver.last_resort
        via, extras = self._via, self._extras
        seen: set[str] = set()
        work: deque[tuple[str, list[Line]]] = deque([(ROOT, solver.requirements)])
        while work:
            requirer, lines = work.popleft()
            needs = self._requires.setdefault(requirer, set())
            for line in lines:
                name = line.name
                if requirer == ROOT:
                    if not line.base:
                        continue
                    via[name].append(Via(solver.origins.get(line.text, ""), line.shown, True))
                elif requirer != name:
                    via[name].append(Via(requirer, line.shown))
                    needs.add(name)
                if name in seen and not line.extras and not odd:
                    continue
                project = projects[name]
                loaded = project.loaded[project.package.position]
                if name not in seen:
                    seen.add(name)
                    work.append((name, loaded.base))
                for extra in line.extras:
                    known = extras.setdefault(name, {})
                    if extra not in known:
                        known[extra] = None
                        work.append((name, loaded.of_extra(extra)))
                if odd or line.extras or loaded.malformed:
                    self._warn(project, loaded, line)

    def _pin(self, name: str) -> Pin:
        solver = self._solver
        project = solver.projects[name]
        version = project.version(project.package.position)
        found = solver.metadata.get((name, version))
        return Pin(
            name=name,
            version=version,
            extras=tuple(sorted(self._extras.get(name, ()))),
            via=tuple(self._via[name]),
            url=solver.urls.get(name, ""),
            requires=tuple(sorted(self._requires.get(name, ()))),
            metadata=found if isinstance(found, CoreMetadata) else None,
        )

    def _warn(self, project: Project, loaded: Loaded, line: Line) -> None:
        """Tell what is odd about the metadata of a pin."""
        if self._solver.last_resort:
            self._warn_of_pre_release(project)
        version = project.version(project.package.position)
        for text in loaded.malformed:
            self._warnings.append(f"{project.name} {version} has a requirement that cannot be read: {text}")
        for extra in line.extras:
            if not loaded.provides(extra):
                self._warnings.append(f"{project.name} {version} does not provide the extra {extra}")

    def _warn_of_pre_release(self, project: Project) -> None:
        package = project.package
        if not package.pre >> package.position & 1 or package.pre_allowed:
            return
        if not any(edge.flags & NAMES_PRE for edge in self._solver.engine.requirers(package)):
            version = project.version(package.position)
            self._warnings.append(f"{project.name} {version} is a pre-release: no other version fits")
