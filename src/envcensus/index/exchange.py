"""GET requests on aiohttp's connections and parser, without its session.

The session makes each request anew out of cookies, redirects, authentication, tracing and bodies to send, none of which
we leave to it: 0.13 ms for each request, as much CPU as the connection, the parser and the event loop together. Pools,
names, TLS, proxies, timeouts and the parsing of answers stay aiohttp's.
"""

from __future__ import annotations

import asyncio
import functools
import re
import ssl
from collections.abc import Mapping

from msgspec import Struct
from yarl import URL

from envcensus.index.http_library import aiohttp
from envcensus.index.names import Resolver

_KEPT_OPEN = 30.0  # seconds an idle connection is kept
_NAMES_KEPT = 300  # seconds an address is good for
_MAY_NOT_BE_SENT = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # RFC 9110, section 5.5: in no field value


class Route(Struct):
    """The way to one origin: itself or through a proxy."""

    template: aiohttp.ClientRequest  # what a connector reads of a request; never sent
    host: str  # the Host field
    absolute: bool  # a proxy wants to be told the whole URL (RFC 9112, section 3.2.2)


class Answer(Struct):
    """The head of an answer, and its body as it comes."""

    status: int
    headers: Mapping[str, str]  # looked up without regard to case
    content: aiohttp.StreamReader
    connection: aiohttp.connector.Connection

    def length(self) -> int:
        """Bytes the body is said to have; 0 where nothing is said."""
        said = self.headers.get("Content-Length", "")
        return int(said) if said.isascii() and said.isdigit() else 0

    def end(self) -> None:
        """Keep the connection for the next request; where part of the body was left unread, it is closed."""
        self.connection.release()


class Exchange:
    """Requests and answers over pooled connections. Belongs to the event loop it is made in.

    `connect` and `silence` are seconds: until a connection stands, and between two readings of an answer.
    """

    def __init__(self, connect: float, silence: float) -> None:
        # How many there are at a time is the caller's business, so that waiting for a turn counts against no deadline.
        self._connector = aiohttp.TCPConnector(
            limit=0, keepalive_timeout=_KEPT_OPEN, ttl_dns_cache=_NAMES_KEPT, resolver=Resolver()
        )
        self._timeout = aiohttp.ClientTimeout(total=None, connect=connect)
        self._silence = silence

    async def close(self) -> None:
        """Close all connections."""
        await self._connector.close()

    def route(self, origin: str, context: ssl.SSLContext | None, proxy: str, proxy_headers: Mapping[str, str]) -> Route:
        """The way to `origin`. `proxy_headers` go to the proxy of a tunnel.

        Raises aiohttp.InvalidURL.
        """
        try:
            url = URL(origin, encoded=True)
            template = aiohttp.ClientRequest(
                "GET",
                url,
                loop=asyncio.get_running_loop(),
                ssl=context or True,
                proxy=URL(proxy, encoded=True) if proxy else None,
            )
        except ValueError:
            raise aiohttp.InvalidURL(origin) from None
        host = template.headers["Host"]
        if proxy_headers:
            # aiohttp adds the Host while it connects: added before, the pool knows the connections by the same key.
            template.update_proxy(template.proxy, None, {**proxy_headers, "Host": host})
        return Route(template, host, absolute=bool(proxy) and url.scheme == "http")

    async def get(self, route: Route, url: str, fields: Mapping[str, str]) -> Answer:
        """Ask for `url`, once more on a new connection where a kept one turns out to be gone. End the answer.

        Raises aiohttp.ClientError, OSError, TimeoutError; ValueError for a URL or a field that may not be sent.
        """
        request = _encoded(route, url, fields)
        connection = await self._connect(route)
        try:
            return await self._ask(connection, route, request)
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
            return await self._ask(await self._connect(route), route, request)

    async def _connect(self, route: Route) -> aiohttp.connector.Connection:
        """A kept connection or a new one. Where none is to be had, that is the caller's to try again, and to count."""
        try:
            return await self._connector.connect(route.template, [], self._timeout)
        except TimeoutError as error:
            raise aiohttp.ConnectionTimeoutError from error

    async def _ask(self, connection: aiohttp.connector.Connection, route: Route, request: bytes) -> Answer:
        try:
            protocol, transport = connection.protocol, connection.transport
            if protocol is None or transport is None or transport.is_closing():
                raise aiohttp.ServerDisconnectedError
            protocol.set_response_params(read_until_eof=True, auto_decompress=False, read_timeout=self._silence)
            transport.write(request)
            protocol.start_timeout()
            message, content = await protocol.read()
            while 100 <= message.code < 200 and message.code != 101:  # RFC 9110, section 15.2: more is to come
                message, content = await protocol.read()
        except BaseException as error:
            connection.close()
            if isinstance(error, aiohttp.http_exceptions.HttpProcessingError):
                raise aiohttp.ClientResponseError(route.template.request_info, (), status=error.code) from error
            raise
        return Answer(message.code, message.headers, content, connection)


def _encoded(route: Route, url: str, fields: Mapping[str, str]) -> bytes:
    """The head of a request (RFC 9112, section 3)."""
    parts = URL(url, encoded=True)
    target = str(parts.with_fragment(None)) if route.absolute else parts.raw_path_qs
    if " " in target or _MAY_NOT_BE_SENT.search(target):
        raise ValueError("a URL that may not be sent")
    return b"GET %b HTTP/1.1\r\n%b" % (target.encode("utf-8", "surrogateescape"), _block(route.host, *fields.items()))


@functools.lru_cache(maxsize=32)  # what goes to one origin hardly differs from request to request
def _block(host: str, *fields: tuple[str, str]) -> bytes:
    """The fields of a request, and the empty line."""
    lines = [f"Host: {host}", *(f"{name}: {value}" for name, value in fields)]
    if any(map(_MAY_NOT_BE_SENT.search, lines)):
        raise ValueError("a field that may not be sent")
    return "\r\n".join((*lines, "\r\n")).encode("utf-8", "surrogateescape")
