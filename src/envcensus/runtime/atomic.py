"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
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

    A new file gets the permissions that the umask leaves, an existing one keeps its own. What is at `path` is replaced,
    a symbolic link too: nothing is ever written through one, except to a device or a pipe, which is written to as it is
    (`/dev/stdout`, `/dev/null`, a FIFO). Raises EnvcensusError.
    """
    try:
        mode = _mode_of(path)
        if mode is not None and not stat.S_ISREG(mode):
            with open(path, "wb") as device:
                yield device
            return
        temporary, fd = _create_beside(path)
        try:
            with open(fd, "wb") as file:
                yield file
                file.flush()
                if mode is not None:
                    os.fchmod(fd, stat.S_IMODE(mode) & 0o777)
                os.fsync(fd)
            os.rename(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
        _sync_directory(os.path.dirname(path) or ".")
    except BrokenPipeError:
        raise
    except OSError as error:
        raise EnvcensusError(f"{path} cannot be written: {error.strerror or error}") from error


def _mode_of(path: str) -> int | None:
    """What is at `path`: a link counts as the device or pipe it leads to, else as a file to be replaced."""
    try:
        found = os.lstat(path).st_mode
        if not stat.S_ISLNK(found):
            return found
        target = os.stat(path).st_mode
    except FileNotFoundError:
        return None
    return None if stat.S_ISREG(target) or stat.S_ISDIR(target) else target


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
