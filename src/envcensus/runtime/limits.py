"""What the limits of this process leave (`ulimit -v`, `ulimit -n`): a run does with less, or ends in words.

Met in the middle of a request, they make libraries end the process without a word, print tracebacks, or turn for ever.
"""

from __future__ import annotations

import os
import resource
from contextlib import suppress

from envcensus.errors import EnvcensusError

FOR_REQUESTS = 64 << 20  # bytes: importing the client and fetching 1,500 pages took 27 MB, reporting on them 25
_FILES = 16  # descriptors: standard streams, cache, directories under way, an output
_FILES_FOR_REQUESTS = 24  # the same beside the connections, with those of an event loop
_ARENAS = -8  # M_ARENA_MAX of mallopt(3)


def be_frugal() -> None:
    """Under a limit of memory, let all threads share one heap: glibc sets 64 to 128 MB of address space aside for each.

    Raises EnvcensusError where so few files may be open that what cannot be opened would look like what is not there.
    """
    if _is_limited():
        with suppress(ImportError, OSError, AttributeError):
            import ctypes

            ctypes.CDLL(None).mallopt(_ARENAS, 1)
    if (limit := _files()) < _FILES:
        raise EnvcensusError(
            f"only {limit} files may be open at a time, and {_FILES} are needed", remedy="raise the limit (`ulimit -n`)"
        )


def has_room(size: int) -> bool:
    """Whether the limit of memory leaves `size` bytes."""
    if not _is_limited():
        return True
    from mmap import mmap

    try:
        mmap(-1, size).close()
    except (OSError, MemoryError):
        return False
    return True


def require_room_for_requests() -> None:
    """Raise EnvcensusError where the limit leaves too little memory to ask an index."""
    if not has_room(FOR_REQUESTS):
        raise EnvcensusError(
            f"there is not enough memory to ask an index: that takes {FOR_REQUESTS >> 20} MB more",
            remedy="raise the limit (`ulimit -v`), or name fewer ROOTs at a time",
        )


def connections(wanted: int, hosts: int) -> int:
    """How many connections to each of `hosts` there can be, `wanted` at most. Raises EnvcensusError where none."""
    limit = _files()
    if limit >= _FILES_FOR_REQUESTS + 2 * wanted * hosts:
        return wanted
    left = limit - max(_opened(), _FILES_FOR_REQUESTS)
    if left < hosts:
        raise EnvcensusError(
            f"only {limit} files may be open at a time, too few to ask an index", remedy="raise the limit (`ulimit -n`)"
        )
    return min(wanted, left // hosts)


def _is_limited() -> bool:
    """Whether this process may not have as much address space as it likes."""
    return resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY


def _files() -> int:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return 1 << 30 if limit == resource.RLIM_INFINITY else limit


def _opened() -> int:
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return 0
