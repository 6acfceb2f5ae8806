"""Proxies that tunnel, and servers that want a certificate: who sees what."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.loop_thread import LoopThread
from tests.support.net import BOUND, GOOD, JSON, ask
from tests.support.scripted_server import Reply, Request, ScriptedServer

pytestmark = pytest.mark.timeout(BOUND)
trustme = pytest.importorskip("trustme", reason="trustme makes the certificates of these tests")

SECRET = "s3cr3t"
PAGE = Reply(body=GOOD.replace(b"good", b"spam"), headers=JSON)


def basic(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode()).decode()


class Tunnel(LoopThread):
    """A proxy that knows CONNECT, and keeps what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.heads: list[str] = []
        self.passed = bytearray()  # what went through, encrypted

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        host, _, port = head.split()[1].rpartition(":")
        there, back = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Go ahead\r\n\r\n")
        await asyncio.gather(self._pass(reader, back), self._pass(there, writer))

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                self.passed += data
                sink.write(data)
                await sink.drain()
            sink.close()


class Authority:
    """One of our own, and servers with its certificates."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.authority = trustme.CA()
        self.bundle = str(directory / "ca.pem")
        self.authority.cert_pem.write_to_path(self.bundle)

    def server(self, *, client: bool = False) -> ScriptedServer:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.authority.issue_cert("127.0.0.1").configure_cert(context)
        if client:
            context.verify_mode = ssl.CERT_REQUIRED
            self.authority.configure_trust(context)
        return ScriptedServer(context)

    def client(self) -> str:
        path = self.directory / "client.pem"
        self.authority.issue_cert("me@example.com").private_key_and_cert_chain_pem.write_to_path(str(path))
        return str(path)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def tunnel() -> Iterator[Tunnel]:
    with Tunnel() as running:
        yield running


@pytest.mark.parametrize("as_setting", [True, False])
def test_through_a_tunnel_each_sees_its_own(authority: Authority, tunnel: Tunnel, as_setting: bool) -> None:
    with authority.server() as server:

        def needs_login(request: Request) -> Reply:
            return PAGE if request.headers.get("authorization") == basic(f"me:{SECRET}") else Reply(401)

        server.routes["*"] = needs_login
        proxy = f"http://gate:{SECRET}2@127.0.0.1:{tunnel.port}"
        settings = {"proxy": proxy} if as_setting else {"environ_proxies": {"https": proxy}}
        answers = ask(server.url.replace("//", f"//me:{SECRET}@"), "spam", cert=authority.bundle, **settings)
        assert answers["spam"].outcome == "found", answers["spam"].reason
        assert all("proxy-authorization" not in request.headers for request in server.requests)
        assert all(basic(f"gate:{SECRET}2") in head for head in tunnel.heads)
        assert all(basic(f"me:{SECRET}") not in head for head in tunnel.heads)
        assert all(head.startswith(f"CONNECT 127.0.0.1:{server.port} HTTP/1.1") for head in tunnel.heads)
        assert b"GET " not in tunnel.passed
        assert SECRET not in str(answers)


def test_a_tunnel_does_not_vouch_for_a_certificate(authority: Authority, tunnel: Tunnel) -> None:
    with authority.server() as server:
        server.routes["*"] = PAGE
        answers = ask(server.url, "spam", proxy=f"http://127.0.0.1:{tunnel.port}")
        assert (answers["spam"].outcome, "certificate" in answers["spam"].reason) == ("failed", True)
        assert server.requests == []


def test_exceptions_go_past_the_tunnel(authority: Authority, tunnel: Tunnel) -> None:
    with authority.server() as server:
        server.routes["*"] = PAGE
        environ = {"https": f"http://127.0.0.1:{tunnel.port}", "no": "10.0.0.0/8, 127.0.0.0/8"}
        assert ask(server.url, "spam", cert=authority.bundle, environ_proxies=environ)["spam"].outcome == "found"
        assert tunnel.heads == []


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "http://[::1", "ftp://me:s3cr3t@127.0.0.1:1", "http://"])
def test_proxies_of_another_kind_are_said_to_be_that(authority: Authority, proxy: str) -> None:
    with authority.server() as server:
        answers = ask(server.url, "spam", environ_proxies={"https": proxy})
    assert {a.outcome for a in answers.values()} == {"failed"}
    assert "not that of an http or https proxy" in answers["spam"].reason
    assert SECRET not in str(answers)


def test_a_client_certificate(authority: Authority) -> None:
    with authority.server(client=True) as server:
        server.routes["*"] = PAGE
        own = authority.client()
        assert ask(server.url, "spam", cert=authority.bundle, client_cert=own)["spam"].outcome == "found"
        server.requests.clear()
        assert ask(server.url, "spam", cert=authority.bundle, retries=0)["spam"].outcome == "failed"
        assert server.requests == []


def test_a_directory_of_authorities(authority: Authority, tmp_path: Path) -> None:
    """As `openssl rehash` leaves one: what cert may name, as for pip."""
    places = tmp_path / "certs"
    places.mkdir()
    try:
        done = subprocess.run(
            ["openssl", "x509", "-hash", "-noout", "-in", authority.bundle], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no openssl to name the certificates")
    with authority.server() as server:
        server.routes["*"] = PAGE
        assert ask(server.url, "spam", cert=str(places))["spam"].outcome == "failed"
        (places / f"{done.stdout.strip()}.0").write_text(Path(authority.bundle).read_text())
        assert ask(server.url, "spam", cert=str(places))["spam"].outcome == "found"


@pytest.mark.parametrize(
    "value",
    ["9" * 20, "9" * 5000, "Fri, 31 Dec 9999 23:59:59 GMT", "3600", "Wed, 99 Foo 2026 99:99:99 GMT", "-5", "1e9", "x"],
)
def test_pauses_that_make_no_sense_cost_little(value: str) -> None:
    with ScriptedServer() as server:
        server.routes["*"] = Reply(429, headers={"Retry-After": value})
        answer = ask(server.url, "spam", retries=2)["spam"]
    assert (answer.outcome, "429" in answer.reason) == ("failed", True)
    assert answer.requests <= 3
