"""How long an answer may be used without asking again (RFC 9111, 5861): pure functions."""

from __future__ import annotations

import functools
from collections.abc import Mapping

DEFAULT_SECONDS = 600.0  # where the server says nothing: what big public indexes say
NEGATIVE_SECONDS = 300.0  # at most, for "no such project": it may be uploaded any moment
LONGEST_SECONDS = 7 * 86400.0
STALE_IF_ERROR_SECONDS = 7 * 86400.0  # an old answer with its age beside it beats none, unless the server objects


@functools.lru_cache(maxsize=64)  # an index says the same of each page
def parse_cache_control(value: str) -> Mapping[str, str]:
    """Split a Cache-Control header into lower-case directives; of repeated ones the first counts."""
    directives: dict[str, str] = {}
    for part in value.split(","):
        name, _, argument = part.partition("=")
        directives.setdefault(name.strip().lower(), argument.strip().strip('"'))
    return directives


def lifetime(headers: Mapping[str, str], now: float) -> float:
    """Seconds from now during which the answer with `headers` is fresh; 0 where it must be asked for each time.

    Counted are Cache-Control's no-store, no-cache and max-age, Expires with Date, and Age. `now` is in seconds since
    the epoch. Nonsense counts as absent.
    """
    control = parse_cache_control(headers.get("Cache-Control", ""))
    if "no-store" in control or "no-cache" in control:
        return 0.0
    age = _seconds(headers.get("Age", "")) or 0.0
    seconds = _seconds(control.get("max-age", ""))
    if seconds is None and (text := headers.get("Expires", "")):
        expires = parse_http_date(text)
        date = parse_http_date(headers.get("Date", ""))
        # An unreadable Expires, typically "0" or "-1", means: expired already.
        seconds = 0.0 if expires is None else max(0.0, expires - (now if date is None else date))
    if seconds is None:
        return DEFAULT_SECONDS
    return max(0.0, min(seconds, LONGEST_SECONDS) - age)


def grace(headers: Mapping[str, str]) -> float:
    """Seconds beyond its lifetime during which the answer may stand in when its index cannot be reached."""
    control = parse_cache_control(headers.get("Cache-Control", ""))
    if "no-store" in control or "must-revalidate" in control or "no-cache" in control:  # RFC 9111, 4.2.4: forbidden
        return 0.0
    seconds = _seconds(control.get("stale-if-error", ""))
    return min(STALE_IF_ERROR_SECONDS if seconds is None else seconds, LONGEST_SECONDS)


def may_keep(headers: Mapping[str, str]) -> bool:
    """Whether the answer may be written to the cache at all."""
    return "no-store" not in parse_cache_control(headers.get("Cache-Control", ""))


def says(headers: Mapping[str, str]) -> bool:
    """Whether the answer says how long it is fresh."""
    return "Cache-Control" in headers or "Expires" in headers


def _seconds(text: str) -> float | None:
    """A delta-seconds value; None where it is none."""
    return float(text[:12]) if text.isascii() and text.isdigit() else None


def parse_http_date(text: str) -> float | None:
    """An HTTP date in any of its three forms as seconds since the epoch; None where it is none."""
    if not text:
        return None
    from email.utils import mktime_tz, parsedate_tz

    try:
        parsed = parsedate_tz(text)
        return None if parsed is None else float(mktime_tz(parsed))
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
