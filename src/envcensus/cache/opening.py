"""Opening the store: find a safe place, judge what lies there, repair or replace it when it must be."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import lmdb

from envcensus.cache import datafile, layout, marks, rows, store
from envcensus.cache.locks import FileLock
from envcensus.errors import CacheError

VERIFY_DEADLINE = 20.0  # seconds; a file that takes longer is replaced


def _engine() -> dict[str, Any]:
    """The argument that pins LMDB 0.9 and its data format. Before release 3 py-lmdb has no other, and no argument."""
    try:
        lmdb.version(lib_version=0)
    except TypeError:
        return {}
    except lmdb.Error:
        return {}  # built with a system library of the other format: `datafile` tells, and nothing is cached
    return {"lib_version": 0}


_ENGINE = _engine()


_DAMAGE = (lmdb.CorruptedError, lmdb.InvalidError, lmdb.PageNotFoundError, lmdb.VersionMismatchError)


def open_checked(
    directory: str | None, *, size_limit: int, write: bool, clock: Callable[[], float]
) -> store.Store | store.NoStore:
    """`store.open_store` without the catching. Raises CacheError, OSError, lmdb.Error."""
    root, note = layout.settle(os.path.abspath(directory) if directory else layout.default_directory())
    home = os.path.join(root, layout.SCHEMA)
    if not write and not os.path.lexists(home):
        return store.NoStore("")
    size_limit = max(size_limit, store.MINIMUM_SIZE)
    layout.prepare_root(root, explicit=bool(directory))
    gate = FileLock(os.path.join(root, "lock"))
    try:
        if not gate.acquire(store.OPEN_DEADLINE, shared=True):
            raise CacheError(f"another run is repairing or replacing {root}")
        if not sound(home):
            if not gate.acquire(store.OPEN_DEADLINE):
                raise CacheError(f"another run is using {root}, which needs repair")
            mend(home, size_limit)
        try:
            opened = _open(home, size_limit, write=write, clock=clock)
        except _DAMAGE:
            # What `datafile` cannot see from the meta pages: LMDB itself refuses the file.
            if not gate.acquire(store.OPEN_DEADLINE):
                raise
            if problem_of(home):
                set_aside(home)
                create(home, size_limit)
            opened = _open(home, size_limit, write=write, clock=clock)
    finally:
        gate.close()
    opened.note = note
    return opened


def _open(home: str, size_limit: int, *, write: bool, clock: Callable[[], float]) -> store.Store:
    try:
        mark: marks.Mark | None = marks.Mark(home)
    except OSError:
        if write and os.access(home, os.W_OK):
            raise
        mark, write = None, False  # a read-only file system
    try:
        env = open_environment(home, size_limit, readonly=not write)
    except BaseException:
        if mark is not None:
            mark.remove()
        raise
    return store.Store(env, home, size_limit, write=write, clock=clock, mark=mark)


def open_environment(home: str, size_limit: int, *, readonly: bool = False, durable: bool = True) -> lmdb.Environment:
    """LMDB's environment in `home`; unless `durable`, its transactions do not wait for the disk. Raises lmdb.Error."""
    data = os.path.join(home, datafile.DATA)
    size = os.path.getsize(data) if os.path.exists(data) else 0
    # A file that is larger already, because the limit was lowered, needs room for the copies of pages by which it is
    # emptied.
    map_size = max(size_limit, size + (size_limit >> 2) if size > size_limit else 0)
    map_size = -(-map_size // 65536) * 65536
    return lmdb.open(
        home,
        map_size=map_size,
        readonly=readonly,
        create=False,
        mode=0o600,
        max_readers=store.READERS,
        sync=durable,
        **_ENGINE,
    )


def sound(home: str) -> bool:
    """Whether the environment can be opened as it is. Raises CacheError when it is not ours, OSError."""
    try:
        layout.check_directory(home)
        datafile.inspect(home)
    except (FileNotFoundError, datafile.Damaged):
        return False
    return not marks.abandoned(home)


def mend(home: str, size_limit: int) -> None:
    """Make `home` sound: create it, or verify it in a process of its own and replace it when it is damaged.

    The caller holds the exclusive lock: nobody opens the store meanwhile, though others may have it open.
    Raises CacheError, OSError, lmdb.Error.
    """
    if sound(home):
        return  # another run did it while we waited
    if os.path.lexists(home):
        layout.check_directory(home)
        if not problem_of(home):
            marks.forget(home)
            return
        set_aside(home)
    create(home, size_limit)


def problem_of(home: str) -> str:
    """What a full look at the data file finds wrong, or nothing. Raises CacheError when a writer stays at work."""
    try:
        datafile.inspect(home)
    except datafile.Damaged as error:
        return error.message
    writer = FileLock(os.path.join(home, "writer"))
    try:
        if not writer.acquire(store.WRITE_DEADLINE):
            raise CacheError(f"{home} needs a check, and another run is writing to it")
        return check_in_child(home)
    finally:
        writer.close()


def check_in_child(home: str) -> str:
    """Verify the data file in a process of its own, which a damaged file may crash. What is wrong, or nothing."""
    import subprocess

    program = "import sys; sys.path[:] = sys.argv[2:]; from envcensus.cache.check import main; main(sys.argv[1])"
    command = [sys.executable, "-I", "-S", "-c", program, home, *sys.path]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=VERIFY_DEADLINE, check=False
        )
    except subprocess.TimeoutExpired:
        return f"the check took longer than {VERIFY_DEADLINE:.0f} seconds"
    if done.returncode == 0:
        return ""
    if done.returncode < 0:
        return f"the check was ended by signal {-done.returncode}"
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else f"the check ended with code {done.returncode}"


def set_aside(home: str) -> None:
    """Move a damaged environment out of the way, in place of the one that was before. Runs that have it open go on."""
    from shutil import rmtree

    aside = f"{home}.damaged"
    rmtree(aside, ignore_errors=True)
    os.rename(home, aside)


def create(home: str, size_limit: int) -> None:
    """An empty environment at `home`, complete when it appears there.

    Raises OSError, lmdb.Error.
    """
    from shutil import rmtree

    fresh = f"{home}.new-{os.getpid()}"
    rmtree(fresh, ignore_errors=True)
    os.mkdir(fresh, 0o700)
    try:
        # All of the lock file is written beforehand: LMDB would leave it with holes, and a full disk means SIGBUS then.
        with open(os.path.join(fresh, datafile.LOCK), "xb", opener=_private) as lock:
            lock.write(bytes(8192))
            lock.flush()
            datafile.fill_holes(lock.fileno())
        # Nothing is lost with an empty file, and one that a power failure left in part is seen when it is opened.
        env = open_environment(fresh, size_limit, durable=False)
        try:
            with env.begin(write=True) as txn:
                rows.Batch(txn, 0).finish()
        finally:
            env.close()
        os.rename(fresh, home)
    except BaseException:
        rmtree(fresh, ignore_errors=True)
        raise


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
