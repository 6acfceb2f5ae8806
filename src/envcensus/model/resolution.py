"""What resolving gives: pins and why they are there, or why there are none."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from envcensus.errors import EnvcensusError
from envcensus.model.core_metadata import CoreMetadata
from envcensus.model.display import neutral
from envcensus.model.page import File
from envcensus.model.redact import redact
from envcensus.model.skipped import Skipped

Mode = Literal["highest", "lowest", "lowest-direct"]


class Wanted(Struct, frozen=True, gc=False):
    """One requirement as somebody wrote it (PEP 508), and where."""

    text: str
    origin: str = ""  # "-r requirements.in (line 3)", "pyproject.toml", empty: the command line
    hashes: tuple[str, ...] = ()  # "sha256:…" of --hash options


class Via(Struct, frozen=True, gc=False, repr_omit_defaults=True):
    """Who asks for a pin: `name` is a normalized name, or the origin of a requirement of the run itself."""

    name: str
    requirement: str  # as the requirer states it, its marker aside
    direct: bool = False  # asked for by the run itself


class Pin(Struct, frozen=True, gc=False, kw_only=True, repr_omit_defaults=True):
    """One project of the answer."""

    name: str  # normalized
    version: str
    extras: tuple[str, ...] = ()
    via: tuple[Via, ...] = ()
    url: str = ""  # of a direct reference, without credentials
    requires: tuple[str, ...] = ()  # normalized names it needs in this answer
    metadata: CoreMetadata | None = None
    files: tuple[File, ...] = ()  # only where they were asked for: all of the version's
    chosen: str = ""  # likewise: the name of the file that would be installed
    yanked: str | None = None  # the reason, possibly empty, of a yanked version


class Rejected(Struct, frozen=True, gc=False):
    """A version that was not taken, and why: one sentence."""

    version: str
    reason: str


class Resolution(Struct, frozen=True, kw_only=True):
    """An answer: every requirement is met by one version of each project. `pins` are in the order of the names."""

    pins: tuple[Pin, ...]
    warnings: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    environment: dict[str, str] = {}  # the marker environment it holds for
    decisions: int = 0
    conflicts: int = 0

    @property
    def complete(self) -> bool:
        """Whether every look-up that the answer depends on succeeded."""
        return not self.skipped

    def __repr__(self) -> str:
        pins = " ".join([f"{pin.name}=={pin.version}" for pin in self.pins[:4]]) + (" …" if len(self.pins) > 4 else "")
        state = "" if self.complete else f"; incomplete, {len(self.skipped)} skipped"
        return f"<Resolution of {len(self.pins)} pins: {pins}{state}>"


class Conflict(Struct, frozen=True, kw_only=True):
    """There is no answer. `lines` derive it in plain sentences; `requirements` are those a person can change."""

    lines: tuple[str, ...]
    requirements: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()  # look-ups that failed: with them there might have been an answer
    decisions: int = 0
    conflicts: int = 0


class ConflictError(EnvcensusError):
    """No versions fit together. `conflict` holds the derivation, which tracebacks show below the message."""

    def __init__(self, conflict: Conflict) -> None:
        lines = [neutral(redact(line)) for line in conflict.lines] or ["no versions meet all requirements"]
        super().__init__(lines[0])
        self.args = (conflict,)  # what it is built from anew when it is pickled
        self.conflict = conflict
        if len(lines) > 1:
            self.add_note("\n".join(lines[1:]))
