"""A second look at an answer: one package older, others newer."""

from __future__ import annotations

import random
from typing import Any

import pytest

from envcensus.resolver.explain import newer
from tests.support.worlds import pins, problem, simple_world

CAPS = ["b<1.2", "c<1.2"]
# `x` brings a conflict: a small answer that the search came to straight is not looked at again.
CONFLICT: dict[str, dict[str, list[str]]] = {
    "x": {"1": ["z<2"], "2": ["z<2", "y>1"]},
    "y": {"1": [], "2": ["z>1"]},
    "z": {"1": [], "2": []},
}
NEW = ("1.1", "1.2", "1.2")
STAYS = ("1.2", "1.1", "1.1")


def _projects(**a: list[str]) -> dict[str, dict[str, list[str]]]:
    return {
        "top": {"1": ["a", "b", "c"]},
        "a": {name.replace("_", ".").removeprefix("v"): lines for name, lines in a.items()},
        "b": {"1.1": [], "1.2": []},
        "c": {"1.1": [], "1.2": []},
        **CONFLICT,
    }


def _answer(projects: dict[str, dict[str, list[str]]], *asked: str, **more: Any) -> tuple[str, str, str]:
    got = pins(simple_world(projects).answer(problem("top", *(asked or ["x"]), **more))[0])
    assert got is not None
    return got["a"], got["b"], got["c"]


def test_one_older_for_two_newer() -> None:
    world = simple_world(_projects(v1_1=[], v1_2=CAPS))
    answer, solver = world.answer(problem("top", "x"))
    got = pins(answer)
    assert got is not None
    assert (got["a"], got["b"], got["c"]) == NEW
    assert [row.reason for row in newer(solver, "a")] == [
        "would fit, but needs b<1.2 and c<1.2: made older so that b 1.2 and c 1.2 can be newer"
    ]
    assert newer(solver, "b") == ()
    for seed in range(5):
        assert world.answer(problem("top", "x"), random.Random(seed))[0] == answer


@pytest.mark.parametrize(
    "a",
    [
        {"v1_1": ["b<1.2"], "v1_2": CAPS},  # one newer for one older
        {"v1_1": CAPS, "v1_2": CAPS},
        {"v0_9": [], "v1_2": CAPS},  # another first number
        {"v1_1": ["unseen"], "v1_2": CAPS},  # something that nobody has looked at
        {"v1_1": ["b @ https://example.com/b-3.zip"], "v1_2": CAPS},
        {"v1_1rc1": [], "v1_2": CAPS},
    ],
)
def test_what_is_no_trade(a: dict[str, list[str]]) -> None:
    projects = _projects(**a)
    projects["unseen"] = {"1": []}
    assert _answer(projects) == STAYS


def test_by_two_releases_but_not_by_three() -> None:
    three: dict[str, list[str]] = {"1.1": [], "1.2": [], "1.3": [], "1.4": []}
    two = _projects(v1_1=[], v1_1_1=CAPS, v1_2=CAPS)
    assert _answer({**two, "b": three, "c": three}) == ("1.1", "1.4", "1.4")
    assert _answer(two) == STAYS, "two releases older, and two newer"
    beyond = _projects(v1_1=[], v1_1_1=CAPS, v1_1_2=CAPS, v1_2=CAPS)
    assert _answer({**beyond, "b": three, "c": three}) == STAYS


def test_more_than_a_few_releases_newer_pay_for_one_older() -> None:
    projects = _projects(v1_1=["b<1.2", "c<1.2"], v1_2=CAPS)
    projects["a"]["1.1"] = ["c<1.2"]
    assert _answer(projects) == STAYS
    projects["b"] = {"1.0": [], "1.1": [], "1.2": [], "1.3": []}
    assert _answer(projects) == ("1.1", "1.3", "1.1")


@pytest.mark.parametrize(
    ("asked", "more"),
    [
        (["x", "a"], {}),
        (["x"], {"prefer": {"b": "1.1"}}),
        (["x"], {"prefer": {"a": "1.2"}}),
        (["x"], {"constraints": ["b<1.2", "c<1.2"]}),
        (["x"], {"constraints": ["a>1.1"]}),
        (["top"], {}),
    ],
)
def test_what_stays(asked: list[str], more: dict[str, Any]) -> None:
    """What was asked for, what is preferred, what a constraint says; and a small answer without a conflict."""
    assert _answer(_projects(v1_1=[], v1_2=CAPS), *asked, **more) == STAYS


def test_overrides_are_honoured() -> None:
    assert _answer(_projects(v1_1=[], v1_2=CAPS), overrides=["b==1.1", "c==1.1"]) == STAYS
    assert _answer(_projects(v1_1=CAPS, v1_2=[]), overrides=["b", "c"]) == ("1.2", "1.2", "1.2")


def test_no_trades_downwards() -> None:
    got = pins(simple_world(_projects(v1_1=["b>1.1", "c>1.1"], v1_2=[])).answer(problem("top", "x", mode="lowest"))[0])
    assert got is not None
    assert (got["a"], got["b"], got["c"]) == NEW


def test_no_yanked_version_comes_in() -> None:
    world = simple_world(_projects(v1_1=[], v1_2=CAPS), yanked=["a==1.1"])
    got = pins(world.answer(problem("top", "x"))[0])
    assert got is not None
    assert got["a"] == "1.2"
