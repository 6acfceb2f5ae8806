"""Listings that are gone through more than once: nothing is lost, and memory stays flat."""

from __future__ import annotations

import os
import tempfile
import tracemalloc
from itertools import zip_longest
from pathlib import Path

import pytest

from envcensus.errors import EnvcensusError
from envcensus.model.census import Census, Metrics, Survey, Surveys
from envcensus.model.distribution import Distribution
from envcensus.model.environment import Environment, Owner
from envcensus.model.finding import Finding
from envcensus.model.listing import Listing
from envcensus.model.platform import Platform
from envcensus.model.skipped import Problem
from envcensus.pipelines import held
from envcensus.pipelines.collect import unchecked
from envcensus.pipelines.held import Held


def listing(number: int, count: int = 3) -> Listing:
    path = f"/srv/{number}"
    environment = Environment(
        path=path,
        kind="venv",
        python="3.11.7",
        implementation="cpython",
        site_dirs=(path,),
        owner=Owner(7, "deploy"),
        changed=1.1 + number,
        host="web",
        platform=Platform(tags=("linux_x86_64",)),
    )
    found = [
        Distribution(f"P{n}", f"p{n}", f"1.{number}", f"{path}/P{n}", requires=("a>1", "b"), requires_read=True)
        for n in range(count)
    ]
    return Listing(environment=environment, distributions=tuple(found), problems=(Problem("no-base", path, "gone"),))


def filled(found: list[Listing], as_it_is: int = 0) -> Held:
    kept = Held(as_it_is)
    for each in found:
        kept.add(each)
    return kept


@pytest.mark.parametrize("as_it_is", [0, 5, 50, 500])
@pytest.mark.parametrize("block", [1, 1000, 1 << 20])
def test_what_was_added_comes_back_in_its_order(as_it_is: int, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "_BLOCK", block)
    found = [listing(number) for number in range(30)]
    kept = filled(found, as_it_is)
    assert list(kept) == found
    assert all(one == other for one, other in zip_longest(kept, kept))  # two iterations at once
    surveys = kept.surveys(lambda each: None if each.environment.path == "/srv/7" else unchecked(each))
    assert isinstance(surveys, Surveys) == (as_it_is < 90)
    for _ in range(2):
        assert list(surveys) == [unchecked(each) for each in found if each.environment.path != "/srv/7"]


def test_names_that_are_not_utf8_come_back_as_they_are() -> None:
    odd = listing(1)
    strange = Distribution("p\udcc3\udca9", "p\udcc3\udca9", "1\ud800", "no slash \udcff", location="\U0001f600")
    odd = Listing(environment=odd.environment, distributions=(strange, *odd.distributions), problems=odd.problems)
    assert list(filled([listing(0), odd, listing(2)])) == [listing(0), odd, listing(2)]


def test_without_a_place_for_a_file_it_stays_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "_BLOCK", 1)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    assert list(filled([listing(1), listing(2)])) == [listing(1), listing(2)]


def test_a_disk_that_gets_full_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.pwrite
    written: list[int] = []

    def short(descriptor: int, data: bytes, offset: int) -> int:
        if len(written) == 5:
            raise OSError(28, "No space left on device")
        written.append(offset)
        return write(descriptor, data[:100], offset)  # as a signal may leave it

    monkeypatch.setattr(held, "_BLOCK", 1)
    monkeypatch.setattr(os, "pwrite", short)
    found = [listing(number) for number in range(9)]
    assert list(filled(found)) == found
    assert len(written) == 5


def test_a_file_that_cannot_be_read_back_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "_BLOCK", 1)
    kept = filled([listing(1), listing(2)])
    for damaged in (b"", b"nonsense"):
        monkeypatch.setattr(os, "pread", lambda *_, damaged=damaged: damaged)
        with pytest.raises(EnvcensusError, match="temporary file"):
            list(kept)


def test_the_file_is_closed_with_the_last_who_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "_BLOCK", 1)
    before = len(os.listdir("/proc/self/fd"))
    surveys = filled([listing(1)]).surveys(unchecked)
    assert len(list(surveys)) == 1
    assert len(os.listdir("/proc/self/fd")) == before + 1
    del surveys
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("gone_through", [True, False])
@pytest.mark.parametrize("failing", [True, False])
def test_a_failed_look_up_shows_in_a_census_too_large_to_keep(failing: bool, gone_through: bool) -> None:
    def judged(each: Listing) -> Survey:
        failed = failing and each.environment.path == "/srv/3"
        findings = [Finding(distribution=one, state="failed" if failed else "current") for one in each.distributions]
        return Survey(environment=each.environment, findings=tuple(findings))

    surveys = filled([listing(number) for number in range(5)]).surveys(judged)
    census = Census(surveys=surveys, skipped=(), metrics=Metrics(), generated=0.0)
    if gone_through:
        assert len(list(census.surveys)) == 5
    next(iter(census.surveys))  # what was only begun says nothing
    assert census.complete == (not failing)
    assert len(list(census.surveys)) == 5


def test_memory_does_not_grow_with_the_listings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "_BLOCK", 1 << 16)
    peaks = []
    for count in (300, 3000):
        tracemalloc.start()
        kept = Held(100)
        for number in range(count):
            kept.add(listing(number))
        assert sum(1 for _ in kept) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0], peaks
