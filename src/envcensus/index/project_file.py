"""Our part of `envcensus.toml` and `pyproject.toml` in a directory: files that nobody named, believed only if ours."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping

from envcensus.errors import IndexConfigError

_TABLES = ("ignore", "index")
MOST_BYTES = 4 << 20
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY | os.O_NOFOLLOW
_O_PATH = getattr(os, "O_PATH", 0)  # Linux; elsewhere links are not followed
_MOST_LINKS = 8
_IS_A_LINK = (errno.ELOOP, errno.EMLINK)  # what O_NOFOLLOW answers
_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ENXIO)


def project_tables(directory: str) -> Iterator[tuple[Mapping[str, object], str, str]]:
    """All of `envcensus.toml`, then `[tool.envcensus]` of `pyproject.toml`: (table, path, what precedes its keys).

    Raises IndexConfigError for a file of ours that cannot be read, or is no TOML. A `pyproject.toml` is read by
    others too: one that cannot be read or does not speak of us is passed over.
    """
    path = os.path.join(directory, "envcensus.toml")
    data = _read(path)
    if data is not None:
        yield _parse(data, path), path, ""
    path = os.path.join(directory, "pyproject.toml")
    try:
        data = read_ours(path)
    except OSError:
        return
    if data is not None and _may_speak_of_us(data):
        table: object = _parse(data, path)
        for part in ("tool", "envcensus"):
            table = table.get(part) if isinstance(table, dict) else None
        if isinstance(table, dict):
            yield table, path, "tool.envcensus."


def check_tables(tables: Mapping[str, object], path: str, prefix: str = "") -> None:
    """Raise IndexConfigError where there is another table than ours: a typing error must not read as "no settings"."""
    for name in tables:
        if name not in _TABLES:
            raise IndexConfigError(
                f"{path} has an unknown table {prefix + name!r}", remedy=f"known: {', '.join(_TABLES)}"
            )


def _read(path: str) -> bytes | None:
    try:
        return read_ours(path)
    except OSError as error:
        raise IndexConfigError(f"{path} cannot be read: {_why(error)}") from None


def _parse(data: bytes, path: str) -> dict[str, object]:
    import tomllib

    try:
        return tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, a number of 5,000 digits
        raise IndexConfigError(f"{path} is no valid TOML: {error}") from None


def _may_speak_of_us(pyproject: bytes) -> bool:
    """Whether a `pyproject.toml` may have a table for us: to parse all that others write there takes long."""
    return any(part in pyproject for part in (b"envcensus", b"\\u", b"\\U", b"\\x"))


def read_ours(path: str) -> bytes | None:
    """What a file holds that nobody named; None where there is none that may be believed.

    Believed is a regular file that belongs to whoever runs this, or to root: a run by root in somebody's directory
    must take neither its index nor its policy from there. What is judged is the opened file, so that the directory's
    owner cannot swap it in between. A symbolic link is followed if it is ours too: who makes one chooses which of
    root's files is read. Raises OSError for a file of ours that cannot be read or has more than MOST_BYTES.
    """
    try:
        descriptor = _open(path)
    except OSError as error:
        if error.errno in _ABSENT or not _seems_ours(path):
            return None
        raise
    if descriptor is None:
        return None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or not _is_ours(status):
            return None
        if status.st_size > MOST_BYTES:
            raise OSError(errno.EFBIG, f"larger than {MOST_BYTES} bytes")
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(MOST_BYTES)
    finally:
        os.close(descriptor)


def _is_ours(status: os.stat_result) -> bool:
    return status.st_uid in {0, os.geteuid()}


def _seems_ours(path: str) -> bool:
    """Of what could not be opened: decides only whether that is worth an error."""
    try:
        return _is_ours(os.lstat(path))
    except OSError:
        return False


def _open(path: str) -> int | None:
    """A descriptor, None behind a link that is not ours. Waits for nobody at the other end of a pipe."""
    for _ in range(_MOST_LINKS):
        try:
            return os.open(path, _FLAGS)
        except OSError as error:
            if error.errno not in _IS_A_LINK:
                raise
        if not _O_PATH:
            return None
        link = os.open(path, _O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            status = os.fstat(link)
            if not stat.S_ISLNK(status.st_mode) or not _is_ours(status):
                return None
            path = os.path.join(os.path.dirname(path), os.readlink("", dir_fd=link))
        finally:
            os.close(link)
    return None


def _why(error: OSError) -> str:
    if isinstance(error, PermissionError):  # an import may fail as what was tried did
        from envcensus.runtime.refusals import refusal

        return refusal(error)
    return (error.strerror or "").lower()
