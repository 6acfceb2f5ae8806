"""A package index on 127.0.0.1 with the manners of a far one: latency, jitter, errors, and counters of what was asked.

    python -m benchmarks.index_server --port 0 --latency 50 [--jitter 10] [--errors 0.05] [--max-age 600] [--preload]

It serves the projects of the fleet and of the deep tree (`benchmarks.catalog`, `benchmarks.deep_tree`) as JSON and HTML
with entity tags, 304, gzip, HEAD and metadata files. `/_stats` counts, `/_reset` zeroes, `/_set?latency=50&errors=0`
changes the knobs. In tests: ``with running(Universe({"demo": ["1.0", "2.0"]})) as index: …``.

It is a bare protocol on uvloop, so that it never is what is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import re
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from benchmarks import catalog, deep_tree
from benchmarks.catalog import FileEntry
from benchmarks.pages import HTML_TYPE, JSON_TYPE, Answer, html_page, json_page

KNOBS = ("latency", "jitter", "errors", "max_age")
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nnot found"
UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nbusy"


class Universe:
    """What there is to serve. `projects` gives versions or whole file entries by normalized name, before the fleet's
    names; `fleet` and `tree` add the synthetic ones."""

    def __init__(
        self,
        projects: Mapping[str, Sequence[str] | Sequence[FileEntry]] | None = None,
        *,
        fleet: bool = False,
        tree: deep_tree.Tree | None = None,
    ) -> None:
        self.projects = dict(projects or {})
        self.tree = tree or deep_tree.Tree()
        self.fleet = frozenset(catalog.NAMES) if fleet else frozenset()
        self._metadata: dict[str, Callable[[], bytes]] = {}
        self._answers: dict[tuple[str, bool], Answer] = {}

    def names(self) -> list[str]:
        """Every project."""
        return [*self.projects, *self.fleet, *self.tree.releases]

    def files(self, name: str) -> list[FileEntry] | None:
        """The files of a project, None where there is no such project."""
        if name in self.projects:
            given = self.projects[name]
            return [_wheel(name, entry) if isinstance(entry, str) else entry for entry in given]
        if name in self.tree.releases:
            return deep_tree.files_of(name, list(self.tree.releases[name]))
        return catalog.files_of(name) if name in self.fleet else None

    def page(self, name: str, *, as_json: bool) -> Answer | None:
        """The page of a project; built once."""
        key = (name, as_json)
        if key not in self._answers:
            files = self.files(name)
            if files is None:
                return None
            versions = list(dict.fromkeys(file["filename"].removesuffix(".tar.gz").split("-")[1] for file in files))
            body = json_page(name, versions, files) if as_json else html_page(name, files)
            self._answers[key] = Answer(body, JSON_TYPE if as_json else HTML_TYPE)
        return self._answers[key]

    def metadata(self, filename: str) -> Answer | None:
        """The core metadata file of a wheel."""
        module, _, rest = filename.partition("-")
        version = rest.partition("-")[0]
        name = re.sub(r"[-_.]+", "-", module).lower()
        if name in self.tree.releases and version in self.tree.releases[name]:
            return Answer(deep_tree.metadata_of(self.tree, name, version), "text/plain", compress=False)
        if name in self.fleet and version in catalog.versions_of(name):
            return Answer(catalog.metadata_of(name, version), "text/plain", compress=False)
        if name in self.projects:
            text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\n"
            return Answer(text.encode(), "text/plain", compress=False)
        return None

    def listing(self) -> Answer:
        """The root page."""
        page = {"meta": {"api-version": "1.4"}, "projects": [{"name": name} for name in self.names()]}
        return Answer(json.dumps(page).encode(), JSON_TYPE)


def _wheel(name: str, version: str) -> FileEntry:
    filename = f"{catalog.module_of(name)}-{version}-py3-none-any.whl"
    return {
        "filename": filename,
        "url": f"/packages/{filename}",
        "hashes": {},
        "size": 1000,
        "yanked": False,
        "core_metadata": True,
    }


class Counters:
    """What was asked since the last reset."""

    def __init__(self) -> None:
        self.requests = self.bytes = self.connections = self.in_flight = self.peak_in_flight = 0
        self.by_status: Counter[str] = Counter()
        self.by_kind: Counter[str] = Counter()
        self.by_agent: Counter[str] = Counter()
        self.projects: Counter[str] = Counter()

    def as_dict(self) -> dict[str, Any]:
        """Plain data; `unique` counts the projects asked for, `most` the requests of the most asked one."""
        return {
            "requests": self.requests,
            "unique": len(self.projects),
            "most": max(self.projects.values(), default=0),
            "bytes": self.bytes,
            "connections": self.connections,
            "peak_in_flight": self.peak_in_flight,
            "status": dict(self.by_status),
            "kind": dict(self.by_kind),
            "agent": dict(self.by_agent),
        }


class Index:
    """The state that all connections share: what is served, the knobs (latency and jitter in ms) and the counters."""

    def __init__(
        self, universe: Universe, *, latency: float = 0, jitter: float = 0, errors: float = 0, max_age: int = 600
    ) -> None:
        self.universe = universe
        self.latency, self.jitter, self.errors, self.max_age = latency, jitter, errors, max_age
        self.counters = Counters()
        self.random = random.Random(1)
        self.later: Callable[..., object] | None = None
        self.open: set[Connection] = set()

    def delay(self) -> float:
        """Seconds until the next answer."""
        return (self.latency + (self.random.uniform(-self.jitter, self.jitter) if self.jitter else 0)) / 1000

    def control(self, target: str) -> bytes:
        """The answers to /_stats, /_reset and /_set?knob=value."""
        path, _, query = target.partition("?")
        if path == "/_reset":
            self.counters = Counters()
        elif path == "/_set":
            for knob, value in urllib.parse.parse_qsl(query):
                if knob in KNOBS:
                    setattr(self, knob, int(value) if knob == "max_age" else float(value))
        body = json.dumps({**self.counters.as_dict(), **{knob: getattr(self, knob) for knob in KNOBS}}).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body

    def answer(self, method: str, target: str, header: Callable[[bytes], bytes]) -> bytes:
        """The whole response to one request; `header` gives a request header's value."""
        counters = self.counters
        counters.requests += 1
        counters.by_agent[header(b"user-agent").split(b"/")[0].decode("latin-1")[:24]] += 1
        if self.errors and self.random.random() < self.errors:
            counters.by_status["503"] += 1
            return UNAVAILABLE
        found, kind = self._find(target.partition("?")[0], header(b"accept"))
        if kind:
            counters.by_kind[kind] += 1
        if found is None:
            counters.by_status["404"] += 1
            return NOT_FOUND
        if header(b"if-none-match") == found.etag:
            counters.by_status["304"] += 1
            return found.head(b"304 Not Modified", self.max_age)
        counters.by_status["200"] += 1
        packed = bool(found.packed) and b"gzip" in header(b"accept-encoding")
        body = found.packed if packed else found.body
        head = found.head(b"200 OK", self.max_age, length=len(body), packed=packed)
        return head if method == "HEAD" else head + body

    def _find(self, path: str, accept: bytes) -> tuple[Answer | None, str]:
        universe = self.universe
        if path.startswith("/simple/"):
            name = re.sub(r"[-_.]+", "-", path[8:].strip("/")).lower()
            if not name:
                return universe.listing(), "root"
            self.counters.projects[name] += 1
            as_json = JSON_TYPE.encode() in accept
            return universe.page(name, as_json=as_json), "json" if as_json else "html"
        if path.startswith("/packages/") and path.endswith(".metadata"):
            return universe.metadata(path.rsplit("/", 1)[1].removesuffix(".metadata")), "metadata"
        return None, "file"


class Connection(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, as far as clients of an index use it: no bodies in requests."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.buffer = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self.transport = transport  # type: ignore[assignment]  # uvloop's transports are no subclasses
        self.index.counters.connections += 1
        self.index.open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.index.open.discard(self)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            request, self.buffer = self.buffer[:end], self.buffer[end + 4 :]
            self._request(request)

    def _request(self, request: bytes) -> None:
        assert self.transport is not None
        line, _, rest = request.partition(b"\r\n")
        method, target, _ = line.decode("latin-1").split(" ", 2)
        if target.startswith("/_"):
            self.transport.write(self.index.control(target))
            return
        fields = b"\r\n" + rest + b"\r\n"
        lowered = fields.lower()

        def header(name: bytes) -> bytes:
            start = lowered.find(b"\r\n" + name + b":")
            if start < 0:
                return b""
            start += len(name) + 3
            return fields[start : fields.index(b"\r\n", start)].strip()

        counters = self.index.counters
        response = self.index.answer(method, target, header)
        counters.bytes += len(response)
        counters.in_flight += 1
        counters.peak_in_flight = max(counters.peak_in_flight, counters.in_flight)
        delay = self.index.delay()
        if delay > 0:
            asyncio.get_running_loop().call_later(delay, self._send, response, counters)
        else:
            self._send(response, counters)

    def _send(self, response: bytes, counters: Counters) -> None:
        counters.in_flight -= 1
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(response)


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop

        return uvloop.new_event_loop()
    except ImportError:
        return asyncio.new_event_loop()


async def _listen(index: Index, port: int) -> tuple[asyncio.Server, int]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(index), "127.0.0.1", port, backlog=1024)
    return server, server.sockets[0].getsockname()[1]


async def _end(server: asyncio.Server, index: Index) -> None:
    """Let nobody wait, and no connection outlive its loop."""
    server.close()
    for connection in tuple(index.open):
        if connection.transport is not None:
            connection.transport.abort()
    for _ in range(1000):
        if not index.open:
            return
        await asyncio.sleep(0.001)


class Running:
    """A server that is up, whichever way it was started."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.origin = f"http://127.0.0.1:{port}"
        self.url = f"{self.origin}/simple/"

    def _get(self, path: str) -> dict[str, Any]:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.origin + path, timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def stats(self) -> dict[str, Any]:
        """The counters since the last reset, and the knobs."""
        return self._get("/_stats")

    def reset(self) -> None:
        """Zero the counters."""
        self._get("/_reset")

    def set(self, **knobs: float) -> None:
        """Change `latency`, `jitter` (ms), `errors` (share), `max_age` (s)."""
        self._get("/_set?" + urllib.parse.urlencode(knobs))


@contextlib.contextmanager
def running(universe: Universe, **knobs: Any) -> Iterator[Running]:
    """A server in a thread of this process, on a free port: for tests."""
    index = Index(universe, **knobs)
    loop = _new_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server, port = asyncio.run_coroutine_threadsafe(_listen(index, 0), loop).result()
    try:
        yield Running(port)
    finally:
        asyncio.run_coroutine_threadsafe(_end(server, index), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextlib.contextmanager
def running_process(*arguments: str) -> Iterator[Running]:
    """A server in a process of its own, on a free port: for measurements."""
    command = [sys.executable, "-m", "benchmarks.index_server", "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            if not line.startswith("ready "):
                raise RuntimeError("the index server did not start")
            yield Running(int(line.split()[1]))
        finally:
            process.terminate()


async def _serve(index: Index, port: int) -> None:
    server, port = await _listen(index, port)
    print(f"ready {port}", flush=True)
    await server.serve_forever()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8970)
    parser.add_argument("--latency", type=float, default=50, help="ms before each answer")
    parser.add_argument("--jitter", type=float, default=0, help="ms more or less")
    parser.add_argument("--errors", type=float, default=0, help="share of answers that are 503")
    parser.add_argument("--max-age", type=int, default=600, help="seconds of freshness")
    parser.add_argument("--preload", action="store_true", help="build the fleet's pages first")
    parser.add_argument("--tree", type=int, default=0, metavar="N", help="serve a deep tree of N projects too")
    given = parser.parse_args()
    universe = Universe(fleet=True, tree=deep_tree.make_tree(given.tree) if given.tree else None)
    if given.preload:
        for name in universe.names():
            universe.page(name, as_json=True)
            universe.page(name, as_json=False)
    index = Index(universe, latency=given.latency, jitter=given.jitter, errors=given.errors, max_age=given.max_age)
    with contextlib.suppress(KeyboardInterrupt):
        loop = _new_loop()
        loop.run_until_complete(_serve(index, given.port))


if __name__ == "__main__":
    main()
