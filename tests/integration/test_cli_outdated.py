"""The main job, end to end: real processes, a real index on this machine, pip as the oracle."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.index_server import Running, Universe, running
from tests.support.command import Command, pips_environ
from tests.support.site import install, make_venv

PROJECTS = {
    "alpha": ["1.0", "1.5", "2.0", "2.1rc1"],
    "beta": ["0.1", "0.2"],
    "gamma-ray": ["1.0.0", "1.0.1", "1.1.0"],
    "only-pre": ["1.0a1", "1.0a2"],
}


@pytest.fixture
def index() -> Iterator[Running]:
    with running(Universe(PROJECTS)) as server:
        yield server


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three environments; the projects of `PROJECTS`, and one that no index knows."""
    root = tmp_path_factory.mktemp("roots")
    for number in range(3):
        site = make_venv(root / f"env{number}")
        install(site, "alpha", "1.0")
        install(site, "Gamma.Ray", "1.0.0")
        install(site, "beta", "0.2")
        if number:
            install(site, "only-pre", "1.0a1")
            install(site, "nowhere", "3")
    return root


@pytest.fixture
def command(tmp_path: Path, index: Running) -> Command:
    return Command(tmp_path, index.url)


def rows(document: Any) -> dict[str, dict[str, str]]:
    """Per environment: outdated name → latest version."""
    return {
        Path(environment["path"]).name: {
            package["name"]: package["latest_version"]
            for package in environment["packages"]
            if package["state"] == "outdated"
        }
        for environment in document["environments"]
    }


def test_every_project_is_asked_for_once_and_then_not_again(command: Command, roots: Path, index: Running) -> None:
    first = command.json("outdated", str(roots))
    asked = index.stats()
    assert asked["requests"] == 5  # alpha, beta, gamma-ray, only-pre, nowhere: not once per environment
    second = command.json("outdated", str(roots))
    assert index.stats()["requests"] == asked["requests"]
    assert rows(first) == rows(second)
    assert rows(first)["env0"] == {"alpha": "2.0", "Gamma.Ray": "1.1.0"}
    assert rows(first)["env1"] == {"alpha": "2.0", "Gamma.Ray": "1.1.0"}
    assert rows(command.json("outdated", str(roots), "--pre"))["env1"]["alpha"] == "2.1rc1"


@pytest.mark.parametrize("pre", [[], ["--pre"]])
@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("format_", ["columns", "json"])
def test_one_environment_is_pip_list_outdated(
    command: Command, roots: Path, index: Running, tmp_path: Path, number: int, format_: str, pre: list[str]
) -> None:
    environment = roots / f"env{number}"
    ours = command.run("list", "--outdated", str(environment), "--format", format_, *pre).stdout
    theirs = pip(tmp_path, environment, "list", "--outdated", "-i", index.url, "--format", format_, *pre)
    assert ours == theirs


@pytest.mark.parametrize("format_", ["columns", "json", "freeze"])
@pytest.mark.parametrize("options", [[], ["-v"], ["--exclude", "alpha"]])
def test_one_environment_is_pip_list(
    command: Command, roots: Path, tmp_path: Path, format_: str, options: list[str]
) -> None:
    environment = roots / "env1"
    ours = command.run("list", str(environment), "--format", format_, *options).stdout
    assert ours == pip(tmp_path, environment, "list", "--format", format_, *options)
    if format_ == "json":
        assert json.loads(ours)


def pip(home: Path, environment: Path, *arguments: str) -> str:
    """What the real pip prints for `environment`."""
    argv = [sys.executable, "-m", "pip", "--python", str(environment / "bin" / "python"), *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=True, env=pips_environ(home)).stdout


def test_a_report_for_people(command: Command, roots: Path) -> None:
    text = command.run("outdated", str(roots)).stdout
    assert str(roots / "env0") in text
    assert "Gamma.Ray" in text
    assert "nowhere" not in text.split("env0")[1].split("env1")[0]


def test_two_runs_at_once_share_the_cache(command: Command, roots: Path) -> None:
    argv = command.argv("outdated", str(roots), "--format", "json")
    runs = [
        subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=command.environ) for _ in range(2)
    ]
    outputs = [run.communicate(timeout=60) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], outputs
    assert rows(json.loads(outputs[0][0])) == rows(json.loads(outputs[1][0]))


def test_workers_give_the_same_answers(command: Command, roots: Path, index: Running) -> None:
    alone = command.json("outdated", str(roots), "--no-cache")
    index.reset()
    shared = command.json("outdated", str(roots), "--no-cache", "--workers", "2")
    assert rows(shared) == rows(alone)
    assert index.stats()["requests"] == 5


def test_an_unreachable_index_never_reads_as_up_to_date(tmp_path: Path, roots: Path) -> None:
    with socket.socket() as taken:  # bound and not listening: refused at once
        taken.bind(("127.0.0.1", 0))
        dead = Command(tmp_path, f"http://127.0.0.1:{taken.getsockname()[1]}/simple/")
        done = dead.run("outdated", str(roots), "--retries", "0", check=4)
        assert "0 up to date" in done.stdout
        assert "13 packages could not be looked up" in done.stdout
        states = {
            package["state"]
            for environment in dead.json("outdated", str(roots), "--retries", "0", check=4)["environments"]
            for package in environment["packages"]
        }
        assert states == {"failed"}
        dead.run("outdated", str(roots), "--retries", "0", "--allow-incomplete", check=0)
        assert dead.json("list", "--outdated", str(roots / "env0"), "--retries", "0", check=4) == []


def test_offline_answers_from_the_cache_alone(command: Command, roots: Path, index: Running) -> None:
    cold = command.run("outdated", str(roots), "--offline", check=4)
    assert "--offline" in cold.stdout
    known = command.json("outdated", str(roots))
    index.reset()
    assert rows(command.json("outdated", str(roots), "--offline")) == rows(known)
    assert index.stats()["requests"] == 0


def test_refresh_revalidates_and_no_cache_keeps_nothing(command: Command, roots: Path, index: Running) -> None:
    command.run("outdated", str(roots))
    index.reset()
    command.run("outdated", str(roots), "--refresh")
    assert index.stats()["status"]["304"] == 4
    index.reset()
    command.run("outdated", str(roots), "--no-cache")
    command.run("outdated", str(roots), "--no-cache")
    assert index.stats()["status"]["200"] == 8


def test_output_files_are_written_beside_the_report(command: Command, roots: Path, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("report.json", "rows.csv", "node.prom")]
    options = [part for file in files for part in ("-o", str(file))]
    assert "alpha" in command.run("outdated", str(roots), *options).stdout
    assert all(file.stat().st_size for file in files)
    wrong = command.run("outdated", str(roots), "-o", str(tmp_path / "report.docx"), check=2)
    assert "report.docx" in wrong.stderr


def test_usage_errors_are_one_line_and_exit_code_2(command: Command, tmp_path: Path) -> None:
    for arguments in (["outdated", str(tmp_path / "absent")], ["list", str(tmp_path), "--format", "nonsense"]):
        done = command.run(*arguments, check=2)
        assert done.stderr.count("\n") == 1
        assert done.stdout == ""


def test_quiet_says_nothing_when_there_is_nothing_to_say(command: Command, tmp_path: Path) -> None:
    install(make_venv(tmp_path / "fine"), "beta", "0.2")
    assert command.run("outdated", "-q", str(tmp_path / "fine")).stdout == ""


def test_a_look_up_that_nobody_asked_for_is_not_made_and_does_not_count(command: Command, tmp_path: Path) -> None:
    site = make_venv(tmp_path / "one" / "env")
    first = install(site, "alpha", "1.0")
    command.run("outdated", str(tmp_path / "one"))  # the cache knows alpha, and not beta
    shutil.rmtree(first)
    needs = install(site, "alpha", "1.5", "Requires-Dist: beta")
    install(site, "beta", "0.1")
    root = str(tmp_path / "one")
    for options, code in {
        (): 4,
        ("--only", "alpha"): 0,
        ("--exclude", "b*"): 0,
        ("--only", "b*"): 4,
        ("--severity", "major"): 4,  # beta might be one
        ("--direct",): 0,  # alpha requires it
    }.items():
        document = command.json("outdated", root, "--offline", *options, check=code)
        assert document["summary"]["failed"] == (code == 4), options
    assert command.json("outdated", root, "--offline", "--only", "alpha")["metrics"]["projects"] == 1
    (needs / "METADATA").write_text("Metadata-Version: 2.1\nName: alpha\nVersion: 1.5\n\n")
    command.run("outdated", root, "--offline", "--direct", "--rescan", check=4)


def test_where_there_is_nothing_it_is_said_where_that_is(command: Command, tmp_path: Path) -> None:
    (tmp_path / "void").mkdir()
    for name in ("outdated", "check", "list"):
        done = command.run(name, str(tmp_path / "void"))
        assert done.stderr.count("\n") == 1
        assert f"no environments below {tmp_path}/void" in done.stderr
        assert "--system" in done.stderr
        assert command.run(name, str(tmp_path / "void"), "-q").stderr == ""
    done = command.run("outdated", str(tmp_path / "void"), str(tmp_path), "--exclude-dir", "*")
    assert "and 1 more" in done.stderr
