"""Which rows a report is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from envcensus.model.finding import SEVERITY_ORDER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envcensus.model.finding import Finding, Severity


class RowFilter(Struct, frozen=True, kw_only=True):
    """Patterns are shell globs over names of projects; `severity` is the least; `direct` drops what another
    distribution requires."""

    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    severity: Severity | None = None
    direct: bool = False


_ALL = RowFilter()


def select_rows(findings: Sequence[Finding], rows: RowFilter) -> tuple[Finding, ...]:
    """The findings that `rows` keeps.

    A look-up that failed is not dropped for its unknown severity: the row may be one that was asked for. Where nobody
    asked for the row, its failure is nobody's concern, and the run is complete without it.
    """
    if rows == _ALL:
        return tuple(findings)
    return tuple([finding for finding in findings if _kept(finding, rows)])


def is_asked(name: str, rows: RowFilter) -> bool:
    """Whether `rows` is about the project of the normalized `name` at all."""
    if not rows.only and not rows.exclude:
        return True
    from envcensus.analysis.patterns import is_named

    if rows.only and not any(is_named(name, pattern) for pattern in rows.only):
        return False
    return not any(is_named(name, pattern) for pattern in rows.exclude)


def is_step(severity: Severity | None, least: Severity) -> bool:
    """Whether a step is as large as `least`; one of unknown size is not."""
    return severity is not None and SEVERITY_ORDER.index(severity) >= SEVERITY_ORDER.index(least)


def _kept(finding: Finding, rows: RowFilter) -> bool:
    if not is_asked(finding.distribution.normalized, rows):
        return False
    if rows.direct and not finding.direct:
        return False
    if rows.severity is None or finding.state == "failed":
        return True
    return is_step(finding.severity, rows.severity)
