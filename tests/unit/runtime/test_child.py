"""Programs that are waited for."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextvars import copy_context
from pathlib import Path

import pytest

from envcensus.runtime import child, stop


def test_what_a_program_says() -> None:
    done = child.run([sys.executable, "-c", "import sys; print(sys.stdin.read(), 'x'); sys.exit(3)"], seconds=60)
    assert (done.returncode, done.stdout) == (3, b" x\n")


def test_a_program_that_takes_too_long_is_killed() -> None:
    begun = time.monotonic()
    with pytest.raises(subprocess.TimeoutExpired):
        child.run(["sleep", "600"], seconds=0.2)
    assert time.monotonic() - begun < 300


def test_what_it_started_is_killed_with_it(tmp_path: Path) -> None:
    """With its output held open by a grandchild, it would otherwise be waited for."""
    said = tmp_path / "pid"
    with pytest.raises(subprocess.TimeoutExpired):
        child.run(["sh", "-c", f"sleep 600 & echo $! > {said}; wait"], seconds=1.0, apart=True)
    end = time.monotonic() + 60
    while _alive(int(said.read_text())):
        assert time.monotonic() < end
        time.sleep(0.01)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_a_run_that_is_to_end_ends_it() -> None:
    def work() -> None:
        asked = stop.Stop()
        stop.under(asked)
        asked.request()
        child.run(["sleep", "600"], seconds=600)

    with pytest.raises(stop.Stopped):
        copy_context().run(work)


def test_one_that_is_not_there() -> None:
    with pytest.raises(OSError, match="Not a directory"):
        child.run([os.devnull + "/none"], seconds=1)
