from collections.abc import Callable
from typing import Final, TypeVar

_T = TypeVar("_T")

DETAILS: Final[int]
REQUIRES: Final[int]
INSTALLER: Final[int]
MISSING: Final[int]
EMPTY: Final[int]
NOT_A_FILE: Final[int]
UNREADABLE: Final[int]
OVERSIZED: Final[int]
BROKEN_LINK: Final[int]
LEFTOVER: Final[int]
HEADER_LIMIT: Final[int]
ENTRY_LIMIT: Final[int]
ARENA_LIMIT: Final[int]
KINDS: Final[tuple[str, ...]]

def scan_directory(
    path: bytes, make: Callable[..., _T], odd: Callable[..., _T | None], level: int = 0
) -> tuple[list[_T], list[tuple[_T, _T]], list[str], tuple[int, int, int, int], bool]: ...
def read_file(path: bytes, limit: int = ...) -> bytes | None: ...
