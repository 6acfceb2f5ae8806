"""When a stored listing is used, and when it is not."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import envcensus.inventory.cache
from envcensus._kernels.scan import unchanged, watch
from envcensus.inventory import discover, scan
from envcensus.inventory.cache import RACY_NS
from envcensus.model.listing import Listing


class Store(dict[bytes, bytes]):
    """A store that counts."""

    stored = 0

    def put_many(self, items: list[tuple[bytes, bytes]]) -> None:
        self.stored += len(items)
        self.update(items)


@pytest.fixture(autouse=True)
def _settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time stamps of this moment count as old enough, but for the test about them."""
    monkeypatch.setattr(envcensus.inventory.cache, "RACY_NS", -1_000_000_000)


def listing(path: Path, store: Store, **options: Any) -> Listing:
    (result,) = scan(discover([str(path)]), cache=store, **options)
    assert isinstance(result, Listing)
    return result


def test_an_unchanged_environment_is_not_read_again(make_venv: Any) -> None:
    venv = make_venv()
    venv.add("My_Pkg", "1.0", direct_url__json='{"url": "file:///x", "dir_info": {"editable": true}}')
    venv.add("bad", "not-a-version")
    store = Store()
    first = listing(venv.path, store)
    second = listing(venv.path, store)
    assert (first.cached, second.cached) == (False, True)
    assert (second.distributions, second.problems) == (first.distributions, first.problems)


def test_it_costs_a_few_stats(make_venv: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    venv = make_venv()
    for number in range(50):
        venv.add(f"p{number}", "1.0")
    store = Store()
    listing(venv.path, store)
    (environment,) = discover([str(venv.path)])
    calls = []
    original = os.stat

    def count(path: str, *arguments: Any, **options: Any) -> os.stat_result:
        calls.append(path)
        return original(path, *arguments, **options)

    monkeypatch.setattr(os, "stat", count)
    monkeypatch.setattr("envcensus.inventory.reading.Directory", None)
    (result,) = scan([environment], cache=store)
    assert isinstance(result, Listing)
    assert result.cached
    assert len(calls) <= 3


@pytest.mark.parametrize(
    "change",
    [
        lambda venv: venv.add("new", "1.0"),
        lambda venv: (venv.site / "pkg-1.0.dist-info").rename(venv.site / "pkg-2.0.dist-info"),
        lambda venv: (venv.site / "x.pth").write_text("/other\n"),
        lambda venv: (venv.site / "proj.egg-link").write_text("/elsewhere\n"),
        lambda venv: (venv.path / "proj" / "proj.egg-info" / "PKG-INFO").write_text("Name: proj\nVersion: 7\n"),
        lambda venv: os.rename(venv.path / "proj" / "proj.egg-info", venv.path / "proj" / "gone"),
        lambda venv: os.mkdir(venv.path / "later"),
    ],
    ids=["install", "rename", "pth", "egg-link", "project", "project gone", "path comes"],
)
def test_a_changed_environment_is_read_again(make_venv: Any, change: Callable[[Any], object]) -> None:
    venv = make_venv()
    venv.add("pkg", "1.0")
    (venv.path / "proj" / "proj.egg-info").mkdir(parents=True)
    (venv.path / "proj" / "proj.egg-info" / "PKG-INFO").write_text("Name: proj\nVersion: 1\n")
    (venv.site / "proj.egg-link").write_text(f"{venv.path}/proj\n")
    (venv.site / "x.pth").write_text(f"{venv.path}/later\n")
    store = Store()
    listing(venv.path, store)
    assert listing(venv.path, store).cached
    change(venv)
    result = listing(venv.path, store)
    assert not result.cached
    assert result.distributions == listing(venv.path, Store()).distributions


def test_levels_do_not_mix(make_venv: Any) -> None:
    venv = make_venv()
    venv.add("pkg", "1.0", metadata="Name: pkg\nVersion: 1.0\nRequires-Dist: six\n")
    store = Store()
    listing(venv.path, store)
    full = listing(venv.path, store, requires=True)
    assert not full.cached
    assert full.distributions[0].requires == ("six",)
    again = listing(venv.path, store, requires=True)
    assert again.cached
    assert again.distributions == full.distributions


def test_rescan_ignores_what_is_stored_and_stores_anew(make_venv: Any) -> None:
    venv = make_venv()
    folder = venv.add("pkg", "1.0")
    store = Store()
    listing(venv.path, store)
    (folder / "METADATA").write_text("Name: PKG\nVersion: 1.0\n")  # in place: the documented blind spot
    assert listing(venv.path, store).distributions[0].name == "pkg"
    assert listing(venv.path, store, rescan=True).distributions[0].name == "PKG"
    assert listing(venv.path, store).distributions[0].name == "PKG"


def test_young_time_stamps_prove_nothing(make_venv: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envcensus.inventory.cache, "RACY_NS", RACY_NS)
    venv = make_venv()
    venv.add("pkg", "1.0")
    store = Store()
    assert not listing(venv.path, store).cached
    assert not listing(venv.path, store).cached
    assert not store


def test_incomplete_listings_are_not_stored(make_venv: Any) -> None:
    venv = make_venv()
    (environment,) = discover([str(venv.path)])
    venv.site.rmdir()
    store = Store()
    (result,) = scan([environment], cache=store)
    assert isinstance(result, Listing)
    assert result.skipped
    assert not store


@pytest.mark.parametrize("damage", [b"", b"junk", b"\x97", None])
def test_damaged_entries_are_ignored(make_venv: Any, damage: bytes | None) -> None:
    venv = make_venv()
    venv.add("pkg", "1.0")
    store = Store()
    expected = listing(venv.path, store)
    (key,) = store
    store[key] = store[key][:-10] if damage is None else damage
    result = listing(venv.path, store)
    assert not result.cached
    assert result.distributions == expected.distributions
    assert listing(venv.path, store).cached


def test_undecodable_names_are_read_each_time(make_venv: Any) -> None:
    venv = make_venv()
    os.mkdir(os.fsencode(venv.site) + b"/caf\xe9-1.0.dist-info")
    store = Store()
    listing(venv.path, store)
    assert not listing(venv.path, store).cached


def test_keys_are_short_and_distinct(make_venv: Any) -> None:
    store = Store()
    for end in ("a", "b"):
        venv = make_venv("/".join(["x" * 200] * 4 + [end]))
        venv.add(end, "1.0")
        listing(venv.path, store)
    assert len(store) == 2
    assert max(map(len, store)) < 500


def test_many_entries_are_handed_over_in_batches(make_venv: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envcensus.inventory.cache, "_BATCH", 4)
    paths = [str(make_venv(f"env{number}").path) for number in range(10)]
    store = Store()
    sizes = []
    for _ in scan(discover(paths), cache=store):
        sizes.append(store.stored)
    assert sizes[-1] == 8
    assert store.stored == 10


def test_few_changed_environments_among_many(make_venv: Any) -> None:
    venvs = [make_venv(f"env{number:02}") for number in range(60)]
    for venv in venvs:
        venv.add("pkg", "1.0")
    found = list(discover([str(venvs[0].path.parent)]))
    store = Store()
    assert not any(result.cached for result in scan(found, cache=store, threads=2) if isinstance(result, Listing))
    for number in (0, 30, 31, 59):
        venvs[number].add("new", "2.0")
    results = [result for result in scan(found, cache=store, threads=2) if isinstance(result, Listing)]
    assert [len(result.distributions) for result in results] == [2 if n in (0, 30, 31, 59) else 1 for n in range(60)]
    assert [n for n, result in enumerate(results) if not result.cached] == [0, 30, 31, 59]


@pytest.mark.parametrize(
    "cure",
    [
        lambda folder: (folder / "METADATA").write_text("Name: pkg\nVersion: 1.0\n"),
        lambda folder: (folder / "PKG-INFO").write_text("Name: pkg\nVersion: 1.0\n"),
    ],
)
@pytest.mark.parametrize("flawed", [None, "", "Name: other\nVersion: 1.0\n", "Name: pkg\nVersion: 2.0\n"])
def test_a_flaw_that_is_put_right_in_place_is_seen(
    make_venv: Any, cure: Callable[[Path], object], flawed: str | None
) -> None:
    venv = make_venv()
    folder = venv.add("pkg", "1.0", metadata=flawed)
    if flawed is None:
        (folder / "METADATA").unlink()
    store = Store()
    assert listing(venv.path, store).problems
    assert listing(venv.path, store).cached
    cure(folder)
    assert not listing(venv.path, store).cached


def test_a_great_many_flaws_are_read_each_time(make_venv: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envcensus.inventory.cache, "_FLAWS", 3)
    venv = make_venv()
    for number in range(4):
        venv.add(f"p{number}", "1.0", metadata="")
    store = Store()
    listing(venv.path, store)
    assert not store


def test_requirements_of_a_developed_project_that_change_are_seen(make_venv: Any) -> None:
    venv = make_venv()
    info = venv.path / "proj" / "proj.egg-info"
    info.mkdir(parents=True)
    (info / "PKG-INFO").write_text("Name: proj\nVersion: 1\n")
    (info / "requires.txt").write_text("six\n")
    (venv.site / "proj.egg-link").write_text(f"{venv.path}/proj\n")
    store = Store()
    assert listing(venv.path, store, requires=True).distributions[0].requires == ("six",)
    (info / "requires.txt").write_text("attrs\n")
    assert listing(venv.path, store, requires=True).distributions[0].requires == ("attrs",)


def test_a_zipped_egg_that_is_replaced_is_seen(make_venv: Any) -> None:
    venv = make_venv()
    (venv.site / "easy-install.pth").write_text("./x.egg\n")
    store = Store()
    for version in ("1.0", "2.0"):
        with zipfile.ZipFile(venv.site.parent / "new", "w") as egg:
            egg.writestr("EGG-INFO/PKG-INFO", f"Name: x\nVersion: {version}\n")
        (venv.site.parent / "new").rename(venv.site / "x.egg")
        assert [d.version for d in listing(venv.path, store).distributions] == [version]
        assert listing(venv.path, store).cached


def test_watching_is_what_stat_says(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "broken").symlink_to("nowhere")
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")
    os.mkdir(odd)
    for path in (str(tmp_path), str(tmp_path / "file"), str(tmp_path / "link"), odd):
        status = os.stat(path)
        size = status.st_size if path.endswith(("file", "link")) else 0
        assert watch(path) == (path, status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns, size)
    for path in (str(tmp_path / "broken"), "", f"{tmp_path}/file\0", "\ud800", f"{tmp_path}/file/below"):
        assert watch(path) == (path, 0, 0, 0, 0, 0)
    known = watch(str(tmp_path / "file"))
    assert unchanged((known, watch("/nonexistent")))
    assert not unchanged((known, (*known[:5], 5)))
    assert unchanged(())
