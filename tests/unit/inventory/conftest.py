"""Builders of environment-shaped directories."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


class Venv:
    """A directory shaped like a virtual environment, to put distributions into."""

    def __init__(self, path: Path, python: str = "3.11.7", config: str = "") -> None:
        self.path = path
        minor = ".".join(python.split(".")[:2])
        self.site = path / "lib" / f"python{minor}" / "site-packages"
        self.site.mkdir(parents=True)
        (path / "bin").mkdir()
        (path / "bin" / "python").write_text("#!/bin/sh\ntouch {}\n".format(path / "EXECUTED"))
        (path / "bin" / "python").chmod(0o755)
        (path / "pyvenv.cfg").write_text(config or f"home = {path / 'bin'}\nversion = {python}\n")

    def add(
        self, name: str, version: str, *, entry: str = "", metadata: str | bytes | None = None, **files: str
    ) -> Path:
        """Add a dist-info directory; `files` are further files in it, with "_" for "." in their names."""
        folder = self.site / (entry or f"{name.replace('-', '_')}-{version}.dist-info")
        folder.mkdir()
        if metadata is None:
            metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        raw = metadata if isinstance(metadata, bytes) else metadata.encode()
        (folder / ("METADATA" if folder.suffix == ".dist-info" else "PKG-INFO")).write_bytes(raw)
        for file, text in files.items():
            (folder / file.replace("__", ".")).write_text(text)
        return folder


MakeVenv = Callable[..., Venv]


@pytest.fixture
def make_venv(tmp_path: Path) -> MakeVenv:
    """Build a `Venv` below the test's directory."""

    def make(name: str = "env", python: str = "3.11.7", config: str = "") -> Venv:
        return Venv(tmp_path / name, python, config)

    return make
