from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

_T = TypeVar("_T")

KINDS: Final[tuple[str, ...]]

def pack(distributions: Iterable[Any], folders: list[str]) -> bytes: ...
def unpack(record: bytes, folders: list[str], make: Callable[..., _T]) -> list[_T]: ...
