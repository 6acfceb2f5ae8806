"""End of life of Python versions."""

from __future__ import annotations

from datetime import date

from envcensus.model.end_of_life import END_OF_LIFE, end_of_life, end_of_life_problem
from envcensus.model.environment import Environment


def environment(python: str) -> Environment:
    return Environment(path="/env", kind="venv", python=python, implementation="cpython", site_dirs=())


def test_dates_are_dates() -> None:
    for text in END_OF_LIFE.values():
        assert date.fromisoformat(text).isoformat() == text


def test_by_minor_version() -> None:
    assert end_of_life("3.9.18") == "2025-10-31"
    assert end_of_life("") == end_of_life("4.0") == ""


def test_the_last_day_is_not_yet_past() -> None:
    assert end_of_life_problem(environment("3.8.1"), "2024-10-07") is None
    problem = end_of_life_problem(environment("3.8.1"), "2024-10-08")
    assert problem is not None
    assert problem.code == "end-of-life"
    assert "2024-10-07" in problem.detail
    assert end_of_life_problem(environment(""), "2024-10-08") is None
