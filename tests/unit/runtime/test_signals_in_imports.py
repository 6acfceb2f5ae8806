"""A signal that comes while the import system tidies up."""

from __future__ import annotations

import subprocess
import sys

import pytest

# A weak reference's callback, as the import system has for its locks: an exception in it is printed and forgotten.
PROGRAM = """
import os, signal, time, weakref
from envcensus.errors import OutOfTimeError
from envcensus.runtime import signals

source = "def callback(_):\\n    os.kill(os.getpid(), NUMBER)\\n    for _ in range(1000):\\n        pass\\n"
held = {{"os": os, "NUMBER": signal.{number}}}
exec(compile(source, "<frozen importlib._bootstrap>", "exec"), held)

class Lock:
    pass

def forget():
    lock = Lock()
    reference = weakref.ref(lock, held["callback"])
    del lock
    time.sleep(10)

try:
    {around}
except KeyboardInterrupt:
    print("interrupted")
except OutOfTimeError:
    print("out of time")
else:
    print("lost")
"""
TIMED = "with signals.out_of_time_after(60): forget()"


@pytest.mark.parametrize(
    ("number", "around", "said"),
    [
        ("SIGINT", "signals.install(); forget()", "interrupted"),
        ("SIGTERM", "signals.install(); forget()", "interrupted"),
        ("SIGALRM", TIMED, "out of time"),
    ],
)
def test_it_is_not_lost(number: str, around: str, said: str) -> None:
    program = PROGRAM.format(number=number, around=around)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert (done.stdout, done.stderr) == (f"{said}\n", "")


def test_time_that_ends_with_the_block_ends_nothing_later() -> None:
    """What comes again must not come when nobody waits for it any more: it would end the process."""
    program = PROGRAM.format(number="SIGALRM", around="with signals.out_of_time_after(60): briefly()").replace(
        "def forget():", "def briefly():"
    )
    program = program.replace("    time.sleep(10)\n", "") + "time.sleep(0.1)\n"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "lost\n", "")
