"""Advisory locks between runs, waited for with a deadline."""

from __future__ import annotations

import errno
import fcntl
import os
import time

_FIRST_PAUSE = 0.001
_LONGEST_PAUSE = 0.05


class FileLock:
    """An `flock` on a file of its own. The kernel drops it when its holder dies, however that happens.

    Not reentrant, and held by one thread at a time.
    """

    __slots__ = ("_fd", "path")

    def __init__(self, path: str) -> None:
        self.path = path
        self._fd = -1

    def acquire(self, deadline: float, *, shared: bool = False) -> bool:
        """Take the lock within `deadline` seconds; whether it was to be had.

        Raises OSError when the file cannot be opened (unless it is only shared and merely not writable).
        """
        if self._fd < 0:
            self._fd = _open(self.path, shared)
        operation = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB
        end = time.monotonic() + deadline
        pause = _FIRST_PAUSE
        while True:
            try:
                fcntl.flock(self._fd, operation)
                return True
            except OSError as error:
                if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                    raise
            left = end - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(pause, left))
            pause = min(2 * pause, _LONGEST_PAUSE)

    def release(self) -> None:
        """Let others have it; the descriptor stays open for the next time."""
        if self._fd >= 0:
            fcntl.flock(self._fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Release and close."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _open(path: str, shared: bool) -> int:
    flags = os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | flags, 0o600)
    except OSError as error:
        if not shared or error.errno not in (errno.EROFS, errno.EACCES):
            raise
        return os.open(path, os.O_RDONLY | flags)
