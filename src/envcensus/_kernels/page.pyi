from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, Protocol, Self, TypeVar, final

from envcensus._kernels.specifier import Texts, VersionTable

_Buffer = bytes | bytearray | memoryview
_F = TypeVar("_F")

class _File(Protocol):
    @property
    def filename(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def hashes(self) -> Mapping[str, str]: ...
    @property
    def requires_python(self) -> str: ...
    @property
    def yanked(self) -> str | None: ...
    @property
    def core_metadata(self) -> Mapping[str, str] | bool: ...
    @property
    def size(self) -> int | None: ...
    @property
    def upload_time(self) -> float | None: ...

class _Page(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def files(self) -> Sequence[_File]: ...
    @property
    def status(self) -> str: ...
    @property
    def status_reason(self) -> str: ...
    @property
    def tracks(self) -> Sequence[str]: ...
    @property
    def alternates(self) -> Sequence[str]: ...

class _Ranks(Protocol):
    def rank(self, text: str, /) -> int | None: ...

__all__ = [
    "Candidates",
    "Info",
    "PageError",
    "Target",
    "candidates",
    "files",
    "info",
    "latest",
    "pack",
    "pack_html",
    "pack_json",
    "quoted",
    "status",
    "version_info",
    "versions",
    "why_none",
]

class PageError(ValueError): ...

@final
class Target:
    def __new__(
        cls,
        *,
        python: str,
        tags: _Ranks | Iterable[str],
        pre: bool = False,
        uploaded_prior_to: float | None = None,
        only_binary: Iterable[str] = (),
        no_binary: Iterable[str] = (),
    ) -> Self: ...
    @property
    def python(self) -> str: ...
    @property
    def pre(self) -> bool: ...
    @property
    def uploaded_prior_to(self) -> float | None: ...

class Candidates:
    versions: Texts
    table: VersionTable
    usable: int
    yanked: int
    pre: int
    wheel: int
    metadata: int
    unpacked: int
    bad_python: int
    def __init__(
        self,
        versions: Texts,
        table: VersionTable,
        usable: int,
        yanked: int,
        pre: int,
        wheel: int,
        metadata: int,
        unpacked: int,
        bad_python: int,
    ) -> None: ...

class Info:
    name: str
    status: str
    status_reason: str
    tracks: tuple[str, ...]
    alternates: tuple[str, ...]
    versions: int
    files: int
    skipped: int
    foreign: int
    api_minor: int
    def __init__(
        self,
        name: str,
        status: str,
        status_reason: str,
        tracks: tuple[str, ...],
        alternates: tuple[str, ...],
        versions: int,
        files: int,
        skipped: int,
        foreign: int,
        api_minor: int,
    ) -> None: ...

def pack(page: _Page) -> tuple[bytes, bytes]: ...
def pack_json(body: bytes, url: str, name: str = "") -> tuple[bytes, bytes]: ...
def pack_html(body: bytes, url: str, name: str = "", charset: str = "utf-8") -> tuple[bytes, bytes]: ...
def latest(
    record: _Buffer, target: Target, name: str = ""
) -> tuple[str, Literal["wheel", "sdist"], float | None, bool] | None: ...
def why_none(record: _Buffer, target: Target, name: str = "") -> str: ...
def candidates(record: _Buffer, target: Target, name: str = "") -> Candidates: ...
def versions(record: _Buffer) -> list[str]: ...
def info(record: _Buffer) -> Info: ...
def status(record: _Buffer) -> tuple[str, str]: ...
def quoted(url: str) -> str: ...
def version_info(record: _Buffer, version: str) -> tuple[float | None, str | None] | None: ...
def files(record: _Buffer, version: str | None, make: Callable[..., _F]) -> list[_F]: ...
