"""An HTTP/1.1 server on 127.0.0.1 that does what a test tells it, however wrong."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.support.loop_thread import LoopThread


@dataclass
class Reply:
    """What to do with one request."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    raw: bytes | None = None  # send these bytes and nothing else
    length: int | None = None  # a Content-Length that need not be true
    delay: float = 0.0  # seconds before anything is sent
    drip: tuple[int, float] | None = None  # so many bytes each so many seconds
    endless: bytes = b""  # repeat this until the client goes away
    reset_after: int | None = None  # send so many bytes of the body, then reset the connection
    close: bool = False  # close the connection afterwards

    def head(self) -> bytes:
        length = len(self.body) if self.length is None else self.length
        headers = dict(self.headers)
        if not self.endless and "Transfer-Encoding" not in headers:
            headers["Content-Length"] = str(length)
        lines = [f"HTTP/1.1 {self.status} Status", *(f"{k}: {v}" for k, v in headers.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


@dataclass(frozen=True)
class Request:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]  # names in lower case


Script = Reply | list[Reply] | Callable[[Request], Reply]


class ScriptedServer(LoopThread):
    """Answers by path. A list is worked off, its last reply repeated. Unknown paths get 404."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        super().__init__(context)
        self.routes: dict[str, Script] = {}
        self.requests: list[Request] = []
        self.connections = 0
        self.most_at_once = 0
        self._live = 0

    @property
    def url(self) -> str:
        return f"{'https' if self._context else 'http'}://127.0.0.1:{self.port}"

    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._answer(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(Exception):
                await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its reply; False once the connection is over."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip("\r\n").split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
        request = Request(method, path, headers)
        self.requests.append(request)
        reply = self._choose(request)
        self._live += 1
        self.most_at_once = max(self.most_at_once, self._live)
        try:
            if reply.delay:
                await asyncio.sleep(reply.delay)
            return await _send(reply, writer)
        finally:
            self._live -= 1

    def _choose(self, request: Request) -> Reply:
        script = self.routes.get(request.path, self.routes.get("*", Reply(404)))
        if isinstance(script, list):
            return script.pop(0) if len(script) > 1 else script[0]
        return script if isinstance(script, Reply) else script(request)


async def _send(reply: Reply, writer: asyncio.StreamWriter) -> bool:
    if reply.raw is not None:
        writer.write(reply.raw)
        await writer.drain()
        return False
    writer.write(reply.head())
    if reply.reset_after is not None:
        writer.write(reply.body[: reply.reset_after])
        await writer.drain()
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        return False
    if reply.drip is not None:
        size, seconds = reply.drip
        for start in range(0, len(reply.body), size):
            writer.write(reply.body[start : start + size])
            await writer.drain()
            await asyncio.sleep(seconds)
    else:
        writer.write(reply.body)
    while reply.endless:
        writer.write(reply.endless)
        await writer.drain()
    await writer.drain()
    return not reply.close


@contextlib.contextmanager
def closed_port() -> Iterator[int]:
    """A port on 127.0.0.1 where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        yield taken.getsockname()[1]
