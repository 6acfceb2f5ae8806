"""How a report is to look. Everything a format may depend on, beside the census itself, is here."""

from __future__ import annotations

from msgspec import Struct

from envcensus.model.changes import TrendPoint
from envcensus.model.finding import Finding, State

# A row about a current distribution says nothing that the totals do not say.
SHOWN: frozenset[State] = frozenset({"outdated", "not-comparable", "not-found", "failed", "unchecked"})


class RenderOptions(Struct, frozen=True, kw_only=True):
    """Options common to all formats; each reads what concerns it."""

    command: str = "outdated"  # what was run: "list", "outdated", "check" …
    show: frozenset[State] = SHOWN  # states whose rows are written; the totals always count all
    color: bool = False  # ANSI colours
    width: int | None = None  # columns of the terminal; None: never cut anything
    verbose: bool = False
    version: str = ""  # of envcensus; empty: the running one
    trend: tuple[TrendPoint, ...] = ()  # earlier runs and this one, for the chart of the HTML report

    def shows(self, finding: Finding) -> bool:
        """Whether `finding` gets a row."""
        return finding.state in self.show


DEFAULT = RenderOptions()
