"""A joint upgrade of one environment."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from envcensus._kernels.version import Version
from envcensus.model.skipped import Skipped

Change = Literal["new", "newer", "older", "same", "kept", "unneeded"]


class PlannedUpgrade(Struct, frozen=True, kw_only=True):
    """One project of the plan; `kept` is one that no index gives, which stays as it is."""

    name: str  # normalized
    installed: str = ""  # empty: not installed yet
    planned: str = ""  # empty: nothing of the plan requires it any more
    kept: bool = False

    @property
    def change(self) -> Change:
        """What the plan does with it."""
        if not self.planned:
            return "unneeded"
        if self.kept:
            return "kept"
        if not self.installed:
            return "new"
        try:
            before, after = Version(self.installed), Version(self.planned)
        except ValueError:
            return "newer"
        return "newer" if after > before else "older" if after < before else "same"


class UpgradePlan(Struct, frozen=True, kw_only=True):
    """Versions that fit together, for everything in an environment."""

    environment: str  # path
    rows: tuple[PlannedUpgrade, ...]
    warnings: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
