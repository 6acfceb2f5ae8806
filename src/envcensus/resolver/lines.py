"""Requirement lines, parsed once and decided upon for one target."""

from __future__ import annotations

import re
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version


class VersionTable:
    """Sorted versions, ascending."""

    def __init__(self, versions: list[str]) -> None:
        self.versions = [Version(v) for v in versions]


class Specifiers:
    """A specifier set that knows its masks."""

    def __init__(self, specifier: SpecifierSet) -> None:
        self.specifier = specifier
        self.text = str(specifier)
        self.prereleases = bool(specifier.prereleases)
        self.is_pinned = any(
            s.operator == "===" or (s.operator == "==" and not s.version.endswith(".*")) for s in specifier
        )

    def mask(self, table: VersionTable) -> int:
        """Bit i: the i-th version is contained, pre-releases included."""
        mask = 0
        for i, version in enumerate(table.versions):
            if self.specifier.contains(version, prereleases=True):
                mask |= 1 << i
        return mask


_EXTRA_IS = re.compile(r"""extra\s*==\s*(['"])([^'"]*)\1|(['"])([^'"]*)\3\s*==\s*extra""")
_NORMAL = re.compile(r"[-_.]+")


def normalize(name: str) -> str:
    """A name as the indexes and the lock files have it (Names and Normalization)."""
    return _NORMAL.sub("-", name).lower()


class Line:
    """One requirement for one target: `base` where it holds without an extra, else the `extras` it holds with."""

    __slots__ = ("base", "extras", "flags", "for_extras", "name", "shown", "specifier", "text", "url")

    name: str
    text: str
    shown: str
    url: str
    extras: tuple[str, ...]
    for_extras: tuple[str, ...]
    base: bool
    flags: int
    specifier: Any


class Lines:
    """All distinct requirement lines of a run, parsed when first seen."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self._known: dict[str, Line | None] = {}

    def get(self, text: str) -> Line | None:
        """The line, or None where it is malformed."""
        try:
            return self._known[text]
        except KeyError:
            line = self._known[text] = self._parse(text)
            return line

    def _parse(self, text: str) -> Line | None:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            return None
        line = Line()
        line.text = text
        line.name = normalize(requirement.name)
        line.extras = tuple(sorted({normalize(e) for e in requirement.extras}))
        line.url = requirement.url or ""
        line.specifier = specifier = Specifiers(requirement.specifier)
        line.flags = (1 if specifier.prereleases else 0) | (2 if specifier.is_pinned else 0)
        line.shown = f"{requirement.name}{'[' + ','.join(line.extras) + ']' if line.extras else ''}" + (
            f" @ {line.url}" if line.url else specifier.text
        )
        line.for_extras = ()
        marker = requirement.marker
        line.base = marker is None or marker.evaluate({**self.environment, "extra": ""})
        if not line.base and marker is not None:
            named = {normalize(m[1] or m[3]) for m in _EXTRA_IS.findall(str(marker))}
            line.for_extras = tuple(sorted(x for x in named if marker.evaluate({**self.environment, "extra": x})))
        return line
