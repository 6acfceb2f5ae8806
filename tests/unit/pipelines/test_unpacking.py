"""Archives that are to be built from, and are damaged."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from envcensus.pipelines.resolve_build import BuildFailed, _unpacked

TEXT = b"".join(b"%d " % number for number in range(20_000))


def zipped(method: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("a-1/setup.py", TEXT)
    return file.getvalue()


def tarred(mode: str) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:  # type: ignore[call-overload]
        member = tarfile.TarInfo("a-1/setup.py")
        member.size = len(TEXT)
        archive.addfile(member, io.BytesIO(TEXT))
    return file.getvalue()


ARCHIVES = {
    "deflated.zip": zipped(zipfile.ZIP_DEFLATED),
    "lzma.zip": zipped(zipfile.ZIP_LZMA),
    "bzip2.zip": zipped(zipfile.ZIP_BZIP2),
    "a.tar.gz": tarred("w:gz"),
    "a.tar.xz": tarred("w:xz"),
    "a.tar.bz2": tarred("w:bz2"),
}


# Not every damage of a gzip stream is seen: its checksum stands behind the last member, which nobody reads.
CASES = [(name, share) for name in ARCHIVES for share in (0.1, 0.3, 0.5, 0.7) if name != "a.tar.gz" or share == 0.7]


@pytest.mark.parametrize(("name", "share"), CASES)
def test_damage_is_a_build_that_failed(name: str, share: float, tmp_path: Path) -> None:
    whole = ARCHIVES[name]
    at = int(len(whole) * share)
    with pytest.raises(BuildFailed, match="could not be unpacked"):
        _unpacked(whole[:at] + bytes(64) + whole[at + 64 :], name, str(tmp_path))
