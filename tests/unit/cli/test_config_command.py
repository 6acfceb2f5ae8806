"""`envcensus config` shows what is in force and where it came from, and no secret."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path


def run(tmp_path: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    environ = {"PIP_CONFIG_FILE": os.devnull, "HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path), **environ}
    command = [sys.executable, "-m", "envcensus", "config", *arguments]
    return subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True, check=False)


def test_columns(tmp_path: Path) -> None:
    done = run(tmp_path, PIP_INDEX_URL="https://me:s3cr3t@one.example.com/simple", ENVCENSUS_TIMEOUT="7")
    assert (done.returncode, done.stderr) == (0, "")
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["index-url", "https://****@one.example.com/simple", "(PIP_INDEX_URL)"] in rows
    assert ["timeout", "7", "(ENVCENSUS_TIMEOUT)"] in rows
    assert ["retries", "5", "(default)"] in rows


def test_json_names_places_that_will_not_be_asked(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        "--format",
        "json",
        PIP_INDEX_URL="http://me:s3cr3t@one.example.com/simple",
        PIP_FIND_LINKS=str(tmp_path / "missing"),
    )
    assert done.returncode == 4
    found = json.loads(done.stdout)
    assert [p["where"] for p in found["problems"]] == [str(tmp_path / "missing"), "http://one.example.com"]
    assert len(done.stderr.splitlines()) == 2
    assert "s3cr3t" not in done.stdout + done.stderr


def test_the_section_of_the_pip_command(tmp_path: Path) -> None:
    (tmp_path / "pip.conf").write_text("[install]\ntimeout = 3\n[list]\ntimeout = 4\n")
    environ = {"PIP_CONFIG_FILE": str(tmp_path / "pip.conf"), "PIP_INDEX_URL": "https://one.example.com"}
    assert "[install]" in run(tmp_path, "--for", "install", **environ).stdout
    assert "[list]" in run(tmp_path, **environ).stdout


def test_options_are_on_top(tmp_path: Path) -> None:
    done = run(tmp_path, "--retries", "3", PIP_INDEX_URL="https://one.example.com", PIP_RETRIES="4")
    assert ["retries", "3", "(command", "line)"] in [line.split() for line in done.stdout.splitlines()]


def test_an_unusable_value_is_a_usage_error(tmp_path: Path) -> None:
    done = run(tmp_path, PIP_TIMEOUT="soon")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "envcensus: timeout in PIP_TIMEOUT is no number: 'soon'\n"
