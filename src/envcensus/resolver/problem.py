"""What is asked of the solver, and the shapes of what it is fed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from envcensus._kernels.specifier import VersionTable
from envcensus.model.resolution import Mode, Wanted


class Candidates(Protocol):
    """The versions of one project, decided upon for the target: bit i of a mask is the i-th version, ascending."""

    @property
    def versions(self) -> Sequence[str]: ...
    @property
    def table(self) -> VersionTable: ...
    @property
    def usable(self) -> int:
        """A file fits: tags, requires-python, upload time, wheel and sdist policy. Yanked versions included."""

    @property
    def pre(self) -> int: ...
    @property
    def yanked(self) -> int: ...
    @property
    def wheels(self) -> int:
        """A wheel fits. Asked where the problem says `prefer_binary`."""

    def why_not(self, index: int) -> str:
        """Why a version is not usable: the end of a sentence ("needs Python >=3.13")."""


class Metadata(Protocol):
    """The part of Core Metadata that a solver reads."""

    @property
    def base(self) -> Sequence[str]:
        """Requires-Dist lines that may hold without an extra, or with one of several."""

    @property
    def extras(self) -> Sequence[str]: ...
    def of_extra(self, name: str) -> Sequence[str]:
        """Lines that hold with this extra (normalized) alone and are not in `base`."""

    @property
    def requires_python(self) -> str: ...


class Problem(Struct, frozen=True, kw_only=True):
    """Everything an answer depends on besides the indexes' data."""

    requirements: tuple[Wanted, ...]
    constraints: tuple[Wanted, ...] = ()
    overrides: tuple[Wanted, ...] = ()
    environment: dict[str, str]  # marker environment of the target (PEP 508), without "extra"
    pre: bool = False  # accept pre-releases everywhere
    mode: Mode = "highest"
    prefer: dict[str, str] = {}  # normalized name → version of an earlier answer, kept where possible
    prefer_binary: bool = False  # versions that have a wheel before those that have none, as pip has it


class Needs(Struct, frozen=True):
    """What the solver waits for: pages by normalized name, metadata by (name, version), references by (name, url)."""

    pages: tuple[str, ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()
    direct: tuple[tuple[str, str], ...] = ()
