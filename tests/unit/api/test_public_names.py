"""What `import envcensus` gives: all of it, lazily, and called as on the command line."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import envcensus
from envcensus import aio
from tests.support.place import Place

LAZY = """
import json, sys
before = set(sys.modules)
import envcensus
print(json.dumps(sorted(set(sys.modules) - before)))
"""
HEAVY = {"aiohttp", "asyncio", "uvloop", "rich", "jinja2", "click", "multiprocessing", "concurrent.futures", "ssl"}
WARM = """
import json, sys
import envcensus
envcensus.outdated("srv")
envcensus.check("srv")
list(envcensus.scan("srv"))
print(json.dumps(sorted(sys.modules)))
"""


def test_importing_it_imports_nothing_else() -> None:
    done = subprocess.run([sys.executable, "-c", LAZY], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == ["envcensus"]


def test_what_the_cache_answers_needs_no_client(place: Place) -> None:
    def modules() -> set[str]:
        done = subprocess.run([sys.executable, "-c", WARM], capture_output=True, text=True, check=True)
        return set(json.loads(done.stdout))

    assert modules() >= {"aiohttp", "asyncio", "uvloop"}  # cold
    assert not modules() & HEAVY


def test_every_name_is_there() -> None:
    assert dir(envcensus) == sorted(envcensus.__all__)
    for name in envcensus.__all__:
        assert getattr(envcensus, name) is not None
        assert getattr(envcensus, name) is getattr(envcensus, name)
    assert dir(aio) == sorted(aio.__all__)
    assert all(getattr(aio, name) for name in aio.__all__)


def test_type_checkers_are_told_the_same_homes() -> None:
    tree = ast.parse(inspect.getsource(importlib.import_module("envcensus")))
    told = {
        alias.name: str(node.module).removeprefix("envcensus.")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("envcensus.")
        for alias in node.names
    }
    assert told == envcensus._HOMES
    assert {*told, "aio", "__version__"} == set(envcensus.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'census'"):
        getattr(envcensus, "census")  # noqa: B009 - mypy knows that there is none
    assert not hasattr(aio, "census")


# Options of the command line that are none of the functions': they say where output goes, or have a better form here.
COMMON = {
    "roots_from",
    "format_",
    "outputs",
    "quiet",
    "progress",
    "allow_incomplete",
    "fail_on",
    "cluster",
    "expect_hosts",
}
COMMON |= {"expect_hosts", "host_timeout", "lock", "stats", "metrics_file", "help"}
ELSEWHERE = {
    "outdated": COMMON | {"by", "show_all", "since", "upgrade_plan"},
    "check": COMMON,
    "resolve": COMMON | {"explained", "annotate", "allow_build"},
}
PLURAL = {"extra_index_url": "extra_index_urls", "trusted_host": "trusted_hosts"}
OTHERWISE = {  # files of what can also be given as text, by the name of the command's parameter
    "outdated": {"constraints": "constraint_files"},
    "check": {},
    "resolve": {
        "files": "requirement_files",
        "constraints": "constraint_files",
        "overrides": "override_files",
        "mode": "resolution",
    },
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_options_are_called_as_on_the_command_line(name: str) -> None:
    command = importlib.import_module(f"envcensus.cli.{name}").command
    renamed = PLURAL | OTHERWISE[name]
    options = {renamed.get(option.name, option.name) for option in command.params} - ELSEWHERE[name]
    if name == "resolve":
        options -= {"workers"}  # means nothing to it
    parameters = inspect.signature(getattr(envcensus, name)).parameters
    assert options <= set(parameters), options - set(parameters)


@pytest.mark.parametrize("name", ["check", "discover", "outdated", "resolve", "scan"])
def test_functions(name: str) -> None:
    function, awaited = getattr(envcensus, name), getattr(aio, name)
    first, *others = inspect.signature(function).parameters.values()
    assert first.kind is first.POSITIONAL_OR_KEYWORD
    assert all(each.kind is each.KEYWORD_ONLY for each in others)
    assert inspect.signature(awaited).parameters == inspect.signature(function).parameters
    assert awaited.__doc__ == function.__doc__
    described = function.__doc__.split("Args:")[1]
    assert all(each.name in described for each in (first, *others)), "an option without a description"


def test_types_are_shipped() -> None:
    assert (Path(envcensus.__file__).parent / "py.typed").exists()
