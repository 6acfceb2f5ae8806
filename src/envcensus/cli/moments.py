"""Moments on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envcensus.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


def moment(text: str | None, now: float) -> float | None:
    """Seconds since the epoch of an ISO 8601 moment, or of so many days ago (P30D)."""
    if text is None:
        return None
    from envcensus.model.moments import parse_moment

    try:
        return parse_moment(text, now)
    except ValueError:
        raise UsageError(f"not a time: {text}", remedy="write 2026-01-31, 2026-01-31T12:00:00Z or P30D") from None


def latest_upload(values: Mapping[str, Any], now: float) -> float | None:
    """The earlier of what --uploaded-prior-to and --min-age say, in seconds since the epoch; None for no limit."""
    limits = [moment(values["uploaded_prior_to"], now)]
    if values["min_age"] is not None:
        limits.append(now - values["min_age"] * 86400.0)
    return min((limit for limit in limits if limit is not None), default=None)
