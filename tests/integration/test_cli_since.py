"""--since, end to end: the last run, a report, a snapshot; and quiet when nothing changed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.index_server import Universe, running
from tests.support.command import Command
from tests.support.site import install, make_venv


@pytest.fixture
def site(tmp_path: Path) -> Path:
    site = make_venv(tmp_path / "env")
    install(site, "kept", "1.0")
    install(site, "moved", "1.0")
    return site


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    with running(Universe({name: ["1.0", "2.0"] for name in ("kept", "moved", "added")})) as index:
        yield Command(tmp_path, index.url)


def change(site: Path) -> None:
    """Upgrade one distribution, install another."""
    shutil.rmtree(site / "moved-1.0.dist-info")
    install(site, "moved", "2.0")
    install(site, "added", "1.0")


def changed(document: Any) -> tuple[list[str], list[str], int]:
    changes = document["changes"]
    names = [[row["name"] for row in changes[key]] for key in ("new", "resolved")]
    return names[0], names[1], changes["still_outdated"]


def test_since_the_last_run(command: Command, site: Path) -> None:
    root = str(site.parents[2])
    assert "changes" not in command.json("outdated", root, "--since", "auto")
    assert command.run("outdated", root, "--since", "auto", "--quiet").stdout == ""
    change(site)
    assert changed(command.json("outdated", root, "--since", "auto")) == (["added"], ["moved"], 1)


def test_runs_about_other_rows_are_not_compared(command: Command, site: Path, tmp_path: Path) -> None:
    root = str(site.parents[2])
    command.run("outdated", root, "--since", "auto", "-o", str(tmp_path / "all.json"))
    for choice in (["--only", "kept"], ["--exclude-dir", "env"], ["--min-age", "0"]):
        assert "changes" not in command.json("outdated", root, "--since", "auto", *choice)
    assert changed(command.json("outdated", root, "--since", "auto", "--only", "kept")) == ([], [], 1)
    assert changed(command.json("outdated", root, "--since", "auto")) == ([], [], 2)
    (tmp_path / "roots").write_text(root)
    assert changed(command.json("outdated", "--roots-from", str(tmp_path / "roots"), "--since", "auto")) == ([], [], 2)
    report = str(tmp_path / "all.json")
    assert changed(command.json("outdated", root, "--since", report, "--only", "kept")) == ([], [], 1)
    refused = command.run("outdated", root, "--since", "old.jsonl.gz", "--severity", "major", check=2)
    assert "a snapshot does not say" in refused.stderr


def test_since_a_report_and_since_a_snapshot(command: Command, site: Path, tmp_path: Path) -> None:
    root, report, snapshot = str(site.parents[2]), str(tmp_path / "old.json"), str(tmp_path / "old.jsonl.gz")
    command.run("outdated", root, "-o", report)
    command.run("scan", root, "-o", snapshot)
    change(site)
    for old in (report, snapshot):
        assert changed(command.json("outdated", root, "--since", old)) == (["added"], ["moved"], 1)
    assert "1 new, 1 resolved, 1 still outdated" in command.run("outdated", root, "--since", snapshot).stdout
    assert "cannot be read" in command.run("outdated", root, "--since", "absent.json", check=2).stderr
    (tmp_path / "cut.jsonl").write_text("{")
    assert "no usable snapshot" in command.run("outdated", root, "--since", str(tmp_path / "cut.jsonl"), check=2).stderr
