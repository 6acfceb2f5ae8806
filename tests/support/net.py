"""What the network fault tests share: clients that give up soon, and a bound on time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from envcensus.index.client import Fetched, IndexClient, Want
from envcensus.index.config import IndexConfig
from envcensus.index.limits import Limits
from tests.support.scripted_server import Reply, ScriptedServer

JSON = {"Content-Type": "application/vnd.pypi.simple.v1+json"}
HTML = {"Content-Type": "text/html"}
GOOD = (
    b'{"meta":{"api-version":"1.1"},"name":"good","versions":["1.0"],"files":[{"filename":"good-1.0.tar.gz",'
    b'"url":"good-1.0.tar.gz","hashes":{},"size":1,"upload-time":"2024-01-01T00:00:00Z"}]}'
)
# Short, but not so short that a good answer could miss them on a busy machine.
SHORT = Limits(connect=5.0, total=15.0, grace=1.0, min_rate=10_000.0, max_body=1 << 20)
BOUND = 60  # seconds, far beyond what any of these tests may take: a fault that is not bounded in time is a failure


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A server that has one good project, `good`."""
    with ScriptedServer() as running:
        running.routes["/good/"] = Reply(body=GOOD, headers=JSON)
        yield running


def ask(indexes: str | Sequence[str], *names: str, limits: Limits = SHORT, **settings: object) -> dict[str, Fetched]:
    """Ask for `names` and for `good`; keywords go to IndexConfig."""
    urls = (indexes,) if isinstance(indexes, str) else tuple(indexes)
    settings = {"retries": 1, "timeout": 3.0, "keyring_provider": "disabled", **settings}
    config = IndexConfig(index_urls=urls, **settings)  # type: ignore[arg-type]
    with IndexClient(config, limits) as client:
        return {answer.name: answer for answer in client.fetch([Want(n) for n in (*names, "good")])}
