"""Moments as people type them."""

from __future__ import annotations


def parse_moment(text: str, now: float) -> float:
    """Seconds since the epoch of an ISO 8601 moment, or of so many days ago (P30D). Raises ValueError."""
    import datetime
    import re

    if days := re.fullmatch(r"P(\d{1,6})D", text):
        return now - int(days[1]) * 86400.0
    try:
        moment = datetime.datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.astimezone()).timestamp()
    except OverflowError:  # one in the year 1 that other zones have before it
        raise ValueError(text) from None
