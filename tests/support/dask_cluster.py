"""A scheduler and workers as processes of their own. Addresses of 127.0.0.0/8 stand for hosts."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.command import neutral_environ

_PATIENCE = 60.0  # seconds; nothing here takes more than two on a quiet machine


class DaskCluster:
    """Started empty; `worker` adds one on a host."""

    def __init__(
        self, home: Path, *, prefix: Sequence[str] = (), address: str = "127.0.0.1", protocol: str = "tcp", **more: str
    ) -> None:
        """`more` goes into the environment of all processes; their home is `home`."""
        self.home = home
        self.file = home / "scheduler.json"
        self.environ = neutral_environ(home) | more
        self.processes: list[subprocess.Popen[bytes]] = []
        bound = ["--host", address, "--port", "0", "--protocol", protocol, "--no-dashboard"]
        self.start("scheduler", *prefix, arguments=bound)
        self.address = self._wait()["address"]

    def start(self, kind: str, *prefix: str, arguments: Sequence[str], **environ: str) -> subprocess.Popen[bytes]:
        """A scheduler or a worker."""
        scheduler = ["--scheduler-file", str(self.file)]
        command = [*prefix, sys.executable, "-m", f"distributed.cli.dask_{kind}", *scheduler, *arguments]
        with self._log(kind, len(self.processes)).open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env=self.environ | environ)
        self.processes.append(process)
        return process

    def worker(
        self,
        host: str,
        *prefix: str,
        threads: int = 1,
        hold: Path | None = None,
        holds: str = "scan",
        **environ: str,
    ) -> subprocess.Popen[bytes]:
        """One more worker; returns when the scheduler knows it. Its shares (of a "scan", or of "look-ups") wait for the
        end of the file `hold`."""
        log = self._log("worker", len(self.processes))
        arguments = ["--host", host, "--nthreads", str(threads), "--no-dashboard", "--no-nanny"]
        arguments += ["--local-directory", str(self.home)]
        if hold is not None:
            hold.touch()
            environ |= {"HOLD": str(hold), "HOLDS": holds}
            arguments += ["--preload", str(Path(__file__).with_name("holding_worker.py"))]
        process = self.start("worker", *prefix, arguments=arguments, **environ)

        def registered() -> bool:
            assert process.poll() is None, self.logs()
            return log.exists() and "Registered to" in log.read_text()

        until(registered, self.logs)
        return process

    def begun(self, hold: Path) -> None:
        """Wait until a worker with this `hold` has a share in its hands."""
        until(hold.with_name(hold.name + ".begun").exists, self.logs)

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
        found: dict[str, str] = {}

        def written() -> bool:
            try:
                found.update(json.loads(self.file.read_text()))
            except (OSError, ValueError):
                return False
            return True

        until(written, self.logs)
        return found


def until(true: Callable[[], bool], say: Callable[[], str] = str) -> None:
    """Wait for something to become true; fail with what `say` says when it does not."""
    deadline = time.monotonic() + _PATIENCE
    while not true():
        assert time.monotonic() < deadline, say()
        time.sleep(0.05)


@contextmanager
def dask_cluster(home: Path, hosts: Sequence[str], *, threads: int = 1, **more: str) -> Iterator[DaskCluster]:
    """A cluster with a worker on each of `hosts`; `more` goes into the environment of all processes."""
    cluster = DaskCluster(home, **more)
    try:
        for host in hosts:
            cluster.worker(host, threads=threads)
        yield cluster
    finally:
        cluster.close()
