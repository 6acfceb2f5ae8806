"""Prefetching over random worlds, with answers in any order: it changes no answer, and asks for nothing twice."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from envcensus.model.resolution import Conflict, Mode, Resolution
from envcensus.resolver.prefetch import Prefetcher
from envcensus.resolver.problem import Needs, Problem
from envcensus.resolver.solver import Solver
from tests.support.worlds import World, problem, simple_world

MODES: tuple[Mode, ...] = ("highest", "lowest", "lowest-direct")
Key = tuple[str, str]


def _world(chance: random.Random) -> World:
    """Up to fifteen projects of up to sixty versions, whose requirements exclude the newest of each other."""
    names = [f"p{number}" for number in range(chance.randint(2, 15))]
    projects: dict[str, dict[str, list[str]]] = {}
    for name in names:
        count = chance.choice((1, 3, 8, 60))
        turn = chance.randint(0, count)  # from this version on it needs something else
        sides = [[_line(chance, names) for _ in range(chance.randint(0, 3))] for _ in range(2)]
        projects[name] = {str(version): sides[version > turn] for version in range(1, count + 1)}
    return simple_world(projects, yanked=[f"{names[0]}==1"])


def _line(chance: random.Random, names: list[str]) -> str:
    bound = chance.choice(("", "", "<2", "<5", "<40", ">1", ">2", ">5", ">=40", "!=2", "==1"))
    wanted = chance.choice(("", "", "[x]"))
    marker = chance.choice(("", "", " ; extra == 'x'"))
    return f"{chance.choice(names)}{wanted}{bound}{marker}"


class _Network:
    """Answers what was asked for in any order, and says so to the prefetcher, as the driver does."""

    def __init__(self, world: World, asked: Problem, chance: random.Random) -> None:
        self.world = world
        self.solver = Solver(asked)
        self.prefetcher = Prefetcher(self.solver)
        self.chance = chance
        self.under_way: list[str | Key] = []
        self.named: list[str | Key] = []  # by the prefetcher
        self.asked: set[str | Key] = set()

    def answer(self) -> Resolution | Conflict:
        self.prefetcher.start()
        step = self.solver.step()
        while isinstance(step, Needs):
            self.ask([*step.pages, *step.metadata])
            self.prefetcher.needed(step.pages, step.metadata)
            self.take()
            while not self.is_fed(step):
                for _ in range(self.chance.randint(1, 4)):
                    if self.under_way:
                        self.arrive(self.under_way.pop(self.chance.randrange(len(self.under_way))))
                self.take()
            step = self.solver.step()
        return step

    def is_fed(self, needs: Needs) -> bool:
        solver = self.solver
        return all(n in solver.pages for n in needs.pages) and all(k in solver.metadata for k in needs.metadata)

    def take(self) -> None:
        pages, metadata = self.prefetcher.take()
        self.named += [*pages, *metadata]
        self.ask([*pages, *metadata])

    def ask(self, questions: list[str | Key]) -> None:
        self.under_way += [what for what in questions if what not in self.asked]
        self.asked.update(questions)

    def arrive(self, what: str | Key) -> None:
        if isinstance(what, str):
            self.solver.feed_page(what, self.world.pages.get(what), "not in the index")
            self.prefetcher.page(what)
        else:
            self.solver.feed_metadata(*what, self.world.metadata[what])
            self.prefetcher.metadata(*what)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(MODES), st.booleans())
def test_it_changes_no_answer_and_asks_nothing_twice(seed: int, mode: Mode, keep: bool) -> None:
    chance = random.Random(seed)
    world = _world(chance)
    roots = chance.sample(sorted(world.pages), min(3, len(world.pages)))
    prefer = {name: chance.choice(page.versions) for name, page in world.pages.items() if page.versions} if keep else {}
    asked = problem(*roots, mode=mode, prefer=prefer)
    plain, _ = world.answer(asked)
    for _ in range(2):
        network = _Network(world, asked, chance)
        assert network.answer() == plain
        assert len(network.named) == len(set(network.named))
