"""What can be told about LMDB's data file before it is mapped.

LMDB trusts its file: a truncated one is SIGBUS at the first access, one in the other on-disk format damages the lock
file. The two meta pages of format 1 (LMDB 0.9; `struct MDB_meta` in mdb.c) say how long the file has to be.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from struct import Struct

from envcensus.errors import CacheError

DATA = "data.mdb"
LOCK = "lock.mdb"

_MAGIC = 0xBEEFC0DE
_FORMAT = 1
_PAGE_HEADER = 16
# magic, version, address, map size; the records of the two databases: the first begins with the page size, the second,
# the main one, has its flags at 4; last page, transaction
_META = Struct("=IIQQ I44x 4xH42x QQ")


class Damaged(CacheError):
    """The file cannot be what LMDB wrote: set it aside."""


def inspect(directory: str) -> None:
    """Judge the files of an environment without mapping them.

    Raises Damaged, CacheError when the files are not plain files of ours, OSError.
    """
    _inspect_lock(os.path.join(directory, LOCK))
    if sys.maxsize < 1 << 32:
        return  # a layout of its own, on machines too rare to test
    path = os.path.join(directory, DATA)
    fd = _open_plain(path)
    try:
        first = _read_meta(fd, 0)
        if first is None:
            raise Damaged(f"{path} is no LMDB file of format {_FORMAT}")
        page_size = first[0]
        second = _read_meta(fd, page_size)
        size = os.fstat(fd).st_size  # after the meta pages: a writer lengthens the file before it says so there
    finally:
        os.close(fd)
    if second is None or second[0] != page_size:
        raise Damaged(f"{path} has no second meta page")
    _, last_page, _ = max(first, second, key=lambda meta: meta[2])
    if size < (last_page + 1) * page_size:
        raise Damaged(f"{path} is shorter than its meta page says")


def _inspect_lock(path: str) -> None:
    """A lock file with holes could not be filled in on a full disk, which would be SIGBUS as well."""
    fd = _open_plain(path)
    try:
        fill_holes(fd)
    finally:
        os.close(fd)


def fill_holes(fd: int) -> None:
    """Have the file system set room aside for all of a file; raises OSError where there is none."""
    found = os.fstat(fd)
    try:
        if found.st_blocks * 512 < found.st_size and hasattr(os, "posix_fallocate"):
            os.posix_fallocate(fd, 0, found.st_size)
    except OSError as error:
        if error.errno not in (errno.EBADF, errno.EINVAL, errno.EOPNOTSUPP, errno.ENODEV):
            raise


def _open_plain(path: str) -> int:
    flags = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        try:
            fd = os.open(path, os.O_RDWR | flags)
        except OSError as error:
            if error.errno != errno.EROFS:
                raise
            fd = os.open(path, os.O_RDONLY | flags)
    except FileNotFoundError:
        raise Damaged(f"{path} is missing") from None
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise CacheError(f"{path} is a symbolic link") from None
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_nlink != 1:
        os.close(fd)
        raise CacheError(f"{path} is not a plain file of this user")
    return fd


def _read_meta(fd: int, offset: int) -> tuple[int, int, int] | None:
    """Page size, last page and transaction number of the meta page at `offset`."""
    raw = os.pread(fd, _META.size, offset + _PAGE_HEADER)
    if len(raw) < _META.size:
        return None
    magic, version, _, _, page_size, flags, last_page, transaction = _META.unpack(raw)
    if magic != _MAGIC or version != _FORMAT or flags or not 512 <= page_size <= 0x8000 or page_size & (page_size - 1):
        return None
    return page_size, last_page, transaction
