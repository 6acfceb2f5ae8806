"""What to ask for before the solver does, so that a cold resolve costs rounds of requests and not one for each step.

Four rules. *Cascade*: metadata that arrives leads to the pages of its dependencies, a page to the newest version that
all requirements seen so far allow. *Batch*: a project whose versions keep failing has its next ones asked for in the
solver's order. *In order*: and those just below the newest that no decision has excluded. *Outlook*: when the solver
waits for one version, the other undecided projects have those asked for that it would come to in its present state.
Nothing here influences the answer: the solver takes what it asked for.
"""

from __future__ import annotations

from collections.abc import Iterable

from envcensus.resolver.lines import Line
from envcensus.resolver.problem import Candidates, Metadata
from envcensus.resolver.project import Project
from envcensus.resolver.solver import Solver

_BATCH = 32
_LARGEST_BATCH = 128  # for a project of which so many versions failed already
_IN_ORDER_FROM = 5
_OUTLOOK = 8  # versions of an undecided project that are looked at

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
        if found is None or isinstance(found, str):
            return
        self._read.setdefault(name, []).append(version)
        self._follow(found, tuple(self._extras.get(name, ())), base=True)

    def needed(self, pages: Iterable[str], metadata: Iterable[Key]) -> None:
        """The solver asks: so that nothing is named twice, and a project that keeps failing is run ahead of."""
        self._pages.update(pages)
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
        if not mask or candidates is None:
            return
        stable = mask & ~candidates.pre
        self._want(name, candidates.versions[(stable or mask).bit_length() - 1])

    def _want(self, name: str, version: str) -> None:
        key = (name, version)
        if key not in self._metadata:
            self._metadata.add(key)
            self.wanted_metadata.append(key)

    def _ahead(self, project: Project) -> None:
        """After k versions the next 2k, at most 32 or k, in the solver's order of preference.

        Who went back through k versions will go through as many again: batches that stay small cost a round each.
        """
        candidates, package, tried = project.candidates, project.package, len(project.loaded)
        if candidates is None:
            return
        count = min(2 * tried, max(_BATCH, min(tried, _LARGEST_BATCH)))
        self._descend(project.name, candidates, package.dom >> 1, count)
        if tried >= _IN_ORDER_FROM:
            self._descend(project.name, candidates, self._solver.engine.level_zero(package) >> 1, count)

    def _outlook(self) -> None:
        """Want what undecided projects will need: the newest version of each that is not known to fail already."""
        metadata = self._solver.metadata
        for package in self._solver.engine.packages:
            if package.boolean or package.chosen or package.dom & 1:
                continue
            project = package.label
            if not isinstance(project, Project) or project.candidates is None:
                continue
            candidates, mask = project.candidates, package.dom >> 1
            mask = mask & ~candidates.pre & ~candidates.yanked or mask
            for _ in range(_OUTLOOK):
                if not mask:
                    break
                index = (mask & -mask if package.lowest else mask).bit_length() - 1
                mask ^= 1 << index
                found = metadata.get((project.name, candidates.versions[index]))
                if found is None:
                    self._want(project.name, candidates.versions[index])
                    break
                if not isinstance(found, str) and (index + 1 in project.loaded or not self._fails(found)):
                    break

    def _fails(self, metadata: Metadata) -> bool:
        """Whether a requirement leaves nothing of another project in the solver's present state."""
        projects, get = self._solver.projects, self._solver.lines.get
        for text in metadata.base:
            line = get(text)
            if line is not None and line.base:
                other = projects.get(line.name)
                if other is not None and not other.mask(line) & other.package.dom:
                    return True
        return False

    def _descend(self, name: str, candidates: Candidates, mask: int, count: int) -> None:
        for allowed in (mask & ~candidates.pre, mask & candidates.pre):
            rest = allowed
            while rest and count:
                index = rest.bit_length() - 1
                rest ^= 1 << index
                if (name, candidates.versions[index]) not in self._metadata:
                    count -= 1
                    self._want(name, candidates.versions[index])
            if allowed:
                return


def _usable(candidates: Candidates) -> int:
    return candidates.usable & ~candidates.yanked or candidates.usable
