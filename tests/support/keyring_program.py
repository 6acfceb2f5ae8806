"""A program `keyring` for tests, found before any other."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest


def install_keyring(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a shell script called `keyring` into `folder`, and that first on the path."""
    program = folder / "keyring"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
