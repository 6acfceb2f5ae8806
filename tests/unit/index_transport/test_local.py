"""file: indexes and find-links, as pip treats them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from envcensus._kernels import page as kernel
from envcensus.index.client import Fetched, IndexClient, Want
from envcensus.index.config import IndexConfig
from envcensus.index.entry import NO_STAMP
from envcensus.index.pages import pack_pages
from envcensus.index.places import Stamps, missing_locations
from envcensus.model.page import File
from tests.support.scripted_server import Reply, ScriptedServer

Connect = Callable[..., IndexClient]


def ask(client: IndexClient, name: str = "spam", **known: object) -> Fetched:
    (answer,) = client.fetch([Want(name, **known)])  # type: ignore[arg-type]
    return answer


def filenames(answer: Fetched) -> set[str]:
    return {file.filename for file in kernel.files(answer.files, None, File)}


def urls(answer: Fetched) -> set[str]:
    return {file.url for file in kernel.files(answer.files, None, File)}


@pytest.fixture
def simple(tmp_path: Path) -> Path:
    """A directory laid out as an index, as `file:` indexes are."""
    page = tmp_path / "simple" / "spam" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text('<a href="../../files/spam-1.0.tar.gz">spam-1.0.tar.gz</a>')
    return tmp_path / "simple"


def test_a_file_index(simple: Path, connect: Connect) -> None:
    client = connect(f"file://{simple}", packer=pack_pages)
    answer = ask(client)
    assert (answer.outcome, answer.requests) == ("found", 0)
    assert urls(answer) == {f"file://{simple.parent}/files/spam-1.0.tar.gz"}
    assert ask(client, "eggs").outcome == "not-found"
    without = ask(client, files=False)
    assert (without.record, without.files) == (answer.record, b"")


def test_a_file_index_and_another(simple: Path, server: ScriptedServer, connect: Connect) -> None:
    html = {"Content-Type": "text/html"}
    server.routes["/spam/"] = Reply(body=b'<a href="/spam-2.0.tar.gz">spam-2.0.tar.gz</a>', headers=html)
    answer = ask(connect(server.url, f"file://{simple}/", packer=pack_pages))
    assert filenames(answer) == {"spam-1.0.tar.gz", "spam-2.0.tar.gz"}


def test_a_find_links_directory_with_archives_and_pages(tmp_path: Path, connect: Connect) -> None:
    for name in ("spam-1.0-py3-none-any.whl", "Spam-0.9.tar.gz", "eggs-1.0.tar.gz", "spam.txt", "spam-x.whl"):
        (tmp_path / name).touch()
    (tmp_path / "more.html").write_text('<a href="sub/spam-3.0.tar.gz">x</a> <a href="ham-1.0.tar.gz">y</a>')
    client = connect(packer=pack_pages, no_index=True, find_links=(str(tmp_path),))
    assert filenames(ask(client)) == {"spam-1.0-py3-none-any.whl", "Spam-0.9.tar.gz", "spam-3.0.tar.gz"}
    assert f"file://{tmp_path}/sub/spam-3.0.tar.gz" in urls(ask(client))
    assert filenames(ask(client, "ham")) == {"ham-1.0.tar.gz"}
    assert ask(client, "other").outcome == "not-found"


@pytest.mark.parametrize("as_url", [True, False])
def test_single_files_as_find_links(tmp_path: Path, connect: Connect, as_url: bool) -> None:
    archive, page = tmp_path / "spam-1.0.tar.gz", tmp_path / "links.html"
    archive.touch()
    page.write_text('<a href="https://files.example.com/spam-2.0.tar.gz">spam</a>')
    places = tuple(f"file://{path}" if as_url else str(path) for path in (archive, page))
    client = connect(packer=pack_pages, no_index=True, find_links=places)
    assert urls(ask(client)) == {f"file://{archive}", "https://files.example.com/spam-2.0.tar.gz"}


def test_find_links_elsewhere_are_read_once(server: ScriptedServer, connect: Connect) -> None:
    body = b'<a href="spam-1.0.tar.gz">s</a><a href="eggs-1.0.tar.gz">e</a>'
    server.routes["/links/"] = Reply(body=body, headers={"Content-Type": "text/html"})
    places = (f"{server.url}/links/", f"{server.url}/direct/spam-2.0-py3-none-any.whl")
    client = connect(packer=pack_pages, no_index=True, find_links=places)
    answers = {a.name: a for a in client.fetch([Want(n) for n in ("spam", "eggs", "ham")])}
    assert server.paths() == ["/links/"]
    assert filenames(answers["spam"]) == {"spam-1.0.tar.gz", "spam-2.0-py3-none-any.whl"}
    assert filenames(answers["eggs"]) == {"eggs-1.0.tar.gz"}
    assert answers["ham"].outcome == "not-found"


@pytest.mark.parametrize(
    "reply", [Reply(404), Reply(body=b"{}", headers={"Content-Type": "application/json"})], ids=["missing", "no page"]
)
def test_find_links_that_fail_fail_the_answer(server: ScriptedServer, connect: Connect, reply: Reply) -> None:
    server.routes["/links/"] = reply
    answer = ask(connect(packer=pack_pages, find_links=(f"{server.url}/links/",)))
    assert (answer.outcome, bool(answer.reason)) == ("failed", True)


def test_what_is_there_and_cannot_be_read_fails(simple: Path, connect: Connect) -> None:
    page = simple / "spam" / "index.html"
    page.unlink()
    page.mkdir()
    answer = ask(connect(f"file://{simple}", packer=pack_pages))
    assert (answer.outcome, "index.html" in answer.reason) == ("failed", True)
    page.rmdir()
    os.mkfifo(page)
    assert ask(connect(f"file://{simple}", packer=pack_pages)).outcome == "failed"
    assert ask(connect("file://other.example.com/simple", packer=pack_pages)).outcome == "failed"


def test_changes_on_disk_are_seen_at_once(simple: Path, server: ScriptedServer, connect: Connect) -> None:
    server.routes["/spam/"] = [
        Reply(body=b"<a href=spam-9.tar.gz>s</a>", headers={"Content-Type": "text/html", "ETag": '"1"'}),
        Reply(304),
    ]
    client = connect(server.url, f"file://{simple}", packer=pack_pages)
    first = ask(client)
    assert first.stamp != NO_STAMP
    (simple / "spam" / "index.html").write_text("<p>nothing any more</p>")
    server.routes["/spam/"] = Reply(body=b"<a href=spam-9.tar.gz>s</a>", headers={"Content-Type": "text/html"})
    second = ask(client, validators=first.validators, stamp=first.stamp)
    assert filenames(second) == {"spam-9.tar.gz"}
    assert "if-none-match" not in server.requests[-1].headers


def test_unchanged_files_beside_a_304_need_no_page(simple: Path, server: ScriptedServer, connect: Connect) -> None:
    page = Reply(body=b"<a href=spam-9.tar.gz>s</a>", headers={"Content-Type": "text/html", "ETag": '"1"'})
    server.routes["/spam/"] = [page, Reply(304)]
    client = connect(server.url, f"file://{simple}", packer=pack_pages)
    first = ask(client)
    again = ask(client, validators=first.validators, stamp=first.stamp)
    assert (again.outcome, again.requests) == ("not-modified", 1)


def test_the_stamp_follows_the_files_that_count(simple: Path) -> None:
    config = IndexConfig(index_urls=(f"file://{simple}",), find_links=(str(simple.parent),))
    before = stamp(config)
    assert stamp(config) == before
    assert stamp(IndexConfig(index_urls=("https://a.example.com",))) == NO_STAMP
    (simple.parent / "spam-5.tar.gz").touch()
    assert stamp(config) != before


def stamp(config: IndexConfig) -> bytes:
    return Stamps(config).of("spam")


@pytest.mark.parametrize("as_directory", [True, False])
def test_the_stamp_follows_a_page_of_links_that_is_edited_where_it_stands(tmp_path: Path, as_directory: bool) -> None:
    page = tmp_path / "links.html"
    page.write_text("<a href=spam-1.tar.gz>s</a>")
    (tmp_path / "notes.txt").write_text("one")
    config = IndexConfig(index_urls=(), find_links=(str(tmp_path if as_directory else page),))
    before = stamp(config)
    (tmp_path / "notes.txt").write_text("other")
    assert stamp(config) == before
    page.write_text("<a href=spam-21.tar.gz>s</a>")
    assert stamp(config) != before


def test_a_place_that_changes_after_it_was_read_is_noticed_next_time(tmp_path: Path, connect: Connect) -> None:
    """A client reads the places once: what it finds gets the stamp that they had before."""
    (tmp_path / "spam-1.tar.gz").touch()
    client = connect(find_links=(str(tmp_path),))
    first = ask(client)
    (tmp_path / "spam-2.tar.gz").touch()
    later = ask(client)
    assert first.stamp == later.stamp != Stamps(client._transport.config).of("spam")


def test_a_file_that_is_no_place_is_named(tmp_path: Path) -> None:
    for name in ("links.txt", "links.html", "spam-1.0.tar.gz"):
        (tmp_path / name).touch()
    config = IndexConfig(index_urls=(), find_links=tuple(map(str, sorted(tmp_path.iterdir()))))
    (row,) = missing_locations(config)
    assert (row.where, ".html" in row.reason) == (str(tmp_path / "links.txt"), True)


def test_missing_places_are_named(simple: Path) -> None:
    config = IndexConfig(
        index_urls=(f"file://{simple}", "file:///nowhere/simple", "https://a.example.com/simple"),
        find_links=("/nowhere/links", str(simple), "https://a.example.com/links", "file://host/x"),
    )
    assert [row.where for row in missing_locations(config)] == ["/nowhere/simple", "/nowhere/links", "file://host/x"]
