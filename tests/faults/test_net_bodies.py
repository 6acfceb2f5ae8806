"""Bodies that are slow, cut, wrong, endless or bombs: an honest row in bounded time and memory, the others intact."""

from __future__ import annotations

import gzip
import resource
import zlib

import pytest

from tests.support.net import BOUND, GOOD, HTML, JSON, ask, server
from tests.support.scripted_server import Reply, ScriptedServer

__all__ = ["server"]
pytestmark = pytest.mark.timeout(BOUND)

GZIP = {**JSON, "Content-Encoding": "gzip"}
PAGE = GOOD.replace(b"good", b"spam")
LONG = b"x" * 200_000


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(body=LONG, headers=JSON, drip=(10, 0.02)), "too slowly"),
        (Reply(body=b"", length=5000, headers=JSON, delay=60.0), "took too long"),
        (Reply(body=PAGE[:50], length=5000, headers=JSON), "took too long"),
        (Reply(body=PAGE[:50], length=5000, headers=JSON, close=True), "ended too early"),
        (Reply(body=PAGE, headers=JSON, reset_after=40), "closed the connection|ended too early"),
        (Reply(body=PAGE, length=40, headers=JSON), "JSON|page|ended|not valid HTTP"),
        (Reply(endless=b"y" * 65536, headers=JSON), "larger"),
        (Reply(body=b"z", length=10**12, headers=JSON), "larger"),
        (Reply(body=b"", headers=JSON), "JSON|page|empty"),
        (Reply(body=PAGE, headers={"Content-Type": "image/png"}), "Content-Type"),
        (Reply(body=PAGE, headers={}), "Content-Type"),
        (Reply(body=b"<html>Sign in</html>" * 10, headers=JSON), "JSON|page"),
        (Reply(body=b"not gzip", headers=GZIP), "gzip"),
        (Reply(body=gzip.compress(PAGE)[:-9], headers=GZIP), "gzip"),
        (Reply(body=gzip.compress(PAGE)[:-9] + b"garbage!!", headers=GZIP), "gzip"),
        (Reply(body=zlib.compress(PAGE), headers={**JSON, "Content-Encoding": "deflate"}), "not asked for"),
        (Reply(body=b"\x1b", headers={**JSON, "Content-Encoding": "br"}), "not asked for"),
        (Reply(body=b"\x28\xb5\x2f\xfd", headers={**JSON, "Content-Encoding": "zstd"}), "not asked for"),
        (Reply(body=b"[" * 100_000 + b"]" * 100_000, headers=JSON), "JSON|page|deep"),
        (Reply(body=b'{"meta":{"api-version":"1.0"},"files":' + b"[" * 100_000, headers=JSON), "JSON|page|deep"),
        (Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), "not valid HTTP"),
        (Reply(raw=b"SSH-2.0-OpenSSH_9.6\r\n"), "not valid HTTP"),
        (Reply(raw=b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\n\r\n"), "not valid HTTP"),
        (Reply(raw=b""), "closed the connection"),
    ],
)
def test_a_bad_body_fails_one_project(server: ScriptedServer, reply: Reply, reason: str) -> None:
    server.routes["/spam/"] = reply
    answers = ask(server.url, "spam")
    assert answers["spam"].outcome == "failed"
    assert any(word in answers["spam"].reason for word in reason.split("|")), answers["spam"].reason
    assert answers["spam"].requests <= 2
    assert answers["good"].outcome == "found"


def test_bombs_are_refused_early(server: ScriptedServer) -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(b" " * (1 << 20)) for _ in range(100)) + packer.flush()
    for number in range(20):
        server.routes[f"/bomb{number}/"] = Reply(body=bomb, headers=GZIP)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answers = ask(server.url, *(f"bomb{n}" for n in range(20)))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert {a.outcome for n, a in answers.items() if n != "good"} == {"failed"}
    assert all("expands" in a.reason for n, a in answers.items() if n != "good")
    assert answers["good"].outcome == "found"
    assert grown < 200 * 1024, "KiB; the bombs together are 2 GB"


def test_many_endless_bodies_at_once_stay_within_memory(server: ScriptedServer) -> None:
    server.routes["*"] = Reply(endless=b"y" * 65536, headers=JSON)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answers = ask(server.url, *(f"endless{n}" for n in range(40)), retries=0)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert {a.outcome for n, a in answers.items() if n != "good"} == {"failed"}
    assert grown < 200 * 1024, "KiB"


def test_html_of_any_depth(server: ScriptedServer) -> None:
    server.routes["/spam/"] = Reply(body=b"<div>" * 100_000 + b'<a href="spam-1.0.tar.gz">s</a>', headers=HTML)
    assert ask(server.url, "spam")["spam"].outcome == "found"
