"""Which directories a command looks at."""

from __future__ import annotations

import os
import sys
from typing import IO, TYPE_CHECKING

from envcensus.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


def resolve_roots(arguments: Sequence[str], roots_from: IO[bytes] | None, *, system: bool = False) -> list[str]:
    """Absolute roots from the arguments and from --roots-from; without any, the active virtualenv, else the current
    directory (nothing with --system, which brings its own).

    Raises UsageError for an argument that does not exist: a typing error must not read as "no environments". A line of
    --roots-from may have been deleted meanwhile: it is one that could not be looked at. So is what lies in a directory
    that may not be entered.
    """
    for root in arguments:
        if not os.path.lexists(root) and _is_gone(root):
            raise UsageError(f"no such file or directory: {root}", remedy="check the path")
    roots = [*arguments, *(read_roots(roots_from) if roots_from is not None else [])]
    if not roots and roots_from is None and not system:
        roots = [os.environ.get("VIRTUAL_ENV") or os.getcwd()]
    return [os.path.abspath(root) for root in roots]


def _is_gone(root: str) -> bool:
    from envcensus.runtime.refusals import is_gone

    return is_gone(root)


def read_roots(stream: IO[bytes]) -> list[str]:
    """Paths one a line, or separated by NUL bytes where there is one (`find -print0`). Raises UsageError."""
    try:
        data = stream.read()
    except OSError as error:
        where = "standard input" if stream.name in {0, "<stdin>"} else stream.name
        raise UsageError(f"the roots cannot be read from {where}: {_why(error)}", remedy="name them") from None
    parts = data.split(b"\0") if b"\0" in data else data.splitlines()
    return [os.fsdecode(part) for part in parts if part]


def terminal_width() -> int | None:
    """Columns of the terminal on standard output, None where it is no terminal or does not know (it says 0 then, as
    under `script` and in containers)."""
    return os.get_terminal_size(sys.stdout.fileno()).columns or None if _is_terminal(sys.stdout) else None


def wants_color() -> bool:
    """Whether to colour standard output: a terminal, and no NO_COLOR (https://no-color.org)."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (_is_terminal(sys.stdout) and os.environ.get("TERM") != "dumb")


def _is_terminal(stream: IO[str]) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def _why(error: OSError) -> str:
    if isinstance(error, PermissionError):  # an import may fail as what was tried did
        from envcensus.runtime.refusals import refusal

        return refusal(error)
    return error.strerror or str(error)
