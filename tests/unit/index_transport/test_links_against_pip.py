"""What directories, pages and file: indexes offer, against pip's own finder on the same disk."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from pip._internal.index.collector import LinkCollector
from pip._internal.index.package_finder import PackageFinder
from pip._internal.models.link import _ensure_quoted_url
from pip._internal.models.search_scope import SearchScope
from pip._internal.models.selection_prefs import SelectionPreferences
from pip._internal.network.session import PipSession

from envcensus._kernels import page as kernel
from envcensus.index.client import IndexClient, Want
from envcensus.index.pages import pack_pages
from envcensus.model.page import File
from tests.support.scripted_server import Reply, ScriptedServer

# pip leaves the files of file: addresses to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
Connect = Callable[..., IndexClient]
HTML = {"Content-Type": "text/html"}
NAMES = (
    *("spam-1.0-py3-none-any.whl", "spam-1.0.tar.gz", "Spam-1.1.tar.gz", "SPAM-1.2-py3-none-any.whl", "spam-1.3.zip"),
    *(
        "spam-2.0.tar.bz2",
        "spam-2.1.tgz",
        "spam-2.2.egg",
        "spam-2.3.TAR.GZ",
        "spam-2.4.whl",
        "spam-2.5.tar",
        "spam.zip",
    ),
    *("spam_eggs-1.0.tar.gz", "spam-eggs-1.0.tar.gz", "spam-2.6-1-py3-none-any.whl", "spam-2.7-x-py3-none-any.whl"),
    *("spam-3.0 copy.tar.gz", " spam-3.1.tar.gz", "spam-3.2.tar.gz.asc", "spam-3.3+local.1-py3-none-any.whl"),
    *("spam-not.a.version.tar.gz", "spam-3.4rc1.tar.gz", "eggs-9.0.tar.gz", "spam-4.0\u00fc.tar.gz", "notes.txt"),
)


def pips(name: str, *, indexes: list[str], links: list[str]) -> list[tuple[str, str]]:
    """(file name, address) of what pip would choose from, the best last."""
    scope = SearchScope.create(find_links=links, index_urls=indexes, no_index=False)
    with PipSession(retries=0) as session:
        collector = LinkCollector(session=session, search_scope=scope)
        finder = PackageFinder.create(collector, SelectionPreferences(allow_yanked=True))
        found = finder.find_all_candidates(name)
    return [(each.link.filename, each.link.url_without_fragment) for each in found]


def ours(client: IndexClient, name: str) -> list[tuple[str, str]]:
    (answer,) = client.fetch([Want(name)])
    if answer.outcome == "not-found":
        return []
    assert answer.outcome == "found", answer.reason
    # pip quotes more than has to be: "+" too.
    return [(file.filename, _ensure_quoted_url(file.url)) for file in kernel.files(answer.files, None, File)]


def same(client: IndexClient, name: str, *, indexes: list[str], links: list[str]) -> list[str]:
    """The names both find, once they are found to agree."""
    found = ours(client, name)
    assert sorted(found) == sorted(pips(name, indexes=indexes, links=links))
    return sorted(filename for filename, _ in found)


@pytest.fixture
def heap(tmp_path: Path) -> Path:
    """A directory of archives, of what looks like it, and of pages."""
    folder = tmp_path / "my wheels"
    folder.mkdir()
    for name in NAMES:
        (folder / name).touch()
    (folder / "spam-5.0.tar.gz").mkdir()
    (folder / "below").mkdir()
    (folder / "below" / "spam-6.0.tar.gz").touch()
    (folder / "spam-7.0.tar.gz").symlink_to("nowhere")
    (folder / "spam-7.1.tar.gz").symlink_to("below/spam-6.0.tar.gz")
    (folder / "links.html").write_text('<a href="below/spam-6.0.tar.gz">s</a><a href="eggs-9.1.zip">e</a>')
    (folder / "MORE.HTM").write_text('<base href="https://a.example.com/f/"><a href="spam-8.0.tar.gz">s</a>')
    (folder / "empty.html").touch()
    (folder / "notes.txt").write_text('<a href="spam-8.1.tar.gz">s</a>')
    return folder


@pytest.mark.parametrize("form", ["path", "url", "relative", "both"])
def test_a_directory_is_pips(heap: Path, connect: Connect, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    monkeypatch.chdir(heap.parent)
    url = "file://" + str(heap).replace(" ", "%20")
    places = {"path": [str(heap)], "url": [url], "relative": [heap.name], "both": [str(heap), url]}[form]
    client = connect(packer=pack_pages, no_index=True, find_links=tuple(places))
    found = same(client, "spam", indexes=[], links=places) if form != "both" else [n for n, _ in ours(client, "spam")]
    assert len(found) >= 10
    assert len(set(found)) == len(found)
    if form != "both":
        assert same(client, "eggs", indexes=[], links=places) == ["eggs-9.0.tar.gz", "eggs-9.1.zip"]
        assert same(client, "absent", indexes=[], links=places) == []


@pytest.mark.parametrize(
    "place", ["spam-1.0.tar.gz", "spam-1.0-py3-none-any.whl", "links.html", "MORE.HTM", "notes.txt", "spam-2.1.tgz"]
)
@pytest.mark.parametrize("as_url", [True, False])
def test_a_single_file_is_pips(heap: Path, connect: Connect, place: str, as_url: bool) -> None:
    path = str(heap / place)
    places = ["file://" + path.replace(" ", "%20") if as_url else path]
    client = connect(packer=pack_pages, no_index=True, find_links=tuple(places))
    same(client, "spam", indexes=[], links=places)


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_file_index_is_pips(tmp_path: Path, connect: Connect, slash: str) -> None:
    """Only what an index.html names counts there, not what lies beside it."""
    simple = tmp_path / "my simple"
    for name, page in {
        "spam": '<a href="../../files/spam-1.0.tar.gz#sha256=0">s</a><a href="spam-1.1.tar.gz">s</a>',
        "spam-eggs": '<base href="../files/"><a href="spam_eggs-1.0.tar.gz">s</a>',
        "empty": "",
    }.items():
        (simple / name).mkdir(parents=True)
        (simple / name / "index.html").write_text(page)
    (simple / "bare").mkdir()
    (simple / "bare" / "bare-1.0.tar.gz").touch()
    (simple / "Capital").mkdir()
    (simple / "Capital" / "index.html").write_text('<a href="capital-1.0.tar.gz">c</a>')
    (simple / "flat").write_text('<a href="flat-1.0.tar.gz">f</a>')
    index = "file://" + str(simple).replace(" ", "%20") + slash
    client = connect(index, packer=pack_pages)
    found = {
        name: same(client, name, indexes=[index], links=[]) for name in ("spam", "empty", "bare", "capital", "absent")
    }
    assert found == {
        "spam": ["spam-1.0.tar.gz", "spam-1.1.tar.gz"],
        "empty": [],
        "bare": [],
        "capital": [],
        "absent": [],
    }


def test_pages_elsewhere_are_pips(server: ScriptedServer, connect: Connect) -> None:
    body = "".join(f'<a href="{name}">x</a>' for name in NAMES).encode()
    server.routes["/links"] = Reply(302, headers={"Location": "/moved/links/"})
    server.routes["/moved/links/"] = Reply(body=body, headers=HTML)
    server.routes["/simple/spam/"] = Reply(body=b'<a href="spam-9.0.tar.gz">s</a>', headers=HTML)
    links, index = f"{server.url}/links", f"{server.url}/simple"
    client = connect(index, packer=pack_pages, find_links=(links,))
    assert len(same(client, "spam", indexes=[index], links=[links])) >= 10


@pytest.mark.parametrize("first", ["directory", "index"])
def test_of_the_same_version_the_one_beside_us_is_taken(
    heap: Path, server: ScriptedServer, connect: Connect, first: str
) -> None:
    """As pip sorts them: find-links before indexes, whatever their order in the configuration."""
    server.routes["/simple/spam/"] = Reply(body=b'<a href="spam-1.0-py3-none-any.whl">s</a>', headers=HTML)
    (heap / "MORE.HTM").unlink()
    index = f"{server.url}/simple"
    client = connect(index, packer=pack_pages, find_links=(str(heap),))
    files = [file for file in ours(client, "spam") if file[0] == "spam-1.0-py3-none-any.whl"]
    theirs = [each for each in pips("spam", indexes=[index], links=[str(heap)]) if each[0] == files[0][0]]
    assert files == theirs
    assert files[0][1].startswith("file:")
    assert os.path.basename(files[1][1]) == files[0][0]
