"""Small environments made by hand: quicker than installing, and as broken as a test needs them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def make_venv(path: Path) -> Path:
    """A real virtualenv without pip, made by `venv`; its site-packages directory."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(path)], check=True)
    return next(path.glob("lib/python*/site-packages"))


def install(site: Path, name: str, version: str, *lines: str, **files: str) -> Path:
    """A .dist-info directory as an installer leaves it; `lines` go into METADATA, `files` (INSTALLER=…) beside it."""
    folder = site / f"{name.replace('-', '_').replace('.', '_').lower()}-{version}.dist-info"
    folder.mkdir(parents=True)
    header = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *lines]
    (folder / "METADATA").write_text("\n".join(header) + "\n\nA description.\n")
    for file, text in ({"INSTALLER": "pip\n", "RECORD": ""} | files).items():
        (folder / file).write_text(text)
    return folder
