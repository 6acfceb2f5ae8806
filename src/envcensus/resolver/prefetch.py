"""What to ask for before the solver does, so that a cold resolve costs rounds of requests and not one for each step.

*Cascade*: metadata that arrives leads to the pages of its dependencies, a page to the version that the solver would
take of what all requirements seen so far allow. *Outlook*: when the solver waits for a version, its search is carried
on roughly: undecided projects take, in its order, the first version that is not known to fail, and leave the others
what that version allows. *Probe*: of a project whose versions fail, those 1, 3, 7… places further tell how far that
goes; all between two that fail will be read, whatever they say. *Batch*: where that tells too little, as versions fail
for what becomes known two steps later, the next ones in the solver's order.

Nothing here influences the answer: the solver takes what it asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from envcensus.resolver.lines import Line
from envcensus.resolver.problem import Candidates, Metadata
from envcensus.resolver.project import Loaded, Project
from envcensus.resolver.solver import Solver

_BATCH = 32
_LARGEST_BATCH = 128  # for a project of which so many versions failed already
_BATCHES_FROM = 5  # tried versions of a project: from here on batches go ahead whatever the outlook says
_REACH = 4  # times as many versions as failed: how far probes go
_PROBES = 4  # between a version that fails and one that does not
_EARLIER = 2  # conflicts after which the solver decides a project before others

Key = tuple[str, str]


class Prefetcher:
    """Beside one solver: told what arrives, it says what to ask for next. Everything is named at most once."""

    def __init__(self, solver: Solver) -> None:
        self._solver = solver
        self._masks: dict[str, int] = {}  # name → versions (bit i: version i) that all lines seen so far allow
        self._waiting: dict[str, list[Line]] = {}  # lines for projects whose page is not there
        self._extras: dict[str, set[str]] = {}
        self._pages: set[str] = set()
        self._metadata: set[Key] = set()
        self._read: dict[str, list[str]] = {}  # versions whose metadata arrived
        self._loaded: dict[Key, Loaded] = {}  # and their requirements, for the outlook
        self._pins: dict[str, int] = {}
        self._direct = {line.name for line in solver.requirements}
        self.wanted_pages: list[str] = []
        self.wanted_metadata: list[Key] = []

    def start(self) -> None:
        """The requirements of the problem itself."""
        self._lines(self._solver.requirements)

    def take(self) -> tuple[list[str], list[Key]]:
        """What is wanted since the last call: pages and metadata."""
        pages, self.wanted_pages = self.wanted_pages, []
        metadata, self.wanted_metadata = self.wanted_metadata, []
        return pages, metadata

    def page(self, name: str) -> None:
        """A page arrived."""
        self._pages.add(name)
        for line in self._waiting.pop(name, ()):
            self._narrow(line)
        self._newest(name)

    def metadata(self, name: str, version: str) -> None:
        """The metadata of a version arrived."""
        self._metadata.add((name, version))
        found = self._solver.metadata.get((name, version))
        if found is None or isinstance(found, str) or self._solver.trades is not None:
            return
        self._read.setdefault(name, []).append(version)
        self._follow(found, tuple(self._extras.get(name, ())), base=True)

    def needed(self, pages: Iterable[str], metadata: Iterable[Key]) -> None:
        """The solver asks: so that nothing is named twice, and a project that keeps failing is run ahead of."""
        self._pages.update(pages)
        if self._solver.trades is not None:
            self._metadata.update(metadata)
            return  # the answer is there: what is looked at once more is asked for in one go
        for name, version in metadata:
            self._metadata.add((name, version))
            project = self._solver.projects.get(name)
            if project is not None and project.loaded:
                self._ahead(project)
        if metadata:
            self._outlook()

    def _follow(self, metadata: Metadata, extras: Iterable[str], *, base: bool) -> None:
        get = self._solver.lines.get
        lines = []
        wanted = set(extras)
        for text in metadata.base:
            line = get(text)
            if line is not None and (base if line.base else not wanted.isdisjoint(line.for_extras)):
                lines.append(line)
        for extra in extras:
            for text in metadata.of_extra(extra):
                line = get(text)
                if line is not None and extra in line.for_extras:
                    lines.append(line)
        self._lines(lines)

    def _lines(self, lines: Iterable[Line]) -> None:
        overrides = self._solver.overrides
        touched: dict[str, None] = {}
        for given in lines:
            line = overrides.get(given.name, given) if overrides else given
            if line is None:
                continue
            name = line.name
            if line.extras:
                self._mention(name, line.extras)
            if name in self._solver.pages:
                self._narrow(line)
                touched[name] = None
            else:
                self._waiting.setdefault(name, []).append(line)
                if name not in self._pages:
                    self._pages.add(name)
                    self.wanted_pages.append(name)
        for name in touched:
            self._newest(name)

    def _mention(self, name: str, extras: Iterable[str]) -> None:
        known = self._extras.setdefault(name, set())
        new = [extra for extra in extras if extra not in known]
        if not new:
            return
        known.update(new)
        for version in self._read.get(name, ()):
            metadata = self._solver.metadata[name, version]
            if not isinstance(metadata, str):
                self._follow(metadata, new, base=False)

    def _narrow(self, line: Line) -> None:
        candidates = self._solver.pages.get(line.name)
        if candidates is None:
            return
        before = self._masks.get(line.name)
        if before is None:
            before = _usable(candidates)
            for constraint in self._solver.constraints.get(line.name, ()):
                before &= self._solver.mask(constraint)
        after = before & self._solver.mask(line)
        self._masks[line.name] = after or before

    def _newest(self, name: str) -> None:
        """Want the version the solver would most likely take."""
        mask = self._masks.get(name)
        candidates = self._solver.pages.get(name)
        if mask and candidates is not None:
            self._want(name, candidates.versions[next(self._in_order(name, candidates, mask))])

    def _in_order(self, name: str, candidates: Candidates, mask: int) -> Iterator[int]:
        """The versions of `mask` in the solver's order of preference."""
        problem = self._solver.problem
        mask = mask & ~candidates.pre & ~candidates.yanked or mask & ~candidates.pre or mask
        pin = self._pin(name, candidates) if problem.prefer else -1
        if pin >= 0 and mask >> pin & 1:
            yield pin
            mask ^= 1 << pin
        lowest = problem.mode == "lowest" or (problem.mode == "lowest-direct" and name in self._direct)
        wheels = candidates.wheels if problem.prefer_binary else 0
        for part in (mask & wheels, mask & ~wheels):
            rest = part
            while rest:
                index = (rest & -rest if lowest else rest).bit_length() - 1
                rest ^= 1 << index
                yield index

    def _pin(self, name: str, candidates: Candidates) -> int:
        """The version that an earlier answer had; -1: there is none."""
        index = self._pins.get(name)
        if index is None:
            pin = self._solver.problem.prefer.get(name, "")
            index = list(candidates.versions).index(pin) if pin in candidates.versions else -1
            self._pins[name] = index
        return index

    def _want(self, name: str, version: str) -> None:
        key = (name, version)
        if key not in self._metadata:
            self._metadata.add(key)
            self.wanted_metadata.append(key)

    def _ahead(self, project: Project) -> None:
        """After k versions that were tried the next 2k, at most 32 or k, where the outlook does not tell enough.

        Who went back through k versions will go through as many again: batches that stay small cost a round each.
        """
        candidates, package, tried = project.candidates, project.package, len(project.loaded)
        if candidates is None:
            return
        late = tried >= _BATCHES_FROM
        if not late and any(self._fitting(project, candidates, bit - 1, {}) is None for bit in project.loaded):
            return
        count = min(2 * tried, max(_BATCH, min(tried, _LARGEST_BATCH)))
        self._batch(project, candidates, package.dom >> 1, count)
        if late:  # and what no decision has excluded
            self._batch(project, candidates, self._solver.engine.level_zero(package) >> 1, count)

    def _batch(self, project: Project, candidates: Candidates, mask: int, count: int) -> None:
        """Want the next `count` of `mask` that were not tried. Those that are under way are some of them."""
        for index in self._in_order(project.name, candidates, mask):
            if index + 1 in project.loaded:
                continue
            if not count:
                break
            count -= 1
            self._want(project.name, candidates.versions[index])

    def _outlook(self) -> None:
        """Carry the search on as far as can be told, and want what is missing for it.

        The first version of each undecided project that is not known to fail is taken for its choice, with what it
        requires; what is not known is taken to require nothing.
        """
        projects = self._solver.projects
        left: dict[str, int] = {}  # name → what the versions taken so far leave, as the engine's mask
        undecided = [each for each in self._solver.engine.packages if not each.boolean and not each.chosen]
        undecided.sort(key=lambda each: (each.affected < _EARLIER, each.id))
        for package in undecided:
            project = package.label
            if not isinstance(project, Project) or project.candidates is None:
                continue
            mask = left.get(project.name, package.dom)
            if mask & 1:
                continue  # nothing asks for it
            for line in self._look(project, project.candidates, mask >> 1, left):
                other = projects.get(line.name)
                if other is not None and other is not project:
                    left[line.name] = left.get(line.name, other.package.dom) & other.mask(line)

    def _look(self, project: Project, candidates: Candidates, mask: int, left: dict[str, int]) -> list[Line]:
        """Want what decides which version of a project is taken. Where that is known, take it: what it requires."""
        name, versions, metadata = project.name, candidates.versions, self._solver.metadata
        failed = sum(1 for bit in project.loaded if not mask >> (bit - 1) & 1)
        unknown: list[int] = []  # after the last one that fails
        for index in islice(self._in_order(name, candidates, mask), _LARGEST_BATCH):
            if (name, versions[index]) not in metadata:
                unknown.append(index)
                continue
            fitting = self._fitting(project, candidates, index, left)
            if fitting is not None:
                if not unknown:
                    left[name] = 2 << index
                    return fitting
                unknown = [unknown[len(unknown) * part // _PROBES] for part in range(_PROBES)]
                break
            failed += 1
            for each in unknown:
                self._want(name, versions[each])
            unknown.clear()
        else:
            unknown = [unknown[place] for place in _places(len(unknown), _REACH * failed)]
        for each in unknown:
            self._want(name, versions[each])
        return []

    def _fitting(self, project: Project, candidates: Candidates, index: int, left: dict[str, int]) -> list[Line] | None:
        """What a version requires now; None where it cannot be taken.

        That is so where a requirement allows nothing that is left of another project: in the solver's present state,
        and in `left`.
        """
        key = project.name, candidates.versions[index]
        metadata = self._solver.metadata[key]
        if isinstance(metadata, str):
            return None
        loaded = project.loaded.get(index + 1) or self._loaded.get(key)
        if loaded is None:
            loaded = self._loaded[key] = Loaded(metadata, self._solver.lines, self._solver.overrides)
        lines = loaded.base
        for extra, wanted in project.extras.items():
            if not wanted.dom & 1:
                lines = lines + loaded.of_extra(extra)
        projects = self._solver.projects
        for line in lines:
            other = projects.get(line.name)
            if other is None or other is project:
                continue
            if not other.mask(line) & left.get(line.name, other.package.dom):
                return None
        return lines


def _places(count: int, reach: int) -> Iterator[int]:
    """0, 1, 3, 7… below `count`, and up to `reach`."""
    place = 0
    while place < count and place <= reach:
        yield place
        place = 2 * place + 1


def _usable(candidates: Candidates) -> int:
    return candidates.usable & ~candidates.yanked or candidates.usable
