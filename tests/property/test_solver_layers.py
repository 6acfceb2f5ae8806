"""Worlds in layers that are full of conflicts: the search ends, and finds the answer that was put there."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement

from tests.support.worlds import pins, problem, simple_world

Projects = dict[str, dict[str, list[str]]]


def _range(rng: random.Random, fit: int, count: int, *, fits: bool) -> str:
    if not fits and rng.random() < 0.6:
        return f"<{fit}" if rng.random() < 0.5 else f">{fit},<={fit + 2}"
    return f">={rng.randrange(fit + 1)}" + (f",<={rng.randrange(fit, count)}" if rng.random() < 0.4 else "")


def layered(seed: int, *, holes: int) -> tuple[Projects, list[str]]:
    """One version of each package fits the like of all others; of so many at the bottom it is not there."""
    rng = random.Random(seed)
    layers, width, count = rng.randrange(8, 20), rng.randrange(4, 8), rng.randrange(3, 8)
    names = [[f"p{layer:02}-{i}" for i in range(width)] for layer in range(layers)]
    fitting = {name: rng.randrange(count // 2, count) for row in names for name in row}
    projects: Projects = {}
    for layer, row in enumerate(names):
        below = [name for further in names[layer + 1 : layer + 4] for name in further]
        for name in row:
            needed = rng.sample(below, min(len(below), rng.randrange(1, 4)))
            projects[name] = {
                str(v): [other + _range(rng, fitting[other], count, fits=v == fitting[name]) for other in needed]
                for v in range(count)
            }
    for name in rng.sample(names[-1] + names[-2], holes):
        del projects[name][str(fitting[name])]
    return projects, names[0]


def check(projects: Projects, roots: list[str], got: dict[str, str]) -> None:
    """All requirements are met, and nothing is in the answer that none of them leads to."""
    seen: set[str] = set()
    work = [Requirement(line) for line in roots]
    while work:
        wanted = work.pop()
        assert wanted.specifier.contains(got[wanted.name])
        if wanted.name not in seen:
            seen.add(wanted.name)
            work += [Requirement(line) for line in projects[wanted.name][got[wanted.name]]]
    assert seen == set(got)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_what_was_put_there_is_found(seed: int) -> None:
    projects, roots = layered(seed, holes=0)
    asked = problem(*roots)
    answer, _ = simple_world(projects).answer(asked)
    got = pins(answer)
    assert got is not None
    check(projects, roots, got)
    assert simple_world(projects).answer(asked, random.Random(seed))[0] == answer


@pytest.mark.parametrize("seed", [1254, 2800])
def test_what_was_learned_twice(seed: int) -> None:
    """A conflict with what an earlier one taught, which is watched at other places from then on."""
    projects, roots = layered(seed, holes=2)
    got = pins(simple_world(projects).answer(problem(*roots))[0])
    if got is not None:
        check(projects, roots, got)
