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
    assert rounds <= 10
    assert len(requests) <= 240


def _before_the_search(world: World, asked: Problem) -> tuple[Solver, Prefetcher]:
    """A solver with all pages and the first version of each project, which wants more; the prefetcher knows as much."""
    solver = Solver(asked)
    prefetcher = Prefetcher(solver)
    prefetcher.start()
    for name in world.pages:
        solver.feed_page(name, world.pages[name])
        prefetcher.page(name)
    while prefetched := prefetcher.take()[1]:
        for key in prefetched:
            _feed(solver, prefetcher, world, key)
    return solver, prefetcher


def _wanted(solver: Solver, prefetcher: Prefetcher) -> tuple[tuple[What, ...], list[What]]:
    """What the solver waits for, and what is wanted beside it."""
    step = solver.step()
    assert isinstance(step, Needs)
    prefetcher.needed(step.pages, step.metadata)
    pages, metadata = prefetcher.take()
    return (*step.pages, *step.metadata), [*pages, *metadata]


def test_the_search_is_carried_on_while_it_waits() -> None:
    """`w` is decided first, and waits; that `a` will exclude the newest of `p` shows nowhere but in a look ahead."""
    world = simple_world(
        {
            "s": {"1": [], "2": []},
            "w": {"2": ["s>2"], "1": []},
            "a": {"1": ["s<2"]},
            "p": {"3": ["s>1"], "2": ["s>1"], "1": []},
            "q": {"1": []},
        }
    )
    solver, prefetcher = _before_the_search(world, problem("w", "a", "p", "q"))
    assert _wanted(solver, prefetcher) == ((("w", "1"),), [("p", "2"), ("p", "1")])


def test_probes_tell_how_far_a_failure_goes() -> None:
    """Versions 21 and above of `a` fail; what is between two that fail will be read, and nothing further down is."""
    versions = {str(i): ["b>1"] if i > 20 else ["b"] for i in range(1, 41)}
    world = simple_world({"b": {"1": []}, "a": versions})
    solver, prefetcher = _before_the_search(world, problem("b", "a"))
    needed, wanted = _wanted(solver, prefetcher)
    assert needed == (("a", "39"),)
    assert wanted == [("a", "38"), ("a", "36")], "1 and 3 places further"
    for key in (("a", "39"), ("a", "38"), ("a", "36")):
        _feed(solver, prefetcher, world, key)
    needed, wanted = _wanted(solver, prefetcher)
    assert needed == (("a", "37"),), "it lies between"
    assert wanted == [("a", str(i)) for i in (35, 34, 32, 28, 20)], "0, 1, 3, 7 and 15 places further"
    assert len(_rounds(world, problem("b", "a"))[1]) <= 2 + 21 + 16


def test_between_a_version_that_fails_and_one_that_fits_four_are_looked_at() -> None:
    versions = {str(i): ["b>1"] if i > 20 else ["b"] for i in range(1, 41)}
    world = simple_world({"b": {"1": []}, "a": versions})
    solver, prefetcher = _before_the_search(world, problem("b", "a"))
    _feed(solver, prefetcher, world, ("a", "19"))
    assert _wanted(solver, prefetcher) == ((("a", "39"),), [("a", str(i)) for i in (34, 29, 24)])


def test_what_is_under_way_is_part_of_a_batch() -> None:
    """Each version of `a` fails two steps later: probes tell nothing, and the next 2k of k that failed are wanted."""
    world = simple_world(
        {
            "c": {"1": []},
            "a": {str(i): [f"b=={i}"] for i in range(1, 301)},
            "b": {str(i): ["c>1"] if i > 1 else [] for i in range(1, 301)},
        }
    )
    rounds, requests, answer = _rounds(world, problem("c", "a"))
    assert answer == {"a": "1", "b": "1", "c": "1"}
    assert rounds <= 30
    assert len(requests) == 3 + 1 + 600, "each version once"


def test_what_is_under_way_is_not_asked_for_again_and_leads_no_further() -> None:
    world = simple_world({"b": {"1": []}, "a": {str(i): ["b>1"] for i in range(1, 200)}})
    solver, prefetcher = _before_the_search(world, problem("b", "a"))
    needed, wanted = _wanted(solver, prefetcher)
    assert len(wanted) == 2
    for _ in range(3):
        assert _wanted(solver, prefetcher) == (needed, [])


def test_the_first_version_asked_for_is_the_one_that_is_preferred() -> None:
    world = simple_world({"a": {"1": [], "2": [], "3": ["b"]}, "b": {"1": [], "2": []}})
    for asked, versions in (
        (problem("a", "b"), {"a": "3", "b": "2"}),
        (problem("a", "b", prefer={"a": "2"}), {"a": "2", "b": "2"}),
        (problem("a>1", "b", prefer={"a": "1"}), {"a": "3", "b": "2"}),
        (problem("a", "b", mode="lowest"), {"a": "1", "b": "1"}),
        (problem("a>2", mode="lowest-direct"), {"a": "3", "b": "2"}),
    ):
        _rounds_taken, requests, answer = _rounds(world, asked)
        assert answer == versions
        assert [key for key in requests if not isinstance(key, str)] == list(versions.items())


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
