"""Descriptors, threads, processes and memory stay flat however often cache and pool are used, a little of it here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "isolated"


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs /proc")
@pytest.mark.parametrize(("script", "rounds"), [("cache_leak.py", 40), ("pool_leak.py", 3), ("api_leak.py", 5)])
def test_nothing_is_kept(script: str, rounds: int) -> None:
    command = [sys.executable, str(FOLDER / script), str(rounds), "--leak"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    lines = done.stdout.splitlines()
    assert done.returncode == 1, done.stdout + done.stderr  # the deliberate leak at the end shows
    assert [line for line in lines[:-1] if not line.endswith("flat")] == []
    assert lines[-1].startswith("keep: ")
    assert lines[-1].endswith("GROWN")
