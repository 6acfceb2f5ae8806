"""References to files: which hold, which speak of the same file, and which are given up where they were wrong."""

from __future__ import annotations

import pytest

from envcensus.model.resolution import Conflict, Resolution
from envcensus.resolver.lines import plain
from envcensus.resolver.problem import Needs, Problem
from envcensus.resolver.solver import Solver
from tests.support.worlds import Metadata, World, pins, problem, simple_world

OLD, NEW = "https://example.com/a-1.whl", "https://example.com/a-2.whl"


def _answer(world: World, asked: Problem) -> Resolution | Conflict:
    """Drive a solver; what lies behind a reference is the version its name says, without requirements."""
    solver = Solver(asked)
    while isinstance(step := solver.step(), Needs):
        for name in step.pages:
            solver.feed_page(name, world.pages.get(name))
        for key in step.metadata:
            solver.feed_metadata(*key, world.metadata[key])
        for name, url in step.direct:
            solver.feed_direct(name, url, url.partition(".whl")[0].rpartition("-")[2], Metadata([]))
    return step


def test_an_older_version_whose_reference_is_no_other() -> None:
    world = simple_world({"p": {"1": [], "2": [f"a @ {OLD}"]}, "q": {"1": [f"a @ {NEW}"]}})
    answer = _answer(world, problem("p", "q"))
    assert pins(answer) == {"a": "2", "p": "1", "q": "1"}
    assert isinstance(answer, Resolution)
    assert answer.pins[0].url == NEW


@pytest.mark.parametrize("line", ["a", "a>=1"])
def test_a_reference_of_a_version_that_is_not_in_the_answer_does_not_hold(line: str) -> None:
    world = simple_world({"p": {"1": [line], "2": [f"a @ {OLD}", "z>5"]}, "a": {"3": []}, "z": {"1": []}})
    answer = _answer(world, problem("p"))
    assert pins(answer) == {"a": "3", "p": "1"}
    assert isinstance(answer, Resolution)
    assert answer.pins[0].url == ""


def test_references_that_cannot_be_met_together_are_told() -> None:
    world = simple_world({"p": {"1": [f"a @ {OLD}"]}, "q": {"1": [f"a @ {NEW}"]}})
    answer = _answer(world, problem("p", "q"))
    assert isinstance(answer, Conflict)
    text = " ".join(answer.lines)
    assert OLD in text
    assert NEW in text


def test_a_reference_and_a_version_that_it_is_not() -> None:
    world = simple_world({"p": {"1": [], "2": [f"a @ {OLD}"]}, "a": {"1": [], "2": []}})
    assert pins(_answer(world, problem("p", "a>1"))) == {"a": "2", "p": "1"}
    assert isinstance(_answer(world, problem("p>1", "a>1")), Conflict)


def test_the_name_in_a_fragment_makes_no_other_file() -> None:
    assert plain(f"{OLD}#egg=a&sha256=12&subdirectory=x") == f"{OLD}#sha256=12&subdirectory=x"
    assert pins(_answer(simple_world({}), problem(f"a @ {OLD}", f"a @ {OLD}#egg=a"))) == {"a": "1"}
    assert isinstance(_answer(simple_world({}), problem(f"a @ {OLD}", f"a @ {OLD}#sha256=12")), Conflict)


def test_an_override_that_does_not_hold_takes_the_requirement_away() -> None:
    world = simple_world({"p": {"1": ["a", "b ; extra == 'x'"]}, "a": {"1": [], "2": []}, "b": {"1": []}})
    never = " ; python_version < '3'"
    assert pins(world.answer(problem("p[x]", overrides=[f"a{never}"]))[0]) == {"p": "1", "b": "1"}
    assert pins(world.answer(problem("p[x]", "a", overrides=[f"b{never}", f"a{never}"]))[0]) == {"p": "1"}
    both = [f"a==2{never}", "a==1 ; python_version > '3'"]
    assert pins(world.answer(problem("p", overrides=both))[0]) == {"a": "1", "p": "1"}
    assert pins(world.answer(problem("p", overrides=both[::-1]))[0]) == {"a": "1", "p": "1"}
