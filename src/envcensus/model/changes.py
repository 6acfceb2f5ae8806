"""What changed between two runs."""

from __future__ import annotations

from msgspec import Struct


class Row(Struct, frozen=True, gc=False, order=True):
    """An outdated distribution, as far as two runs are compared. `host` is empty on this host."""

    host: str
    environment: str
    name: str  # normalized
    version: str
    latest: str = ""


class TrendPoint(Struct, frozen=True, gc=False, kw_only=True):
    """How things stood at the end of an earlier run."""

    time: float  # seconds since the epoch
    packages: int
    outdated: int
    libyears: float = 0.0


class Changes(Struct, frozen=True, kw_only=True):
    """This run beside an earlier one. A row is the same while environment, name and installed version are."""

    since: float  # when the earlier run was, seconds since the epoch
    new: tuple[Row, ...]  # outdated now, and not then
    resolved: tuple[Row, ...]  # outdated then, and not now: upgraded, removed, or ignored
    still: int
    unknown: int = 0  # outdated then; now the look-up failed: neither resolved nor still outdated
