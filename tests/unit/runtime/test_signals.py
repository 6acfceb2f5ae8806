"""Signals that end a run, seen from outside."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

PROGRAM = """
import signal, sys, time
from envcensus.runtime import signals
{before}
signals.install()
try:
    print("ready", flush=True)
    time.sleep(30)
except KeyboardInterrupt:
    print("cleaning up", flush=True)
    time.sleep({cleanup})
    print("clean", flush=True)
    sys.exit(130)
"""


def start(before: str = "", cleanup: float = 0) -> subprocess.Popen[str]:
    program = PROGRAM.format(before=before, cleanup=cleanup)
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_ends_it_in_order(number: int) -> None:
    with start() as process:
        process.send_signal(number)
        assert process.communicate() == ("cleaning up\nclean\n", "")
    assert process.returncode == 130


def test_the_second_ends_it_at_once() -> None:
    with start(cleanup=30) as process:
        assert process.stdout is not None
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "cleaning up\n"
        process.send_signal(signal.SIGTERM)
        process.wait()
    assert process.returncode == -signal.SIGTERM


def test_what_was_ignored_stays_ignored() -> None:
    with start(before="signal.signal(signal.SIGHUP, signal.SIG_IGN)") as process:
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        assert process.communicate() == ("cleaning up\nclean\n", "")
    assert process.returncode == 130
