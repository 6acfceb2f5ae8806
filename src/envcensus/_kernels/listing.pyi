from collections.abc import Callable, Iterable
from typing import Any, TypeVar

_T = TypeVar("_T")

def pack(distributions: Iterable[Any], folders: list[str]) -> bytes: ...
def unpack(record: bytes, folders: list[str], make: Callable[..., _T]) -> list[_T]: ...
