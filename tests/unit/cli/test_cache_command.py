"""`envcensus cache`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from envcensus.cache.store import open_store
from envcensus.cli.cache import command
from envcensus.cli.sizes import Size
from envcensus.errors import CacheError


@pytest.fixture
def home(tmp_path: Path) -> str:
    path = os.fspath(tmp_path / "cache")
    with open_store(path) as store:
        assert store.put_many("pages", [(b"a", bytes(3000), 0.0), (b"b", b"x", float("inf"))])
    return path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments), standalone_mode=False)


def test_info(home: str) -> None:
    result = run("info", "--cache-dir", home)
    assert home in result.stdout
    assert "pages              2         1    2.9 KiB\n" in result.stdout
    found = json.loads(run("info", "--cache-dir", home, "--format", "json").stdout)
    assert found["buckets"]["pages"] == {"records": 2, "bytes": 3005, "expired": 1}


def test_the_environment_names_the_directory(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVCENSUS_CACHE_DIR", home)
    assert home in run("info").stdout


def test_data_goes_to_stdout_and_the_rest_to_stderr(home: str) -> None:
    pruned = run("prune", "--cache-dir", home)
    assert pruned.stdout == ""
    assert pruned.stderr.startswith("1 record removed, ")
    cleared = run("clear", "--cache-dir", home)
    assert cleared.stdout == ""
    assert "Nothing is cached yet." in run("info", "--cache-dir", home).stdout


def test_verify_tells_by_its_exit_code(home: str) -> None:
    assert run("verify", "--cache-dir", home).return_value == 0
    with open(os.path.join(home, "v1", "data.mdb"), "r+b") as file:
        file.write(b"nonsense" * 8)
    damaged = run("verify", "--cache-dir", home)
    assert damaged.return_value == 1
    assert "damaged" in damaged.stderr
    assert run("verify", "--cache-dir", home).return_value == 0


def test_a_cache_that_cannot_be_looked_at_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "v1").write_text("not a directory")
    result = run("info", "--cache-dir", os.fspath(tmp_path))
    assert isinstance(result.exception, CacheError)


@pytest.mark.parametrize(
    ("text", "size"),
    [("1024", 1 << 30), ("1k", 1024), ("1.5M", 3 << 19), ("2 GiB", 2 << 30), ("512mb", 512 << 20), ("1T", 1 << 40)],
)
def test_sizes(text: str, size: int) -> None:
    assert Size().convert(text, None, None) == size


@pytest.mark.parametrize("text", ["", "x", "-1", "0", "1P", "1e9", "1 2", "M", "1B", "١"])
def test_no_sizes(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Size().convert(text, None, None)


def test_not_a_number_is_no_number_of_days(home: str) -> None:
    refused = run("prune", "--cache-dir", home, "--unused-for", "nan").exception
    assert isinstance(refused, click.BadParameter)
    assert run("prune", "--cache-dir", home, "--unused-for", "inf").exception is None
