"""Core metadata from servers and archives that are odd, and where the next way is taken."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable

import pytest

from envcensus.index.client import IndexClient, MetadataFetched, MetadataWant
from envcensus.model.page import File
from tests.support.scripted_server import Reply, Request, ScriptedServer
from tests.unit.index_transport.test_metadata import METADATA, SDIST, WHEEL, ranged, sha256, tar, wheel

Connect = Callable[..., IndexClient]
LARGE = wheel(payload=200_000, first=True)  # METADATA lies before the tail: a second range is needed


def ask(client: IndexClient, *files: File, whole: bool = False) -> MetadataFetched:
    (answer,) = client.fetch_metadata([MetadataWant("spam", "1.0", files, whole)])
    return answer


def at(server: ScriptedServer, name: str = WHEEL, body: bytes | None = None, **more: object) -> File:
    hashes = {} if body is None else sha256(body)
    return File(filename=name, url=f"{server.url}/{name}", hashes=hashes, **more)  # type: ignore[arg-type]


# -- archives


def commented() -> bytes:
    stream = io.BytesIO(wheel(payload=100_000))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.comment = b"c" * 60_000
    return stream.getvalue()


def zip64() -> bytes:
    """Sizes in the extra field, as a writer that does not know them beforehand has them, and ZIP64's end records."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("spam-1.0.dist-info/METADATA", "w", force_zip64=True) as member:
            member.write(METADATA)
        for number in range(66_000):
            archive.writestr(f"spam/{number}", b"")
    return stream.getvalue()


def streamed() -> bytes:
    """Written to a pipe: sizes follow the data."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            self.data += bytes(data)  # type: ignore[call-overload]
            return len(bytes(data))  # type: ignore[call-overload]

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("spam-1.0.dist-info/METADATA", METADATA)
    return bytes(pipe.data)


ARCHIVES: dict[str, Callable[[], bytes]] = {
    "comment": commented,
    "prefix": lambda: b"#!/bin/sh\n" * 5000 + wheel(payload=60_000, first=True),
    "zip64": zip64,
    "streamed": streamed,
}


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("kind", ARCHIVES)
def test_archives_of_all_kinds(server: ScriptedServer, connect: Connect, kind: str, ranges: bool) -> None:
    body = ARCHIVES[kind]()
    server.routes[f"/{WHEEL}"] = ranged(body) if ranges else Reply(body=body)
    answer = ask(connect(), at(server, body=body))
    assert (answer.metadata, answer.way) == (METADATA, "range" if ranges else "wheel"), answer.reason


def with_members(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "-") + ".dist-info/METADATA", data)
    return stream.getvalue()


@pytest.mark.parametrize("ranges", [True, False])
def test_of_two_directories_the_projects_own_counts(server: ScriptedServer, connect: Connect, ranges: bool) -> None:
    def answer(body: bytes) -> MetadataFetched:
        server.routes[f"/{WHEEL}"] = ranged(body) if ranges else Reply(body=body)
        return ask(connect(), at(server))

    assert answer(with_members(**{"eggs__1.0": b"x", "Spam__1.0": METADATA})).metadata == METADATA
    two = answer(with_members(**{"spam__1.0": METADATA, "spam__2.0": METADATA}))
    assert (two.outcome, "more than one" in two.reason) == ("failed", True)


# -- servers


def refusing(status: int) -> Callable[[Request], Reply]:
    """Knows the file, and answers requests for a part of it with `status`."""
    return lambda request: Reply(status) if "range" in request.headers else Reply(body=LARGE)


def changed(headers: dict[str, str], cut: int = 0) -> Callable[[Request], Reply]:
    """Answers ranges with other headers than those that would be right."""

    def answer(request: Request) -> Reply:
        reply = ranged(LARGE)(request)
        if reply.status == 206:
            reply.headers = headers
            reply.body = reply.body[cut:]
        return reply

    return answer


@pytest.mark.parametrize(
    ("answer", "again"),
    [
        (ranged(LARGE), "range"),
        (Reply(body=LARGE), "wheel"),
        (refusing(400), "range"),
        (refusing(405), "range"),
        (refusing(416), "range"),
        (refusing(501), "range"),
        (changed({}), "wheel"),
        (changed({"Content-Range": "bytes 0-5/*"}), "wheel"),
        (changed({"Content-Range": f"items 0-{len(LARGE) - 1}/{len(LARGE)}"}), "wheel"),
        (changed({"Content-Range": f"bytes 0-{len(LARGE) - 1}/{len(LARGE)}"}), "wheel"),
        (changed({"Content-Range": "bytes 5-4/3"}), "wheel"),
        (changed({"Content-Range": "bytes -1-4/9"}), "wheel"),
        (changed({"Content-Range": f"bytes {'9' * 4400}-4/5"}), "wheel"),
        (changed({"Content-Type": "multipart/byteranges; boundary=x"}), "wheel"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_wheel_is_read_whole_where_ranges_fail(
    server: ScriptedServer, connect: Connect, answer: Reply | Callable[[Request], Reply], again: str
) -> None:
    """`again` is how the next wheel of the same server is read: one that does no ranges is not asked for them twice."""
    server.routes[f"/{WHEEL}"] = answer
    server.routes["/next.whl"] = ranged(LARGE)
    client = connect()
    first = ask(client, at(server, body=LARGE))
    assert first.metadata == METADATA, first.reason
    following = File(filename=WHEEL, url=f"{server.url}/next.whl")
    assert ask(client, following).way == again


@pytest.mark.parametrize("size", [1, 1000, len(LARGE) - 1, len(LARGE) + 1, len(LARGE) * 3])
def test_a_size_that_is_not_true(server: ScriptedServer, connect: Connect, size: int) -> None:
    def answer(request: Request) -> Reply:
        start = int((request.headers.get("range") or "bytes=0-").removeprefix("bytes=").split("-")[0] or 0)
        return Reply(416) if start >= len(LARGE) else ranged(LARGE)(request)

    server.routes[f"/{WHEEL}"] = answer
    assert ask(connect(), at(server, body=LARGE, size=size)).metadata == METADATA


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_wheel_that_is_not_to_be_had_is_asked_for_once(server: ScriptedServer, connect: Connect, status: int) -> None:
    server.routes[f"/{WHEEL}"] = Reply(status)
    server.routes["/next.whl"] = ranged(LARGE)
    client = connect(keyring_provider="disabled")
    answer = ask(client, at(server))
    assert (answer.outcome, answer.requests) == ("failed", 1)
    assert str(status) in answer.reason
    assert ask(client, File(filename=WHEEL, url=f"{server.url}/next.whl")).way == "range", "it spoke of that file alone"


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_metadata_file_that_is_not_there_after_all(server: ScriptedServer, connect: Connect, status: int) -> None:
    """Object stores answer 403 for what they do not have."""
    server.routes[f"/{WHEEL}.metadata"] = Reply(status)
    server.routes[f"/{WHEEL}"] = ranged(LARGE)
    assert ask(connect(), at(server, core_metadata=True)).way == "range"


def test_a_label_on_an_archive_is_no_encoding(server: ScriptedServer, connect: Connect) -> None:
    """Some servers send each .tar.gz with `Content-Encoding: gzip`; its hash is that of the file, for pip too."""
    sdist = tar(PKG_INFO=METADATA)
    server.routes[f"/{SDIST}"] = Reply(body=sdist, headers={"Content-Encoding": "gzip"})
    client = connect()
    answer = ask(client, at(server, SDIST, sdist))
    assert (answer.metadata, answer.way) == (METADATA, "sdist"), answer.reason
    assert ask(client, at(server, SDIST, sdist), whole=True).metadata == sdist
    assert {request.headers["accept-encoding"] for request in server.requests} == {"identity"}


def test_a_metadata_file_may_be_compressed_on_its_way(server: ScriptedServer, connect: Connect) -> None:
    headers = {"Content-Encoding": "gzip"}
    server.routes[f"/{WHEEL}.metadata"] = Reply(body=gzip.compress(METADATA), headers=headers)
    assert ask(connect(), at(server, core_metadata=sha256(METADATA))).metadata == METADATA


@pytest.mark.parametrize(
    "url", ["https://[bad/x.whl", "https://a.example.com:99999/x.whl", "https:///x.whl", "http://me:pw@[::1/x.whl"]
)
@pytest.mark.parametrize("promised", [True, False])
@pytest.mark.parametrize("whole", [True, False])
def test_addresses_that_are_none(connect: Connect, url: str, promised: bool, whole: bool) -> None:
    answer = ask(connect(), File(filename=WHEEL, url=url, core_metadata=promised), whole=whole)
    assert (answer.outcome, answer.requests) == ("failed", 0)
    assert "neither http" in answer.reason
    assert "pw" not in answer.reason


def test_every_origin_has_its_own_credentials_for_files(server: ScriptedServer, connect: Connect) -> None:
    """A file's address may hold credentials: they are for that one request."""
    server.routes[f"/{WHEEL}"] = ranged(LARGE)
    url = server.url.replace("//", "//me:pw@")
    assert ask(connect(), File(filename=WHEEL, url=f"{url}/{WHEEL}")).way == "range"
    assert all(request.headers["authorization"].startswith("Basic ") for request in server.requests)
