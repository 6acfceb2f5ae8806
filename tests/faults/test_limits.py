"""A process that may not have much: it does with less, or ends with one line that names the limit."""

from __future__ import annotations

import asyncio
import csv
import errno
import io
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.index_server import Running
from envcensus._kernels.scan import read_file
from envcensus.errors import EnvcensusError
from envcensus.index.loop import Loop
from envcensus.inventory import discover, scan
from envcensus.model.listing import Listing
from envcensus.runtime import limits
from tests.support.command import Command
from tests.support.local_index import fleet_dir, fleet_index  # noqa: F401
from tests.support.site import install, make_venv

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits that Linux keeps")
MB = 1 << 20


def under(kind: int, most: int) -> Callable[[], None]:
    """For `preexec_fn`."""
    return lambda: resource.setrlimit(kind, (most, most))


def rows(done: subprocess.CompletedProcess[str]) -> list[tuple[str, ...]]:
    """What was found, without what depends on the time of the day."""
    found = csv.DictReader(io.StringIO(done.stdout))
    return [tuple(row[key] for key in ("environment", "package", "version", "state", "latest")) for row in found]


def whole_and_less(
    index: Running, directory: Path, place: Path, limit: Callable[[], None], more: tuple[str, ...]
) -> tuple[list[tuple[str, ...]], subprocess.CompletedProcess[str]]:
    """What there is to say about the fleet, and the run that has to say it under a limit."""
    command, asked = Command(place, index.url), ("outdated", str(directory), "--format", "csv")
    whole = rows(command.run(*asked))
    return whole, command.run(*asked, "--refresh", *more, check=None, preexec_fn=limit)


@linux
@pytest.mark.parametrize(
    ("megabytes", "more"), [(80, ()), (110, ()), (140, ()), (200, ()), (200, ("--workers", "2")), (640, ())]
)
def test_little_memory(
    fleet_index: Running,  # noqa: F811
    fleet_dir: Path,  # noqa: F811
    tmp_path: Path,
    megabytes: int,
    more: tuple[str, ...],
) -> None:
    whole, less = whole_and_less(fleet_index, fleet_dir, tmp_path, under(resource.RLIMIT_AS, megabytes * MB), more)
    assert (less.returncode, rows(less)) in ((0, whole), (1, [])), less.stderr
    said = less.stderr.splitlines()
    assert all(line.startswith("envcensus: ") and "`ulimit -v`" in line for line in said), said
    assert less.returncode == 0 or len(said) == 1 + ("no cache" in said[0])
    if megabytes >= 200:  # twice what such a run takes
        assert less.returncode == 0, said


@linux
@pytest.mark.parametrize(
    ("files", "more"),
    [(8, ()), (12, ()), (24, ()), (32, ()), (64, ()), (64, ("--workers", "2"))],
)
def test_few_descriptors(
    fleet_index: Running,  # noqa: F811
    fleet_dir: Path,  # noqa: F811
    tmp_path: Path,
    files: int,
    more: tuple[str, ...],
) -> None:
    whole, less = whole_and_less(fleet_index, fleet_dir, tmp_path, under(resource.RLIMIT_NOFILE, files), more)
    if files >= 32:
        assert (less.returncode, rows(less), less.stderr) == (0, whole, "")
    else:
        (line,) = less.stderr.splitlines()
        assert (less.returncode, less.stdout) == (1, "")
        assert line.startswith(f"envcensus: only {files} files may be open")
        assert "`ulimit -n`" in line


@contextmanager
def files_left(count: int) -> Iterator[None]:
    """`count` more may be opened in the block."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(name) for name in os.listdir("/proc/self/fd"))
    held = []
    while (fd := os.open(os.devnull, os.O_RDONLY)) < highest:  # numbers that are free below the limit
        held.append(fd)
    held.append(fd)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(held) + 1 + count, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for fd in held:
            os.close(fd)


class Store(dict[bytes, bytes]):
    """Where listings are kept."""

    def put_many(self, items: list[tuple[bytes, bytes]]) -> None:
        self.update(items)


def old(folder: Path) -> None:
    """Let everything in `folder` seem unchanged for long: only then is a listing stored."""
    for path in [*folder.rglob("*"), folder]:
        os.utime(path, (10**9, 10**9), follow_symlinks=False)


@linux
@pytest.mark.parametrize("left", [0, 1])
def test_what_cannot_be_opened_for_want_of_descriptors_is_not_what_is_there(
    tmp_path: Path, left: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("envcensus.inventory.cache.RACY_NS", -(10**18))  # change times cannot be set
    site = make_venv(tmp_path / "env")
    install(site, "good", "1.0")
    environments = list(discover([str(tmp_path)]))
    store = Store()
    with files_left(left):
        (result,) = scan(environments, threads=1, cache=store)
    assert isinstance(result, Listing)
    assert [(row.what, row.where, row.reason) for row in result.skipped] == [
        ("directory", str(site), os.strerror(errno.EMFILE))
    ]
    assert not store
    (result,) = scan(environments, threads=1, cache=store)
    assert isinstance(result, Listing)
    assert (result.problems, result.skipped, result.cached) == ((), (), False)
    assert len(store) == 1


@linux
def test_a_link_file_that_cannot_be_opened_for_want_of_descriptors(tmp_path: Path) -> None:
    (tmp_path / "a.pth").write_text("/srv/project\n")
    with files_left(0), pytest.raises(OSError, match=os.strerror(errno.EMFILE)):
        read_file(os.fsencode(tmp_path / "a.pth"))
    assert read_file(os.fsencode(tmp_path / "b.pth")) is None


@linux
def test_an_address_is_no_name_that_threads_look_up() -> None:
    async def connect(family: int, address: tuple[object, ...]) -> None:
        with socket.socket(family) as client:
            client.setblocking(False)
            try:
                await asyncio.get_running_loop().sock_connect(client, address)
            except OSError:
                pass  # where there is no IPv6

    before = len(os.listdir("/proc/self/task"))
    with socket.create_server(("127.0.0.1", 0)) as server, asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(connect(socket.AF_INET, server.getsockname()))
        runner.run(connect(socket.AF_INET6, ("::1", server.getsockname()[1], 0, 0)))
        assert len(os.listdir("/proc/self/task")) <= before


@pytest.mark.parametrize(
    ("files", "hosts", "expected"), [(1 << 30, 1, 100), (224, 1, 100), (64, 1, 40), (64, 2, 20), (25, 1, 1)]
)
def test_connections_are_as_many_as_there_are_descriptors(
    monkeypatch: pytest.MonkeyPatch, files: int, hosts: int, expected: int
) -> None:
    monkeypatch.setattr(limits, "_files", lambda: files)
    monkeypatch.setattr(limits, "_opened", lambda: 5)
    assert limits.connections(100, hosts) == expected


def test_no_connection_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_files", lambda: 64)
    monkeypatch.setattr(limits, "_opened", lambda: 63)
    with pytest.raises(EnvcensusError, match="only 64 files may be open at a time, too few to ask an index"):
        limits.connections(100, 2)
