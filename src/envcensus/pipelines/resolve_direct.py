"""Direct references: a file or a project directory, read and never built."""

from __future__ import annotations

import os
import stat
from urllib.parse import unquote, urlsplit

from envcensus._kernels.names import parse_wheel_filename
from envcensus.index.core_metadata import core_metadata, parse_metadata
from envcensus.index.metadata_text import is_static
from envcensus.model.core_metadata import CoreMetadata
from envcensus.model.page import ARCHIVES, File
from envcensus.runtime.refusals import refusal

_LARGEST = 4 << 20  # bytes of a pyproject.toml or PKG-INFO


class DirectError(Exception):
    """A reference that cannot be used; the text is the end of a sentence about it."""


class Unreadable(DirectError):
    """What may not be looked at."""


class NeedsBuild(DirectError):
    """A project directory whose metadata only a build tells."""


def local_metadata(url: str) -> CoreMetadata | None:
    """The metadata of a project directory; None for what is no directory. Raises DirectError."""
    parts = urlsplit(url)
    path = unquote(parts.path)
    return directory_metadata(path) if parts.scheme == "file" and _is_directory(path) else None


def _is_directory(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)
    except PermissionError as error:
        raise Unreadable(f"could not be looked at: {refusal(error)}") from None
    except (OSError, ValueError):
        return False


def remote_file(url: str) -> File:
    """The wheel or sdist that a reference names. Raises DirectError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https", "file"):
        raise DirectError(f"is a {parts.scheme or 'relative'} reference, which would have to be built")
    filename = unquote(parts.path).rsplit("/", 1)[-1]
    if not filename.lower().endswith(ARCHIVES):
        raise DirectError("is a reference to no wheel and no sdist")
    if filename.endswith(".whl") and not _is_wheel(filename):
        raise DirectError("is a file that is not called as wheels are, NAME-VERSION-PYTHON-ABI-PLATFORM.whl")
    base, _, fragment = url.partition("#")
    hashes = dict(part.split("=", 1) for part in fragment.split("&") if part.startswith("sha") and "=" in part)
    return File(filename=filename, url=base, hashes=hashes)


def _is_wheel(filename: str) -> bool:
    try:
        parse_wheel_filename(filename)
    except ValueError:
        return False
    return True


def directory_metadata(path: str) -> CoreMetadata:
    """Static metadata of a project directory: [project] of pyproject.toml, else PKG-INFO. Raises DirectError."""
    import tomllib

    text = _read(os.path.join(path, "pyproject.toml"))
    if text:
        try:
            project = tomllib.loads(text.decode("utf-8", "replace")).get("project")
        except (ValueError, RecursionError) as error:
            raise DirectError("has a pyproject.toml that cannot be read") from error
        if isinstance(project, dict):
            metadata = project_metadata(project)
            if metadata is not None:
                return metadata
    packed = _read(os.path.join(path, "PKG-INFO"))
    if packed:
        metadata = parse_metadata(packed)
        if metadata is not None and is_static(packed):
            return metadata
    raise NeedsBuild("would have to be built: it is a directory without static metadata")


def project_metadata(project: dict[str, object]) -> CoreMetadata | None:
    """Metadata of a [project] table (pyproject.toml specification); None where a build has to fill it in."""
    dynamic = project.get("dynamic")
    name, version = project.get("name"), project.get("version")
    if not isinstance(name, str) or not isinstance(version, str):
        return None
    if isinstance(dynamic, list) and {"dependencies", "optional-dependencies"}.intersection(map(str, dynamic)):
        return None
    lines = _texts(project.get("dependencies"))
    extras = project.get("optional-dependencies")
    names: list[str] = []
    if isinstance(extras, dict):
        for extra, wanted in extras.items():
            names.append(str(extra))
            for line in _texts(wanted):
                head, semicolon, marker = line.partition(";")
                condition = f'extra == "{extra}"'
                lines.append(f"{head.strip()} ; " + (f"({marker.strip()}) and {condition}" if semicolon else condition))
    requires_python = project.get("requires-python")
    return core_metadata(
        name,
        version,
        lines,
        extras=names,
        requires_python=requires_python if isinstance(requires_python, str) else "",
        metadata_version="2.4",
    )


def _texts(value: object) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def _read(path: str) -> bytes:
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST:
            return b""
        with open(path, "rb") as file:
            return file.read()
    except PermissionError as error:
        raise Unreadable(f"could not be looked at: {os.path.basename(path)}: {refusal(error)}") from None
    except OSError:
        return b""
