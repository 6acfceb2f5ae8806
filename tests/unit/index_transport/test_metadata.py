"""Core metadata: the metadata file, a wheel's tail, the whole wheel, an sdist: the cheapest that can be trusted."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import random
import re
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envcensus.index.client import Fetched, IndexClient, MetadataFetched, MetadataWant, Want
from envcensus.index.limits import Limits
from envcensus.index.metadata_text import MetadataError, NeedsBuild, read_sdist
from envcensus.index.remote_zip import TAIL, Missing, Parts, read_wheel
from envcensus.model.page import File
from tests.support.scripted_server import Reply, Request, ScriptedServer

Connect = Callable[..., IndexClient]
METADATA = b"Metadata-Version: 2.3\nName: spam\nVersion: 1.0\nRequires-Dist: eggs>=2\n\n"
WHEEL = "spam-1.0-py3-none-any.whl"
SDIST = "spam-1.0.tar.gz"


def wheel(
    metadata: bytes = METADATA, *, payload: int = 0, first: bool = False, members: int = 0, before: int = 0
) -> bytes:
    """A wheel; `payload` bytes that do not compress, METADATA before them if `first`, and so many more members behind
    that or before."""
    stream = io.BytesIO()
    noise = random.Random(1).randbytes(payload)
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(before):
            archive.writestr(f"spam/another-module-with-a-long-name-{number:06}.py", b"")
        if not first:
            archive.writestr("spam/data.bin", noise)
        archive.writestr("spam-1.0.dist-info/METADATA", metadata)
        archive.writestr("vendored/eggs-1.0.dist-info/METADATA", b"Name: eggs")
        if first:
            archive.writestr("spam/data.bin", noise)
        for number in range(members):
            archive.writestr(f"spam/a-module-with-a-long-name-{number:06}.py", b"")
    return stream.getvalue()


def tar(**files: str | bytes) -> bytes:
    """A .tar.gz; __ in a keyword is a dot, and all members are in one directory."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, text in files.items():
            data = text.encode() if isinstance(text, str) else text
            info = tarfile.TarInfo("spam-1.0/" + name.replace("__", ".").replace("PKG_INFO", "PKG-INFO"))
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def ranged(body: bytes) -> Callable[[Request], Reply]:
    """A server that knows byte ranges."""

    def answer(request: Request) -> Reply:
        wanted = request.headers.get("range")
        if wanted is None:
            return Reply(body=body)
        match = re.fullmatch(r"bytes=(\d*)-(\d*)", wanted)
        assert match is not None
        first, last = match.groups()
        start = int(first) if first else max(0, len(body) - int(last))
        end = min(int(last) + 1, len(body)) if first else len(body)
        content_range = f"bytes {start}-{end - 1}/{len(body)}"
        return Reply(206, body=body[start:end], headers={"Content-Range": content_range})

    return answer


def sha256(body: bytes) -> dict[str, str]:
    return {"sha256": hashlib.sha256(body).hexdigest()}


def ask(client: IndexClient, *files: File) -> MetadataFetched:
    (answer,) = client.fetch_metadata([MetadataWant("spam", "1.0", files)])
    return answer


def test_the_metadata_file(server: ScriptedServer, connect: Connect) -> None:
    server.routes[f"/{WHEEL}.metadata"] = Reply(body=METADATA)
    file = File(filename=WHEEL, url=f"{server.url}/{WHEEL}", core_metadata=sha256(METADATA))
    answer = ask(connect(), file)
    assert (answer.outcome, answer.metadata, answer.way) == ("found", METADATA, "metadata-file")
    assert (answer.requests, answer.received) == (1, len(METADATA))


def test_a_metadata_file_with_another_hash_is_refused(server: ScriptedServer, connect: Connect) -> None:
    server.routes[f"/{WHEEL}.metadata"] = Reply(body=METADATA + b"x")
    file = File(filename=WHEEL, url=f"{server.url}/{WHEEL}", core_metadata=sha256(METADATA))
    answer = ask(connect(), file)
    assert (answer.outcome, "sha256" in answer.reason) == ("failed", True)


def test_a_promised_metadata_file_that_is_missing(server: ScriptedServer, connect: Connect) -> None:
    body = wheel()
    server.routes[f"/{WHEEL}"] = ranged(body)
    file = File(filename=WHEEL, url=f"{server.url}/{WHEEL}", core_metadata=True, size=len(body))
    assert ask(connect(), file).way == "range"


def in_parts(body: bytes) -> bytes:
    """What is read of a wheel whose missing bytes are given as they are asked for."""
    parts = Parts(len(body))
    parts.add(max(len(body) - TAIL, 0), body[-TAIL:])
    for _ in range(9):
        try:
            return read_wheel(parts, WHEEL)
        except Missing as missing:
            parts.add(missing.start, body[missing.start : missing.end])
    raise AssertionError("it never has enough")


@pytest.mark.parametrize("before", [0, 300, 3000])
@pytest.mark.parametrize("members", [0, 300, 3000])
def test_a_wheel_in_parts_is_the_wheel(members: int, before: int) -> None:
    body = wheel(payload=50_000, members=members, before=before)
    assert in_parts(body) == read_wheel(io.BytesIO(body), WHEEL) == METADATA


FIRST, LAST = wheel(members=700), wheel(before=700, payload=50_000)  # where in a large directory the METADATA is


@pytest.mark.parametrize("wheel", [FIRST, LAST])
@given(damage=st.lists(st.tuples(st.integers(-300, 300), st.booleans(), st.binary(max_size=3)), min_size=1, max_size=3))
def test_of_a_damaged_directory_nothing_else_is_read(wheel: bytes, damage: list[tuple[int, bool, bytes]]) -> None:
    body = bytearray(wheel)
    entry = body.rindex(b"spam-1.0.dist-info/METADATA") - 46
    for place, at_the_end, data in damage:
        at = max(len(body) - 1 - abs(place), 0) if at_the_end else entry + place
        body[at : at + len(data)] = data
    found = []
    for read in (in_parts, lambda whole: read_wheel(io.BytesIO(whole), WHEEL)):
        with contextlib.suppress(MetadataError):
            found.append(read(bytes(body)))
    assert len(set(found)) <= 1


def test_a_large_directory_is_let_go() -> None:
    parts = Parts(len(FIRST))
    parts.add(0, FIRST)
    assert read_wheel(parts, WHEEL) == METADATA
    parts.seek(0, io.SEEK_END)
    assert parts.tell() < len(FIRST) - 50_000


@pytest.mark.parametrize("sized", [True, False])
@pytest.mark.parametrize(
    ("options", "requests"),
    [
        ({}, 1),
        ({"payload": 500_000}, 1),
        ({"payload": 500_000, "first": True}, 2),
        ({"payload": 500_000, "first": True, "members": 2000}, 3),
        ({"payload": 500_000, "before": 2000}, 2),
        ({"payload": 500_000, "before": 2000, "members": 100}, 2),
    ],
)
def test_a_wheels_tail(
    server: ScriptedServer, connect: Connect, options: dict[str, int], requests: int, sized: bool
) -> None:
    body = wheel(**options)  # type: ignore[arg-type]
    server.routes[f"/{WHEEL}"] = ranged(body)
    file = File(filename=WHEEL, url=f"{server.url}/{WHEEL}", size=len(body) if sized else None)
    answer = ask(connect(), file)
    assert (answer.outcome, answer.metadata, answer.way) == ("found", METADATA, "range")
    assert answer.requests == requests
    assert answer.received <= TAIL + 10 * len(METADATA) + 200 * options.get("members", 0)


def test_without_ranges_the_whole_wheel_is_read_and_checked(server: ScriptedServer, connect: Connect) -> None:
    body = wheel(payload=200_000)
    server.routes[f"/{WHEEL}"] = Reply(body=body)
    client = connect()
    good = File(filename=WHEEL, url=f"{server.url}/{WHEEL}", hashes=sha256(body))
    answer = ask(client, good)
    assert (answer.outcome, answer.metadata, answer.way, answer.requests) == ("found", METADATA, "wheel", 2)
    assert ask(client, good).requests == 1, "the server is known not to do ranges"
    bad = File(filename=WHEEL, url=f"{server.url}/{WHEEL}", hashes=sha256(b"other"))
    assert (ask(client, bad).outcome, ask(client, bad).metadata) == ("failed", b"")


def test_a_server_that_mixes_up_ranges(server: ScriptedServer, connect: Connect) -> None:
    body = wheel(payload=100_000, first=True)
    honest = ranged(body)
    replies = iter(range(100))

    def answer(request: Request) -> Reply:
        reply = honest(request)
        if next(replies):
            reply.headers["Content-Range"] = f"bytes 5-{4 + len(reply.body)}/{len(body)}"
        return reply

    server.routes[f"/{WHEEL}"] = answer
    answered = ask(connect(), File(filename=WHEEL, url=f"{server.url}/{WHEEL}", hashes=sha256(body)))
    assert (answered.metadata, answered.way) == (METADATA, "wheel"), "read whole, and checked"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no zip",
        wheel()[:-30],
        wheel().replace(b"spam-1.0.dist-info", b"ham--1.0.dist-info"),
        wheel(b"\0" * (17 << 20)),
    ],
    ids=["empty", "text", "cut", "foreign", "huge"],
)
def test_wheels_that_cannot_be_read(server: ScriptedServer, connect: Connect, body: bytes) -> None:
    server.routes[f"/{WHEEL}"] = Reply(body=body)
    answer = ask(connect(), File(filename=WHEEL, url=f"{server.url}/{WHEEL}"))
    assert (answer.outcome, bool(answer.reason)) == ("failed", True)


def test_files_are_tried_in_their_order(server: ScriptedServer, connect: Connect) -> None:
    server.routes[f"/{SDIST}"] = Reply(body=tar(PKG_INFO=METADATA))
    files = [File(filename=name, url=f"{server.url}/{name}") for name in (WHEEL, SDIST)]
    answer = ask(connect(), *files)
    assert (answer.outcome, answer.way, answer.filename) == ("found", "sdist", SDIST)


def test_files_that_are_too_large_are_not_read(server: ScriptedServer, connect: Connect) -> None:
    server.routes[f"/{SDIST}"] = Reply(body=b"x" * 5000)
    answer = ask(connect(limits=Limits(max_file=4000)), File(filename=SDIST, url=f"{server.url}/{SDIST}"))
    assert (answer.outcome, "larger" in answer.reason) == ("failed", True)


def test_files_on_disk(tmp_path: Path, connect: Connect) -> None:
    body = wheel()
    (tmp_path / WHEEL).write_bytes(body)
    (tmp_path / SDIST).write_bytes(tar(PKG_INFO=METADATA))
    url = f"file://{tmp_path}"
    client = connect()
    assert ask(client, File(filename=WHEEL, url=f"{url}/{WHEEL}", hashes=sha256(body))).metadata == METADATA
    assert ask(client, File(filename=WHEEL, url=f"{url}/{WHEEL}", hashes=sha256(b""))).outcome == "failed"
    assert ask(client, File(filename=SDIST, url=f"{url}/{SDIST}#sha256=0")).metadata == METADATA
    assert ask(client, File(filename=WHEEL, url=f"{url}/missing/{WHEEL}")).outcome == "failed"
    (tmp_path / f"{WHEEL}.metadata").write_bytes(b"beside")
    assert ask(client, File(filename=WHEEL, url=f"{url}/{WHEEL}", core_metadata=True)).metadata == b"beside"


@pytest.mark.parametrize("url", ["ftp://example.com/x.whl", "git+https://example.com/x", "x.whl", ""])
def test_other_addresses_are_refused(connect: Connect, url: str) -> None:
    assert ask(connect(), File(filename=WHEEL, url=url, core_metadata=True)).outcome == "failed"


def test_without_files_there_is_an_answer_too(connect: Connect) -> None:
    assert ask(connect()).outcome == "failed"


# -- sdists

STATIC = """[project]
name = "spam"
version = "1.0"
requires-python = ">=3.9"
dependencies = ["eggs>=2", "ham ; python_version < '3.12'"]
[project.optional-dependencies]
Fast_er = ["bacon", "toast @ https://example.com/toast.whl", "jam ; os_name == 'nt' or os_name == 'posix'"]
"""


def test_pkg_info_of_metadata_2_2_is_believed() -> None:
    assert read_sdist(io.BytesIO(tar(PKG_INFO=METADATA, pyproject__toml=STATIC)), SDIST) == METADATA


@pytest.mark.parametrize(
    "info",
    [
        METADATA.replace(b"2.3", b"2.1"),
        METADATA.replace(b"\nName", b"\nDynamic: Requires-Dist\nName"),
        METADATA.replace(b"\nName", b"\nDynamic: provides-extra\nName"),
        METADATA.replace(b"2.3", b"two"),
        b"",
        b"\xff\xfe",
    ],
)
def test_other_pkg_info_is_not(info: bytes) -> None:
    with pytest.raises(NeedsBuild):
        read_sdist(io.BytesIO(tar(PKG_INFO=info)), SDIST)
    found = read_sdist(io.BytesIO(tar(PKG_INFO=info, pyproject__toml=STATIC)), SDIST)
    assert found.decode().replace("toast@", "toast @").splitlines() == [
        "Metadata-Version: 2.2",
        "Name: spam",
        "Version: 1.0",
        "Requires-Python: >=3.9",
        "Requires-Dist: eggs>=2",
        'Requires-Dist: ham; python_version < "3.12"',
        "Provides-Extra: fast-er",
        'Requires-Dist: bacon ; extra == "fast-er"',
        'Requires-Dist: toast @ https://example.com/toast.whl ; extra == "fast-er"',
        'Requires-Dist: jam ; (os_name == "nt" or os_name == "posix") and extra == "fast-er"',
        "",
    ]


def test_fields_that_are_dynamic_but_not_read_do_no_harm() -> None:
    info = METADATA.replace(b"\nName", b"\nDynamic: License\nName")
    assert read_sdist(io.BytesIO(tar(PKG_INFO=info)), SDIST) == info


@pytest.mark.parametrize(
    "text",
    [
        "[build-system]\n",
        STATIC.replace("[project]", '[project]\ndynamic = ["dependencies"]'),
        STATIC.replace("[project]", '[project]\ndynamic = "all"'),
        STATIC.replace('["eggs>=2"', '["eggs >= = 2"'),
        STATIC.replace('["bacon"', "[7"),
        STATIC.replace(">=3.9", "three"),
        "[project",
        "project = 1\n",
        "[project]\nx = " + "1" * 5000,
        "[project]\nx = " + "[" * 5000,
    ],
)
def test_pyproject_files_that_are_not_static_need_a_build(text: str) -> None:
    with pytest.raises(NeedsBuild):
        read_sdist(io.BytesIO(tar(pyproject__toml=text)), SDIST)


def test_zip_sdists() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("spam-1.0/PKG-INFO", METADATA)
        archive.writestr("spam-1.0/spam.egg-info/PKG-INFO", b"other")
    assert read_sdist(stream, "spam-1.0.zip") == METADATA


@pytest.mark.parametrize("kind", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_sdist_with_broken_contents(server: ScriptedServer, connect: Connect, kind: int) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", kind) as archive:
        archive.writestr("spam-1.0/PKG-INFO", random.Random(3).randbytes(3000))
    body = bytearray(stream.getvalue())
    body[60:200] = b"\xff" * 140
    server.routes["/spam-1.0.zip"] = Reply(body=bytes(body))
    answer = ask(connect(), File(filename="spam-1.0.zip", url=f"{server.url}/spam-1.0.zip"))
    assert (answer.outcome, "no valid archive" in answer.reason) == ("failed", True)


def bomb() -> bytes:
    """A member of 600 MiB of zeros before PKG-INFO, in half a megabyte."""
    header = tarfile.TarInfo("spam-1.0/zeros")
    header.size = 600 << 20
    stream = io.BytesIO()
    with gzip.open(stream, "wb", compresslevel=1) as file:
        file.write(header.tobuf())
        for _ in range(600):
            file.write(b"\0" * (1 << 20))
    return stream.getvalue()


def pax_bomb() -> bytes:
    """An extended header that claims, and has, a size no header has."""
    header = tarfile.TarInfo("spam-1.0/pax")
    header.type = tarfile.XHDTYPE
    header.size = 64 << 20
    return gzip.compress(header.tobuf() + b"\0" * (64 << 20), 1)


@pytest.mark.parametrize(
    "make",
    [lambda: b"", lambda: b"no archive", lambda: tar(PKG_INFO=METADATA)[:-40], bomb, pax_bomb],
    ids=["empty", "text", "cut", "bomb", "pax"],
)
def test_archives_that_cannot_be_read(make: Callable[[], bytes]) -> None:
    with pytest.raises(MetadataError) as caught:
        read_sdist(io.BytesIO(make()), SDIST)
    assert not isinstance(caught.value, NeedsBuild)


def test_links_in_an_archive_are_not_followed() -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        link = tarfile.TarInfo("spam-1.0/PKG-INFO")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(link)
    with pytest.raises(NeedsBuild):
        read_sdist(io.BytesIO(stream.getvalue()), SDIST)


# -- the pump


def test_questions_can_be_added_while_answers_come_in(server: ScriptedServer, connect: Connect) -> None:
    page = {"Content-Type": "text/html"}
    server.routes["*"] = lambda r: Reply(body=METADATA if r.path.endswith("metadata") else b"page", headers=page)
    client = connect(server.url)
    client.submit([Want(f"p{n}") for n in range(5)])
    pages, metadata = [], []
    while answers := client.collect():
        for answer in answers:
            if isinstance(answer, Fetched):
                pages.append(answer.name)
                file = File(filename=WHEEL, url=f"{server.url}/{WHEEL}", core_metadata=True)
                client.submit([MetadataWant(answer.name, "1.0", (file,))])
            else:
                metadata.append(answer.name)
    assert sorted(pages) == sorted(metadata) == [f"p{n}" for n in range(5)]


def test_a_file_too_large_to_be_checked_is_read_by_ranges(connect: Connect, server: ScriptedServer) -> None:
    """The answer has no digest then, which tells that the hash was not checked. Others are checked before all else."""
    body = wheel(payload=9000)
    server.routes[f"/{WHEEL}"] = ranged(body)
    stated = File(filename=WHEEL, url=f"{server.url}/{WHEEL}", hashes={"sha256": "0" * 64})
    want = MetadataWant("spam", "1.0", (stated,), digest=True)
    (found,) = connect(limits=Limits(max_file=4000)).fetch_metadata([want])
    assert (found.outcome, found.metadata, found.sha256) == ("found", METADATA, "")
    (refused,) = connect().fetch_metadata([want])
    assert (refused.outcome, refused.reason) == ("failed", f"{WHEEL}: the file does not match its sha256")
