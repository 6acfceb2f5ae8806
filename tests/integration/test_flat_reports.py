"""What is too much to keep is reported in the same words: every format, every view, with and without a spill."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from benchmarks.index_server import Universe, running
from envcensus.analysis.rules import parse_rules
from envcensus.analysis.selection import RowFilter
from envcensus.analysis.views import by_owner, by_project
from envcensus.cache.store import open_store
from envcensus.index.config import IndexConfig, IndexOptions, load_index_config
from envcensus.inventory import DiscoverOptions
from envcensus.model.census import Census, Metrics, Surveys
from envcensus.model.policy import Ignore, Policy
from envcensus.pipelines import check as check_module
from envcensus.pipelines import held
from envcensus.pipelines import installed as installed_module
from envcensus.pipelines import outdated as outdated_module
from envcensus.pipelines.ask import AskOptions
from envcensus.pipelines.check import check
from envcensus.pipelines.earlier_file import compare_with_file
from envcensus.pipelines.history import compare_with_last
from envcensus.pipelines.installed import Selection, installed, select
from envcensus.pipelines.outdated import OutdatedOptions, outdated
from envcensus.report.formats import FORMATS, render
from envcensus.report.options import RenderOptions
from tests.support.command import Command
from tests.support.site import install

PROJECTS = {"app": ["1.0", "1.1", "2.0"], "lib": ["1.0", "1.5", "2.0"], "tool": ["3.0"]}
Both = Callable[..., tuple[Census, Census]]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("roots")
    for number in range(12):
        top = root / f"env{number:02}"
        site = top / "lib" / "python3.11" / "site-packages"
        site.mkdir(parents=True)
        (top / "pyvenv.cfg").write_text("version = 3.11.7\n")
        install(site, "app", "1.0", "Requires-Dist: lib<2", "Requires-Dist: gone")
        install(site, "lib", "1.0" if number % 2 else "1.5")
        install(site, "tool", "3.0")
        if number == 7:
            install(site, "unknown", "1")
            install(site, "broken", "1")  # its look-up fails
    return root


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> tuple[IndexConfig, str]:
    """An index that is gone, and the cache that knows what it said of all but "broken"."""
    home = tmp_path_factory.mktemp("home")
    site = home / "some" / "lib" / "python3.11" / "site-packages"
    site.mkdir(parents=True)
    (home / "some" / "pyvenv.cfg").write_text("version = 3.11.7\n")
    for name in (*PROJECTS, "unknown"):
        install(site, name, "1.0")
    with running(Universe(PROJECTS)) as index:
        Command(home, index.url).run("outdated", str(home / "some"), "--cache-dir", str(home / "cache"))
        return load_index_config(IndexOptions(index_url=index.url), {}, home=str(home)), str(home / "cache")


@pytest.fixture
def both(root: Path, warm: tuple[IndexConfig, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Both]:
    """A run in which everything is kept, and one in which almost nothing is."""
    config, cache = warm
    now = time.time()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(held, "_BLOCK", 1)
    with open_store(cache) as store:
        for module in (outdated_module, check_module, installed_module):
            monkeypatch.setattr(module, "time", SimpleNamespace(time=lambda: now, monotonic=time.monotonic))

        def taken(command: str, room: int, options: OutdatedOptions) -> Census:
            monkeypatch.setattr(held, "AS_IT_IS", room)
            roots, discovery = [str(root)], DiscoverOptions()
            if command == "outdated":
                asking = AskOptions(offline=True)
                census = outdated(roots, discovery, config, store, asking=asking, options=options)
            else:
                census = (check if command == "check" else installed)(roots, discovery, store)
            return msgspec.structs.replace(census, metrics=Metrics())

        def run(command: str, **options: Any) -> tuple[Census, Census]:
            small, large = (taken(command, room, OutdatedOptions(**options)) for room in (1000, 3))
            assert isinstance(small.surveys, tuple)
            assert isinstance(large.surveys, Surveys)
            assert len(small.surveys) > 1
            return small, large

        yield run


@pytest.mark.parametrize("command", ["outdated", "check", "list"])
def test_every_format_says_the_same(both: Both, command: str) -> None:
    small, large = both(command)
    options = RenderOptions(command=command, width=70)
    for name in FORMATS:
        text = "".join(render(name, small, options))
        assert "".join(render(name, large, options)) == text, name
        assert "env00" in text or (command != "outdated" and name in {"requirements", "sarif"}), name
    assert small.complete == large.complete == (command != "outdated")


@pytest.mark.parametrize(
    "options",
    [
        {"rows": RowFilter(only=("app",))},
        {"rows": RowFilter(only=("unknown", "app"), exclude=("lib",))},
        {"rows": RowFilter(direct=True, severity="major")},
        {"policy": Policy(ignore=(Ignore(project="lib", reason="later", environment="*/env03"),))},
        {"wanted": False, "pre": True},
    ],
)
def test_whatever_decides_about_the_rows_decides_the_same(both: Both, options: dict[str, Any]) -> None:
    small, large = both("outdated", **options)
    assert list(large.surveys) == list(small.surveys)
    assert small.complete == large.complete
    for rule in ("any", "upgradable", "severity>=major", "yanked", "not-found", "problem"):
        assert parse_rules([rule]).broken(large.surveys) == parse_rules([rule]).broken(small.surveys)


def test_views_selections_and_changes_are_the_same(both: Both, root: Path, tmp_path: Path) -> None:
    small, large = both("outdated")
    assert by_project(large.surveys) == by_project(small.surveys)
    assert by_owner(large.surveys) == by_owner(small.surveys)
    for chosen in (Selection(state="outdated"), Selection(not_required=True, exclude=("tool",))):
        assert list(select(large, chosen).surveys) == list(select(small, chosen).surveys)
    report = tmp_path / "report.json"
    report.write_text("".join(render("json", small)).replace('"1.5"', '"1.4"'))
    one, other = (compare_with_file(census, str(report)).changes for census in (small, large))
    assert one is not None
    assert one == other
    assert one.new
    assert compare_with_last(small, [str(root)])[1] == compare_with_last(large, [str(root)])[1][:1]
