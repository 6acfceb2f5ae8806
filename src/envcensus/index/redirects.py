"""Redirects, one hop at a time, without a socket: where to go next, or why not."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from msgspec import Struct

REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
MOST_HOPS = 10


class Refused(Struct, frozen=True):
    """A redirect that is not followed; `reason` is one sentence without secrets."""

    reason: str


def next_hop(url: str, location: str, seen: list[str]) -> str | Refused:
    """The URL to ask after `url` answered with `Location: location`.

    `seen` holds the URLs asked so far, `url` included. Only http and https are followed, never from https down to
    http. The result may hold credentials if the server put them there: they belong to that one request.
    """
    if not location:
        return Refused("redirected to nowhere: no Location")
    try:
        target = urljoin(url, location)
        parts = urlsplit(target)
        _ = parts.port  # raises ValueError where it is no number
    except ValueError:
        return Refused("redirected to an address that is no URL")
    if any(character < " " or character == "\x7f" for character in location):
        return Refused("redirected to an address that is no URL")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return Refused(f"redirected to a {parts.scheme[:12] or 'nameless'} address: not followed")
    if parts.scheme == "http" and url.startswith("https:"):
        return Refused("redirected from https to http: not followed")
    target = target.partition("#")[0]
    if target in seen:
        return Refused("redirected in a circle")
    if len(seen) > MOST_HOPS:
        return Refused(f"redirected more than {MOST_HOPS} times")
    return target
