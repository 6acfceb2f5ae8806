"""What a run costs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from envcensus.runtime import metrics

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/smaps_rollup"), reason="needs /proc of Linux")

CHILD = (
    "import sys; held = bytearray({size}); held[::4096] = b'x' * len(held[::4096]); print(flush=True); sys.stdin.read()"
)


def child(size: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", CHILD.format(size=size)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_memory_counts_children(tmp_path: Path) -> None:
    before = metrics.memory()
    with child(64 << 20) as process:
        assert process.pid in metrics.family()
        assert metrics.memory() - before > 60 << 20
        process.communicate()
    assert process.pid not in metrics.family()


def test_the_sampler_sees_what_is_gone_by_the_end() -> None:
    before = metrics.memory()
    with metrics.MemorySampler(0.01) as sampler:
        held = bytearray(64 << 20)
        held[::4096] = b"x" * len(held[::4096])
        while sampler.peak < before + (60 << 20):  # a process of tests is large, and looked at seldom
            time.sleep(0.01)
        del held
        after = metrics.memory()
    assert sampler.peak > after + (60 << 20)


def test_memory_of_what_cannot_be_read_is_that_of_this_process() -> None:
    assert metrics.memory([]) == metrics.peak_of_this_process() > 1 << 20


def test_cpu_counts_children_that_live_and_that_ended() -> None:
    before = metrics.cpu_seconds()
    program = "import time, sys\nwhile time.process_time() < 0.3: pass\nprint(flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert metrics.cpu_seconds() - before > 0.25
        process.communicate()
    assert metrics.cpu_seconds() - before > 0.25


def test_disk_traffic_never_goes_back(tmp_path: Path) -> None:
    before = metrics.disk_traffic()
    with open(tmp_path / "file", "wb") as file:
        file.write(os.urandom(1 << 20))
        file.flush()
        os.fsync(file.fileno())
    after = metrics.disk_traffic()
    assert after[0] >= before[0]
    assert after[1] >= before[1]
