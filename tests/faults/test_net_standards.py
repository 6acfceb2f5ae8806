"""What the specifications ask of a client, with servers that take them at their word, or at none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from envcensus._kernels import page
from envcensus.index.client import Fetched, IndexClient, MetadataWant
from envcensus.index.config import IndexConfig
from envcensus.index.entry import pack_entry, unpack_entry
from envcensus.model.page import File
from tests.support.command import Command
from tests.support.net import BOUND, GOOD, HTML, JSON, ask, server
from tests.support.scripted_server import Reply, Request, ScriptedServer
from tests.support.site import install, make_venv
from tests.support.wheels import add_wheel

__all__ = ["server"]
pytestmark = pytest.mark.timeout(BOUND)

WHEEL = "spam-1.0-py3-none-any.whl"


def spam(*files: dict[str, object], version: str = "1.4", **more: object) -> bytes:
    entries = [{"hashes": {}, "url": f["filename"], **f} for f in files]
    return json.dumps({"meta": {"api-version": version}, "name": "spam", "files": entries, **more}).encode()


def files(answer: Fetched) -> list[File]:
    assert answer.outcome == "found", answer.reason
    return page.files(answer.files, None, File)


# -- PEP 691: content negotiation


def best(accept: str, offered: dict[str, bytes]) -> tuple[str, bytes] | None:
    """What a server that takes q values seriously chooses."""
    weights: dict[str, float] = {}
    for part in accept.split(","):
        kind, _, weight = part.strip().partition(";")
        weights[kind.strip()] = float(weight.strip().removeprefix("q=") or 1)
    fitting = [(weights[kind], kind) for kind in offered if weights.get(kind, 0) > 0]
    kind = max(fitting)[1] if fitting else ""
    return (kind, offered[kind]) if fitting else None


@pytest.mark.parametrize(
    ("offered", "version"),
    [
        (("application/vnd.pypi.simple.v1+json", "application/vnd.pypi.simple.v1+html", "text/html"), "1"),
        (("application/vnd.pypi.simple.v1+html", "text/html"), "2"),
        (("text/html",), "3"),
        (("application/vnd.pypi.simple.v2+json", "text/html"), "3"),
        (("application/vnd.pypi.simple.v2+json",), ""),
    ],
)
def test_the_best_form_that_both_know(server: ScriptedServer, offered: tuple[str, ...], version: str) -> None:
    bodies = {
        "application/vnd.pypi.simple.v1+json": spam({"filename": "spam-1.tar.gz"}),
        "application/vnd.pypi.simple.v1+html": b"<a href=spam-2.tar.gz>s</a>",
        "text/html": b"<a href=spam-3.tar.gz>s</a>",
        "application/vnd.pypi.simple.v2+json": b"{}",
    }

    def negotiate(request: Request) -> Reply:
        found = best(request.headers["accept"], {kind: bodies[kind] for kind in offered})
        return Reply(406) if found is None else Reply(body=found[1], headers={"Content-Type": found[0]})

    server.routes["/spam/"] = negotiate
    answer = ask(server.url, "spam")["spam"]
    if version:
        assert page.versions(answer.record) == [version]
    else:
        assert (answer.outcome, "406" in answer.reason) == ("failed", True)


# -- PEP 629: versions


@pytest.mark.parametrize("kind", ["json", "html"])
def test_a_newer_minor_version_is_read_and_told(server: ScriptedServer, kind: str) -> None:
    if kind == "json":
        reply = Reply(body=spam({"filename": "spam-1.0.tar.gz"}, version="1.9", news=[1]), headers=JSON)
    else:
        body = b'<meta name="pypi:repository-version" content="1.9"><a href="spam-1.0.tar.gz">s</a>'
        reply = Reply(body=body, headers=HTML)
    server.routes["/simple/spam/"] = server.routes["/simple/good/"] = reply
    answer = ask(f"{server.url}/simple", "spam")["spam"]
    assert page.versions(answer.record) == ["1.0"]
    assert answer.notes == (f"{server.url}/simple speaks API version 1.9; this program knows what 1.4 can say",)
    (entry, _) = unpack_entry(pack_entry(answer.entry()))
    assert entry.notes == answer.notes, "from the cache too"


@pytest.mark.parametrize("kind", ["json", "html"])
@pytest.mark.parametrize("version", ["2.0", "10.1"])
def test_a_newer_major_version_is_refused(server: ScriptedServer, kind: str, version: str) -> None:
    html = f'<meta name="pypi:repository-version" content="{version}"><a href="spam-1.0.tar.gz">s</a>'.encode()
    reply = Reply(body=spam(version=version), headers=JSON) if kind == "json" else Reply(body=html, headers=HTML)
    server.routes["/spam/"] = reply
    answer = ask(server.url, "spam")["spam"]
    major = version.partition(".")[0]
    assert (answer.outcome, answer.reason) == (
        "failed",
        f"the page has API version {major}, this program reads version 1",
    )


# -- PEP 503, HTML: addresses


@pytest.mark.parametrize("form", ["json", "html"])
@pytest.mark.parametrize(
    ("where", "path"),
    [
        ("../my files/", "/my%20files/"),
        ("../d\u00fc/", "/d%C3%BC/"),
        ("../a%20b/", "/a%20b/"),
        ("../a%2Fb/", "/a%2Fb/"),
        ("../\u00e9 \u00fc/", "/%C3%A9%20%C3%BC/"),
    ],
)
def test_addresses_are_asked_for_as_browsers_do(server: ScriptedServer, form: str, where: str, path: str) -> None:
    if form == "json":
        reply = Reply(body=spam({"filename": WHEEL, "url": where + WHEEL, "core-metadata": True}), headers=JSON)
    else:
        reply = Reply(body=f'<a href="{where}{WHEEL}" data-core-metadata="true">s</a>'.encode(), headers=HTML)
    server.routes["/simple/spam/"] = server.routes["/simple/good/"] = reply
    server.routes[f"/simple{path}{WHEEL}.metadata"] = Reply(body=b"Name: spam\nVersion: 1.0\n\n")
    (file,) = files(ask(f"{server.url}/simple", "spam")["spam"])
    with IndexClient(IndexConfig(index_urls=(server.url,)), None) as client:
        (found,) = client.fetch_metadata([MetadataWant("spam", "1.0", (file,))])
    assert found.outcome == "found", found.reason
    assert server.requests[-1].path == f"/simple{path}{WHEEL}.metadata"


def test_an_index_with_a_blank_in_its_address(server: ScriptedServer) -> None:
    server.routes["/my%20index/spam/"] = server.routes["/my%20index/good/"] = Reply(body=GOOD, headers=JSON)
    assert ask(f"{server.url}/my index", "spam")["good"].outcome == "found"


def test_a_redirect_to_an_address_with_a_blank(server: ScriptedServer) -> None:
    server.routes["/spam/"] = Reply(302, headers={"Location": "/my files/spam/"})
    server.routes["/my%20files/spam/"] = Reply(body=spam(), headers=JSON)
    assert ask(server.url, "spam")["spam"].outcome == "found"


def test_addresses_that_are_none_do_not_stop_the_run(server: ScriptedServer) -> None:
    server.routes["/spam/"] = Reply(
        body=spam({"filename": WHEEL, "url": f"//[bad/{WHEEL}"}, {"filename": "spam-2.0.tar.gz"}), headers=JSON
    )
    found = {file.filename: file.url for file in files(ask(server.url, "spam")["spam"])}
    assert found == {WHEEL: "", "spam-2.0.tar.gz": f"{server.url}/spam/spam-2.0.tar.gz"}
    server.routes["/spam/"] = Reply(body=f"<base href='http://[bad/'><a href={WHEEL}>s</a>".encode(), headers=HTML)
    answers = ask(server.url, "spam")
    assert (answers["spam"].outcome, "base element" in answers["spam"].reason) == ("failed", True)
    assert answers["good"].outcome == "found"


# -- find-links


def test_a_find_links_page_may_be_json(server: ScriptedServer) -> None:
    """pip asks for both forms and reads both."""
    server.routes["/links/"] = Reply(body=spam({"filename": WHEEL}, {"filename": "eggs-1.tar.gz"}), headers=JSON)
    answer = ask((), "spam", find_links=(f"{server.url}/links/",), no_index=True)["spam"]
    assert [file.filename for file in files(answer)] == [WHEEL]
    assert server.requests[0].headers["accept"].startswith("application/vnd.pypi.simple.v1+json")


# -- RFC 9111: what may be kept, and how long


def outdated(command: Command, environment: Path, *more: str) -> str:
    """The state of `spam`."""
    document = command.json("outdated", str(environment), "--retries", "0", *more, check=None)  # type: ignore[arg-type]
    (row,) = [row for row in document["environments"][0]["packages"] if row["name"] == "spam"]
    return str(row["state"])


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    install(make_venv(tmp_path / "env"), "spam", "0.1")
    return tmp_path / "env"


def test_no_store_is_not_kept(server: ScriptedServer, environment: Path, tmp_path: Path) -> None:
    headers = {**JSON, "Cache-Control": "no-store", "ETag": '"1"'}
    server.routes["/spam/"] = Reply(body=spam({"filename": WHEEL}), headers=headers)
    command = Command(tmp_path, server.url)
    for run in range(1, 3):
        assert outdated(command, environment) == "outdated"
        assert len(server.requests) == run
        assert "if-none-match" not in server.requests[-1].headers
    assert outdated(command, environment, "--offline") == "failed"
    server.routes["/spam/"] = Reply(404, headers={"Cache-Control": "no-store"})
    assert outdated(command, environment) == "not-found"
    assert outdated(command, environment, "--offline") == "failed"


@pytest.mark.parametrize("said", ["max-age=0, must-revalidate", "no-cache", "no-cache, stale-if-error=600"])
def test_what_must_be_asked_for_anew_does_not_stand_in(
    server: ScriptedServer, environment: Path, tmp_path: Path, said: str
) -> None:
    server.routes["/spam/"] = Reply(body=spam({"filename": WHEEL}), headers={**JSON, "Cache-Control": said})
    command = Command(tmp_path, server.url)
    assert outdated(command, environment) == "outdated"
    server.routes["/spam/"] = Reply(500)
    assert outdated(command, environment) == "failed"
    assert outdated(command, environment, "--offline") == "outdated", "the user says so"


def test_a_304_that_does_not_say_for_how_long(server: ScriptedServer, environment: Path, tmp_path: Path) -> None:
    def answer(request: Request) -> Reply:
        if "if-none-match" in request.headers:
            return Reply(304)
        headers = {**JSON, "ETag": '"1"', "Cache-Control": "no-cache"}
        return Reply(body=spam({"filename": WHEEL}), headers=headers)

    server.routes["/spam/"] = answer
    command = Command(tmp_path, server.url)
    for run in range(1, 4):
        assert outdated(command, environment) == "outdated"
        assert len(server.requests) == run, "asked each time, as the page itself said"


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ({"Cache-Control": "private, max-age=60"}, 60),
        ({"Cache-Control": "s-maxage=5, max-age=60"}, 60),  # s-maxage speaks to shared caches
        ({"Cache-Control": "max-age=0"}, 0),
        ({"Cache-Control": "max-age=60", "Age": "20"}, 40),
        ({"Cache-Control": "public, immutable, max-age=60"}, 60),
        ({"Cache-Control": "no-cache, max-age=60"}, 0),
        ({}, 600),
    ],
)
def test_how_long_an_answer_is_fresh(server: ScriptedServer, said: dict[str, str], seconds: int) -> None:
    server.routes["/spam/"] = Reply(body=spam(), headers={**JSON, **said})
    answer = ask(server.url, "spam")["spam"]
    assert answer.expires - answer.fetched == pytest.approx(seconds, abs=1)


# -- core metadata that is another's


def test_the_metadata_of_another_version_is_not_believed(server: ScriptedServer, tmp_path: Path) -> None:
    """pip passes over such a file too."""
    files = [
        {"filename": f"spam-{version}-py3-none-any.whl", "core-metadata": True} for version in ("1.0", "2.0", "3.0")
    ]
    server.routes["/spam/"] = Reply(body=spam(*files), headers=JSON)
    texts = {"1.0": "Name: Spam\nVersion: 1.0.0", "2.0": "Name: spam\nVersion: 1.0", "3.0": "Name: eggs\nVersion: 3.0"}
    for version, text in texts.items():
        path = f"/spam/spam-{version}-py3-none-any.whl.metadata"
        server.routes[path] = Reply(body=f"Metadata-Version: 2.1\n{text}\n\n".encode())
    command = Command(tmp_path)
    for _ in range(2):  # asked, and from the cache
        done = command.run("resolve", "spam", "-i", server.url, "--no-annotate")
        assert done.stdout == "spam==1.0\n"
    done = command.run("resolve", "spam>2.5", "-i", server.url, check=None)
    assert done.returncode != 0
    assert "has the metadata of eggs 3.0" in done.stderr


def test_an_archive_whose_address_is_none_is_passed_over(server: ScriptedServer, tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    add_wheel(wheels, "spam", "1.0")
    server.routes["/spam/"] = Reply(
        body=spam({"filename": "spam-2.0-py3-none-any.whl", "url": "https://[bad/spam-2.0-py3-none-any.whl"}),
        headers=JSON,
    )
    done = Command(tmp_path).run("resolve", "spam", "-i", server.url, "-f", str(wheels), "--no-annotate", check=None)
    assert "spam==1.0" in done.stdout
