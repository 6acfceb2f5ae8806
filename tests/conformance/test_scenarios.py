"""Public resolver scenarios: one environment, one expected answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.conformance.conftest import conformance_dir, load
from tests.support.worlds import checker, pins, recorded_problem, recorded_world

FOLDER = conformance_dir()
SCENARIOS: list[dict[str, Any]] = load("scenarios_single") if FOLDER else []

# pip never falls back to pre-releases after stable versions failed; an answer is better than none there.
FREE = {"uv-prerelease-fallback-after-stable-rejected"}


def _versions(packages: dict[str, str]) -> dict[str, Version]:
    return {canonicalize_name(name): Version(version) for name, version in packages.items()}


@pytest.mark.skipif(FOLDER is None, reason="no conformance data: set ENVCENSUS_CONFORMANCE to its folder")
def test_there_are_scenarios() -> None:
    assert len(SCENARIOS) > 100


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: str(scenario["id"]))
def test_scenario(scenario: dict[str, Any]) -> None:
    """Strict ones agree with the upstream expectation, all others with pip."""
    answer, _ = recorded_world(scenario).answer(recorded_problem(scenario))
    got = pins(answer)
    strict = scenario["acceptance"] == "strict"
    expected = scenario["expected"] if strict else scenario["pip_expected"]
    if got is not None:
        assert checker(Path(str(FOLDER))).check(scenario, got)["violations"] == []
    if scenario["id"] in FREE:
        return
    assert (got is not None) == expected["satisfiable"]
    if got is not None and expected.get("packages_asserted", True):
        assert _versions(got) == _versions(expected["packages"])
