"""What is asked for ahead of the solver: never twice, and never with an influence on the answer."""

from __future__ import annotations

from envcensus.resolver.prefetch import Prefetcher
from envcensus.resolver.problem import Needs, Problem
from envcensus.resolver.solver import Solver
from tests.support.worlds import World, pins, problem, simple_world

What = str | tuple[str, str]  # a page, or the metadata of a version


def _rounds(world: World, asked: Problem) -> tuple[int, list[What], dict[str, str] | None]:
    """Drive a solver as the network does: all that is under way arrives at once. Rounds, requests, answer."""
    solver = Solver(asked)
    prefetcher = Prefetcher(solver)
    prefetcher.start()
    requests: list[What] = []
    rounds = 0
    step = solver.step()
    while isinstance(step, Needs):
        prefetcher.needed(step.pages, step.metadata)
        pages, metadata = prefetcher.take()
        under_way: list[What] = [*step.pages, *pages, *step.metadata, *metadata]
        while any(n not in solver.pages for n in step.pages) or any(k not in solver.metadata for k in step.metadata):
            rounds += 1
            batch = list(dict.fromkeys(what for what in under_way if what not in requests))
            requests += batch
            for what in batch:
                _feed(solver, prefetcher, world, what)
            pages, metadata = prefetcher.take()
            under_way = [*pages, *metadata]
        requests += [what for what in under_way if what not in requests and _feed(solver, prefetcher, world, what)]
        step = solver.step()
    return rounds, requests, pins(step)


def _feed(solver: Solver, prefetcher: Prefetcher, world: World, what: What) -> bool:
    """What was asked for at the end of a round arrives in the next."""
    if isinstance(what, str):
        solver.feed_page(what, world.pages.get(what))
        prefetcher.page(what)
    else:
        name, version = what
        solver.feed_metadata(name, version, world.metadata[name, version])
        prefetcher.metadata(name, version)
    return True


def test_a_wide_tree_costs_its_depth() -> None:
    wide = {f"w{i}": {"1": [f"x{i}"]} for i in range(30)} | {f"x{i}": {"1": []} for i in range(30)}
    world = simple_world({"a": {"1": [*[f"w{i}" for i in range(30)]]}} | wide)
    rounds, requests, answer = _rounds(world, problem("a"))
    assert answer is not None
    assert len(answer) == 61
    assert rounds <= 8, "three levels, each a page and its metadata"
    assert len(requests) == len(set(requests)) == 122


def test_a_long_search_costs_few_rounds() -> None:
    """The newest two hundred versions of `a` need what is not there."""
    world = simple_world({"a": {str(i): ["b>1"] if i > 10 else ["b"] for i in range(1, 211)}, "b": {"1": []}})
    rounds, requests, answer = _rounds(world, problem("a", "b"))
    assert answer == {"a": "10", "b": "1"}
    assert rounds <= 25
    assert len(requests) <= 240


def test_extras_are_followed_when_they_are_mentioned() -> None:
    world = simple_world({"a": {"1": ["c ; extra == 'x'"]}, "b": {"1": ["a[x]"]}, "c": {"1": []}, "d": {"1": ["b"]}})
    solver = Solver(problem("a", "d"))
    prefetcher = Prefetcher(solver)
    prefetcher.start()
    assert prefetcher.take() == (["a", "d"], [])
    for name in ("a", "d"):
        solver.feed_page(name, world.pages[name])
        prefetcher.page(name)
    assert prefetcher.take() == ([], [("a", "1"), ("d", "1")])
    for key in (("a", "1"), ("d", "1")):
        solver.feed_metadata(*key, world.metadata[key])
        prefetcher.metadata(*key)
    assert prefetcher.take() == (["b"], [])
    solver.feed_page("b", world.pages["b"])
    prefetcher.page("b")
    solver.feed_metadata("b", "1", world.metadata["b", "1"])
    prefetcher.metadata("b", "1")
    assert prefetcher.take()[0] == ["c"]


def test_projects_that_fail_alike_cost_rounds_together() -> None:
    """The newest versions of thirty projects need what another project's requirement excludes."""
    failing = {f"p{i}": {"2": ["b>1"], "1": ["b"]} for i in range(30)}
    world = simple_world(failing | {"b": {"1": [], "2": []}})
    rounds, requests, answer = _rounds(world, problem("b<2", *failing))
    assert answer == dict.fromkeys(failing, "1") | {"b": "1"}
    assert rounds <= 5
    assert len(requests) <= 31 + 61 + 1
