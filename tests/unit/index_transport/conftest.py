"""Fixtures for the transport's tests: a scripted server, and clients that give up quickly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from envcensus.index.client import IndexClient
from envcensus.index.config import IndexConfig
from envcensus.index.limits import Limits
from envcensus.index.pages import Merged, PackPages, RawPage, Source
from tests.support.scripted_server import ScriptedServer


def join_pages(name: str, pages: Sequence[RawPage], links: Sequence[Source]) -> Merged:
    """A packer that shows what it was given."""
    return Merged(b"|".join(p.body for p in pages), b"|".join(s.record for s in links))


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


Connect = Callable[..., IndexClient]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Make a client for the given indexes; keywords go to IndexConfig and Limits by their names."""
    clients: list[IndexClient] = []

    def make(
        *indexes: str, limits: Limits | None = None, packer: PackPages = join_pages, **settings: object
    ) -> IndexClient:
        settings.setdefault("retries", 2)
        settings.setdefault("timeout", 5.0)
        config = IndexConfig(index_urls=indexes, **settings)  # type: ignore[arg-type]
        clients.append(IndexClient(config, limits or Limits(connect=10.0, total=60.0), packer=packer))
        return clients[-1]

    yield make
    for client in clients:
        client.close()
