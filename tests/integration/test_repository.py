"""What is true of every file that git tracks."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def tracked() -> list[Path]:
    """The files that git tracks; skips where this is no clone, as in an unpacked source distribution."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone: there is no list of tracked files")
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    # A clone that another user owns, as in a container, is read all the same: listing runs nothing of it.
    command = ["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT), "ls-files", "-z"]
    listing = subprocess.run(command, capture_output=True, check=True).stdout
    return [ROOT / name for name in listing.decode().split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_the_default_index() -> None:
    """Which index is asked is pip's to say, at run time: a host name in a file would be one that nobody configured."""
    from pip._internal.models.index import PyPI

    files = tracked()
    assert ROOT / "pyproject.toml" in files
    hosts = {PyPI.netloc.encode(), PyPI.file_storage_domain.encode()}
    assert all(b"." in host for host in hosts)
    assert [str(path) for path in files if any(host in path.read_bytes().lower() for host in hosts)] == []
