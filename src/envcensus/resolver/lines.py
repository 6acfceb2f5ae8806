"""Requirement lines, parsed once and decided upon for one target."""

from __future__ import annotations

from envcensus._kernels.requirement import MarkerEnvironment, parse_anew
from envcensus._kernels.solver import NAMES_PRE, PINS
from envcensus._kernels.specifier import SpecifierSet
from envcensus.model.redact import redact

REFERENCE = 4  # of an edge's flags: it names a file


class Line:
    """One requirement for one target: `base` where it holds without an extra, else the `extras` it holds with."""

    __slots__ = (
        *("_shown", "base", "extras", "flags", "for_extras", "mask", "name", "specifier", "text", "url"),
        "written",
    )

    text: str  # as written
    name: str  # normalized
    url: str
    extras: tuple[str, ...]  # wanted of `name`
    for_extras: tuple[str, ...]  # of the requirer: those it holds with
    base: bool
    flags: int  # of the solver's edges
    specifier: SpecifierSet
    written: str  # the name as written
    mask: int | None  # of the engine: the versions it allows, once somebody asked
    _shown: str | None

    @property
    def shown(self) -> str:
        """The requirement without its marker, and without secrets."""
        if self._shown is None:
            extras = f"[{','.join(self.extras)}]" if self.extras else ""
            asked = f" @ {redact(self.url)}" if self.url else str(self.specifier)
            self._shown = f"{self.written}{extras}{asked}"
        return self._shown


def plain(url: str) -> str:
    """A reference without the name that its fragment may tell (`#egg=`): what is left says which file it is."""
    base, _, fragment = url.partition("#")
    parts = [part for part in fragment.split("&") if part and not part.startswith("egg=")]
    return f"{base}#{'&'.join(parts)}" if parts else base


class Lines:
    """All distinct requirement lines of a run, parsed when first seen."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = MarkerEnvironment(environment)
        self.known: dict[str, Line | None] = {}

    def get(self, text: str) -> Line | None:
        """The line, or None where it is malformed."""
        try:
            return self.known[text]
        except KeyError:
            line = self.known[text] = self._parse(text)
            return line

    def forget_masks(self) -> None:
        """The search begins anew: a project may have other versions then."""
        for line in self.known.values():
            if line is not None:
                line.mask = None

    def _parse(self, text: str) -> Line | None:
        try:
            requirement = parse_anew(text)
        except ValueError:
            return None
        line = Line()
        line.text = text
        line._shown = None
        line.mask = None
        line.written = requirement.name
        line.name = requirement.normalized
        line.extras = requirement.normalized_extras if requirement.extras else ()
        line.url = requirement.url or ""
        line.specifier = specifier = requirement.specifier
        line.flags = (NAMES_PRE if specifier.prereleases else 0) | (PINS if specifier.is_pinned else 0)
        if line.url:
            line.flags |= REFERENCE
        marker = requirement.marker
        line.base, line.for_extras = (True, ()) if marker is None else marker.activation(self.environment)
        return line
