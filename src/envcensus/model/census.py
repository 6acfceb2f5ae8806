"""The result of one run over many environments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import tee

from msgspec import Struct

from envcensus.model.changes import Changes
from envcensus.model.display import plural
from envcensus.model.distribution import Distribution
from envcensus.model.environment import Environment
from envcensus.model.finding import Finding, State, Unchecked
from envcensus.model.skipped import Note, Problem, Skipped


class Metrics(Struct, kw_only=True):
    """Counters of a run. Times in seconds, sizes in bytes."""

    environments: int = 0
    distributions: int = 0
    projects: int = 0
    requests: int = 0
    retries: int = 0
    bytes_received: int = 0
    cache_hits: int = 0
    cache_misses: int = 0
    stages: dict[str, float] = {}
    peak_memory: int = 0
    disk_read: int = 0
    disk_written: int = 0


class Survey(Struct, frozen=True, kw_only=True):
    """One environment with what was found out about its distributions."""

    environment: Environment
    findings: tuple[Finding, ...] | Unchecked
    problems: tuple[Problem, ...] = ()

    @property
    def distributions(self) -> Sequence[Distribution]:
        """What is installed, in the order of the findings."""
        found = self.findings
        if isinstance(found, Unchecked):
            return found.distributions
        return [finding.distribution for finding in found]

    def __repr__(self) -> str:
        flaws = f", {plural(len(self.problems), 'problem')}" if self.problems else ""
        return f"<Survey of {self.environment.path!r}: {_counted(self.findings)}{flaws}>"


class Surveys:
    """Surveys that are made anew whenever they are gone through: there are too many of them to keep.

    Any number of iterations may go on at once, and each gives the same in the same order.
    """

    def __init__(self, make: Callable[[], Iterator[Survey]]) -> None:
        self._make = make
        self._failed: bool | None = None

    def __iter__(self) -> Iterator[Survey]:
        if self._failed is not None:
            yield from self._make()
            return
        failed = False
        for survey in self._make():
            failed = failed or _any_failed(survey)
            yield survey
        self._failed = failed

    @property
    def failed(self) -> bool:
        """Whether a look-up failed: known when they have been gone through once, which is done here if need be."""
        if self._failed is None:
            self._failed = any(map(_any_failed, self._make()))
        return self._failed


def _any_failed(survey: Survey) -> bool:
    return any(finding.state == "failed" for finding in survey.findings)


class Census(Struct, frozen=True, kw_only=True):
    """All environments of a run, what could not be looked at, and what the run cost.

    `surveys` may be gone through again and again.
    """

    surveys: tuple[Survey, ...] | Surveys
    skipped: tuple[Skipped, ...]
    metrics: Metrics
    generated: float  # seconds since the epoch
    changes: Changes | None = None  # beside an earlier run, where that was asked for
    notes: tuple[Note, ...] = ()  # on the projects' places in the indexes: each once, however many environments

    @property
    def complete(self) -> bool:
        """Whether everything could be looked at."""
        if self.skipped:
            return False
        found = self.surveys
        return not (found.failed if isinstance(found, Surveys) else any(map(_any_failed, found)))

    def rows(self, *states: State) -> Iterator[tuple[Environment, Finding]]:
        """Each finding with its environment; with `states`, those in one of them."""
        for survey in self.surveys:
            for finding in survey.findings:
                if not states or finding.state in states:
                    yield survey.environment, finding

    def __repr__(self) -> str:
        found = _counted(finding for survey in self.surveys for finding in survey.findings)
        count = sum(len(survey.problems) for survey in self.surveys)
        number = sum(1 for _ in self.surveys)
        flaws = f", {plural(count, 'problem')}" if count else ""
        state = "" if self.complete else f"; incomplete, {len(self.skipped)} skipped"
        return f"<Census of {plural(number, 'environment')}: {found}{flaws}{state}>"


def _counted(findings: Iterable[Finding]) -> str:
    counts: dict[str, int] = {}
    for finding in findings:
        counts[finding.state] = counts.get(finding.state, 0) + 1
    return ", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "nothing"


class Stream:
    """A census that is never whole in memory: `surveys` gives one environment at a time, once.

    `skipped` and `metrics` are complete when `surveys` has ended. `asked`: whether an index was, or a look-up may have
    failed in the run that left what is read here.
    """

    def __init__(self, items: Iterable[Survey | Skipped], generated: float, *, asked: bool = True) -> None:
        self.skipped: list[Skipped] = []
        self.metrics = Metrics()
        self.notes: tuple[Note, ...] = ()
        self.generated = generated  # seconds since the epoch
        self.problems = 0
        self._asked = asked
        self.surveys = self._surveys(items)
        self._failed = False  # whether a look-up did

    def _surveys(self, items: Iterable[Survey | Skipped]) -> Iterator[Survey]:
        for item in items:
            if isinstance(item, Skipped):
                self.skipped.append(item)
                continue
            self.metrics.environments += 1
            self.metrics.distributions += len(item.findings)
            self.problems += len(item.problems)
            self._failed = self._failed or (self._asked and _any_failed(item))
            yield item

    @property
    def complete(self) -> bool:
        """Whether everything could be looked at, as far as it was looked at."""
        return not self.skipped and not self._failed

    def split(self, count: int) -> list[Stream]:
        """So many streams of the same surveys, to be read in step: each holds what another has read before it."""
        if count == 1:
            return [self]  # (tee would hold dozens of surveys all the same)
        copies = []
        for surveys in tee(self.surveys, count):
            stream = object.__new__(Stream)
            vars(stream).update(vars(self), surveys=surveys)
            copies.append(stream)
        return copies

    def census(self) -> Census:
        """What is left of it, read to its end: everything but what was read already."""
        surveys = tuple(self.surveys)
        return Census(surveys=surveys, skipped=tuple(self.skipped), metrics=self.metrics, generated=self.generated)
