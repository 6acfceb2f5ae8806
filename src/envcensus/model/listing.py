"""What a scan of one environment gives."""

from __future__ import annotations

from msgspec import Struct

from envcensus.model.display import plural
from envcensus.model.distribution import Distribution
from envcensus.model.environment import Environment
from envcensus.model.skipped import Problem, Skipped


class Listing(Struct, frozen=True, kw_only=True):
    """One environment and what is installed there, in the order of the normalized names."""

    environment: Environment
    distributions: tuple[Distribution, ...]
    problems: tuple[Problem, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    cached: bool = False  # taken from the listing cache

    def __repr__(self) -> str:
        flaws = f", {plural(len(self.problems), 'problem')}" if self.problems else ""
        return f"<Listing of {self.environment.path!r}: {plural(len(self.distributions), 'distribution')}{flaws}>"
