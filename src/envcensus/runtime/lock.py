"""One run at a time: the lock file of `--lock`."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from envcensus.errors import EnvcensusError, LockedError, UsageError
from envcensus.runtime.refusals import refusal


@contextmanager
def only_run(path: str) -> Iterator[None]:
    """Hold an `flock` on `path`, which is created empty and never removed, without waiting for it.

    The kernel lets go when the process ends, however it ends; `flock(1)` and we keep each other out.
    Raises LockedError when another run holds it, UsageError when it cannot be opened, EnvcensusError when its file
    system has no locks.
    """
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
    except OSError as error:
        reason = "is a symbolic link" if error.errno == errno.ELOOP else f"cannot be opened: {refusal(error)}"
        raise UsageError(f"lock file {path} {reason}", remedy="choose another path") from error
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno != errno.EWOULDBLOCK:
                raise EnvcensusError(f"lock file {path} cannot be locked: {error.strerror}") from error
            raise LockedError(f"another run holds {path}") from None
        yield
    finally:
        os.close(fd)
