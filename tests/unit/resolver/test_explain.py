"""Conflicts as derivations, and why a pin is not newer."""

from __future__ import annotations

from envcensus.model.resolution import Conflict, Rejected
from envcensus.resolver.explain import newer
from tests.support.worlds import Metadata, World, problem, simple_world


def _conflict(world: World, *requirements: str) -> Conflict:
    answer, _ = world.answer(problem(*requirements))
    assert isinstance(answer, Conflict)
    return answer


def test_two_requirements_that_exclude_each_other() -> None:
    conflict = _conflict(simple_world({"a": {"1": ["b<2"]}, "b": {"1": [], "2": []}}), "a", "b>=2")
    assert conflict.lines == (
        "These cannot be met together: a, b>=2.",
        "1. Because a 1 needs b<2 and you require a and you require b>=2, there is no answer.",
    )
    assert conflict.requirements == ("a", "b>=2")


def test_one_sentence_where_one_is_enough() -> None:
    assert _conflict(simple_world({}), "a").lines == ("No answer: you require a (a not in the index).",)
    assert _conflict(simple_world({"a": {"1": []}}), "a>1").lines == (
        "No answer: you require a>1 (a has no such version).",
    )


def test_a_derivation_in_steps() -> None:
    world = simple_world(
        {
            "a": {"1": ["b<2"], "2": ["b<2", "c"]},
            "b": {"1": [], "2": []},
            "c": {"1": ["d>3"], "2": ["d>3"]},
            "d": {"1": [], "4": ["b>1"]},
        }
    )
    conflict = _conflict(world, "a>1", "b")
    assert conflict.lines == (
        "No version of what a>1 needs fits together.",
        "1. Because c needs d>3 and d 4 needs b>1 and a 2 needs b<2, c and a 2 cannot be used together.",
        "2. And because a 2 needs c, a 2 cannot be used.",
        "3. And because you require a>1, there is no answer.",
    )
    assert conflict.requirements == ("a>1",)


def test_long_derivations_are_cut() -> None:
    count = 80
    world = simple_world(
        {"a": {str(i): [f"b{i}"] for i in range(count)}}
        | {f"b{i}": {"1": ["c>1", f"d{i}"]} for i in range(count)}
        | {f"d{i}": {"1": [f"c<{1 + i % 2}"]} for i in range(count)}
        | {"c": {"1": [], "2": []}}
    )
    conflict = _conflict(world, "a")
    assert len(conflict.lines) <= 62
    assert conflict.lines[-1].endswith("there is no answer.")


def test_why_not_newer() -> None:
    world = simple_world(
        {
            "a": {"1": ["b<3"], "2": ["b<2"], "3a1": [], "4": []},
            "b": {"1": [], "2": [], "3": []},
        },
        yanked=["a==4"],
    )
    _, solver = world.answer(problem("a", "b>=2"))
    assert newer(solver, "a") == (
        Rejected("4", "is yanked"),
        Rejected("3a1", "is a pre-release"),
        Rejected("2", "needs b<2, but you require b>=2"),
    )
    assert newer(solver, "b") == (Rejected("3", "a 1 needs b<3"),)


def test_many_versions_that_cannot_be_used_for_one_reason_are_one_fact() -> None:
    world = simple_world({"a": {str(version): [] for version in range(1, 41)}})
    for version in range(1, 41):
        del world.metadata["a", str(version)]
        world.metadata["a", str(version)] = Metadata(["b>>1"])
    assert _conflict(world, "a>2").lines == (
        "No answer: you require a>2, and a >=3 has a requirement that cannot be read: b>>1.",
    )


def test_of_many_versions_with_different_needs_the_newest_are_told() -> None:
    versions = [str(version) for version in range(1, 41)]
    world = simple_world({"a": {v: [f"b=={v}"] for v in versions}, "b": {v: [] for v in versions}})
    world.pages["b"].usable = 0
    assert _conflict(world, "a").lines[1:] == (
        "1. Because a 40 needs b==40 (b 40 does not fit the target) and a 39 needs b==39 (b 39 does not fit the "
        "target) and a 38 needs b==38 (b 38 does not fit the target) and a <=37 needs other versions of b, a cannot "
        "be used.",
        "2. And because you require a, there is no answer.",
    )


def test_many_versions_that_each_pin_another_project_are_one_step() -> None:
    versions = [str(number) for number in range(1, 30)]
    world = simple_world({"a": {v: [f"b=={v}"] for v in versions}, "b": {v: ["c<1"] for v in versions}, "c": {"1": []}})
    answer, _ = world.answer(problem("a"))
    assert isinstance(answer, Conflict)
    assert answer.lines == (
        "No version of what a needs fits together (c has no such version).",
        "1. Because b needs c<1 (c has no such version) and a 29 needs b==29 and a 28 needs b==28 and a 27 needs b==27 "
        "and a <=26 needs other versions of b, a cannot be used.",
        "2. And because you require a, there is no answer.",
    )


def test_what_an_extra_repeats_is_told_once() -> None:
    world = simple_world({"a": {"1": ["c<2 ; extra == 'x'", "c>1 ; extra == 'y'"]}, "c": {"1": [], "2": []}})
    answer, _ = world.answer(problem("a[x,y]"))
    assert isinstance(answer, Conflict)
    assert answer.lines[1:] == (
        "1. Because a 1 with extra x needs c<2 and a 1 with extra y needs c>1 and you require a[x,y], "
        "there is no answer.",
    )


def test_versions_that_cannot_be_used_for_different_reasons() -> None:
    world = simple_world({"a": {"1": [], "2": []}})
    for version, python in (("1", ">=3.13"), ("2", ">=3.14")):
        world.metadata["a", version] = Metadata([], requires_python=python)
    answer, _ = world.answer(problem("a"))
    assert isinstance(answer, Conflict)
    assert answer.lines == ("No answer: you require a, and a 1 needs Python >=3.13, and a 2 needs Python >=3.14.",)


def test_why_not_newer_names_what_stands_against_a_version_that_would_be_needed() -> None:
    world = simple_world({"a": {"1": [], "2": ["b>1"]}, "b": {"1": [], "2": ["c>1"]}, "c": {"1": []}})
    _, solver = world.answer(problem("a"))
    assert newer(solver, "a") == (Rejected("2", "needs b>1, but b 2 needs c>1 (c has no such version)"),)
