"""Inputs of the micro benchmarks: fixed, so that runs compare."""

from __future__ import annotations

import random

import pytest


@pytest.fixture(scope="session")
def many_versions() -> list[str]:
    """100,000 versions, spelled and distributed about as in an index."""
    chance = random.Random(20240115)
    suffixes = [""] * 17 + ["rc1", "a2", "b3", ".post1", ".dev20240101"]
    texts = []
    for _ in range(100_000):
        numbers = [chance.choice((0, 1, 2, 3, chance.randrange(30), 2024)), chance.randrange(60), chance.randrange(40)]
        texts.append(".".join(map(str, numbers[: chance.choice((2, 3, 3, 3))])) + chance.choice(suffixes))
    return texts


@pytest.fixture(scope="session")
def project() -> list[str]:
    """The 1,000 versions of one project, in order."""
    chance = random.Random(7)
    suffixes = ("", "", "", "", "rc1")
    return [f"{a}.{b}.{c}{chance.choice(suffixes)}" for a in range(10) for b in range(20) for c in range(5)]
