"""What a row of the results is: sides that do the same work, and the bars that ours has to clear."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks.room import Room

Commands = Sequence[Sequence[str]]
Quantity = Literal["wall", "cpu", "net cpu", "memory", "requests"]


@dataclass(frozen=True)
class Side:
    """One tool doing the work of a row.

    `start` is the same command with nothing to do: "net" figures are without it. `forget` names caches that are
    emptied before every run (cold); without it the unmeasured warm-up leaves them filled (warm). `scale` multiplies
    the times of a side that does a sample of the work.
    """

    name: str
    commands: Callable[[Room], Commands]
    start: Callable[[Room], Commands] | None = None
    prime: Callable[[Room], Commands] | None = None  # run as the warm-up in place of `commands`
    forget: tuple[str, ...] = ()
    stdin: Callable[[Room], str] = lambda _: os.devnull
    jobs: int = 1  # commands at a time
    scale: float = 1
    runs: int | None = None  # fewer than the row's, for the slow
    note: str = ""
    allowed: tuple[int, ...] = (0,)

    @property
    def ours(self) -> bool:
        """Whether this is a side of ours."""
        return self.name.startswith("envcensus")


@dataclass(frozen=True)
class Bar:
    """A limit: of the ratio ours to `peer`, or without a peer of the absolute value (seconds, bytes, count)."""

    quantity: Quantity
    limit: float
    peer: str = ""
    ours: str = "envcensus"


@dataclass(frozen=True)
class Row:
    """Sides measured in alternation. The first side is ours."""

    key: str
    group: str
    title: str
    sides: tuple[Side, ...]
    bars: tuple[Bar, ...] = ()
    latency: float | None = None  # ms; None: no index needed
    jitter: float = 0  # ms more or less
    errors: float = 0  # share of answers that are 503
    runs: int = 7
    memory: bool = False  # sample the memory in a further run of each side
    remark: str = ""
    served: str = ""  # an index of its own (`benchmarks.served`): "tree:PROJECTS", "recorded:ID"
