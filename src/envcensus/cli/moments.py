"""Moments as people type them."""

from __future__ import annotations

from envcensus.errors import UsageError


def moment(text: str | None, now: float) -> float | None:
    """Seconds since the epoch of an ISO 8601 moment, or of so many days ago (P30D)."""
    if text is None:
        return None
    import datetime
    import re

    if days := re.fullmatch(r"P(\d{1,6})D", text):
        return now - int(days[1]) * 86400.0
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"not a time: {text}", remedy="write 2026-01-31, 2026-01-31T12:00:00Z or P30D") from None
    return (moment if moment.tzinfo else moment.astimezone()).timestamp()
