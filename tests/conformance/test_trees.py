"""Whole recorded and synthetic trees: valid answers, as new as those of the peers that were recorded with them."""

from __future__ import annotations

import random
from typing import Any

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.conformance.conftest import conformance_dir, load
from tests.support.worlds import checker, pins, recorded_problem, recorded_world

FOLDER = conformance_dir()
pytestmark = pytest.mark.skipif(FOLDER is None, reason="no conformance data: set ENVCENSUS_CONFORMANCE to its folder")

RECORDED = [
    "prb-pyrax-198",
    "resolvelib-chalice",
    "resolvelib-cheroot",
    "resolvelib-conflict-with-dependency",
    "resolvelib-with-without-extras",
    "snap-airflow-all",
    "snap-boto3-urllib3",
    "snap-jupyter",
    "snap-pdm-2193",
    "snap-starlette-fastapi",
]
# Which of two packages gives way is a matter of who was decided first, and neither order is the better one: see
# docs/how-it-works.md for what comes of it on generated trees that were not looked at before.
SYNTHETIC = ["synth-2000x20", "synth-hard-300x20"]


def _tree(name: str) -> dict[str, Any]:
    tree = load(f"tree_{name}")
    if isinstance(tree, dict) and "packages" not in tree:
        tree = tree["scenarios"]
    scenario: dict[str, Any] = tree[0] if isinstance(tree, list) else tree
    return scenario


def _compare(ours: dict[str, str], theirs: dict[str, str]) -> tuple[int, int]:
    """How many of the packages in both answers are older and newer in ours."""
    other: dict[str, Version] = {canonicalize_name(name): Version(version) for name, version in theirs.items()}
    pairs = [(Version(version), other[name]) for name, version in ours.items() if name in other]
    return sum(a < b for a, b in pairs), sum(a > b for a, b in pairs)


@pytest.mark.parametrize("name", RECORDED + SYNTHETIC)
def test_tree(name: str) -> None:
    """A valid answer; at most one pin is older than a peer's on recorded trees, no more than newer on others."""
    assert FOLDER is not None
    scenario = _tree(name)
    answer, _ = recorded_world(scenario).answer(recorded_problem(scenario))
    got = pins(answer)
    references = [r for r in (scenario.get("reference") or {}).values() if r and r.get("satisfiable") is not None]
    assert all((got is not None) == reference["satisfiable"] for reference in references)
    if got is None:
        return
    assert checker(FOLDER).check(scenario, got)["violations"] == []
    for peer, reference in scenario["reference"].items():
        if reference and reference.get("satisfiable"):
            older, newer = _compare(got, reference["packages"])
            assert older <= (1 if name in RECORDED else newer), (peer, older, newer)


@pytest.mark.parametrize("name", ["snap-jupyter", "synth-hard-300x20"])
def test_the_order_of_answers_does_not_matter(name: str) -> None:
    scenario = _tree(name)
    world, asked = recorded_world(scenario), recorded_problem(scenario)
    expected = world.answer(asked)[0]
    for seed in range(3):
        assert world.answer(asked, random.Random(seed))[0] == expected
