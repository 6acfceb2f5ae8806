"""Further indexes that rows are measured against: deep trees of other sizes, and recorded trees where they are at hand.

Recorded trees are no part of this repository: ENVCENSUS_CONFORMANCE names the folder that holds them as
`tree_ID.json.gz`, with the program that serves them (`serve.py`). Where it is not set, rows about them are skipped, and
the reason is told.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.index_server import Running

HERE = os.path.dirname(os.path.abspath(__file__))
VARIABLE = "ENVCENSUS_CONFORMANCE"


class Recorded(Running):
    """The server of recorded trees."""

    def __init__(self, port: int, tree: str) -> None:
        super().__init__(port)
        self.url = f"{self.origin}/{tree}/simple/"

    def stats(self) -> dict[str, Any]:
        """The counters since the last reset."""
        return {"requests": self._get("/_stats").get("total", 0)}

    def reset(self) -> None:
        """Zero the counters."""
        self._get("/_stats/reset")

    def set(self, **knobs: float) -> None:
        """Change the `latency` (ms), which is all there is."""
        self._get(f"/_latency/{knobs.get('latency', 0)}")


@dataclass(frozen=True)
class Served:
    """An index that is up, and its process."""

    index: Running
    pid: int


def missing(served: str) -> str:
    """Why an index of this name cannot be served; empty where it can."""
    kind, _, name = served.partition(":")
    if kind != "recorded":
        return ""
    folder = os.environ.get(VARIABLE, "")
    if not folder:
        return f"{VARIABLE} is not set"
    wanted = [_tree_file(folder, name), os.path.join(folder, "serve.py")]
    absent = [path for path in wanted if not os.path.exists(path)]
    return f"{absent[0]} is not there" if absent else ""


def roots(tree: str) -> list[str]:
    """The requirements that a recorded tree is resolved for."""
    with gzip.open(_tree_file(os.environ[VARIABLE], tree), "rt", encoding="utf-8") as file:
        found = json.load(file)
    if isinstance(found, dict) and "packages" not in found:
        found = found["scenarios"]
    scenario = found[0] if isinstance(found, list) else found
    return list(scenario["root"]["requires"])


@contextlib.contextmanager
def serve(served: str) -> Iterator[Served]:
    """Serve "tree:PROJECTS" or "recorded:ID" in a process of its own, on a free port."""
    kind, _, name = served.partition(":")
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    if kind == "tree":
        command = [sys.executable, "-m", "benchmarks.index_server", "--port", str(port), "--tree", name]
        index = Running(port)
    else:
        folder = os.environ[VARIABLE]
        serving = ["--port", str(port), "--max-age", "3600", "--prebuild"]
        command = [sys.executable, os.path.join(folder, "serve.py"), *serving, _tree_file(folder, name)]
        index = Recorded(port, name)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=os.path.dirname(HERE)) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()  # it says that it is up
            _wait(port)
            yield Served(index, process.pid)
        finally:
            process.terminate()


def _wait(port: int) -> None:
    """Wait until somebody listens; the first word of one server comes just before that."""
    import time

    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise OSError(f"nobody listens on port {port}")


def _tree_file(folder: str, tree: str) -> str:
    return os.path.join(folder, f"tree_{tree}.json.gz")
