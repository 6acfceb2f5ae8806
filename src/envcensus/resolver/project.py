"""What the solver knows about one project: its versions, its extras and the metadata it was fed."""

from __future__ import annotations

from envcensus._kernels.solver import Engine, Package
from envcensus._kernels.specifier import VersionTable
from envcensus.resolver.lines import Line, Lines
from envcensus.resolver.problem import Candidates, Metadata


class Direct:
    """The one version behind a direct reference."""

    def __init__(self, version: str) -> None:
        self.versions = (version,)
        self.table = VersionTable(self.versions)
        self.usable = 1
        self.pre = self.yanked = 0  # whoever names a file wants it

    def why_not(self, index: int) -> str:
        """Not asked: it is usable."""
        return ""


class Loaded:
    """The requirements of one version, by the extra they hold with."""

    __slots__ = ("base", "by_extra", "extras", "malformed")

    def __init__(self, metadata: Metadata, lines: Lines, override: dict[str, Line]) -> None:
        self.base: list[Line] = []
        self.by_extra: dict[str, list[Line]] = {}
        self.extras = metadata.extras
        self.malformed: list[str] = []
        for text in metadata.requires:
            line = lines.get(text)
            if line is None:
                self.malformed.append(text)
                continue
            if line.base:
                self.base.append(override.get(line.name, line) if override else line)
            else:
                for extra in line.for_extras:
                    self.by_extra.setdefault(extra, []).append(override.get(line.name, line) if override else line)


class Project:
    """One project: `package` is what the engine knows it as. Bit i + 1 of the engine is version i."""

    __slots__ = ("candidates", "extras", "loaded", "masks", "name", "package", "reason", "requires_python", "table")

    def __init__(self, engine: Engine, name: str, candidates: Candidates | None, reason: str = "") -> None:
        self.name = name
        self.candidates = candidates
        self.reason = reason
        self.extras: dict[str, Package] = {}
        self.loaded: dict[int, Loaded] = {}
        self.requires_python: dict[int, str] = {}
        self.masks: dict[str, int] = {}
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
        text = line.key
        known = self.masks.get(text)
        if known is None:
            known = self.masks[text] = 0 if self.table is None else line.specifier.mask(self.table) << 1
        return known
