"""What a warm run may import: seen in `sys.modules` of the real command, not guessed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.index_server import Universe, running
from tests.support.command import Command
from tests.support.site import install, make_venv

CLIENT = {"aiohttp", "asyncio", "uvloop", "ssl", "multiprocessing", "concurrent.futures"}
# What libraries or we ourselves would import for what a warm run does not do.
IDLE = {
    *("argparse", "ast", "configparser", "copy", "dataclasses", "difflib", "email", "fnmatch", "gettext", "hashlib"),
    *("html", "http", "importlib.metadata", "importlib.util", "inspect", "ipaddress", "json", "locale", "logging"),
    *("pathlib", "platform", "queue", "random", "selectors", "shlex", "shutil", "socket", "subprocess", "tempfile"),
    *("textwrap", "threading", "tokenize", "tomllib", "traceback", "urllib.request", "xml"),
    *("isal", "jinja2", "msgspec.inspect", "packaging", "pip", "platformdirs", "rich", "typing_extensions"),
}
PROBE = """
import atexit, json, sys
before = {*sys.modules, "atexit", "json"}

from envcensus.__main__ import run

def say():
    loaded = {name for name, module in sys.modules.items() if type(module).__name__ != "_Deferred"}
    sys.stderr.write(json.dumps(sorted(loaded - before)))

json_modules = {name for name in sys.modules if name.partition(".")[0] == "json"}
before |= json_modules
for name in json_modules:
    del sys.modules[name]
atexit.register(say)
run()
"""


def loaded(command: Command, *arguments: str) -> set[str]:
    """The modules that a run imported beside those of the interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments],
        capture_output=True,
        text=True,
        env=command.environ,
        cwd=command.home,
        check=True,
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


def ours(modules: set[str]) -> set[str]:
    """Those of the package and its kernels."""
    return {name for name in modules if name.partition(".")[0] == "envcensus"}


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """A command that has seen everything once, and whose index is gone."""
    home = tmp_path_factory.mktemp("imports")
    install(make_venv(home / "roots" / "env"), "alpha", "1.0")
    (home / "empty").mkdir()
    (home / "pyproject.toml").write_text("[tool.other]\n")
    with running(Universe({"alpha": ["1.0", "2.0"]}), max_age=3600) as index:
        command = Command(home, index.url)
        (home / "alpha.in").write_text("alpha\n")
        for arguments in COMMANDS.values():
            loaded(command, *given(command, arguments))
        time.sleep(2.1)  # what is younger is not believed to stay as it is
        for arguments in COMMANDS.values():
            loaded(command, *given(command, arguments))
    return command


COMMANDS = {
    "outdated": ("outdated", "{home}/roots", "-i", "{index}"),
    "outdated-one": ("outdated", "{home}/roots/env", "-i", "{index}"),
    "list": ("list", "{home}/roots"),
    "list-one": ("list", "{home}/roots/env"),
    "scan": ("scan", "{home}/roots", "-q", "-o", "{home}/now.jsonl"),
    "resolve": ("resolve", "-r", "{home}/alpha.in", "-i", "{index}"),
    "version": ("--version",),
}
# How many modules each may import, ours and others: each takes 0.1 to 0.3 ms. What is new has to be worth it.
BUDGET = {
    "outdated": (94, 70),
    "outdated-one": (94, 70),
    "list": (70, 62),
    "list-one": (69, 62),
    "scan": (70, 66),
    "resolve": (79, 72),
    "version": (9, 40),
}
NEEDED = {"scan": {"hashlib"}}  # for the identity of the host


def given(command: Command, arguments: tuple[str, ...]) -> list[str]:
    """The arguments with their places filled in."""
    return [each.format(home=command.home, index=command.index_url) for each in arguments]


def test_a_cold_run_is_seen_to_import_the_client(tmp_path: Path) -> None:
    install(make_venv(tmp_path / "env"), "alpha", "1.0")
    with running(Universe({"alpha": ["1.0", "2.0"]})) as index:
        command = Command(tmp_path, index.url)
        assert loaded(command, "outdated", str(tmp_path / "env"), "-i", index.url) >= {"aiohttp", "asyncio", "uvloop"}


def test_a_cold_run_over_nothing_does_not_import_the_client(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    command = Command(tmp_path, "http://127.0.0.1:9/simple/")
    assert not loaded(command, "outdated", str(tmp_path / "empty"), "-i", command.index_url) & CLIENT


def test_a_cold_run_imports_nothing_to_read_archives_or_names_of_other_alphabets(tmp_path: Path) -> None:
    install(make_venv(tmp_path / "env"), "alpha", "1.0")
    with running(Universe({"alpha": ["1.0", "2.0"]})) as index:
        command = Command(tmp_path, index.url)
        modules = loaded(command, "outdated", str(tmp_path / "env"), "-i", index.url)
    assert not modules & {"zipfile", "tarfile", "idna", "urllib.request", "envcensus.index.metadata"}


def test_a_run_that_leaves_the_asking_to_workers_does_not_import_the_client(tmp_path: Path) -> None:
    install(make_venv(tmp_path / "env"), "alpha", "1.0")
    with running(Universe({"alpha": ["1.0", "2.0"]})) as index:
        command = Command(tmp_path, index.url)
        modules = loaded(command, "outdated", str(tmp_path / "env"), "-i", index.url, "--workers", "2")
        assert index.stats()["requests"] == 1
    assert "multiprocessing" in modules
    assert not modules & {"aiohttp", "asyncio", "uvloop"}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_warm_run_imports_what_it_needs(warm: Command, name: str) -> None:
    modules = loaded(warm, *given(warm, COMMANDS[name]))
    assert not modules & CLIENT
    assert not modules & IDLE - NEEDED.get(name, set())
    own, other = ours(modules), modules - ours(modules)
    most_own, most_other = BUDGET[name]
    assert len(own) <= most_own, sorted(own)
    assert len(other) <= most_other, sorted(other)


def test_the_default_index_is_read_without_the_rest_of_pip(warm: Command) -> None:
    modules = loaded(warm, "outdated", str(warm.home / "empty"), "--offline")
    assert {name for name in modules if name.partition(".")[0] == "pip"} == {"pip"}
    assert not modules & {"logging", "configparser"}
