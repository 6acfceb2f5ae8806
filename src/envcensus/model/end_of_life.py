"""When each Python version gets its last security fix.

Source: the table "Status of Python versions" of the Python Developer's Guide (include/release-cycle.json), as of
2026-11-22. Where it names only a month, the last day of that month stands here. PyPy follows the same language
versions and has no dates of its own.
"""

from __future__ import annotations

from envcensus.model.environment import Environment
from envcensus.model.skipped import Problem

END_OF_LIFE = {
    "2.6": "2013-10-29",
    "2.7": "2020-01-01",
    "3.0": "2009-06-27",
    "3.1": "2012-04-09",
    "3.2": "2016-02-20",
    "3.3": "2017-09-29",
    "3.4": "2019-03-18",
    "3.5": "2020-09-30",
    "3.6": "2021-12-23",
    "3.7": "2023-06-27",
    "3.8": "2024-10-07",
    "3.9": "2025-10-31",
    "3.10": "2026-10-31",
    "3.11": "2027-10-31",
    "3.12": "2028-10-31",
    "3.13": "2029-10-31",
    "3.14": "2030-10-31",
    "3.15": "2031-10-31",
}


def end_of_life(python: str) -> str:
    """The date (YYYY-MM-DD) of the last security fix of a Python version ("3.9", "3.9.18"); empty where unknown."""
    return END_OF_LIFE.get(".".join(python.split(".")[:2]), "")


def end_of_life_problem(environment: Environment, today: str) -> Problem | None:
    """A problem if the environment's Python was past its end of life on `today` (YYYY-MM-DD)."""
    date = end_of_life(environment.python)
    if not date or today <= date:
        return None
    return Problem("end-of-life", environment.path, f"Python {environment.python_minor}: since {date}")
