"""The kernels give back what they take: a script of its own watches resident memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "isolated" / "kernels_leak.py"


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
@pytest.mark.skipif("libasan" in os.environ.get("LD_PRELOAD", ""), reason="the sanitizer keeps freed memory")
def test_nothing_is_kept() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT), "--leak"], capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    assert done.returncode == 1, done.stdout + done.stderr  # the deliberate leak at the end shows
    grown = [line for line in lines[:-1] if int(line.split()[1]) > 24 * int(line.split()[4])]
    assert grown == []
    assert lines[-1].startswith("keep: ")
