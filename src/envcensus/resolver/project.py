"""What the solver knows about one project: its versions, its extras and the metadata it was fed."""

from __future__ import annotations

from envcensus._kernels.names import canonicalize_name
from envcensus._kernels.solver import Engine, Package
from envcensus._kernels.specifier import VersionTable
from envcensus.resolver.lines import Line, Lines
from envcensus.resolver.problem import Candidates, Metadata


class Direct:
    """The one version behind a direct reference."""

    def __init__(self, version: str, shown: str) -> None:
        self.versions = (version,)
        self.shown = shown  # where it comes from, for people
        self.table = VersionTable(self.versions)
        self.usable = 1
        self.pre = self.yanked = self.wheels = 0  # whoever names a file wants it

    def why_not(self, index: int) -> str:
        """Not asked: it is usable."""
        return ""


class Loaded:
    """The requirements of one version; those of its extras are read when they are asked for."""

    __slots__ = ("_by_extra", "_lines", "_metadata", "_override", "base", "malformed")

    def __init__(self, metadata: Metadata, lines: Lines, override: dict[str, Line | None]) -> None:
        self._metadata = metadata
        self._lines = lines
        self._override = override
        self._by_extra: dict[str, list[Line]] | None = None
        self.base: list[Line] = []
        self.malformed: tuple[str, ...] = ()
        known = lines.known
        for text in metadata.base:
            line = known[text] if text in known else lines.get(text)
            if line is None:
                self.malformed += (text,)
                continue
            wanted = override.get(line.name, line) if override else line
            if wanted is None:
                continue
            if line.base:
                self.base.append(wanted)
            else:
                if self._by_extra is None:
                    self._by_extra = {}
                for extra in line.for_extras:
                    self._by_extra.setdefault(extra, []).append(wanted)

    def of_extra(self, name: str) -> list[Line]:
        """What one extra needs beyond the rest."""
        found = list(self._by_extra.get(name, ())) if self._by_extra is not None else []
        for text in self._metadata.of_extra(name):
            line = self._lines.get(text)
            if line is None:
                self.malformed += (text,)
            elif name in line.for_extras:
                wanted = self._override.get(line.name, line) if self._override else line
                if wanted is not None:
                    found.append(wanted)
        return found

    def provides(self, name: str) -> bool:
        """Whether there is such an extra; where none are declared, whether a requirement names it."""
        return any(canonicalize_name(extra) == name for extra in self._metadata.extras) or bool(self.of_extra(name))


class Project:
    """One project: `package` is what the engine knows it as. Bit i + 1 of the engine is version i."""

    __slots__ = ("candidates", "extras", "loaded", "name", "package", "reason", "table")

    def __init__(self, engine: Engine, name: str, candidates: Candidates | None, reason: str = "") -> None:
        self.name = name
        self.candidates = candidates
        self.reason = reason
        self.extras: dict[str, Package] = {}
        self.loaded: dict[int, Loaded] = {}
        if candidates is None:
            self.table = None
            self.package = engine.add_package(self, 0, 1)
            return
        self.table = candidates.table
        usable = candidates.usable << 1
        self.package = engine.add_package(
            self,
            len(candidates.versions),
            usable | 1,
            candidates.pre << 1,
            candidates.yanked << 1,
            usable,
        )

    def version(self, bit: int) -> str:
        """The version of an engine's bit."""
        assert self.candidates is not None
        return self.candidates.versions[bit - 1]

    def mask(self, line: Line) -> int:
        """The engine's mask of the versions a requirement allows."""
        known = line.mask
        if known is None:
            if not line.specifier:
                known = self.package.everything & ~1
            else:
                known = 0 if self.table is None else line.specifier.mask(self.table) << 1
            line.mask = known
        return known
