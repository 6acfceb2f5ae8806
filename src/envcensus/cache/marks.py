"""Marks of runs that have a store open. A run that ends removes its mark; one that crashes leaves it, unlocked."""

from __future__ import annotations

import fcntl
import itertools
import os

_PREFIX = "run-"
_counter = itertools.count()


class Mark:
    """The mark of one open store: a file whose lock its owner holds."""

    __slots__ = ("_fd", "_keep", "path")

    def __init__(self, directory: str) -> None:
        """Set the mark; raises OSError."""
        name = f"{_PREFIX}{os.getpid()}-{next(_counter)}"
        self.path = os.path.join(directory, name)
        self._keep = False
        # Locked under another name first: nobody may see it unlocked while we live.
        fresh = os.path.join(directory, f"new-{name}")
        self._fd = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.rename(fresh, self.path)
        except OSError:
            os.close(self._fd)
            raise

    def keep(self) -> None:
        """Leave the mark behind: the next run is to look at the data file in full."""
        self._keep = True

    def remove(self) -> None:
        """Remove the mark, unless it is to be kept, and let go of its lock."""
        if not self._keep:
            try:
                os.unlink(self.path)
            except OSError:
                pass  # the environment was set aside or cleared meanwhile
        os.close(self._fd)


def count(directory: str) -> int:
    """Number of stores that are open, or were when their run crashed."""
    return sum(name.startswith(_PREFIX) for name in os.listdir(directory))


def forget(directory: str) -> None:
    """Remove the marks that nobody holds."""
    for path in abandoned(directory):
        os.unlink(path)


def abandoned(directory: str) -> list[str]:
    """Paths of the marks that nobody holds."""
    found = []
    for name in os.listdir(directory):
        if not name.startswith(_PREFIX):
            continue
        path = os.path.join(directory, name)
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue  # gone meanwhile
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
            found.append(path)
        except OSError:
            pass
        finally:
            os.close(fd)
    return found
