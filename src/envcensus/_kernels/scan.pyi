from collections.abc import Callable
from typing import Final, Self, TypeVar, final

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
KINDS: Final[tuple[str, ...]]

@final
class Directory:
    def __new__(cls, path: bytes, level: int = 0) -> Self: ...
    def read(
        self, make: Callable[..., _T], odd: Callable[..., _T | None]
    ) -> tuple[list[_T], list[tuple[_T, _T]], list[str], tuple[int, int, int, int], bool]: ...

def read_ahead(directories: list[Directory]) -> None: ...
def read_file(path: bytes, limit: int = ...) -> bytes | None: ...
def watch(path: str) -> tuple[str, int, int, int, int, int]: ...
def unchanged(watches: tuple[tuple[str, int, int, int, int, int], ...]) -> bool: ...
