"""What is said about one distribution in one environment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, overload

from msgspec import Struct

from envcensus.model.distribution import Distribution
from envcensus.model.page import Latest

Severity = Literal["major", "minor", "patch", "pre", "post", "other"]
SEVERITY_ORDER: tuple[Severity, ...] = ("other", "pre", "post", "patch", "minor", "major")  # the least first
State = Literal[
    "outdated",
    "current",
    "not-comparable",  # editable, direct URL, or a version that is no PEP 440 version
    "not-found",  # no index knows the project, or none of its files fits
    "failed",  # the look-up failed: never to be read as "current"
    "unchecked",  # nobody asked an index: a plain listing
]


class Finding(Struct, frozen=True, gc=False, kw_only=True, repr_omit_defaults=True):
    """One row of the report: a distribution, and what could be installed in its place."""

    distribution: Distribution
    state: State
    latest: Latest | None = None
    wanted: str = ""  # newest version every installed requirer and constraint allows; empty: not computed
    held_by: tuple[str, ...] = ()  # "requirer version (specifier)" lines of those that hold it below `latest`
    severity: Severity | None = None
    age_days: float | None = None  # days since the installed version was uploaded
    libyears: float | None = None  # years between the uploads of the installed version and of `latest`
    yanked: str | None = None  # the installed version is yanked: the reason, possibly empty
    status: str = "active"  # PEP 792 project status
    status_reason: str = ""  # what the index says about it; cut where it is long
    direct: bool = False  # no other installed distribution requires it
    ignored: str = ""  # reason of the policy entry that ignores this row
    reason: str = ""  # why the state is not-comparable, not-found or failed, or the answer is stale
    stale: float | None = None  # age in seconds of an answer that comes from the cache because no index gave one


class Unchecked(Sequence[Finding]):
    """The findings of a plain listing, one for each of `distributions`, made when somebody looks at one.

    Most readers of a listing want its distributions alone, and a finding for each costs as much as the distribution.
    """

    __slots__ = ("_made", "distributions")

    def __init__(self, distributions: tuple[Distribution, ...]) -> None:
        self.distributions = distributions
        self._made: tuple[Finding, ...] | None = None

    def _all(self) -> tuple[Finding, ...]:
        if self._made is None:
            self._made = tuple([Finding(distribution=each, state="unchecked") for each in self.distributions])
        return self._made

    def __len__(self) -> int:
        return len(self.distributions)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._all())

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Finding, ...]: ...
    def __getitem__(self, index: int | slice) -> Finding | tuple[Finding, ...]:
        return self._all()[index]

    def __eq__(self, other: object) -> bool:
        return self._all() == (other._all() if isinstance(other, Unchecked) else other)

    def __hash__(self) -> int:
        return hash(self._all())

    def __repr__(self) -> str:
        return repr(self._all())
