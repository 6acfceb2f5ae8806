"""Resolving over a directory of files: no cache, a cold one, a warm one, offline."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from packaging.tags import sys_tags

from envcensus.cache.store import NoStore, Store, open_store
from envcensus.errors import EnvcensusError
from envcensus.index.client import Fetched, IndexClient, Want
from envcensus.index.config import IndexConfig
from envcensus.model.census import Metrics
from envcensus.model.resolution import Conflict, Resolution, Wanted
from envcensus.pipelines.resolve import ResolveRequest, resolve
from tests.support.wheels import add_sdist, add_wheel, metadata_text
from tests.support.worlds import ENVIRONMENT, pins

TAGS = tuple(str(tag) for tag in sys_tags())


@pytest.fixture
def links(tmp_path: Path) -> Path:
    folder = tmp_path / "links"
    folder.mkdir()
    add_wheel(folder, "a", "1.0", ["b<2"])
    add_wheel(folder, "a", "2.0", ["b<2", "c ; extra == 'x'"], extra_lines=["Provides-Extra: x"])
    add_wheel(folder, "a", "3.0", tag="py3-none-win_amd64")
    add_wheel(folder, "b", "1.0")
    add_wheel(folder, "b", "2.0")
    add_sdist(folder, "c", "1.0", metadata_text("c", "1.0"))
    add_sdist(folder, "c", "2.0", metadata_text("c", "2.0").replace("2.2", "2.1"))
    return folder


def _request(*requirements: str, **more: Any) -> ResolveRequest:
    return ResolveRequest(
        requirements=tuple(Wanted(r) for r in requirements), environment=ENVIRONMENT, tags=TAGS, **more
    )


def _config(links: Path) -> IndexConfig:
    return IndexConfig(index_urls=(), find_links=(links.as_uri(),), no_index=True)


def test_cold_warm_and_offline(links: Path, tmp_path: Path) -> None:
    config, now = _config(links), time.time()
    with open_store(str(tmp_path / "cache")) as store:
        cold, _ = resolve(_request("a[x]"), config, store, now=now)
        metrics = Metrics()
        warm, _ = resolve(_request("a[x]"), config, store, now=now, metrics=metrics)
        offline, _ = resolve(_request("a[x]", offline=True), config, store, now=now + 1e6)
        unknown, _ = resolve(_request("zz", offline=True), config, store, now=now)
    assert pins(cold) == {"a": "2.0", "b": "1.0", "c": "1.0"}
    assert warm == cold == offline
    assert (metrics.requests, metrics.cache_hits) == (0, 7)
    assert isinstance(unknown, Conflict)
    assert [(row.where, row.reason) for row in unknown.skipped] == [
        ("zz", "not in the cache, and --offline asks no index")
    ]


def test_a_second_look_does_without_what_is_not_in_the_cache(tmp_path: Path) -> None:
    """What is not known of a version that would let others be newer is no reason to call the run partial."""
    links = tmp_path / "links"
    links.mkdir()
    for name, version, requires in [
        ("top", "1", ["a", "b", "c"]),
        *(("a", "1.1", []), ("a", "1.2", ["b<1.2", "c<1.2"])),
        *((name, version, []) for name in "bc" for version in ("1.1", "1.2")),
        *(("x", "1", ["z<2"]), ("x", "2", ["z<2", "y>1"]), ("y", "1", []), ("y", "2", ["z>1"])),  # a conflict
        *(("z", "1", []), ("z", "2", [])),
    ]:
        add_wheel(links, name, version, requires)
    config, now = _config(links), time.time()
    with open_store(str(tmp_path / "cache")) as store:
        asked, _ = resolve(_request("top", "x", "a"), config, store, now=now)
        offline, _ = resolve(_request("top", "x", offline=True), config, store, now=now)
        online, _ = resolve(_request("top", "x"), config, store, now=now)
        again, _ = resolve(_request("top", "x", offline=True), config, store, now=now)
    assert pins(offline) == pins(asked) == {"top": "1", "a": "1.2", "b": "1.1", "c": "1.1", "x": "1", "z": "1"}
    assert offline.skipped == ()
    assert pins(online) == {"top": "1", "a": "1.1", "b": "1.2", "c": "1.2", "x": "1", "z": "1"}
    assert again == online


def test_files_are_named_where_they_are_asked_for(links: Path) -> None:
    answer, _ = resolve(_request("a==2", files=True), _config(links), NoStore(""), now=time.time())
    assert isinstance(answer, Resolution)
    assert answer.pins[0].chosen == "a-2.0-py3-none-any.whl"
    assert [file.filename for file in answer.pins[0].files] == ["a-2.0-py3-none-any.whl"]


def test_only_binary_and_no_binary(links: Path) -> None:
    config, now = _config(links), time.time()
    none, _ = resolve(_request("c", only_binary=(":all:",)), config, NoStore(""), now=now)
    assert isinstance(none, Conflict)
    none, _ = resolve(_request("b", no_binary=("b",)), config, NoStore(""), now=now)
    assert isinstance(none, Conflict)
    assert "have no file for this target" in none.lines[0]


def test_a_direct_reference_to_a_file_and_to_a_directory(links: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(
        '[project]\nname = "P"\nversion = "5"\ndependencies = ["b>1"]\n'
        "optional-dependencies.e = [\"c; python_version > '3'\"]"
    )
    wheel = (links / "a-1.0-py3-none-any.whl").as_uri()
    config, now = _config(links), time.time()
    answer, _ = resolve(_request(f"a @ {wheel}"), config, NoStore(""), now=now)
    assert pins(answer) == {"a": "1.0", "b": "1.0"}
    answer, _ = resolve(_request(f"p[e] @ {project.as_uri()}"), config, NoStore(""), now=now)
    assert pins(answer) == {"p": "5", "b": "2.0", "c": "1.0"}
    answer, _ = resolve(_request("p @ git+https://example.com/p"), config, NoStore(""), now=now)
    assert isinstance(answer, Conflict)
    assert "would have to be built" in answer.lines[0]


def test_what_arrives_is_kept_while_little_is_awaited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty projects side by side, and a chain below one of them: they are written while the chain is followed."""
    folder = tmp_path / "links"
    folder.mkdir()
    for number in range(60):
        add_wheel(folder, f"w{number}", "1.0", ["z1"] if number == 0 else [])
    for number in range(1, 6):
        add_wheel(folder, f"z{number}", "1.0", [f"z{number + 1}"] if number < 5 else [])
    written: list[tuple[str, bytes]] = []
    waiting: list[int] = []  # how much was written by each time that answers were waited for
    put_many, collect = Store.put_many, IndexClient.collect

    def noted(store: Store, bucket: str, items: Any) -> bool:
        written.extend((bucket, key) for key, _, _ in items)
        return put_many(store, bucket, items)

    def waited(client: IndexClient) -> Any:
        waiting.append(len(written))
        return collect(client)

    monkeypatch.setattr(Store, "put_many", noted)
    monkeypatch.setattr(IndexClient, "collect", waited)
    config, now, asked = _config(folder), time.time(), _request(*[f"w{number}" for number in range(60)])
    with open_store(str(tmp_path / "cache")) as store:
        cold, _ = resolve(asked, config, store, now=now)
        metrics = Metrics()
        warm, _ = resolve(asked, config, store, now=now, metrics=metrics)
    assert waiting[-1] >= 3 * 48, "pages, files and metadata"
    assert len(written) == len(set(written)) == 3 * 65
    assert warm == cold
    assert metrics.cache_misses == 0


def test_no_secret_of_a_reference_is_told(links: Path) -> None:
    url = "https://someone:secret@127.0.0.1:1/a-1.0-py3-none-any.whl"
    answer, _ = resolve(_request(f"a @ {url}"), _config(links), NoStore(""), now=time.time())
    assert isinstance(answer, Conflict)
    assert [row.where for row in answer.skipped] == ["a"]
    assert "secret" not in repr(answer)


class _Unreachable:
    """An index client whose every question fails."""

    def __init__(self, config: IndexConfig) -> None:
        self._names: list[str] = []

    def __enter__(self) -> _Unreachable:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, wants: list[Want]) -> None:
        self._names += [want.name for want in wants]

    def collect(self) -> list[Fetched]:
        names, self._names = self._names, []
        return [Fetched(name=name, outcome="failed", reason="nobody is there") for name in names]


def test_an_index_that_cannot_be_reached(links: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the cache there is no answer, and not because of the requirements; with it a dated one."""
    config, now = _config(links), time.time()
    with open_store(str(tmp_path / "cache")) as store:
        resolve(_request("b"), config, store, now=now)
        monkeypatch.setattr("envcensus.pipelines.resolve_online.IndexClient", _Unreachable)
        stale, _ = resolve(_request("b", max_age=60.0), config, store, now=now + 7200)
        failed, _ = resolve(_request("b"), config, NoStore(""), now=now)
    assert pins(stale) == {"b": "2.0"}
    assert isinstance(stale, Resolution)
    assert stale.warnings == ("b is taken as of 2 hours ago: nobody is there",)
    assert isinstance(failed, Conflict)
    assert [(row.where, row.reason) for row in failed.skipped] == [("b", "nobody is there")]
    assert "could not be looked at" in failed.lines[0]


def test_memory_is_bounded(links: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("envcensus.pipelines.resolve._LOOK", 0.0)
    with pytest.raises(EnvcensusError, match=r"no answer within 1 MiB of memory \(.*0 conflicts.*\); bound what"):
        resolve(_request("a", memory_limit=1 << 20), _config(links), NoStore(""), now=time.time())


def test_a_warm_run_imports_no_http_client(links: Path, tmp_path: Path) -> None:
    config, now = _config(links), time.time()
    with open_store(str(tmp_path / "cache")) as store:
        resolve(_request("a"), config, store, now=now)
    script = f"""
import sys
from envcensus.cache.store import open_store
from envcensus.index.config import IndexConfig
from envcensus.model.resolution import Wanted
from envcensus.pipelines.resolve import ResolveRequest, resolve
config = IndexConfig(index_urls=(), find_links=({links.as_uri()!r},), no_index=True)
request = ResolveRequest(requirements=(Wanted("a"),), environment={ENVIRONMENT!r}, tags={TAGS!r})
with open_store({str(tmp_path / "cache")!r}) as store:
    answer, _ = resolve(request, config, store, now={now!r})
assert len(answer.pins) == 2
print([name for name in ("aiohttp", "asyncio", "uvloop", "packaging", "zipfile") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
