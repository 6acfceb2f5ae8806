"""Fixtures around the benchmarks' own index server and environment generator. A test module imports them by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.fleet import make_fleet
from benchmarks.index_server import Running, Universe, running


@pytest.fixture
def fleet_index() -> Iterator[Running]:
    """An index of the 1,500 projects that generated environments hold, without latency."""
    with running(Universe(fleet=True)) as index:
        yield index


@pytest.fixture(scope="session")
def fleet_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten generated environments of 20 distributions; two of them hold a broken one. Not to be changed."""
    out = tmp_path_factory.mktemp("fleet") / "envs"
    make_fleet(str(out), 10, 20, modules=False)
    return out
