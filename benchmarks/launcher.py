"""Runs commands and accounts for every process they leave behind. Started as a process of its own by `measure`.

It declares itself the subreaper, so that orphans (a fork server, its workers, a resource tracker) come back to it and
their CPU time is collected by wait4; in the parent's RUSAGE_CHILDREN alone they would be missing. Reads a JSON order
from standard input, writes a JSON account to standard output. Standard library only, and few modules of it.
"""

import ctypes
import json
import os
import resource
import signal
import sys
import threading
import time
from typing import Any

PR_SET_CHILD_SUBREAPER = 36
LINGER = 10.0  # seconds that left-behind processes get before they are ended


def descendants(root: int) -> list[int]:
    """Every live process below `root`, by the parents that /proc names."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", "rb") as file:
                    parent = int(file.read().rpartition(b") ")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry))
    found: list[int] = []
    todo = [root]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def proportional_size(pid: int) -> int:
    """Proportional set size of one process in bytes; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
            for line in file:
                if line.startswith(b"Pss:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


class Sampler(threading.Thread):
    """Samples the memory of all descendants together, and how many there are."""

    def __init__(self, interval: float) -> None:
        super().__init__(daemon=True)
        self.interval = interval
        self.peak = self.processes = self.samples = 0
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(self.interval):
            below = descendants(os.getpid())
            self.peak = max(self.peak, sum(map(proportional_size, below)))
            self.processes = max(self.processes, len(below))
            self.samples += 1


def busy() -> float:
    """Seconds that all CPUs of the machine were busy since it started."""
    with open("/proc/stat", encoding="ascii") as file:
        fields = [int(field) for field in file.readline().split()[1:]]
    return (sum(fields[:3]) + sum(fields[5:8])) / os.sysconf("SC_CLK_TCK")


def streams(order: dict[str, Any]) -> list[tuple[int, ...]]:
    """What posix_spawn does to the standard streams of each command; the files for output are emptied here."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    for path in (order["stdout"], order["stderr"]):
        os.close(os.open(path, flags | os.O_TRUNC, 0o600))
    return [
        (os.POSIX_SPAWN_OPEN, 0, order["stdin"], os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, order["stdout"], flags, 0o600),
        (os.POSIX_SPAWN_OPEN, 2, order["stderr"], flags, 0o600),
    ]


class Account:
    """What the processes that ended have cost, all together."""

    def __init__(self) -> None:
        self.user = self.system = 0.0  # seconds
        self.largest = 0  # resident bytes of the largest single process
        self.codes: dict[int, int] = {}  # how many of the commands ended with each exit code

    def add(self, usage: resource.struct_rusage) -> None:
        """Take in one process, a command or not."""
        self.user += usage.ru_utime
        self.system += usage.ru_stime
        self.largest = max(self.largest, usage.ru_maxrss * 1024)

    def ended(self, status: int) -> None:
        """Take in how a command ended."""
        code = os.waitstatus_to_exitcode(status)
        self.codes[code] = self.codes.get(code, 0) + 1


def run_all(order: dict[str, Any], account: Account) -> tuple[float, float]:
    """Run the commands; seconds until they had ended, and until what they left running had, too."""
    actions = streams(order)
    waiting = list(reversed(order["commands"]))
    running: set[int] = set()
    wall = None
    started = time.perf_counter()
    while True:
        while waiting and len(running) < order["jobs"]:
            command = waiting.pop()
            running.add(os.posix_spawn(command[0], command, order["env"], file_actions=actions))
        if wall is None and not running:
            wall = time.perf_counter() - started
            signal.setitimer(signal.ITIMER_REAL, LINGER)
        try:
            pid, status, usage = os.wait4(-1, 0)
        except ChildProcessError:
            break
        account.add(usage)
        if pid in running:
            running.discard(pid)
            account.ended(status)
    signal.setitimer(signal.ITIMER_REAL, 0)
    everything = time.perf_counter() - started
    return everything if wall is None else wall, everything


def run(order: dict[str, Any]) -> dict[str, Any]:
    """Run `commands`, `jobs` at a time; `stdout` takes all their output, `stdin` feeds each of them."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    sampler = Sampler(order["interval"]) if order["interval"] else None
    if sampler:
        sampler.start()
    account = Account()
    busy_before = busy()
    wall, until_last = run_all(order, account)
    if sampler:
        sampler.over.set()
        sampler.join()
    return {
        "wall": wall,
        "until_last": until_last,
        "user": account.user,
        "system": account.system,
        "largest": account.largest,
        "pss": sampler.peak if sampler else None,
        "processes": sampler.processes if sampler else None,
        "samples": sampler.samples if sampler else None,
        "codes": account.codes,
        "machine_busy": busy() - busy_before,
    }


def _end_the_rest(*_: object) -> None:
    for pid in descendants(os.getpid()):
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    signal.signal(signal.SIGALRM, _end_the_rest)
    json.dump(run(json.load(sys.stdin)), sys.stdout)
