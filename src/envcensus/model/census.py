"""The result of one run over many environments."""

from __future__ import annotations

from msgspec import Struct

from envcensus.model.environment import Environment
from envcensus.model.finding import Finding
from envcensus.model.skipped import Problem, Skipped


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
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...] = ()


class Census(Struct, frozen=True, kw_only=True):
    """All environments of a run, what could not be looked at, and what the run cost."""

    surveys: tuple[Survey, ...]
    skipped: tuple[Skipped, ...]
    metrics: Metrics
    generated: float  # seconds since the epoch

    @property
    def complete(self) -> bool:
        """Whether everything could be looked at."""
        return not self.skipped and not any(f.state == "failed" for s in self.surveys for f in s.findings)
