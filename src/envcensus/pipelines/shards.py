"""Share look-ups with the workers of a cluster. They get nothing secret, and what they cannot do is done here."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from envcensus.index.client import Fetched, IndexClient, Want, fetch_projects
from envcensus.index.credentials import read_netrc

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envcensus.index.config import IndexConfig
    from envcensus.runtime.cluster import Shards

_SHARES = 4  # for each thread of a worker: they even out what is slow
_SMALLEST, _LARGEST = 50, 500  # names in a share
_STALL_SECONDS = 150.0  # more than `Limits.total` lets one project take


def only_here(config: IndexConfig) -> bool:
    """Whether the look-ups have to be made by this process: `config` holds or leads to a credential, which is not for
    others, or names sources on this host's disk. (A bundle of certificates is no secret, and worth a try elsewhere.)"""
    urls = (*config.index_urls, *config.find_links)
    return (
        bool(config.client_cert)
        or config.keyring_provider in {"import", "subprocess"}
        or any(not url.startswith(("http://", "https://")) for url in urls)
        or any("@" in url for url in (*urls, config.proxy or "", *config.environ_proxies.values()))
        or (bool(config.netrc) and any(read_netrc(config.netrc, urlsplit(url).hostname or "") for url in urls))
    )


def fetch_shared(
    config: IndexConfig, wants: Sequence[Want], shards: Shards, *, stall: float = _STALL_SECONDS
) -> Iterator[Fetched]:
    """One answer for each of `wants`, as they arrive.

    No more shares are under way than `config` allows connections, so that a large cluster is no siege of the index. A
    project that a worker could not ask for (it is lost, or the index wants a password from it) is asked for here.
    """
    at_once = max(min(shards.workers, config.concurrency, len(wants) // _SMALLEST), 1)
    size = min(max(len(wants) // (at_once * _SHARES), _SMALLEST), _LARGEST)
    sent = _for_others(config, at_once)
    batches = [(sent, list(wants[start : start + size])) for start in range(0, len(wants), size)]
    left: dict[str, Want] = {}
    spent: dict[str, Fetched] = {}
    for outcome in shards.map_batches(fetch_share, batches, at_once=at_once, stall=stall):
        wanted = {want.name: want for want in outcome.batch[1]}
        for fetched in outcome.answer or ():
            if fetched.outcome == "failed":
                spent[fetched.name] = fetched
            elif wanted.pop(fetched.name, None) is not None:
                yield fetched
        left |= wanted
    if not left:
        return
    for fetched in fetch_projects(config, list(left.values())):
        yield _with_spent(fetched, spent.get(fetched.name))


def fetch_share(share: tuple[IndexConfig, list[Want]]) -> list[Fetched]:
    """What a worker does, in any of its threads. Nobody would close its connections later: they end with the share."""
    config, wants = share
    with IndexClient(config) as client:
        return client.fetch(wants)


def _for_others(config: IndexConfig, at_once: int) -> IndexConfig:
    """`config` for a worker: with its part of the connections, and without the credentials of the worker's own user."""
    return msgspec.structs.replace(
        config,
        concurrency=max(config.concurrency // at_once, 1),
        netrc="",
        keyring_provider="disabled",
        settings=(),
    )


def _with_spent(fetched: Fetched, before: Fetched | None) -> Fetched:
    if before is None:
        return fetched
    return msgspec.structs.replace(
        fetched,
        requests=fetched.requests + before.requests,
        retries=fetched.retries + before.retries,
        received=fetched.received + before.received,
    )
