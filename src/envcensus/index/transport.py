"""HTTP on aiohttp: pooled connections, with the safety aiohttp leaves to its caller.

Redirects by hand with credentials per origin, deadlines, retries, a circuit per host, capped bodies. Decisions are
made by the pure modules beside this one; here are only sockets and clocks.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import random
import ssl
import time
from collections.abc import Mapping
from types import TracebackType

from msgspec import Struct

from envcensus import __version__
from envcensus._kernels.page import quoted
from envcensus.errors import OutOfTimeError
from envcensus.index.circuit import Circuit, State
from envcensus.index.config import IndexConfig
from envcensus.index.credentials import (
    KEYRING_SECONDS,
    Credentials,
    Keychain,
    Origin,
    has_origin,
    origin_of,
    split_credentials,
)
from envcensus.index.exchange import Answer, Exchange, Route
from envcensus.index.faults import RequestFailed, explain
from envcensus.index.http_library import aiohttp
from envcensus.index.inflate import BodyError, LargeBody, TruncatedBody, inflate
from envcensus.index.limits import Limits
from envcensus.index.proxies import choose_proxy
from envcensus.index.redirects import REDIRECT_STATUSES, Refused, next_hop
from envcensus.index.retry import RETRY_STATUSES, next_wait, parse_retry_after
from envcensus.index.secure import names_host
from envcensus.index.tls import trusting_context, verifying_context
from envcensus.runtime.aside import acall

USER_AGENT = f"envcensus/{__version__}"
_DRAINED = 1 << 16  # bytes of an error's body that are read so that the connection can be used again
_LEAVING = 0.02  # seconds for TLS connections to end: uvloop refuses to close while one is at it


class Response(Struct):
    """One answer: status 200, 206, 304, or any that is neither a redirect nor worth a retry. `body` is decoded."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


class Tally(Struct):
    """What one look-up cost."""

    requests: int = 0
    retries: int = 0
    received: int = 0  # bytes of bodies as they came over the wire


class Host:
    """What is known about one origin in this process. `proxy` is the URL of the one on the way, empty for none."""

    def __init__(self, origin: Origin, concurrency: int, proxy: str) -> None:
        self.origin = origin
        self.proxy, self.proxy_credentials = split_credentials(proxy)
        self.tls = origin.scheme == "https" or self.proxy.startswith("https:")
        self.circuit = Circuit()
        self.slots = asyncio.Semaphore(concurrency)
        self.route: Route | None = None
        self.not_before = 0.0  # loop time before which the server wants no request

    @property
    def pausing(self) -> bool:
        """Whether a request may have to wait, or not be made at all."""
        return self.not_before > 0.0 or self.circuit.state is not State.CLOSED


class Deadline:
    """A moment on the loop's clock, counted from the first time it is asked for."""

    __slots__ = ("_moment", "_seconds")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._moment: float | None = None

    def moment(self) -> float:
        """The loop time after which all is over."""
        if self._moment is None:
            self._moment = asyncio.get_running_loop().time() + self._seconds
        return self._moment


class Job(Struct):
    """One hop of a look-up: a URL to ask until it answers."""

    url: str  # without credentials
    own: bool  # credentials came with the URL: they count for this hop only
    credentials: Credentials | None
    headers: Mapping[str, str]
    tally: Tally
    clock: Deadline
    cap: int  # bytes of the decoded body
    partial: bool


class Transport:
    """Fetches URLs. Belongs to one event loop; use it as an asynchronous context manager."""

    def __init__(self, config: IndexConfig, limits: Limits) -> None:
        self.config = config
        self.limits = limits
        self.keychain = Keychain(config.index_urls, config.netrc, config.keyring_provider)
        self._hosts: dict[Origin, Host] = {}
        self._known: dict[str, Host] = {}  # by what comes before the path of a URL without credentials
        self._contexts: dict[bool, ssl.SSLContext] = {}
        self._exchange: Exchange | None = None
        self._large = asyncio.Semaphore(limits.large_bodies)
        self._unlocking = asyncio.Lock()

    async def __aenter__(self) -> Transport:
        self._exchange = Exchange(self.limits.connect, self.config.timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._exchange is not None:
            await self._exchange.close()
            if any(url.startswith("https:") for url in self.config.index_urls):
                await asyncio.sleep(_LEAVING)

    async def get(
        self, url: str, headers: Mapping[str, str], tally: Tally, *, cap: int | None = None, partial: bool = False
    ) -> Response:
        """GET `url`, following redirects. `cap` bounds the decoded body (default: limits.max_body).

        `partial`: only a 206 is wanted, the body of a 200 is left unread.

        Raises RequestFailed, whose reason is one sentence without secrets.
        """
        url, own = _split(quoted(url))
        deadline = Deadline(self.limits.total)
        seen = [url]
        while True:
            host = self._host(url)
            credentials = own or self.keychain.for_url(url, host.origin)
            job = Job(url, own is not None, credentials, headers, tally, deadline, cap or self.limits.max_body, partial)
            response = await self._persist(host, job)
            if response.status not in REDIRECT_STATUSES:
                return response
            hop = next_hop(url, response.headers.get("Location", ""), seen)
            if isinstance(hop, Refused):
                raise RequestFailed(f"{host.origin}: {hop.reason}")
            seen.append(hop)
            url, own = _split(quoted(hop))

    def _host(self, url: str) -> Host:
        end = url.find("/", 8)
        front = url[:end] if end > 0 else url
        host = self._known.get(front)
        if host is not None:
            return host
        try:
            origin = origin_of(url)
        except ValueError:
            raise RequestFailed("not an http or https address") from None
        host = self._hosts.get(origin)
        if host is None:
            proxy = choose_proxy(origin, self.config.proxy, self.config.environ_proxies)
            if proxy and not has_origin(proxy):
                raise RequestFailed(f"{origin}: the address of its proxy is not that of an http or https proxy")
            host = self._hosts[origin] = Host(origin, self.config.concurrency, proxy)
        self._known[front] = host
        return host

    async def _persist(self, host: Host, job: Job) -> Response:
        """Ask one URL until it answers, the retries are used up, the host is given up or the deadline is near."""
        loop = asyncio.get_running_loop()
        for attempt in itertools.count(1):
            async with host.slots:
                deadline = job.clock.moment()
                if host.pausing:
                    await self._admission(host, deadline)
                outcome = await self._attempt(host, job, deadline)
            if isinstance(outcome, Response):
                return outcome
            wait = None
            if outcome.retryable:
                remaining, asked = deadline - loop.time(), parse_retry_after(outcome.retry_after, time.time())
                wait = next_wait(attempt, self.config.retries, remaining, asked, random.random)
            if wait is None:
                raise outcome
            job.tally.retries += 1
            if wait.whole_host:
                host.not_before = max(host.not_before, loop.time() + wait.seconds)
            await asyncio.sleep(wait.seconds)
        raise AssertionError("unreachable")

    async def _attempt(self, host: Host, job: Job, deadline: float) -> Response | RequestFailed:
        """One request, and what it says about the host. What is refused is asked again with what the keyring holds."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(deadline):
                response = await self._once(host, job)
                if _asks_for_credentials(response, job) and await self._unlock(job):
                    response = await self._once(host, job)
        except (aiohttp.ClientError, OSError, BodyError, ValueError) as error:
            fault = explain(error, host.origin, overdue=loop.time() >= deadline)
        except BaseException:
            host.circuit.abandon(loop.time())
            raise
        else:
            if response.status not in RETRY_STATUSES:
                host.circuit.success()
                return response
            retry_after = response.headers.get("Retry-After", "")
            fault = RequestFailed(
                f"{host.origin} answered {response.status}",
                retryable=True,
                # A server that says when to come back is not dead.
                host_trouble=response.status >= 500 and not retry_after,
                retry_after=retry_after,
            )
        if fault.host_trouble:
            host.circuit.failure(loop.time(), fault.reason)
        else:
            host.circuit.success()
        return fault

    async def _unlock(self, job: Job) -> bool:
        """Whether the keyring has credentials for a URL that answered 401; they are then the job's."""
        if job.own:
            return False
        origin = origin_of(job.url)
        async with self._unlocking:  # the first asks, for all that are refused meanwhile
            if not self.keychain.knows(origin):
                self.keychain.keep(origin, await self._ask_keyring(origin, job.url))
        found = self.keychain.kept(origin)
        changed = found is not None and found != job.credentials
        job.credentials = found or job.credentials
        return changed

    async def _ask_keyring(self, origin: Origin, url: str) -> Credentials | None:
        """What the keyring has; nothing where it takes too long. Its thread is left behind then, and so it is where the
        run ends meanwhile."""
        ask = functools.partial(self.keychain.ask_keyring, origin, url)
        try:
            return await acall(ask, timeout=2 * KEYRING_SECONDS)
        except OutOfTimeError:
            return None

    async def _admission(self, host: Host, deadline: float) -> None:
        """Wait until the host may be asked. Raises RequestFailed once it is given up."""
        loop = asyncio.get_running_loop()
        while True:
            now = loop.time()
            pause = host.not_before - now
            if pause <= 0.0:
                admitted = host.circuit.admit(now)
                if admitted is None:
                    raise RequestFailed(f"{host.circuit.reason}; given up after repeated failures")
                if admitted == 0.0:
                    return
                pause = admitted
            if now + pause >= deadline:
                raise RequestFailed(
                    f"{host.circuit.reason or f'{host.origin} asks to wait'}; no time left to ask again"
                )
            await asyncio.sleep(pause)

    async def _once(self, host: Host, job: Job) -> Response:
        """One request and its body, decoded."""
        assert self._exchange is not None, "used outside its context"
        if host.route is None:
            host.route = self._route(self._exchange, host)
        sent = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "gzip", **job.headers}
        if job.credentials is not None:
            sent["Authorization"] = job.credentials.header()
        if host.proxy_credentials is not None and host.route.absolute:
            sent["Proxy-Authorization"] = host.proxy_credentials.header()
        job.tally.requests += 1
        answer = await self._exchange.get(host.route, job.url, sent)
        try:
            if answer.status not in (200, 206) or (job.partial and answer.status != 206):
                await self._drain(answer)
                return Response(job.url, answer.status, answer.headers, b"")
            body = await self._read(answer, job.cap)
        finally:
            answer.end()
        job.tally.received += len(body)
        # Where no encoding was asked for, the label is the file's own: some servers put one on every .tar.gz.
        encoded = sent["Accept-Encoding"] != "identity"
        encoding = answer.headers.get("Content-Encoding", "") if encoded else ""
        return Response(job.url, answer.status, answer.headers, inflate(body, encoding, job.cap))

    def _route(self, exchange: Exchange, host: Host) -> Route:
        """The way to a host. An https request's own headers go through the tunnel: a proxy sees only those for it."""
        to_proxy: dict[str, str] = {}
        if host.proxy_credentials is not None and host.origin.scheme == "https":
            to_proxy["Proxy-Authorization"] = host.proxy_credentials.header()
        return exchange.route(str(host.origin), self._context(host.origin) if host.tls else None, host.proxy, to_proxy)

    async def _drain(self, answer: Answer) -> None:
        """Read a short body nobody wants, so that the connection can be kept; that of a long one is not."""
        if answer.content.at_eof():
            return
        try:
            async with asyncio.timeout(1.0):
                await answer.content.readexactly(_DRAINED)
        except (asyncio.IncompleteReadError, aiohttp.ClientError, OSError, TimeoutError):
            pass

    async def _read(self, answer: Answer, cap: int) -> bytes | bytearray:
        """The body as it came, at most `cap` bytes and not slower than the minimum rate."""
        if answer.length() > cap:
            raise LargeBody(f"the answer is larger than {cap} bytes")
        content = answer.content
        first = await content.readany()
        if content.at_eof():
            return first
        body = bytearray(first)
        start = time.monotonic()
        large = False
        try:
            while chunk := await content.readany():
                body += chunk
                if len(body) > cap:
                    raise LargeBody(f"the answer is larger than {cap} bytes")
                elapsed = time.monotonic() - start
                if elapsed > self.limits.grace and len(body) < elapsed * self.limits.min_rate:
                    raise TruncatedBody("the answer comes too slowly")
                if not large and len(body) > self.limits.small_body:
                    await self._large.acquire()
                    large = True
                    start = time.monotonic()
        finally:
            if large:
                self._large.release()
        return body

    def _context(self, origin: Origin) -> ssl.SSLContext:
        trusted = self.is_trusted(origin)
        context = self._contexts.get(trusted)
        if context is None:
            config = self.config
            context = (
                trusting_context(config.client_cert) if trusted else verifying_context(config.cert, config.client_cert)
            )
            self._contexts[trusted] = context
        return context

    def is_trusted(self, origin: Origin) -> bool:
        """Whether the user named the host in trusted-host, with its port or without."""
        return names_host(origin, self.config.trusted_hosts)


def _asks_for_credentials(response: Response, job: Job) -> bool:
    """Whether a keyring may help: pypiserver answers 403, and not 401, to a user name without its password."""
    half = job.credentials is not None and not job.credentials.whole
    return response.status == 401 or (response.status == 403 and half)


def _split(url: str) -> tuple[str, Credentials | None]:
    try:
        return split_credentials(url)
    except ValueError:
        raise RequestFailed("not an http or https address") from None
