"""What an answer from the cache costs: looked up, checked, judged fresh, and asked for the newest version."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks import catalog
from benchmarks.pages import json_page
from envcensus._kernels.page import Target, pack_json
from envcensus.analysis.decisions import Decisions
from envcensus.cache.store import NoStore, Store, open_store
from envcensus.index.config import IndexConfig
from envcensus.index.entry import Entry, pack_entry
from envcensus.model.census import Metrics
from envcensus.pipelines.ask import Asker, AskOptions

NAMES = sorted(catalog.NAMES)[:200]
CONFIG = IndexConfig(index_urls=("https://index.example.com/simple/",))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store | NoStore]:
    """Holds the pages of 200 projects of the fleet, fresh for an hour."""
    now = time.time()
    head = pack_entry(Entry("found", now, now + 3600, now + 7200))
    rows = []
    for name in NAMES:
        body = json_page(name, catalog.versions_of(name), catalog.files_of(name))
        record, _ = pack_json(body, f"https://index.example.com/simple/{name}/", name)
        rows.append((f"{CONFIG.cache_key()}/{name}".encode(), head + record, now + 3600))
    with open_store(str(tmp_path / "cache")) as opened:
        assert opened.put_many("pages", rows)
        yield opened


@pytest.mark.benchmark(group="200 answers from the cache")
def test_cache_hits(benchmark: Any, store: Store | NoStore) -> None:
    target = Target(python="3.11.7", tags=["py3-none-any"])

    def run() -> Metrics:
        metrics = Metrics()
        with Asker(CONFIG, store, AskOptions(), now=time.time(), metrics=metrics) as asker:
            for name in NAMES:
                asker.add(name)
            decisions = Decisions(asker.answers())
        for name in NAMES:
            decisions.latest(name, target)
        return metrics

    assert benchmark(run).cache_hits == len(NAMES)
