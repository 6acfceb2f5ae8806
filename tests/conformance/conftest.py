"""Conformance data lies outside the project: tests that need it skip where it is absent."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest


def conformance_dir() -> Path | None:
    """The folder with scenarios and vectors: $ENVCENSUS_CONFORMANCE, else one beside the checkout; None if absent."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "conformance"
    folder = Path(os.environ.get("ENVCENSUS_CONFORMANCE") or beside)
    return folder if folder.is_dir() else None


def load(name: str) -> Any:
    """Decode `name`.json.gz of the conformance data, or skip the test."""
    folder = conformance_dir()
    if folder is None:
        pytest.skip("no conformance data: set ENVCENSUS_CONFORMANCE to its folder")
    return msgspec.json.decode(gzip.decompress((folder / f"{name}.json.gz").read_bytes()))


@pytest.fixture(scope="session")
def conformance() -> Any:
    """The loader as a fixture: ``conformance("vectors_pep440_versions")``."""
    return load
