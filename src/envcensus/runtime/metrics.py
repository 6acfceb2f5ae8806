"""What a run costs: memory, CPU and disk traffic of this process and all it started, for `--stats`.

From proc(5). Elsewhere than on Linux only what getrusage(2) knows about this process.
"""

from __future__ import annotations

import os
import resource
import sys
import threading
import time
from types import TracebackType

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss


def family(pid: int | None = None) -> list[int]:
    """This process, or `pid`, and all its descendants: fork server and workers too."""
    found = [os.getpid() if pid is None else pid]
    for member in found:  # grows as it is walked
        try:
            threads = os.listdir(f"/proc/{member}/task")
        except OSError:
            continue
        for thread in threads:
            found += [int(child) for child in _read(f"/proc/{member}/task/{thread}/children").split()]
    return found


def memory(pids: list[int] | None = None) -> int:
    """Bytes of memory of the family: proportional set sizes, so that shared pages count once."""
    total = 0
    for pid in family() if pids is None else pids:
        total += 1024 * _field(_read(f"/proc/{pid}/smaps_rollup"), "Pss:")
    return total or peak_of_this_process()


def peak_of_this_process() -> int:
    """Bytes: the largest resident set so far, shared libraries included."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT


def private_memory() -> int:
    """Bytes that this process has for itself now: files that it maps, like the cache, are not counted."""
    fields = _read("/proc/self/statm").split()
    if len(fields) > 2:
        return (int(fields[1]) - int(fields[2])) * _PAGE
    return peak_of_this_process()


def cpu_seconds() -> float:
    """User and system time of the family so far. Workers of a fork server do not appear in RUSAGE_CHILDREN."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = time.process_time() + ended.ru_utime + ended.ru_stime
    for pid in family()[1:]:
        # After the command, which may hold anything, in brackets: utime and stime are fields 14 and 15 of all.
        fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
        if len(fields) > 14:
            total += sum(map(int, fields[11:15])) / _TICKS  # with those of its own children that ended
    return total


def age_of_this_process() -> float:
    """Seconds since this process was started, the start of the interpreter included."""
    fields = _read("/proc/self/stat").rpartition(")")[2].split()
    if len(fields) > 19 and hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / _TICKS
    return time.process_time()


def disk_traffic() -> tuple[int, int]:
    """Bytes that the family caused to be read from and written to storage so far."""
    read = written = 0
    for pid in family():
        text = _read(f"/proc/{pid}/io")
        read += _field(text, "read_bytes:")
        written += _field(text, "write_bytes:")
    return read, written


class MemorySampler:
    """The most memory that the family took during a block, looked at every `interval` seconds from a thread."""

    def __init__(self, interval: float = 0.05) -> None:
        self.peak = 0
        self._interval = interval
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory", daemon=True)

    def __enter__(self) -> MemorySampler:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def look(self) -> None:
        """Take one more sample now."""
        self.peak = max(self.peak, memory())

    def _watch(self) -> None:
        while True:
            begun = time.thread_time()
            self.look()
            # A large process takes long to look at: never spend more than a twentieth of a core on it.
            pause = max(self._interval, 20 * (time.thread_time() - begun))
            if self._over.wait(pause):
                self.look()
                return


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read()
    except OSError:
        return ""  # ended meanwhile, or not ours to look at


def _field(text: str, name: str) -> int:
    for line in text.splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    return 0
