"""When to ask again: a pure function of what happened."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

# 429 and 503 are made for it; 500, 502, 504, 520 and 527 are what pip takes for passing trouble of a CDN.
RETRY_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 527})
BASE_SECONDS = 0.25
LONGEST_BACKOFF = 8.0
LONGEST_RETRY_AFTER = 60.0  # a server that wants a longer pause gets no second question in this run


class Wait(Struct, frozen=True):
    """Ask again after `seconds`. `whole_host` is set where the server asked for the pause: it is meant for all."""

    seconds: float
    whole_host: bool = False


def next_wait(
    attempt: int, retries: int, remaining: float, asked: float | None, random: Callable[[], float]
) -> Wait | None:
    """Decide what follows attempt number `attempt` (1 for the first), or None to give up.

    `remaining`: seconds left to the request's deadline. `asked`: the pause in seconds the server asked for, or None.
    `random`: uniform in [0, 1). Full jitter: any wait between nothing and the bound is equally likely, so that
    clients that failed together do not come back together.
    """
    if attempt > retries:
        return None
    if asked is not None:
        # A little jitter on top: everybody was told the same moment.
        seconds = asked + random() * min(1.0, BASE_SECONDS * attempt)
        return Wait(seconds, whole_host=True) if asked <= LONGEST_RETRY_AFTER and seconds < remaining else None
    seconds = random() * min(LONGEST_BACKOFF, BASE_SECONDS * 2**attempt)
    return Wait(seconds) if seconds < remaining else None


def parse_retry_after(value: str, now: float) -> float | None:
    """Seconds to wait from a Retry-After header (RFC 9110, 10.2.3): a number of seconds or a date. None: unusable."""
    value = value.strip()
    if not value:
        return None
    if value.isascii() and value.isdigit():
        return float(value[:10])
    from envcensus.index.freshness import parse_http_date

    date = parse_http_date(value)
    return None if date is None else max(0.0, date - now)
