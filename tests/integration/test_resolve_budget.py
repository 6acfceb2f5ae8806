"""What bounds a search: time, memory, and whoever interrupts it. Each ends in a line that says how far it came."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.wheels import add_wheel

_HOLES = 11


@pytest.fixture(scope="module")
def pigeons(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One pigeon more than holes: what no resolution-based solver refutes in less than exponential time."""
    folder = tmp_path_factory.mktemp("pigeons")
    for hole in range(_HOLES):
        for pigeon in range(_HOLES + 1):
            add_wheel(folder, f"pigeon-{pigeon}", f"{hole + 1}.0", [f"hole-{hole}=={pigeon + 1}.0"])
            add_wheel(folder, f"hole-{hole}", f"{pigeon + 1}.0")
    return folder


def _argv(pigeons: Path, *more: str) -> list[str]:
    names = [f"pigeon-{pigeon}" for pigeon in range(_HOLES + 1)]
    return [sys.executable, "-m", "envcensus", "resolve", *names, "--no-index", "-f", str(pigeons), "--no-cache", *more]


def _run(argv: list[str]) -> tuple[int, list[str]]:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.stdout == ""
    return done.returncode, done.stderr.splitlines()


def test_time(pigeons: Path) -> None:
    code, lines = _run(_argv(pigeons, "--timeout", "3"))
    assert code == 1
    assert lines[0].startswith("envcensus: stopped trying ")
    assert re.search(r" conflicts(, \d+ answers? awaited)?, most with pigeon-", lines[0])
    assert lines[1].startswith("envcensus: not done within 3 seconds; ")
    assert len(lines) == 2


def test_memory(pigeons: Path) -> None:
    code, lines = _run(_argv(pigeons, "--memory-limit", "1M"))
    assert code == 1
    assert len(lines) == 1
    assert lines[0].startswith("envcensus: no answer within 1 MiB of memory (")
    assert lines[0].endswith("; bound what keeps failing with -c, or allow more with --memory-limit")


def test_an_interrupt(pigeons: Path) -> None:
    with subprocess.Popen(_argv(pigeons, "--progress"), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        shown = b""
        while b"trying" not in shown:
            shown += process.stderr.read1()  # type: ignore[attr-defined]  # of the buffered reader that it is
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate()
    lines = rest.decode().splitlines()
    assert process.returncode == 130
    assert lines[-2].startswith("envcensus: stopped trying ")
    assert lines[-1] == "envcensus: interrupted"
