"""The solver: a state machine that says what it needs, is fed, and ends in an answer or an explanation.

It never waits and does no I/O. The answer depends on what it is fed, not on the order in which it is fed: pages and
metadata are kept until the search asks for them.
"""

from __future__ import annotations

from collections import deque
from itertools import chain
from typing import TYPE_CHECKING, Protocol

from envcensus._kernels.solver import DONE, NAMES_PRE, NEED, PAUSED, PINS, Edge, Engine, Package
from envcensus._kernels.specifier import specifier_set
from envcensus.model.redact import redact
from envcensus.model.resolution import Conflict, Resolution
from envcensus.resolver.answer import ROOT, answer_of
from envcensus.resolver.explain import explain, leaves_of
from envcensus.resolver.lines import REFERENCE, Line, Lines, plain
from envcensus.resolver.problem import Candidates, Metadata, Needs, Problem
from envcensus.resolver.project import Direct, Loaded, Project
from envcensus.resolver.reading import by_name, hashes, overriding, wanted_lines

if TYPE_CHECKING:
    from envcensus.resolver.trades import Trades

Key = tuple[str, str]  # name, version

_MANY = 50  # projects: which of two gives way is then a matter of order, conflicts or not


class AtHand(Protocol):
    """What the caller knows without waiting. It feeds the solver and says whether it did."""

    def cached_page(self, name: str) -> bool: ...
    def cached_metadata(self, name: str, version: str) -> bool: ...


class Solver:
    """One resolution. `step` until it gives a `Resolution` or a `Conflict`; feed what it `Needs` in between.

    Whoever has much at hand sets `at_hand`, and is asked before `step` returns: a return for each of thousands of
    versions takes longer than the search.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.lines = Lines(problem.environment)
        self.pages: dict[str, Candidates | None] = {}
        self.failed_pages: dict[str, str] = {}
        self.metadata: dict[tuple[str, str], Metadata | str] = {}
        self.direct: dict[tuple[str, str], tuple[str, Metadata] | str] = {}
        self.warnings: list[str] = []  # of whoever feeds it
        self._pythons: dict[str, bool] = {}  # Requires-Python → whether the target is allowed
        self.urls: dict[str, str] = {}  # name → the direct reference its only version comes from
        self.overrides = overriding(self.lines, problem)
        self.constraints = by_name(self.lines, problem.constraints)
        wanted = [self.overrides.get(line.name, line) for line in wanted_lines(self.lines, problem.requirements)]
        self.requirements = [line for line in wanted if line is not None]
        self.origins = {wanted.text: wanted.origin for wanted in (*problem.requirements, *problem.constraints)}
        self.hashes = hashes(self.lines, problem)
        self.last_resort = False
        self.at_hand: AtHand | None = None
        self.trades: Trades | None = None  # once there was an answer to look at again
        self.named_by: dict[str, Key] = {}  # of those in `urls` that a package named: name → its name and version
        self.passed_over: dict[Key, str] = {}  # versions whose references were tried without success, and why
        self.first_conflict: Conflict | None = None
        for line in (*self.requirements, *self.overrides.values(), *chain(*self.constraints.values())):
            if line is not None and line.url:
                self.urls.setdefault(line.name, line.url)
        self._start()

    # -- feeding -------------------------------------------------------------------------------------------------

    def feed_page(self, name: str, candidates: Candidates | None, reason: str = "") -> None:
        """The versions of a project; None where there is none to be had, with the reason."""
        self.pages.setdefault(name, candidates)
        if candidates is None:
            self.failed_pages.setdefault(name, reason)

    def feed_metadata(self, name: str, version: str, metadata: Metadata | None, reason: str = "") -> None:
        """The metadata of one version; None where it cannot be used, with the reason."""
        self.metadata.setdefault((name, version), reason if metadata is None else metadata)

    def feed_direct(
        self, name: str, url: str, version: str = "", metadata: Metadata | None = None, reason: str = ""
    ) -> None:
        """What a direct reference turned out to be."""
        self.direct.setdefault((name, url), reason if metadata is None else (version, metadata))

    def mask(self, line: Line) -> int:
        """The versions a requirement allows: bit i is version i of its project's page, which has been fed."""
        project = self.projects.get(line.name)
        if project is not None:
            return project.mask(line) >> 1
        candidates = self.pages[line.name]
        return 0 if candidates is None else line.specifier.mask(candidates.table)

    # -- running -------------------------------------------------------------------------------------------------

    def step(self, budget: int = -1) -> Needs | Resolution | Conflict:
        """Go on until something is missing or the end; with a `budget` also after so many steps: then needs nothing."""
        engine = self.engine
        engine.budget = budget
        while True:
            if self.jobs:
                needs = self.work()
                if needs is not None:
                    return needs
                engine = self.engine
            code = engine.run()
            if code == NEED:
                package, bit = engine.need_package, engine.need_bit
                project = package.label if package is not None else None
                assert isinstance(project, Project)
                key = (project.name, project.version(bit))
                if key not in self.metadata and (self.at_hand is None or not self.at_hand.cached_metadata(*key)):
                    return Needs(metadata=(key,))
                self.load(project, bit, self.metadata[key])
            elif code == DONE:
                if self.named_by and self._pass_over(self._unasked()):
                    engine = self.engine
                    continue
                if self.trades is None and self._may_trade():
                    self._trade()
                trades = self.trades
                if trades is None or trades.stands():
                    return answer_of(self)
                needs = trades.step()
                if needs is not None:
                    return needs
            elif code == PAUSED:
                return Needs()
            elif engine.policy_used and not self.last_resort:
                # Pre-releases that nobody asked for, and late pins of yanked versions: only when all else failed.
                self.last_resort = True
                self._start()
                engine = self.engine
                engine.budget = budget
            else:
                conflict = explain(self)
                self.first_conflict = self.first_conflict or conflict
                if not self.named_by or not self._pass_over(self._at_fault()):
                    return self.first_conflict
                engine = self.engine

    def _may_trade(self) -> bool:
        """Whether the answer is to be looked at once more. Not where it is small and the search came straight to it."""
        problem = self.problem
        if problem.mode != "highest" or problem.prefer_binary or self.last_resort:
            return False
        return self.engine.conflicts > 0 or len(self.projects) >= _MANY

    def _trade(self) -> None:
        from envcensus.resolver.trades import Trades

        self.trades = Trades(self)

    def _start(self) -> None:
        self.trades = None
        self.engine = Engine()
        self.engine.last_resort = self.last_resort
        self.projects: dict[str, Project] = {}
        self.lines.forget_masks()
        self.root = self.engine.add_package(ROOT, 1, 2)
        self.jobs: deque[tuple[Package, int, Package | None, list[Line]]] = deque()
        self.jobs.append((self.root, 1, None, self.requirements))

    def work(self) -> Needs | None:
        """Hand the requirements that were loaded to the engine, in order; what is missing for that, if anything."""
        while self.jobs:
            package, bit, extra, lines = self.jobs[0]
            for line in lines:
                if line.url and line.name not in self.urls:
                    self.urls[line.name] = line.url
                    project = package.label
                    if isinstance(project, Project):
                        self.named_by[line.name] = (project.name, project.version(bit))
                    if line.name in self.projects:
                        # It was taken from the index so far: once more, with the reference known from the start.
                        self._start()
                        return self.work()
                if line.name not in self.projects and not self._project(line):
                    return self._missing()
            self.jobs.popleft()
            projects, add_edge = self.projects, self.engine.add_edge
            for line in lines:
                target, mask = projects[line.name].package, line.mask
                if mask is None or line.url or line.extras or target is package:
                    self._edge(package, bit, extra, line)
                else:
                    add_edge(package, bit, target, mask, extra, line.flags, line)
        return None

    def _missing(self) -> Needs:
        pages: dict[str, None] = {}
        direct: dict[tuple[str, str], None] = {}
        for job in self.jobs:
            for line in job[3]:
                name = line.name
                if name in self.projects:
                    continue
                url = self.urls.get(name)
                if url is None:
                    if name not in self.pages:
                        pages[name] = None
                elif (name, url) not in self.direct:
                    direct[name, url] = None
        return Needs(pages=tuple(pages), direct=tuple(direct))

    # -- references that packages name ---------------------------------------------------------------------------
    #
    # The first reference that a loaded version names is taken for its project whatever is decided. Where that was
    # wrong, as the version is not in the answer or there is none, it is passed over and the search starts anew.

    def _unasked(self) -> str:
        """A project of the answer that comes from a reference which nothing in the answer names; empty: none."""
        for name in self.named_by:
            project = self.projects.get(name)
            if project is None or not project.package.chosen:
                continue
            if not any(edge.flags & REFERENCE for edge in self.engine.requirers(project.package)):
                return name
        return ""

    def _at_fault(self) -> str:
        """A project that a failure rests on and that comes from a reference which a package named; empty: none."""
        for leaf in leaves_of(self.engine.failure):
            project = leaf.b.label if isinstance(leaf, Edge) else None
            if isinstance(project, Project) and project.name in self.named_by:
                return project.name
        return ""

    def _pass_over(self, name: str) -> bool:
        """Start anew without the version that named the reference for a project. False where there is nothing to do."""
        if not name:
            return False
        shown = redact(self.urls[name])
        self.passed_over[self.named_by[name]] = f"needs {name} @ {shown}, which fits nothing else"
        for each in self.named_by:
            del self.urls[each]
        self.named_by.clear()
        self.last_resort = False
        self._start()
        return True

    def _project(self, line: Line) -> bool:
        """Create the project a requirement names, once its page is there."""
        name = line.name
        problem = self.problem
        url = self.urls.get(name)
        if url is not None:
            if (name, url) not in self.direct:
                return False
            found = self.direct[name, url]
            if isinstance(found, str):
                project = Project(self.engine, name, None, found)
            else:
                project = Project(
                    self.engine,
                    name,
                    Direct(found[0], "what is installed" if url.startswith("installed:") else redact(url)),
                )
                self.metadata[name, found[0]] = found[1]
        elif name not in self.pages and (self.at_hand is None or not self.at_hand.cached_page(name)):
            return False
        else:
            project = Project(self.engine, name, self.pages[name], self.failed_pages.get(name, ""))
        self.projects[name] = project
        package = project.package
        package.pre_allowed = problem.pre
        package.lowest = problem.mode == "lowest" or (
            problem.mode == "lowest-direct" and any(r.name == name for r in self.requirements)
        )
        for constraint in self.constraints.get(name, ()):
            package.pre_allowed = package.pre_allowed or bool(constraint.flags & NAMES_PRE)
            package.pin_allowed = package.pin_allowed or bool(constraint.flags & PINS)
            self.engine.add_edge(self.root, 1, package, project.mask(constraint) | 1, None, 0, constraint)
        preferred = self._preferred(project)
        if preferred:
            package.preferred = preferred
        return True

    def _preferred(self, project: Project) -> list[int]:
        """The bits to try before all others: the pin of an earlier answer, then versions that have a wheel."""
        candidates, pin = project.candidates, self.problem.prefer.get(project.name)
        if candidates is None:
            return []
        bits = [list(candidates.versions).index(pin) + 1] if pin is not None and pin in candidates.versions else []
        if self.problem.prefer_binary:
            fitting = [index + 1 for index in range(len(candidates.versions)) if candidates.wheels >> index & 1]
            bits += fitting if project.package.lowest else reversed(fitting)
        return bits

    def _edge(self, package: Package, bit: int, extra: Package | None, line: Line) -> None:
        project = self.projects[line.name]
        target = project.package
        mask = line.mask
        if mask is None:
            mask = project.mask(line)
        if line.url and line.url != self.urls[line.name] and plain(line.url) != plain(self.urls[line.name]):
            mask = 0  # another reference came first
        if target is package:
            if not mask >> bit & 1:
                if extra is None:
                    self.engine.exclude(package, bit, line)
                else:
                    self.engine.add_edge(package, bit, extra, 1, None, 0, line)
        else:
            self.engine.add_edge(package, bit, target, mask, extra, line.flags, line)
        for name in line.extras:
            wanted = project.extras.get(name)
            if wanted is None:
                wanted = project.extras[name] = self.engine.add_extra((project, name))
                for loaded_bit, loaded in project.loaded.items():
                    self._extra_job(project, loaded_bit, loaded, name, wanted)
            if wanted is not extra:
                self.engine.add_edge(package, bit, wanted, 2, extra, 0, line)

    def load(self, project: Project, bit: int, metadata: Metadata | str) -> None:
        """Tell the engine of a version; `work` tells it what the version needs."""
        package = project.package
        if isinstance(metadata, str):
            self.engine.exclude(package, bit, metadata)
            return
        if metadata.requires_python and not self._runs_on(metadata.requires_python):
            self.engine.exclude(package, bit, f"needs Python {metadata.requires_python}")
            return
        passed_over = self.passed_over and self.passed_over.get((project.name, project.version(bit)))
        if passed_over:
            self.engine.exclude(package, bit, passed_over)
            return
        loaded = Loaded(metadata, self.lines, self.overrides)
        if loaded.malformed and not isinstance(project.candidates, Direct):
            self.engine.exclude(package, bit, f"has a requirement that cannot be read: {loaded.malformed[0]}")
            return
        project.loaded[bit] = loaded
        self.jobs.append((package, bit, None, loaded.base))
        for name, wanted in project.extras.items():
            self._extra_job(project, bit, loaded, name, wanted)
        self.engine.set_loaded(package, bit)

    def _runs_on(self, requires_python: str) -> bool:
        """Whether the target's Python is allowed. An invalid specifier allows every one, as for pip."""
        known = self._pythons.get(requires_python)
        if known is None:
            python = self.problem.environment["python_full_version"]
            try:
                known = specifier_set(requires_python).contains(python, prereleases=True)
            except ValueError:
                known = True
            self._pythons[requires_python] = known
        return known

    def _extra_job(self, project: Project, bit: int, loaded: Loaded, name: str, wanted: Package) -> None:
        lines = loaded.of_extra(name)
        if lines:
            self.jobs.append((project.package, bit, wanted, lines))
