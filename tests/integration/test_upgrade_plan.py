"""outdated --upgrade-plan: a joint upgrade of one environment, checked by pip."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import Command
from tests.support.site import install, make_venv
from tests.support.wheels import add_wheel


@pytest.fixture
def links(tmp_path: Path) -> Path:
    """app 2 needs lib 2, but what tool needs holds lib below 3; app 3 needs lib 3 and is therefore out of reach."""
    folder = tmp_path / "links"
    folder.mkdir()
    for version, requires in {"1.0": ["lib>=1"], "2.0": ["lib>=2", "fresh"], "3.0": ["lib>=3"]}.items():
        add_wheel(folder, "app", version, requires)
    for version, requires in {"1.0": ["lib<3"], "1.1": ["lib<3"]}.items():
        add_wheel(folder, "tool", version, requires)
    for version in ("1.0", "2.0", "2.5", "3.0"):
        add_wheel(folder, "lib", version)
    add_wheel(folder, "fresh", "1.0")
    add_wheel(folder, "current", "1.0")
    return folder


@pytest.fixture
def site(tmp_path: Path) -> Path:
    site = make_venv(tmp_path / "env")
    install(site, "app", "1.0", "Requires-Dist: lib>=1")
    install(site, "tool", "1.0", "Requires-Dist: lib<3")
    install(site, "lib", "1.0")
    install(site, "current", "1.0")
    return site


def _plan(links: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    command = Command(links.parent)
    return command.run(
        "outdated", "--upgrade-plan", str(links.parent / "env"), "--no-index", "-f", str(links), *arguments, check=code
    )


def test_the_newest_that_fit_together(links: Path, site: Path) -> None:
    lines = [line.split() for line in _plan(links).stdout.splitlines()]
    assert lines[0] == ["Package", "Installed", "Planned", "Change"]
    assert lines[2:] == [
        ["app", "1.0", "2.0", "newer"],
        ["fresh", "-", "1.0", "new"],
        ["lib", "1.0", "2.5", "newer"],
        ["tool", "1.0", "1.1", "newer"],
    ]


def test_pip_finds_the_plan_satisfiable(links: Path, site: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.txt"
    _plan(links, "-q", "-o", str(plan))
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--no-index", "-f", str(links),
         "-r", str(plan), "--report", "-", "-q"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    got = {item["metadata"]["name"]: item["metadata"]["version"] for item in json.loads(done.stdout)["install"]}
    assert got == {"app": "2.0", "current": "1.0", "fresh": "1.0", "lib": "2.5", "tool": "1.1"}


def test_constraints_and_what_no_index_knows(links: Path, site: Path, tmp_path: Path) -> None:
    install(site, "private", "4.0", "Requires-Dist: lib<2.5")
    install(site, "edited", "1.0", **{"direct_url.json": '{"url": "file:///src", "dir_info": {"editable": true}}'})
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("tool<1.1\n")
    document = json.loads(_plan(links, "-c", str(constraints), "--format", "json").stdout)
    rows = {row["name"]: (row["planned"], row["change"]) for row in document["packages"]}
    assert rows["lib"] == ("2.0", "newer")
    assert rows["tool"] == ("1.0", "same")
    assert rows["private"] == ("4.0", "kept")
    assert rows["edited"] == ("1.0", "kept")


def test_an_environment_that_does_not_fit_together_may_need_something_older(links: Path, site: Path) -> None:
    install(site, "strict", "1.0", "Requires-Dist: current<1", **{"direct_url.json": '{"url": "file:///s.whl"}'})
    add_wheel(links, "current", "0.9")
    lines = [line.split() for line in _plan(links).stdout.splitlines()]
    assert ["current", "1.0", "0.9", "older"] in lines


def test_no_plan_is_explained(links: Path, site: Path, tmp_path: Path) -> None:
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("lib>3\n")
    done = _plan(links, "-c", str(constraints), code=1)
    assert done.stdout == ""
    assert "lib" in done.stderr


def test_one_environment_alone(links: Path, site: Path, tmp_path: Path) -> None:
    make_venv(tmp_path / "other")
    assert "2 environments were found" in _plan(links, str(tmp_path / "other"), code=2).stderr
    assert "no format html" in _plan(links, "--format", "html", code=2).stderr


@pytest.mark.parametrize(
    "option",
    [
        ("--by", "project"),
        ("--by", "environment"),
        ("--fail-on", "any"),
        ("--only", "a*"),
        ("--exclude", "a*"),
        ("--severity", "major"),
        ("--direct",),
        ("--since", "auto"),
        ("--policy", "x.toml"),
        ("--workers", "2"),
        ("--cluster", "tcp://127.0.0.1:1"),
        ("--host-timeout", "1"),
    ],
)
def test_options_without_a_meaning_are_refused(links: Path, site: Path, option: tuple[str, ...]) -> None:
    for format_ in ("columns", "json", "requirements"):
        done = _plan(links, *option, "--format", format_, code=2)
        assert (done.stdout, done.stderr) == (
            "",
            f"envcensus: --upgrade-plan plans for one environment as a whole: {option[0]} has no place there; "
            f"leave out {option[0]}\n",
        )
