"""Small random worlds, solved by trying everything: satisfiable iff brute force says so, valid, deterministic."""

from __future__ import annotations

import itertools
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.version import Version

from envcensus.model.resolution import Resolution
from envcensus.resolver.problem import Problem
from tests.support.worlds import Metadata, World, pins, problem, simple_world

NAMES = ["a", "b", "c", "d", "e"]
VERSIONS = ["1", "2", "3", "4"]
SPECIFIERS = ["", "<2", "<3", ">1", ">2", ">=2", "==1", "==2", "==3", "!=2", "!=1,!=3", ">9"]
EXTRAS = ["x", "y"]


@st.composite
def requirement(draw: st.DrawFn, extras: bool) -> str:
    name = draw(st.sampled_from(NAMES))
    wanted = draw(st.sampled_from(["", "", "[x]", "[y]", "[x,y]"])) if extras else ""
    return f"{name}{wanted}{draw(st.sampled_from(SPECIFIERS))}"


@st.composite
def worlds(draw: st.DrawFn) -> tuple[dict[str, dict[str, list[str]]], list[str]]:
    projects: dict[str, dict[str, list[str]]] = {}
    extras = draw(st.booleans())
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1)):
        projects[name] = {}
        for version in draw(st.lists(st.sampled_from(VERSIONS), unique=True, max_size=4)):
            lines = draw(st.lists(requirement(extras), max_size=3))
            if extras:
                lines += [
                    f'{line} ; extra == "{draw(st.sampled_from(EXTRAS))}"'
                    for line in draw(st.lists(requirement(extras), max_size=2))
                ]
            projects[name][version] = lines
    return projects, draw(st.lists(requirement(extras), min_size=1, max_size=3))


def _valid(projects: dict[str, dict[str, list[str]]], roots: list[str], chosen: dict[str, str]) -> set[str] | None:
    """The names that the requirements lead to, or None where one of them is not met."""
    extras: dict[str, set[str]] = {}
    work = [Requirement(line) for line in roots]
    while work:
        wanted = work.pop()
        version = chosen.get(wanted.name)
        if version is None or not wanted.specifier.contains(version, prereleases=True):
            return None
        known = extras.get(wanted.name)
        if known is not None and wanted.extras <= known:
            continue
        extras[wanted.name] = (known or set()) | wanted.extras
        for line in projects[wanted.name][version]:
            needed = Requirement(line)
            if needed.marker is None or any(needed.marker.evaluate({"extra": x}) for x in extras[wanted.name]):
                work.append(needed)
    return set(extras)


def _brute_force(projects: dict[str, dict[str, list[str]]], roots: list[str]) -> bool:
    names = sorted(projects)
    for combination in itertools.product(*([None, *projects[name]] for name in names)):
        chosen = {name: version for name, version in zip(names, combination, strict=True) if version is not None}
        if _valid(projects, roots, chosen) is not None:
            return True
    return False


@settings(max_examples=400, deadline=None)
@given(worlds(), st.integers(0, 2**32))
def test_agrees_with_brute_force(case: tuple[dict[str, dict[str, list[str]]], list[str]], seed: int) -> None:
    projects, roots = case
    world: World = simple_world(projects)
    asked: Problem = problem(*roots)
    answer, _ = world.answer(asked)
    got = pins(answer)
    assert (got is not None) == _brute_force(projects, roots)
    if got is not None:
        assert _valid(projects, roots, got) == set(got), "met, and nothing superfluous"
    assert world.answer(asked, random.Random(seed))[0] == answer


@settings(max_examples=100, deadline=None)
@given(worlds())
def test_lowest_is_valid_too(case: tuple[dict[str, dict[str, list[str]]], list[str]]) -> None:
    projects, roots = case
    highest, _ = simple_world(projects).answer(problem(*roots))
    lowest, _ = simple_world(projects).answer(problem(*roots, mode="lowest"))
    assert isinstance(highest, Resolution) == isinstance(lowest, Resolution)
    got = pins(lowest)
    if got is not None:
        assert _valid(projects, roots, got) == set(got)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(60, 140))
def test_more_versions_than_a_machine_word(seed: int, count: int) -> None:
    """Masks of more than 64 bits: a chain that must go down to one version."""
    rng = random.Random(seed)
    low = rng.randrange(1, count)
    versions = [str(i) for i in range(1, count + 1)]
    world = World()
    projects: dict[str, Any] = {
        "a": {v: [f"b=={v}"] for v in versions},
        "b": {v: [f"c<={v}"] if int(v) > low else [f"c=={v}"] for v in versions},
        "c": {str(low): []},
    }
    world = simple_world(projects)
    world.metadata["a", "1"] = Metadata(["b==1"])
    answer, _ = world.answer(problem("a", f"b<={low}"))
    assert pins(answer) == {"a": str(low), "b": str(low), "c": str(low)}
    assert Version(str(low)) <= Version(str(count))
