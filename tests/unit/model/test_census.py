"""Streams of surveys."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

from envcensus.model.census import Stream, Survey
from envcensus.model.environment import Environment
from envcensus.model.skipped import Skipped

PLACE = Environment(path="/env", kind="venv", python="3.11", implementation="cpython", site_dirs=())


class Rows(list[Any]):
    """Findings whose end can be seen."""

    __hash__ = object.__hash__  # type: ignore[assignment]


def test_a_stream_for_one_reader_holds_one_survey_at_a_time() -> None:
    alive: weakref.WeakSet[Rows] = weakref.WeakSet()

    def items() -> Iterator[Survey | Skipped]:
        for _ in range(200):
            rows = Rows()
            alive.add(rows)
            survey = Survey(environment=PLACE, findings=rows)  # type: ignore[arg-type]
            del rows
            yield survey
            del survey

    (run,) = Stream(items(), 0.0, asked=False).split(1)
    assert max(len(alive) for _ in run.surveys) <= 3
    assert run.metrics.environments == 200


def test_streams_for_several_readers_give_each_the_same() -> None:
    whole = [Survey(environment=PLACE, findings=()) for _ in range(3)]
    first, second = Stream([*whole, Skipped("root", "x", "y")], 0.0).split(2)
    assert list(zip(first.surveys, second.surveys, strict=True)) == list(zip(whole, whole, strict=True))
    assert first.skipped == second.skipped == [Skipped("root", "x", "y")]
