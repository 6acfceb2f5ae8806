"""Answers that many environments share, decided once for each (project, target) and remembered for the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from envcensus._kernels import page
from envcensus._kernels.specifier import SpecifierSet, VersionTable
from envcensus._kernels.version import Version
from envcensus.analysis.severity import severity
from envcensus.model.page import Latest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from envcensus._kernels.page import Candidates, Target
    from envcensus.model.finding import Severity
    from envcensus.model.page import PageAnswer

_YEAR = 365.25 * 86400.0


class Step(Struct, frozen=True, gc=False):
    """From an installed version to the latest one."""

    outdated: bool
    severity: Severity | None  # of an outdated one
    uploaded: float | None  # when the installed version was, in seconds since the epoch
    yanked: str | None  # why the installed version was
    libyears: float | None  # years between the uploads, of an outdated one


class Decisions:
    """What the indexes' answers mean for one target or another."""

    def __init__(self, answers: Mapping[str, PageAnswer]) -> None:
        self._answers = answers
        self._latest: dict[tuple[str, Target], Latest | None] = {}
        self._candidates: dict[tuple[str, Target], tuple[Candidates, VersionTable]] = {}
        self._allowed: dict[tuple[str, Target, frozenset[SpecifierSet]], str] = {}
        self._releases: dict[tuple[str, str], tuple[float | None, str | None]] = {}
        self._status: dict[str, str] = {}
        self._steps: dict[tuple[str, str, Target], Step] = {}

    def answer(self, name: str) -> PageAnswer:
        """What the indexes said about the normalized `name`."""
        return self._answers[name]

    def latest(self, name: str, target: Target) -> Latest | None:
        """The newest version of `name` for `target`, None where no file of the project fits."""
        key = (name, target)
        if key not in self._latest:
            found = page.latest(self._answers[name].record, target, name)
            self._latest[key] = None if found is None else _latest(*found)
        return self._latest[key]

    def newest_allowed(self, name: str, target: Target, specifiers: Iterable[SpecifierSet]) -> str:
        """The newest version for `target` that all of `specifiers` contain, "" where there is none.

        Stable versions come before pre-releases, as they do for `latest`; yanked ones are not offered.
        """
        limits = frozenset(specifiers)
        key = (name, target, limits)
        if key not in self._allowed:
            candidates, table = self._table(name, target)
            allowed = candidates.usable & ~candidates.yanked
            for specifier in limits:
                allowed &= specifier.mask(table)
            best = allowed if target.pre else (allowed & ~candidates.pre) or allowed
            self._allowed[key] = candidates.versions[best.bit_length() - 1] if best else ""
        return self._allowed[key]

    def _table(self, name: str, target: Target) -> tuple[Candidates, VersionTable]:
        key = (name, target)
        if key not in self._candidates:
            candidates = page.candidates(self._answers[name].record, target, name)
            table = VersionTable(candidates.versions)
            if len(table) != len(candidates.versions):
                raise page.PageError(f"the record of {name} is damaged")
            self._candidates[key] = (candidates, table)
        return self._candidates[key]

    def release(self, name: str, version: str) -> tuple[float | None, str | None]:
        """When `version` was uploaded (seconds since the epoch), and why it was yanked; None for not known, not
        yanked."""
        key = (name, version)
        if key not in self._releases:
            self._releases[key] = page.version_info(self._answers[name].record, version) or (None, None)
        return self._releases[key]

    def step(self, name: str, version: str, target: Target, latest: Latest) -> Step:
        """How the installed `version` stands to `latest`, which is that of `name` for `target`."""
        key = (name, version, target)
        step = self._steps.get(key)
        if step is None:
            installed, newest = Version(version), Version(latest.version)
            outdated = newest > installed
            uploaded, yanked = self.release(name, version)
            step = self._steps[key] = Step(
                outdated=outdated,
                severity=severity(installed, newest) if outdated else None,
                uploaded=uploaded,
                yanked=yanked,
                libyears=_libyears(uploaded, latest) if outdated else None,
            )
        return step

    def status(self, name: str) -> str:
        """The project's status (PEP 792)."""
        if name not in self._status:
            self._status[name] = page.info(self._answers[name].record).status
        return self._status[name]


def _libyears(uploaded: float | None, latest: Latest) -> float | None:
    """Years between the uploads of the installed and of the latest version (libyear.com); never negative."""
    if uploaded is None or latest.uploaded is None:
        return None
    return max(latest.uploaded - uploaded, 0.0) / _YEAR


def _latest(version: str, filetype: Literal["wheel", "sdist"], uploaded: float | None, yanked: bool) -> Latest:
    return Latest(version=version, filetype=filetype, uploaded=uploaded, yanked=yanked)
