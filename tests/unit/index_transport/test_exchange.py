"""Requests on aiohttp's connections: what goes over the wire, and which connections are used again."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import pytest

from envcensus.index.exchange import Answer, Exchange, Route
from envcensus.index.http_library import aiohttp
from tests.support.scripted_server import Reply, Request, ScriptedServer

T = TypeVar("T")
Ask = Callable[[str], Awaitable[Answer]]


def run(work: Callable[[], Awaitable[T]]) -> T:
    async def bounded() -> T:
        return await asyncio.wait_for(work(), 60)

    return asyncio.run(bounded())


@asynccontextmanager
async def asking(server: ScriptedServer, proxy: str = "") -> AsyncIterator[Ask]:
    exchange = Exchange(connect=10.0, silence=20.0)
    route = exchange.route(server.url, None, proxy, {})
    try:
        yield lambda path: exchange.get(route, server.url + path, {"Accept": "*/*"})
    finally:
        await exchange.close()


def test_a_connection_is_used_again_once_all_was_read(server: ScriptedServer) -> None:
    server.routes["*"] = Reply(body=b"whole")

    async def work() -> list[bytes]:
        bodies = []
        async with asking(server) as ask:
            for _ in range(3):
                answer = await ask("/a")
                bodies.append(await answer.content.read())
                answer.end()
        return bodies

    assert run(work) == [b"whole"] * 3
    assert server.connections == 1


def test_a_connection_with_an_unread_body_is_not_used_again(server: ScriptedServer) -> None:
    server.routes["*"] = Reply(body=b"x" * 5_000_000)

    async def work() -> None:
        async with asking(server) as ask:
            for _ in range(2):
                (await ask("/a")).end()

    run(work)
    assert server.connections == 2


def test_a_connection_given_up_before_its_answer_is_not_used_again(server: ScriptedServer) -> None:
    server.routes = {"/late": Reply(body=b"late", delay=0.5), "/b": Reply(body=b"mine")}

    async def work() -> bytes:
        async with asking(server) as ask:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(ask("/late"), 0.2)
            await asyncio.sleep(0.5)  # an answer that nobody waits for would be there now
            answer = await ask("/b")
            body = await answer.content.read()
            answer.end()
            return body

    assert run(work) == b"mine"


def test_a_kept_connection_that_is_gone_is_replaced(server: ScriptedServer) -> None:
    gone = iter([False, True])

    def reply(_: Request) -> Reply:
        return Reply(raw=b"") if next(gone, False) else Reply(body=b"fine")

    server.routes["*"] = reply

    async def work() -> list[int]:
        statuses = []
        async with asking(server) as ask:
            for _ in range(2):
                answer = await ask("/a")
                await answer.content.read()
                answer.end()
                statuses.append(answer.status)
        return statuses

    assert run(work) == [200, 200]
    assert server.connections == 2


def test_a_connection_that_cannot_be_had_is_tried_once() -> None:
    accepted: list[object] = []

    def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.append(writer)
        writer.close()

    async def work() -> None:
        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        exchange = Exchange(connect=10.0, silence=20.0)
        try:
            await exchange.get(exchange.route(url, ssl.create_default_context(), "", {}), url, {})
        finally:
            await exchange.close()
            server.close()

    with pytest.raises(aiohttp.ClientConnectorError):
        run(work)
    assert len(accepted) == 1


def test_what_comes_before_the_answer_is_passed_over(server: ScriptedServer) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
    server.routes["*"] = Reply(raw=hints + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody")

    async def work() -> tuple[int, bytes, int]:
        async with asking(server) as ask:
            answer = await ask("/a")
            found = answer.status, await answer.content.read(), answer.length()
            answer.end()
            return found

    assert run(work) == (200, b"body", 4)


def test_what_is_not_http_is_said_to_be_so(server: ScriptedServer) -> None:
    server.routes["*"] = Reply(raw=b"SSH-2.0-nothing\r\n\r\n")

    async def work() -> None:
        async with asking(server) as ask:
            await ask("/a")

    with pytest.raises(aiohttp.ClientResponseError):
        run(work)


@pytest.mark.parametrize(
    ("path", "target"),
    [("", "/"), ("?q=/a", "/?q=/a"), ("/a/../b?x=%2F#part", "/a/../b?x=%2F"), ("/a%20b/", "/a%20b/")],
)
def test_targets(server: ScriptedServer, path: str, target: str) -> None:
    """RFC 9112, section 3.2.1: the path, `/` where there is none, and the query."""
    server.routes["*"] = Reply()

    async def work() -> None:
        async with asking(server) as ask:
            (await ask(path)).end()

    run(work)
    assert server.paths() == [target]
    assert server.requests[0].headers == {"host": f"127.0.0.1:{server.port}", "accept": "*/*"}


def test_a_proxy_is_told_the_whole_url(server: ScriptedServer) -> None:
    server.routes["*"] = Reply()

    async def work() -> None:
        exchange = Exchange(connect=10.0, silence=20.0)
        route = exchange.route("http://example.com", None, server.url, {})
        (await exchange.get(route, "http://example.com/a?b=c#d", {})).end()
        await exchange.close()

    run(work)
    assert [(each.path, each.headers) for each in server.requests] == [
        ("http://example.com/a?b=c", {"host": "example.com"})
    ]


@pytest.mark.parametrize(
    ("url", "fields"),
    [
        ("/a HTTP/1.1\r\nX-Evil: 1", {}),
        ("/a", {"If-None-Match": '"x"\r\nX-Evil: 1'}),
        ("/a", {"If-None-Match": '"x"\nX-Evil: 1'}),
        ("/a", {"If-None-Match\r\nX-Evil": "1"}),
        ("/a", {"If-None-Match": "\0"}),
    ],
)
def test_nothing_is_sent_that_would_be_another_field(server: ScriptedServer, url: str, fields: dict[str, str]) -> None:
    server.routes["*"] = Reply()

    async def work() -> None:
        exchange = Exchange(connect=10.0, silence=20.0)
        route: Route = exchange.route(server.url, None, "", {})
        try:
            await exchange.get(route, server.url + url, fields)
        finally:
            await exchange.close()

    with pytest.raises(ValueError, match="may not be sent"):
        run(work)
    assert server.requests == []


def test_an_address_that_is_none() -> None:
    async def work() -> None:
        Exchange(connect=10.0, silence=20.0).route("http://", None, "", {})

    with pytest.raises(aiohttp.InvalidURL):
        run(work)
