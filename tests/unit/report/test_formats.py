"""The registry: names, suffixes, and imports that stay away until used."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys

import pytest

from envcensus.errors import UsageError
from envcensus.model.census import Census, Metrics
from envcensus.report import formats

EMPTY = Census(surveys=(), skipped=(), metrics=Metrics(), generated=0.0)


@pytest.mark.parametrize("name", list(formats.FORMATS))
def test_every_format_has_its_functions(name: str) -> None:
    module = importlib.import_module(f"envcensus.report.{formats.FORMATS[name].module}")
    assert callable(module.render)
    assert hasattr(module, "render_envs") is formats.FORMATS[name].envs


@pytest.mark.parametrize(
    ("path", "name"),
    [("/x/report.TXT", "columns"), ("a.json", "json"), ("a.b.jsonl", "jsonl"), ("a.ndjson", "jsonl")],
)
def test_suffix_picks_the_format(path: str, name: str) -> None:
    assert formats.for_file(path) == name


def test_suffixes_are_unambiguous() -> None:
    assert len(formats.suffixes()) == sum(len(f.suffixes) for f in formats.FORMATS.values())


def test_unknown_suffix_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"no format has the suffix of report\.doc; use one of \.txt, \.json"):
        formats.for_file("report.doc")


@pytest.mark.parametrize("function", [formats.render, formats.render_envs])
def test_unknown_format(function: object) -> None:
    with pytest.raises(UsageError, match="no such format: yaml; choose one of columns, json, jsonl"):
        function("yaml", EMPTY)  # type: ignore[operator]


def test_plain_formats_import_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from envcensus.model.census import Census, Metrics\n"
        "from envcensus.report import formats, pip_list\n"
        "empty = Census(surveys=(), skipped=(), metrics=Metrics(), generated=0.0)\n"
        "[list(formats.render(name, empty)) for name in ('columns', 'json', 'jsonl')]\n"
        "list(pip_list.render('columns', []))\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    path = os.pathsep.join(sys.path)
    environ = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "envcensus" in loaded
    assert not loaded & {
        "rich",
        "jinja2",
        "packaging",
        "aiohttp",
        "asyncio",
        "uvloop",
        "json",
        "dataclasses",
        "xml",
        "csv",
    }
