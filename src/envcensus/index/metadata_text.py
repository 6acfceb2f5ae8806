"""Core metadata inside distributions: which member it is, and whether an sdist's may be believed."""

from __future__ import annotations

import os
import tarfile
import zipfile
from collections.abc import Iterable
from typing import IO, cast

MOST_METADATA = 16 << 20
MOST_UNPACKED = 512 << 20  # bytes of an sdist that are unpacked in search of its metadata
MOST_HEADER = 1 << 20
NEEDS_BUILD = "needs a build: its metadata is not static"
_STATIC_SINCE = (2, 2)
_EXTENDED = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, OSError, EOFError, ValueError, RuntimeError, OverflowError)
_CODECS = frozenset({"zlib", "lzma", "_lzma", "_bz2"})
# What the resolver reads: if one of these may differ from build to build, the file says nothing for certain.
_READ_FIELDS = frozenset({"requires-dist", "requires-python", "provides-extra"})


class MetadataError(Exception):
    """Metadata that cannot be had; the text is one sentence without secrets."""


class NeedsBuild(MetadataError):
    """An sdist whose metadata only a build would tell."""


def check_member(members: Iterable[zipfile.ZipInfo], filename: str) -> zipfile.ZipInfo:
    """The METADATA among a wheel's members: that of the one .dist-info directory named like the wheel."""
    from packaging.utils import canonicalize_name

    project = canonicalize_name(filename.split("-", 1)[0])
    found = []
    for member in members:
        directory, slash, rest = member.filename.partition("/")
        if not slash or rest != "METADATA" or not directory.endswith(".dist-info"):
            continue
        if canonicalize_name(directory.removesuffix(".dist-info").split("-", 1)[0]) == project:
            found.append(member)
    if len(found) != 1:
        raise MetadataError(f"the wheel holds {'no' if not found else 'more than one'} METADATA of its project")
    if found[0].file_size > MOST_METADATA:
        raise MetadataError("the wheel's metadata is too large")
    return found[0]


def read_sdist(file: IO[bytes], filename: str) -> bytes:
    """The metadata of an sdist: its PKG-INFO where that is static (Metadata 2.2), else what pyproject.toml states.

    Raises NeedsBuild where neither is certain, MetadataError for an archive that cannot be read.
    """
    members = _zip_members(file) if filename.endswith(".zip") else _tar_members(file)
    info = members.get("PKG-INFO")
    if info is not None and is_static(info):
        return info
    project = members.get("pyproject.toml")
    built = from_pyproject(project, filename) if project is not None else None
    if built is None:
        raise NeedsBuild(NEEDS_BUILD)
    return built


def _wanted(name: str) -> str:
    """PKG-INFO and pyproject.toml in the archive's top directory; empty for all else."""
    directory, slash, rest = name.removeprefix("./").partition("/")
    return rest if slash and directory and rest in ("PKG-INFO", "pyproject.toml") else ""


class _Bounded:
    """A stream that ends in an error once it gave MOST_UNPACKED bytes."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._left = MOST_UNPACKED

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise MetadataError("the sdist unpacks to too much")
        return data


class _TarInfo(tarfile.TarInfo):
    """A member whose extended header (a name, pax records) is read into memory only if it is short."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type in _EXTENDED and self.size > MOST_HEADER:
            raise tarfile.ReadError("an extended header of this size is no header")
        return super()._proc_member(archive)  # type: ignore[misc,no-any-return]


def _tar_members(file: IO[bytes]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    try:
        with (
            _decompressed(file) as plain,
            tarfile.open(fileobj=cast(IO[bytes], _Bounded(plain)), mode="r|", tarinfo=_TarInfo) as archive,
        ):
            for member in archive:
                name = _wanted(member.name)
                if name and member.isreg() and member.size <= MOST_METADATA:
                    stream = archive.extractfile(member)
                    found[name] = stream.read() if stream is not None else b""
                if name == "PKG-INFO" and is_static(found.get(name, b"")):
                    break
    except Exception as error:
        if not is_damage(error):
            raise
        raise MetadataError("the sdist is no valid archive") from error
    return found


def _decompressed(file: IO[bytes]) -> IO[bytes]:
    start = file.read(6)
    file.seek(0)
    if start[:2] == b"\x1f\x8b":
        import gzip

        return cast(IO[bytes], gzip.open(file))
    if start[:3] == b"BZh":
        import bz2

        return bz2.open(file)
    if start == b"\xfd7zXZ\0":
        import lzma

        return lzma.open(file)
    return file


def _zip_members(file: IO[bytes]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(file) as archive:
            for member in archive.infolist():
                name = _wanted(member.filename)
                if name and member.file_size <= MOST_METADATA:
                    with archive.open(member) as stream:
                        found[name] = stream.read(MOST_METADATA)
    except Exception as error:
        if not is_damage(error):
            raise
        raise MetadataError("the sdist is no valid archive") from error
    return found


def is_damage(error: Exception) -> bool:
    """Whether it is what reading a damaged archive raises: those errors have no common parent, and those of the codecs
    are of no module that is always there.
    """
    return isinstance(error, _DAMAGE) or type(error).__module__ in _CODECS


def is_static(info: bytes) -> bool:
    """Whether PKG-INFO binds every wheel built from it (PEP 643) in what the resolver reads."""
    from packaging.metadata import parse_email

    if not info:
        return False
    try:
        raw, _ = parse_email(info)
        version = tuple(int(part) for part in raw.get("metadata_version", "").split("."))
    except (ValueError, UnicodeDecodeError):
        return False
    dynamic = {field.lower() for field in raw.get("dynamic", [])}
    return version >= _STATIC_SINCE and not dynamic & _READ_FIELDS


def from_pyproject(text: bytes, filename: str) -> bytes | None:
    """Metadata from the [project] table (PEP 621), None where something that counts is dynamic or not stated."""
    import tomllib

    from packaging.utils import parse_sdist_filename

    try:
        project = tomllib.loads(text.decode()).get("project")
        name, version = parse_sdist_filename(os.path.basename(filename))
    except (ValueError, RecursionError):  # no TOML, no UTF-8, no name of an sdist, a number of 5,000 digits
        return None
    if not isinstance(project, dict):
        return None
    dynamic = project.get("dynamic", [])
    if not isinstance(dynamic, list) or {"dependencies", "optional-dependencies", "requires-python"} & set(
        map(str, dynamic)
    ):
        return None
    try:
        lines = _requirement_lines(project)
    except (ValueError, TypeError, AttributeError):
        return None
    return "\n".join(["Metadata-Version: 2.2", f"Name: {name}", f"Version: {version}", *lines, "", ""]).encode()


def _requirement_lines(project: dict[str, object]) -> list[str]:
    """Raises ValueError, TypeError or AttributeError for a table that is not as the specification says."""
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet
    from packaging.utils import canonicalize_name

    lines = []
    if "requires-python" in project:
        lines.append(f"Requires-Python: {SpecifierSet(str(project['requires-python']))}")
    dependencies = project.get("dependencies", [])
    optional = project.get("optional-dependencies", {})
    if not isinstance(dependencies, list) or not isinstance(optional, dict):
        raise TypeError("not as PEP 621 says")
    lines += [f"Requires-Dist: {Requirement(text)}" for text in dependencies]
    for extra, texts in optional.items():
        name = canonicalize_name(extra)
        lines.append(f"Provides-Extra: {name}")
        for text in texts:
            requirement = Requirement(text)
            marker = f'({requirement.marker}) and extra == "{name}"' if requirement.marker else f'extra == "{name}"'
            requirement.marker = None
            # A direct URL ends at a space, not at the semicolon (PEP 508).
            lines.append(f"Requires-Dist: {requirement} ; {marker}")
    return lines
