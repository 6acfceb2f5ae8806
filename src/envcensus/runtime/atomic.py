"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from envcensus.errors import EnvcensusError

_ATTEMPTS = 16


def write_whole(path: str, data: bytes | Iterable[bytes]) -> None:
    """Write `data` to `path`: a reader sees the old file or all of the new one. Raises EnvcensusError."""
    with open_whole(path) as file:
        if isinstance(data, bytes):
            file.write(data)
        else:
            file.writelines(data)


@contextmanager
def open_whole(path: str) -> Iterator[BinaryIO]:
    """A file to write that takes its place at `path` when the block ends, and is removed when the block fails.

    A new file gets the permissions that the umask leaves, one of ours keeps its own. What is at `path` is replaced, a
    symbolic link too: nothing is ever written through one. Written to as they are only the pipes and character devices
    (`/dev/stdout`, `/dev/null`, a FIFO) that nobody but us or root can have put there. Raises EnvcensusError.
    """
    try:
        stream = _open_stream(path)
        if stream is not None:
            with open(stream, "wb") as device:
                yield device
            return
        mode = _mode_of_ours(path)
        temporary, fd = _create_beside(path)
        try:
            with open(fd, "wb") as file:
                yield file
                file.flush()
                if mode is not None:
                    os.fchmod(fd, mode)
                os.fsync(fd)
            os.rename(temporary, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
        _sync_directory(os.path.dirname(path) or ".")
    except BrokenPipeError:
        raise
    except OSError as error:
        raise EnvcensusError(f"{path} cannot be written: {_why(error)}") from error


def _open_stream(path: str) -> int | None:
    """A descriptor of the pipe or character device at `path`, or behind a link there; None for all else.

    In a directory of somebody else's such a thing may be a trap: a link to a device, a pipe that nobody reads.
    """
    try:
        entry = os.lstat(path)
        if stat.S_ISREG(entry.st_mode):
            return None
        target = os.stat(path)
    except FileNotFoundError:
        return None
    if stat.S_ISBLK(entry.st_mode) or stat.S_ISSOCK(entry.st_mode):
        raise OSError(errno.EINVAL, "neither a file nor a pipe")
    if not (stat.S_ISCHR(target.st_mode) or stat.S_ISFIFO(target.st_mode)) or not _is_ours(path, entry):
        return None
    fd = os.open(path, os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC)
    opened = os.fstat(fd)
    if (opened.st_dev, opened.st_ino) != (target.st_dev, target.st_ino):
        os.close(fd)
        raise OSError(errno.ESTALE, "it was replaced meanwhile")
    return fd


def _is_ours(path: str, entry: os.stat_result) -> bool:
    """Whether we or root put the directory entry there: it says so, or nobody else can write to the directory."""
    ours = {0, os.geteuid()}
    if entry.st_uid in ours:
        return True
    directory = os.stat(os.path.dirname(path) or ".")
    return directory.st_uid in ours and not directory.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _mode_of_ours(path: str) -> int | None:
    """The permissions of the file that is replaced; None where there is none, or where somebody else chose them."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    return found.st_mode & 0o777 if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() else None


def _create_beside(path: str) -> tuple[str, int]:
    """A new file in the directory of `path`; never one that is there already, nor one behind a link."""
    directory, name = os.path.split(path)
    for _ in range(_ATTEMPTS):
        temporary = os.path.join(directory, f".{name[:200]}.{os.urandom(6).hex()}.tmp")
        try:
            return temporary, os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        except FileExistsError:
            continue
    raise FileExistsError(f"no free name beside {path}")


def _sync_directory(directory: str) -> None:
    """Make the rename last; some file systems cannot, and the file is whole all the same."""
    try:
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        os.fsync(fd)
    except OSError:
        pass
    finally:
        os.close(fd)


def _why(error: OSError) -> str:
    if isinstance(error, PermissionError):  # an import may fail as what was tried did
        from envcensus.runtime.refusals import refusal

        return refusal(error)
    return error.strerror or str(error)
