"""The search of the resolver: PubGrub over version sets that are bit masks."""

from collections.abc import Callable
from typing import final

from typing_extensions import disjoint_base

DONE: int
NEED: int
FAILED: int
PAUSED: int
NAMES_PRE: int
PINS: int

@final
class Package:
    id: int
    label: object
    dom: int
    everything: int
    initial: int
    boolean: bool
    pre: int
    yanked: int
    listed: int
    pre_allowed: bool
    pin_allowed: bool
    lowest: bool
    preferred: list[int] | None
    chosen: bool
    affected: int
    @property
    def position(self) -> int: ...

@disjoint_base
class Incompatibility:
    packages: list[Package]
    masks: list[int]
    left: Incompatibility | None
    right: Incompatibility | None
    reason: object
    def terms(self) -> list[tuple[Package, int]]: ...

@final
class Edge(Incompatibility):
    a: Package
    v: int
    b: Package
    s: int
    x: Package | None
    flags: int

@final
class Engine:
    packages: list[Package]
    need_package: Package | None
    need_bit: int
    failure: Incompatibility
    decisions: int
    conflicts: int
    moved: bool
    trades: list[list[tuple[Package, int]]]
    last_resort: bool
    policy_used: bool
    budget: int
    def add_package(
        self, label: object, versions: int, domain: int, pre: int = 0, yanked: int = 0, listed: int = 0
    ) -> Package: ...
    def add_extra(self, label: object) -> Package: ...
    def add_edge(
        self,
        a: Package,
        index: int,
        b: Package,
        s: int,
        x: Package | None = None,
        flags: int = 0,
        reason: object = None,
    ) -> None: ...
    def exclude(self, p: Package, index: int, reason: object) -> None: ...
    def set_loaded(self, p: Package, index: int) -> None: ...
    def run(self) -> int: ...
    def level_zero(self, p: Package) -> int: ...
    def begin_trades(self, reach: Callable[[Package], int], fixed: set[Package], kept: set[Package]) -> None: ...
    def look_for_trades(self) -> list[tuple[Package, int]]: ...
    def refuse(self, p: Package, index: int) -> None: ...
    def settle(self, back: bool = False) -> None: ...
    def requirers(self, p: Package) -> list[Edge]: ...
    def needs(self, p: Package, index: int) -> list[Edge]: ...
    def excluded(self, p: Package, index: int) -> object: ...
