"""A signal that arrives while an answer is worked on: it is raised to the caller, and no task prints a traceback."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator

import pytest

from envcensus.errors import EnvcensusError
from envcensus.index.client import Fetched, IndexClient, MetadataFetched, MetadataWant, Want
from envcensus.index.config import IndexConfig
from envcensus.runtime import signals

SENT = {"number": signal.SIGINT}
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def submitted(client: IndexClient, want: Want | MetadataWant) -> object:
    client.submit([want])
    return client.collect()


WAYS: dict[str, Callable[[IndexClient], object]] = {
    "collect": lambda client: submitted(client, Want("a")),
    "collect metadata": lambda client: submitted(client, MetadataWant("a", "1", ())),
    "fetch": lambda client: client.fetch([Want("a")]),
    "stream": lambda client: list(client.stream([Want("a")])),
    "metadata": lambda client: client.fetch_metadata([MetadataWant("a", "1", ())]),
}


@pytest.fixture
def handled() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in ENDING}
    signals.install()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[IndexClient]:
    async def interrupted(_: object) -> Fetched | MetadataFetched:
        await asyncio.sleep(0.05)
        os.kill(os.getpid(), SENT["number"])
        for _ in range(1000):  # here an exception of the handler would come
            pass
        await asyncio.sleep(60)
        raise AssertionError

    with IndexClient(IndexConfig(index_urls=(), no_index=True)) as client:
        monkeypatch.setattr(client._projects, "fetch", interrupted)
        monkeypatch.setattr(client._about_versions(), "fetch", interrupted)
        yield client


@pytest.mark.usefixtures("handled")
@pytest.mark.parametrize("way", WAYS)
def test_an_interrupt_is_raised_to_the_caller(
    client: IndexClient, way: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(SENT, "number", signal.SIGTERM if way == "fetch" else signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        WAYS[way](client)
    client.close()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("way", WAYS)
def test_so_is_the_end_of_the_time(
    client: IndexClient, way: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(SENT, "number", signal.SIGALRM)
    with pytest.raises(EnvcensusError, match="not done within 60 seconds"), signals.out_of_time_after(60):
        WAYS[way](client)
    client.close()
    assert capfd.readouterr().err == ""
