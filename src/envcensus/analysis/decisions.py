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
    from collections.abc import Mapping, Sequence
    from typing import TypeVar

    from envcensus._kernels.page import Candidates, Target
    from envcensus._kernels.requirement import Requirement
    from envcensus.analysis.graph import Edge
    from envcensus.model.finding import Finding, Severity
    from envcensus.model.page import PageAnswer

    K = TypeVar("K")
    V = TypeVar("V")

    # name, version, target, direct (None: not known), editable, direct URL
    RowKey = tuple[str, str, Target, bool | None, bool, str]

_YEAR = 365.25 * 86400.0
_LONGEST_REASON = 200  # characters of what an index says of a project's status
_MOST = 20_000  # of each kind that is remembered: some 10 MB of rows


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
        self._allowed: dict[tuple[str, Target, frozenset[int]], tuple[Sequence[SpecifierSet], str]] = {}
        self._bars: dict[tuple[int, str], tuple[Requirement, bool]] = {}
        self._status: dict[str, tuple[str, str]] = {}
        self._rows: dict[RowKey, Finding] = {}

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

    def newest_allowed(self, name: str, target: Target, specifiers: Sequence[SpecifierSet]) -> str:
        """The newest version for `target` that all of `specifiers` contain, "" where there is none.

        Stable versions come before pre-releases, as they do for `latest`; yanked ones are not offered.
        """
        # By identity: to hash a specifier takes longer than the rest. They are kept, or another could take its place.
        key = (name, target, frozenset(map(id, specifiers)))
        known = self._allowed.get(key)
        if known is not None:
            return known[1]
        candidates, table = self._table(name, target)
        allowed = candidates.usable & ~candidates.yanked
        for specifier in specifiers:
            allowed &= specifier.mask(table)
        best = allowed if target.pre else (allowed & ~candidates.pre) or allowed
        version = candidates.versions[best.bit_length() - 1] if best else ""
        _with_room(self._allowed)[key] = (specifiers, version)
        return version

    def barring(self, edges: Sequence[Edge], version: str) -> list[Edge]:
        """Those of `edges` whose requirement keeps `version` out."""
        found = []
        for edge in edges:
            requirement = edge.requirement
            key = (id(requirement), version)
            known = self._bars.get(key)
            if known is None:
                barred = not requirement.specifier.contains(version, prereleases=True)
                known = _with_room(self._bars)[key] = (requirement, barred)
            if known[1]:
                found.append(edge)
        return found

    def _table(self, name: str, target: Target) -> tuple[Candidates, VersionTable]:
        key = (name, target)
        if key not in self._candidates:
            candidates = page.candidates(self._answers[name].record, target, name)
            table = VersionTable(candidates.versions)
            if len(table) != len(candidates.versions):
                raise page.PageError(f"the record of {name} is damaged")
            self._candidates[key] = (candidates, table)
        return self._candidates[key]

    def step(self, name: str, version: str, latest: Latest) -> Step:
        """How the installed `version` of `name` stands to `latest`."""
        installed, newest = Version(version), Version(latest.version)
        outdated = newest > installed
        uploaded, yanked = page.version_info(self._answers[name].record, version) or (None, None)
        return Step(
            outdated=outdated,
            severity=severity(installed, newest) if outdated else None,
            uploaded=uploaded,
            yanked=yanked,
            libyears=_libyears(uploaded, latest) if outdated else None,
        )

    def row(self, key: RowKey) -> Finding | None:
        """What `keep_row` kept."""
        return self._rows.get(key)

    def keep_row(self, key: RowKey, row: Finding) -> Finding:
        """Keep a row that is the same but for its distribution wherever `key` is."""
        _with_room(self._rows)[key] = row
        return row

    def status(self, name: str) -> tuple[str, str]:
        """The project's status (PEP 792), and the reason that its index gives."""
        found = self._status.get(name)
        if found is None:
            status, reason = page.status(self._answers[name].record)
            if reason:
                reason = " ".join(reason.split())
                reason = reason if len(reason) <= _LONGEST_REASON else reason[: _LONGEST_REASON - 1] + "…"
            found = self._status[name] = status, reason
        return found


def _with_room(known: dict[K, V]) -> dict[K, V]:
    """`known`, emptied when it is full: what is needed again is made again."""
    if len(known) >= _MOST:
        known.clear()
    return known


def _libyears(uploaded: float | None, latest: Latest) -> float | None:
    """Years between the uploads of the installed and of the latest version (libyear.com); never negative."""
    if uploaded is None or latest.uploaded is None:
        return None
    return max(latest.uploaded - uploaded, 0.0) / _YEAR


def _latest(version: str, filetype: Literal["wheel", "sdist"], uploaded: float | None, yanked: bool) -> Latest:
    return Latest(version=version, filetype=filetype, uploaded=uploaded, yanked=yanked)
