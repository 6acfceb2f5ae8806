"""What runs beside the event loop, in a thread or in a program: nobody waits for it beyond the end of the run."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from envcensus.errors import EnvcensusError
from envcensus.index import transport
from envcensus.index.client import IndexClient, Want
from envcensus.runtime import aside, child, signals, stop
from tests.support.keyring_program import install_keyring
from tests.support.scripted_server import Reply, ScriptedServer

Connect = Callable[..., IndexClient]
LONG = 40.0  # seconds: who waits so long would wait for ever


class Blocking:
    """Blocks who calls it until the test is over, or until somebody has waited for that for too long."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.calls = 0
        self.too_long = False

    def __call__(self, *_: object) -> None:
        self.calls += 1
        self.too_long |= not self.over.wait(LONG)


@pytest.fixture
def blocking(monkeypatch: pytest.MonkeyPatch) -> Iterator[Blocking]:
    monkeypatch.setattr(aside, "GRACE", 0.1)
    found = Blocking()
    yield found
    found.over.set()
    for thread in threading.enumerate():  # what it goes on with must not be seen by the next test
        if thread.name == "envcensus":
            thread.join(LONG)


def test_a_keyring_that_never_answers_is_asked_once_and_given_up(
    server: ScriptedServer, connect: Connect, blocking: Blocking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", types.SimpleNamespace(get_credential=blocking))
    monkeypatch.setattr(transport, "KEYRING_SECONDS", 0.05)
    server.routes["*"] = Reply(401)
    with connect(server.url, keyring_provider="import") as client:
        answers = client.fetch([Want(name) for name in "abcdefghij"])
    assert {answer.outcome for answer in answers} == {"failed"}
    assert all("asks for credentials" in answer.reason for answer in answers)
    assert (blocking.calls, blocking.too_long) == (1, False)


def test_all_that_are_refused_together_ask_the_keyring_once(
    server: ScriptedServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def get_credential(service: str, _user: str | None) -> object:
        asked.append(service)
        return types.SimpleNamespace(username="me", password="secret")

    monkeypatch.setitem(sys.modules, "keyring", types.SimpleNamespace(get_credential=get_credential))
    server.routes["*"] = lambda request: Reply(200 if "authorization" in request.headers else 401, delay=0.05)
    answers = connect(server.url, keyring_provider="import").fetch([Want(name) for name in "abcdefghij"])
    assert len([request for request in server.requests if "authorization" not in request.headers]) == 10
    assert {(answer.outcome, answer.reason) for answer in answers} == {("found", "")}
    assert asked == [f"{server.url}/"]


def test_a_run_that_ends_does_not_wait_for_the_keyring(
    server: ScriptedServer, connect: Connect, blocking: Blocking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", types.SimpleNamespace(get_credential=blocking))
    server.routes["*"] = Reply(401)
    client = connect(server.url, keyring_provider="import")
    with pytest.raises(EnvcensusError, match="not done within"), signals.out_of_time_after(1.0):
        client.fetch([Want("a")])
    client.close()
    assert not blocking.too_long


def test_the_keyring_program_ends_with_the_run(
    server: ScriptedServer, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_keyring(tmp_path, f"echo $$ > {tmp_path}/pid\nkill -ALRM {os.getpid()}\nexec sleep 600", monkeypatch)
    server.routes["*"] = Reply(401)
    client = connect(server.url, keyring_provider="subprocess")
    with pytest.raises(EnvcensusError, match="not done within"), signals.out_of_time_after(LONG):
        client.fetch([Want("a")])
    client.close()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_run_that_ends_does_not_wait_for_what_is_done_aside(connect: Connect, blocking: Blocking) -> None:
    def work() -> None:
        os.kill(os.getpid(), signal.SIGALRM)
        blocking()

    client = connect("http://127.0.0.1:1/")
    with pytest.raises(EnvcensusError, match="not done within"), signals.out_of_time_after(LONG):
        client.aside(work)
    client.close()
    assert (blocking.calls, blocking.too_long) == (1, False)


def test_a_run_that_ends_does_not_wait_for_a_name_server(
    connect: Connect, blocking: Blocking, monkeypatch: pytest.MonkeyPatch
) -> None:
    def getaddrinfo(*_: object, **__: object) -> list[object]:
        os.kill(os.getpid(), signal.SIGALRM)
        blocking()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    client = connect("https://index.example.com/")
    with pytest.raises(EnvcensusError, match="not done within"), signals.out_of_time_after(LONG):
        client.fetch([Want("a")])
    client.close()
    assert (blocking.calls, blocking.too_long) == (1, False)


def test_a_name_is_looked_up_once_for_all(
    server: ScriptedServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def getaddrinfo(host: str, port: int, **_: object) -> list[object]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    server.routes["*"] = Reply(404)
    url, host = server.url.replace("127.0.0.1", "index.example.com"), "index.example.com"
    answers = connect(url, trusted_hosts=(host,)).fetch([Want(name) for name in "abcdefghij"])
    assert {answer.outcome for answer in answers} == {"not-found"}
    assert asked == [host]


def test_what_is_done_aside_is_told_that_the_run_ends(connect: Connect) -> None:
    told: list[bool] = []

    def work() -> None:
        os.kill(os.getpid(), signal.SIGALRM)
        try:
            child.run(["sleep", str(LONG)], seconds=LONG)
        except stop.Stopped:
            told.append(True)

    client = connect("http://127.0.0.1:1/")
    with pytest.raises(EnvcensusError, match="not done within"), signals.out_of_time_after(LONG):
        client.aside(work)
    assert told == [True]


def test_what_is_done_aside_gives_its_value_and_raises_its_error(connect: Connect) -> None:
    client = connect("http://127.0.0.1:1/")
    assert client.aside(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        client.aside(lambda: 1 // 0)
