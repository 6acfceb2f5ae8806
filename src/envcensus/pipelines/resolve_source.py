"""What the cache and the indexes' records know, in the shapes that a solver is fed with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from envcensus._kernels.names import TagSet, parse_wheel_filename
from envcensus._kernels.page import Candidates, PageError, Target, candidates, files, version_info
from envcensus._kernels.specifier import specifier_set
from envcensus.index.entry import glance, is_fresh, unpack_entry
from envcensus.index.places import Stamps
from envcensus.model.core_metadata import CoreMetadata
from envcensus.model.page import File

if TYPE_CHECKING:
    from collections.abc import Callable

    from envcensus.cache.store import Reader
    from envcensus.index.config import IndexConfig
    from envcensus.index.entry import Entry

_NO_BUILD = (-1, "")  # below every build number (Binary distribution format, "File name convention")
_decode = msgspec.msgpack.Decoder(CoreMetadata).decode
_encode = msgspec.msgpack.Encoder().encode


class PageFeed:
    """The candidates of one project for a target."""

    __slots__ = ("_found", "_limited", "_target", "_unwanted", "pre", "table", "usable", "versions", "wheels", "yanked")

    def __init__(self, found: Candidates, target: Target, *, limited: bool = False, wheels: int = 0) -> None:
        self._found = found
        self._limited = limited  # by upload time
        self._unwanted = 0
        self._target = target
        self.versions = found.versions
        self.table = found.table
        self.usable = found.usable | found.yanked
        self.yanked = found.yanked
        self.pre = found.pre
        self.wheels = wheels  # versions of which a wheel fits, where these are preferred

    def keep(self, wanted: Callable[[str], bool]) -> None:
        """Leave out the usable versions that are not wanted, unless none is."""
        kept = 0
        for index, version in enumerate(self.versions):
            if self.usable >> index & 1 and wanted(version):
                kept |= 1 << index
        if kept:
            self._unwanted = self.usable & ~kept
            self.usable = kept

    def why_not(self, index: int) -> str:
        """Why a version is not usable."""
        if self._unwanted >> index & 1:
            return "has no file with one of the hashes given"
        if self._found.bad_python >> index & 1:
            return f"does not support Python {self._target.python}"
        if self._limited:
            return "has no file for this target that an index says was uploaded in time"
        return "has no file for this target"


class CachedSource:
    """The cache inside one read transaction: pages that are fresh, and metadata, which never changes."""

    def __init__(
        self,
        reader: Reader,
        config: IndexConfig,
        target: Target,
        *,
        now: float,
        max_age: float | None = None,
        refresh: bool = False,
        stale: bool = False,
        limited: bool = False,
        wheels: Target | None = None,
    ) -> None:
        self._reader = reader
        self._target = target
        self._now = now
        self._max_age = max_age
        self._refresh = refresh
        self._limited = limited  # by upload time
        self._wheels = wheels  # the target without sdists, where wheels are preferred
        self._stale = stale  # accept any age: nothing may be asked
        self.prefix = config.cache_key().encode() + b"/"
        self._stamps = Stamps(config)

    def key(self, name: str) -> bytes:
        """The key of a project's records."""
        return self.prefix + name.encode("utf-8", "surrogateescape")

    def page(self, name: str) -> tuple[bool, PageFeed | None, Entry | None]:
        """Whether the cache answers, the candidates (None: no such project), and the header of what is too old."""
        found = self._reader.get("pages", self.key(name))
        if found is None:
            return False, None, None
        try:
            there, files_too, _, fetched, expires, state, offset = glance(found)
            if there and not files_too and not self._stale:
                return False, None, None  # kept without its files, which tell where metadata is: to be fetched whole
            if not self._fresh(fetched, expires, state, name):
                return False, None, unpack_entry(found)[0]
            return True, self.read(found[offset:], name) if there else None, None
        except ValueError:  # PageError is one
            return False, None, None

    def read(self, record: bytes | memoryview, name: str) -> PageFeed:
        """A packed page for the target. Raises PageError."""
        found = candidates(record, self._target, name)
        wheels = 0 if self._wheels is None else candidates(record, self._wheels, name).usable
        return PageFeed(found, self._target, limited=self._limited, wheels=wheels)

    def kept_record(self, name: str) -> bytes:
        """The packed page that is kept, however old; empty where there is none."""
        found = self._reader.get("pages", self.key(name))
        if found is None:
            return b""
        try:
            _, offset = unpack_entry(found)
        except ValueError:
            return b""
        return bytes(found[offset:])

    def kept_entry(self, name: str) -> Entry | None:
        """The header of what is kept, however old; None where there is nothing."""
        found = self._reader.get("pages", self.key(name))
        if found is None:
            return None
        try:
            return unpack_entry(found)[0]
        except ValueError:
            return None

    def files(self, name: str) -> bytes:
        """The packed files that are kept; empty where there are none."""
        found = self._reader.get("files", self.key(name))
        return b"" if found is None else bytes(found)

    def metadata(self, name: str, version: str) -> CoreMetadata | str | None:
        """The metadata of a version, the reason why it has none, or None where the cache does not know."""
        found = self._reader.get("metadata", self.prefix + f"{name}/{version}".encode("utf-8", "surrogateescape"))
        return None if found is None else unpack_metadata(found)

    def kept_metadata(self, key: str) -> CoreMetadata | str | None:
        """What is kept under a key without its prefix."""
        found = self._reader.get("metadata", self.key(key))
        return None if found is None else unpack_metadata(found)

    def _fresh(self, fetched: float, expires: float, state: bytes, name: str) -> bool:
        if self._stale:
            return True
        if self._refresh or not is_fresh(fetched, expires, now=self._now, max_age=self._max_age):
            return False
        return state == self._stamps.of(name)


def pack_metadata(metadata: CoreMetadata | str) -> bytes:
    """What the cache keeps of a version: its metadata, or why there is none."""
    return b"\0" + metadata.encode() if isinstance(metadata, str) else b"\2" + _encode(metadata)


def unpack_metadata(data: bytes | memoryview) -> CoreMetadata | str | None:
    """The reverse; None for what another version of us wrote."""
    try:
        kind, copy = data[0], bytes(data[1:])  # parts stay packed, and the cache's memory is gone with its transaction
        return _decode(copy) if kind == 2 else copy.decode() if kind == 0 else None
    except (msgspec.MsgspecError, UnicodeDecodeError, IndexError):
        return None


class Chooser:
    """Which files of a version fit a target, the one that would be installed first."""

    def __init__(
        self,
        python: str,
        tags: tuple[str, ...],
        only_binary: tuple[str, ...],
        no_binary: tuple[str, ...],
        uploaded_prior_to: float | None = None,
    ):
        self._python = python
        self._names = tags
        self._tags: TagSet | None = None
        self._only_binary = only_binary
        self._no_binary = no_binary
        self._prior = uploaded_prior_to

    def fitting(self, packed: bytes, name: str, version: str) -> list[File]:
        """The files of `version` out of a packed record of files. Of those alike the first is, as in pip, that with the
        highest build number, then the last one."""
        ranked: list[tuple[bool, int, tuple[int, str], int, File]] = []
        try:
            found = files(packed, version, File)
        except PageError:
            return []
        for position, file in enumerate(self.allowed(found, name)):
            if file.requires_python and not self._allows(file.requires_python):
                continue
            rank, build = 1 << 30, _NO_BUILD
            if file.filename.endswith(".whl"):
                rank, build = self._ranked(file.filename)
                if rank < 0:
                    continue
            ranked.append((file.yanked is None, -rank, build, position, file))
        ranked.sort(key=lambda row: row[:4], reverse=True)
        return [row[4] for row in ranked]

    def allowed(self, files: list[File], name: str) -> list[File]:
        """The files of a project, for whatever target, that --only-binary, --no-binary and the upload limit leave."""
        wheels = not _listed(name, self._no_binary, self._only_binary)
        sdists = not _listed(name, self._only_binary, self._no_binary)
        if wheels and sdists and self._prior is None:
            return files
        return [
            file for file in files if (wheels if file.filename.endswith(".whl") else sdists) and self._in_time(file)
        ]

    def _in_time(self, file: File) -> bool:
        if self._prior is None or file.url.startswith("file:"):
            return True
        return file.upload_time is not None and file.upload_time < self._prior

    def rank(self, filename: str) -> int:
        """How well a wheel fits the target, 0 best; -1 where it does not, or where its name is none of a wheel."""
        return self._ranked(filename)[0]

    def _ranked(self, filename: str) -> tuple[int, tuple[int, str]]:
        if self._tags is None:
            self._tags = TagSet(self._names)
        try:
            _, _, build, tags = parse_wheel_filename(filename)
        except ValueError:
            return -1, _NO_BUILD
        return self._tags.rank(tags), build or _NO_BUILD

    def _allows(self, requires_python: str) -> bool:
        try:
            return specifier_set(requires_python).contains(self._python, prereleases=True)
        except ValueError:
            return True


def all_files(packed: bytes, version: str) -> list[File]:
    """All files of a version, for hashes. Empty for a damaged record."""
    try:
        found = files(packed, version, File)
    except PageError:
        return []
    return [file if file.hashes or not file.url.startswith("file:") else _hashed(file) for file in found]


def reference_files(url: str, sha256: str = "") -> tuple[File, ...]:
    """The archive that a direct reference names, where its hash is known: stated there, that of a local file, or
    `sha256`, that of what was downloaded.
    """
    from envcensus.pipelines.resolve_direct import DirectError, remote_file

    try:
        file = remote_file(url)
    except DirectError:
        return ()
    if not file.hashes and sha256:
        file = msgspec.structs.replace(file, hashes={"sha256": sha256})
    elif not file.hashes and url.startswith("file:"):
        file = _hashed(file)
    return (file,) if file.hashes else ()


def _hashed(file: File) -> File:
    """A file of this machine with its sha256; as it was where it cannot be read."""
    import hashlib

    from envcensus.index.places import path_of

    try:
        with open(path_of(file.url), "rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            size = stream.tell()
    except (OSError, ValueError):
        return file
    return msgspec.structs.replace(file, hashes={"sha256": digest}, size=size)


def yanked_reason(record: bytes, version: str) -> str | None:
    """Why a version was yanked; None where it was not."""
    try:
        found = version_info(record, version)
    except PageError:
        return None
    return found[1] if found else None


def _listed(name: str, names: tuple[str, ...], others: tuple[str, ...]) -> bool:
    """Whether an option excludes a kind of a project's files; a name of the other option wins over ":all:"."""
    return name in names or (":all:" in names and name not in others)
