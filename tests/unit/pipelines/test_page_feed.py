"""What a solver is told about versions that cannot be used."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from envcensus._kernels.page import Target
from envcensus.pipelines.resolve_source import PageFeed


def _feed(*, limited: bool = False) -> PageFeed:
    found: Any = SimpleNamespace(versions=("1", "2", "3"), table=None, usable=0b110, yanked=0, pre=0, bad_python=0b001)
    return PageFeed(found, Target(python="3.12.0", tags=()), limited=limited)


def test_reasons() -> None:
    assert _feed().why_not(0) == "does not support Python 3.12.0"
    assert _feed().why_not(1) == "has no file for this target"
    assert _feed(limited=True).why_not(1) == "has no file for this target that an index says was uploaded in time"


def test_hashes_choose_among_usable_versions_unless_none_has_one() -> None:
    feed = _feed()
    feed.keep(lambda version: version in ("1", "2"))
    assert feed.usable == 0b010
    assert feed.why_not(2) == "has no file with one of the hashes given"
    feed = _feed()
    feed.keep(lambda version: False)
    assert feed.usable == 0b110
