"""Wheels and sdists in a directory: an index that needs no server."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path


def metadata_text(name: str, version: str, requires: Sequence[str] = (), extra_lines: Sequence[str] = ()) -> str:
    """METADATA of version 2.2."""
    lines = ["Metadata-Version: 2.2", f"Name: {name}", f"Version: {version}", *extra_lines]
    lines += [f"Requires-Dist: {line}" for line in requires]
    return "\n".join(lines) + "\n\n"


def add_wheel(
    folder: Path,
    name: str,
    version: str,
    requires: Sequence[str] = (),
    *,
    tag: str = "py3-none-any",
    extra_lines: Sequence[str] = (),
) -> Path:
    """A wheel that installs an empty module; files are dated 1980, so that equal wheels have equal hashes."""
    stem = f"{name.replace('-', '_')}-{version}"
    path = folder / f"{stem}-{tag}.whl"
    files = {
        f"{name.replace('-', '_')}.py": b"",
        f"{stem}.dist-info/METADATA": metadata_text(name, version, requires, extra_lines).encode(),
        f"{stem}.dist-info/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n".encode(),
    }
    record = ""
    for file, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        record += f"{file},sha256={digest},{len(data)}\n"
    files[f"{stem}.dist-info/RECORD"] = (record + f"{stem}.dist-info/RECORD,,\n").encode()
    with zipfile.ZipFile(path, "w") as archive:
        for file, data in files.items():
            archive.writestr(zipfile.ZipInfo(file), data)
    return path


def add_sdist(folder: Path, name: str, version: str, text: str) -> Path:
    """An sdist that holds PKG-INFO alone."""
    path = folder / f"{name}-{version}.tar.gz"
    data = text.encode()
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo(f"{name}-{version}/PKG-INFO")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return path
