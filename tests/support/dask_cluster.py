"""A scheduler and workers as processes of their own. Addresses of 127.0.0.0/8 stand for hosts."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.command import neutral_environ


class DaskCluster:
    """Started empty; `worker` adds one on a host."""

    def __init__(self, home: Path, *, prefix: Sequence[str] = (), address: str = "127.0.0.1") -> None:
        self.home = home
        self.file = home / "scheduler.json"
        self.environ = neutral_environ(home) | {
            "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "12s",
            "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "10s",
        }
        self.processes: list[subprocess.Popen[bytes]] = []
        self.start("scheduler", *prefix, arguments=["--host", address, "--port", "0", "--no-dashboard"])
        self.address = self._wait()["address"]

    def start(self, kind: str, *prefix: str, arguments: Sequence[str], **environ: str) -> subprocess.Popen[bytes]:
        """A scheduler or a worker."""
        scheduler = ["--scheduler-file", str(self.file)]
        command = [*prefix, sys.executable, "-m", f"distributed.cli.dask_{kind}", *scheduler, *arguments]
        with self._log(kind, len(self.processes)).open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env=self.environ | environ)
        self.processes.append(process)
        return process

    def worker(self, host: str, *prefix: str, nanny: bool = False, **environ: str) -> subprocess.Popen[bytes]:
        """One more worker; returns when the scheduler knows it."""
        log = self._log("worker", len(self.processes))
        keeper = "--nanny" if nanny else "--no-nanny"
        arguments = ["--host", host, "--nthreads", "1", "--no-dashboard", keeper, "--local-directory", str(self.home)]
        process = self.start("worker", *prefix, arguments=arguments, **environ)
        deadline = time.monotonic() + 60
        while "Registered to" not in (log.read_text() if log.exists() else ""):
            assert process.poll() is None, self.logs()
            assert time.monotonic() < deadline, self.logs()
            time.sleep(0.2)
        return process

    def _log(self, kind: str, number: int) -> Path:
        return self.home / f"{kind}-{number}.log"

    def logs(self) -> str:
        """What all processes wrote."""
        return "\n".join(path.read_text() for path in self.home.glob("*.log"))

    def close(self) -> None:
        """End all processes that were started here."""
        for process in reversed(self.processes):
            process.kill()
            process.wait()

    def _wait(self) -> dict[str, str]:
        deadline = time.monotonic() + 60
        while True:
            assert time.monotonic() < deadline, self.logs()
            try:
                found: dict[str, str] = json.loads(self.file.read_text())
            except (OSError, ValueError):
                time.sleep(0.1)
                continue
            return found


@contextmanager
def dask_cluster(home: Path, hosts: Sequence[str]) -> Iterator[DaskCluster]:
    """A cluster with a worker on each of `hosts`, started together."""
    cluster = DaskCluster(home)
    try:
        for host in hosts:
            cluster.worker(host)
        yield cluster
    finally:
        cluster.close()
