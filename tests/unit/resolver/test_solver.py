"""The rules: pre-releases, yanked versions, extras, constraints, overrides, preferences, modes."""

from __future__ import annotations

from envcensus.model.resolution import Conflict, Rejected, Resolution, Via, Wanted
from envcensus.resolver.explain import newer
from envcensus.resolver.problem import Needs
from envcensus.resolver.solver import Solver
from tests.support.worlds import ENVIRONMENT, Candidates, Metadata, World, pins, problem, simple_world


def test_it_says_what_it_needs_and_never_more_than_once() -> None:
    world = simple_world({"a": {"1": ["b"], "2": ["b<2", "c"]}, "b": {"1": [], "2": []}, "c": {"1": []}})
    solver = Solver(problem("a"))
    asked: list[object] = []
    step = solver.step()
    while isinstance(step, Needs):
        asked += [*step.pages, *step.metadata]
        for name in step.pages:
            solver.feed_page(name, world.pages[name])
        for key in step.metadata:
            solver.feed_metadata(*key, world.metadata[key])
        step = solver.step()
    assert asked == ["a", ("a", "2"), "b", "c", ("b", "1"), ("c", "1")]
    assert pins(step) == {"a": "2", "b": "1", "c": "1"}


def test_who_asks_for_a_pin() -> None:
    world = simple_world({"a": {"2": ["B.c[x]<2 ; python_version > '3'"]}, "b-c": {"1": ["a ; extra == 'x'"]}})
    answer, _ = world.answer(problem("a>1"))
    assert isinstance(answer, Resolution)
    a, b = answer.pins
    assert a.via == (Via("", "a>1", direct=True), Via("b-c", "a"))
    assert b.via == (Via("a", "B.c[x]<2"),)
    assert (b.extras, b.requires, a.requires) == (("x",), ("a",), ("b-c",))


def test_pre_releases_only_when_asked_for_or_nothing_else() -> None:
    world = simple_world({"a": {"1": [], "2a1": []}, "b": {"1b1": []}})
    assert pins(world.answer(problem("a"))[0]) == {"a": "1"}
    assert pins(world.answer(problem("a", pre=True))[0]) == {"a": "2a1"}
    assert pins(world.answer(problem("a>=1a0"))[0]) == {"a": "2a1"}
    assert pins(world.answer(problem("a", constraints=["a>=1a0"]))[0]) == {"a": "2a1"}
    assert pins(world.answer(problem("a>1"))[0]) == {"a": "2a1"}
    assert pins(world.answer(problem("b"))[0]) == {"b": "1b1"}


def test_an_older_requirer_rather_than_a_pre_release_nobody_asks_for() -> None:
    world = simple_world(
        {"a": {"1": ["b"], "2": ["b", "c>1"]}, "b": {"1": ["c<2"], "2a1": ["c"]}, "c": {"1": [], "2": []}}
    )
    assert pins(world.answer(problem("a"))[0]) == {"a": "1", "b": "1", "c": "1"}


def test_yanked_only_under_a_pin() -> None:
    world = simple_world({"a": {"1": [], "2": []}, "b": {"1": ["a==2"]}}, yanked=["a==2"])
    assert pins(world.answer(problem("a"))[0]) == {"a": "1"}
    assert pins(world.answer(problem("a==2"))[0]) == {"a": "2"}
    assert pins(world.answer(problem("a", constraints=["a==2"]))[0]) == {"a": "2"}
    assert pins(world.answer(problem("b", "a>1"))[0]) == {"a": "2", "b": "1"}
    assert pins(world.answer(problem("a>1"))[0]) is None
    assert pins(world.answer(problem("a==2.*"))[0]) is None


def test_constraints_bind_only_what_is_needed() -> None:
    world = simple_world({"a": {"1": ["b"]}, "b": {"1": [], "2": []}, "c": {"1": []}})
    assert pins(world.answer(problem("a", constraints=["b<2", "c>5"]))[0]) == {"a": "1", "b": "1"}
    answer, _ = world.answer(problem("a", constraints=["b>2"]))
    assert isinstance(answer, Conflict)
    assert "a constraint says b>2" in " ".join(answer.lines)


def test_overrides_replace_what_packages_say() -> None:
    world = simple_world({"a": {"1": ["b<2"]}, "b": {"1": [], "2": []}})
    assert pins(world.answer(problem("a", overrides=["b==2"]))[0]) == {"a": "1", "b": "2"}


def test_preferences_are_kept_where_possible() -> None:
    world = simple_world({"a": {"1": ["b"], "2": ["b>1"]}, "b": {"1": [], "2": [], "3": []}})
    assert pins(world.answer(problem("a", prefer={"a": "1", "b": "2"}))[0]) == {"a": "1", "b": "2"}
    assert pins(world.answer(problem("a>1", prefer={"a": "1", "b": "1"}))[0]) == {"a": "2", "b": "3"}


def test_modes() -> None:
    world = simple_world({"a": {"1": ["b"], "2": ["b"]}, "b": {"1": [], "2": []}})
    assert pins(world.answer(problem("a", mode="lowest"))[0]) == {"a": "1", "b": "1"}
    assert pins(world.answer(problem("a", mode="lowest-direct"))[0]) == {"a": "1", "b": "2"}


def test_metadata_that_cannot_be_used_costs_one_version() -> None:
    world = simple_world({"a": {"1": [], "2": []}})
    del world.metadata["a", "2"]
    assert pins(world.answer(problem("a"))[0]) == {"a": "1"}


def test_a_version_that_needs_another_of_itself() -> None:
    world = simple_world({"a": {"1": [], "2": ["a<2"], "3": ["a[x]", "a>5 ; extra == 'x'"]}})
    assert pins(world.answer(problem("a"))[0]) == {"a": "1"}
    assert pins(world.answer(problem("a>1"))[0]) is None


def test_extras_mentioned_after_the_decision() -> None:
    world = simple_world(
        {
            "a": {"1": ["c<2 ; extra == 'x'"], "2": ["c<1 ; extra == 'x'"]},
            "b": {"1": ["a[x]"]},
            "c": {"1": []},
        }
    )
    assert pins(world.answer(problem("a", "b"))[0]) == {"a": "1", "b": "1", "c": "1"}


def test_a_version_with_malformed_requirements_is_passed_over() -> None:
    answer, solver = simple_world({"a": {"1": [], "2": ["b ==> 3"]}}).answer(problem("a"))
    assert pins(answer) == {"a": "1"}
    assert newer(solver, "a") == (Rejected("2", "has a requirement that cannot be read: b ==> 3"),)


def test_a_pre_release_that_nobody_asked_for_is_told() -> None:
    world = simple_world({"a": {"1": ["b<2"], "2rc1": []}, "b": {"1": [], "2": []}})
    answer, _ = world.answer(problem("a", "b>=2"))
    assert pins(answer) == {"a": "2rc1", "b": "2"}
    assert isinstance(answer, Resolution)
    assert answer.warnings == ("a 2rc1 is a pre-release: no other version fits",)
    asked, _ = world.answer(problem("a>=2rc1", "b>=2"))
    assert isinstance(asked, Resolution)
    assert asked.warnings == ()


def test_an_extra_that_is_not_provided_is_told() -> None:
    world = World()
    world.pages["a"] = Candidates(["1"], 1, 0, 0)
    world.metadata["a", "1"] = Metadata([], ["y"])
    answer, _ = world.answer(problem("a[x]"))
    assert isinstance(answer, Resolution)
    assert answer.warnings == ("a 1 does not provide the extra x",)


def test_markers_are_those_of_the_target() -> None:
    world = simple_world({"a": {"1": ["b ; sys_platform == 'win32'"]}})
    assert pins(world.answer(problem("a", "b ; python_version < '3'"))[0]) == {"a": "1"}
    assert ENVIRONMENT["sys_platform"] == "linux"


def test_a_budget_pauses_the_search() -> None:
    world = simple_world({name: {"1": []} for name in "abcdefgh"})
    solver = Solver(problem(*"abcdefgh"))
    for name, page in world.pages.items():
        solver.feed_page(name, page)
    for key, metadata in world.metadata.items():
        solver.feed_metadata(*key, metadata)
    step = solver.step(budget=3)
    assert step == Needs()
    while isinstance(step, Needs):
        step = solver.step(budget=3)
    assert len(pins(step) or ()) == 8


def test_wanted_keeps_its_origin() -> None:
    world = simple_world({"a": {"1": []}})
    asked = problem("a")
    asked = type(asked)(requirements=(Wanted("a", "-r in.txt (line 3)"),), environment=ENVIRONMENT)
    answer, _ = world.answer(asked)
    assert isinstance(answer, Resolution)
    assert answer.pins[0].via == (Via("-r in.txt (line 3)", "a", direct=True),)


def test_a_direct_reference_replaces_the_index() -> None:
    world = simple_world({"a": {"1": ["b"], "2": ["b @ https://example.com/b.whl"]}, "b": {"1": [], "2": []}})
    solver = Solver(problem("b", "a"))
    step = solver.step()
    asked: list[object] = []
    while isinstance(step, Needs):
        for name in step.pages:
            solver.feed_page(name, world.pages[name])
        for key in step.metadata:
            solver.feed_metadata(*key, world.metadata[key])
        for name, url in step.direct:
            asked.append((name, url))
            solver.feed_direct(name, url, "7+local", Metadata(["c"]))
        world.pages.setdefault("c", Candidates(["1"], 1, 0, 0))
        world.metadata.setdefault(("c", "1"), Metadata([]))
        step = solver.step()
    assert asked == [("b", "https://example.com/b.whl")]
    assert pins(step) == {"a": "2", "b": "7+local", "c": "1"}
    assert isinstance(step, Resolution)
    assert step.pins[1].url == "https://example.com/b.whl"


def test_two_references_for_one_project_cannot_be_met() -> None:
    solver = Solver(problem("b @ https://example.com/b.whl", "b @ https://example.com/c.whl"))
    step = solver.step()
    while isinstance(step, Needs):
        for name, url in step.direct:
            solver.feed_direct(name, url, "1", Metadata([]))
        step = solver.step()
    assert isinstance(step, Conflict)


def test_a_reference_that_cannot_be_read() -> None:
    solver = Solver(problem("b @ https://example.com/b.whl"))
    step = solver.step()
    assert isinstance(step, Needs)
    solver.feed_direct(*step.direct[0], reason="is no readable wheel")
    conflict = solver.step()
    assert isinstance(conflict, Conflict)
    assert "is no readable wheel" in conflict.lines[0]


def test_metadata_may_refuse_the_python_that_its_page_does_not() -> None:
    world = simple_world({"a": {"1": [], "2": [], "3": []}})
    world.metadata["a", "3"] = Metadata([], requires_python=">=3.13")
    world.metadata["a", "2"] = Metadata([], requires_python="nonsense")
    assert pins(world.answer(problem("a"))[0]) == {"a": "2"}
    answer, _ = world.answer(problem("a>2"))
    assert isinstance(answer, Conflict)
    assert "a 3 needs Python >=3.13" in " ".join(answer.lines)


def test_more_versions_than_bits_are_kept_for() -> None:
    world = simple_world({"a": {str(number): [] for number in range(5000)}})
    for text, version in (("a", "4999"), ("a<4800,!=4799", "4798"), ("a<3", "2")):
        assert pins(world.answer(problem(text))[0]) == {"a": version}
