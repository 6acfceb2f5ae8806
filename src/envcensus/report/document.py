"""The records of the JSON formats. Their published schema is generated from these types.

A field may be added at any time; one that goes or changes its meaning makes a new VERSION. Keys follow
`pip list --format json` where it has them. A key that has nothing to say is left out.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

import envcensus
from envcensus.model.census import Metrics, Survey
from envcensus.model.changes import Changes, Row
from envcensus.model.environment import Environment
from envcensus.model.finding import Finding, Severity, State
from envcensus.model.skipped import Note, Skipped
from envcensus.report import totals
from envcensus.report.options import RenderOptions

VERSION = "1"


class Package(Struct, omit_defaults=True, gc=False, kw_only=True):
    """One distribution in one environment."""

    name: str
    version: str
    state: State
    latest_version: str = ""
    latest_filetype: str = ""
    latest_uploaded: str = ""  # RFC 3339
    latest_yanked: bool = False
    wanted_version: str = ""
    held_by: tuple[str, ...] = ()
    severity: Severity | None = None
    age_days: float | None = None
    libyears: float | None = None
    yanked: bool = False
    yanked_reason: str = ""
    project_status: str = "active"
    project_status_reason: str = ""
    direct: bool = False
    requested: bool = False
    editable_project_location: str = ""
    direct_url: str = ""
    installer: str = ""
    path: str = ""
    ignored: str = ""
    reason: str = ""
    stale_seconds: float | None = None


class ProblemRecord(Struct, omit_defaults=True, gc=False):
    """Something wrong inside an environment that was looked at in full."""

    code: str
    where: str
    detail: str = ""


class SkippedRecord(Struct, gc=False):
    """Something that could not be looked at: the census is incomplete."""

    what: str
    where: str
    reason: str


class NoteRecord(Struct, gc=False):
    """Something to know about the places that offer a project; nothing failed."""

    project: str
    text: str


class Summary(Struct, gc=False, kw_only=True):
    """Counts over all packages, shown or not. Ignored ones count in `ignored` only."""

    packages: int
    outdated: int
    current: int
    not_comparable: int
    not_found: int
    failed: int
    unchecked: int
    ignored: int
    yanked: int
    problems: int
    libyears: float
    severity: dict[str, int]


class EnvironmentRecord(Struct, omit_defaults=True, kw_only=True):
    """An environment; as a line of the jsonl format it carries `record` as well."""

    record: Literal["environment"] | UnsetType = UNSET
    path: str
    path_base64: str = ""  # the exact bytes, where the path is not UTF-8
    kind: str
    host: str = ""
    python: str = ""
    implementation: str = ""
    free_threaded: bool = False
    base: str = ""
    system_site: bool = False
    site_dirs: tuple[str, ...] = ()
    owner: str = ""
    owner_uid: int | None = None
    created: str = ""  # RFC 3339
    changed: str = ""  # RFC 3339
    summary: Summary | UnsetType = UNSET
    packages: list[Package] | UnsetType = UNSET
    problems: list[ProblemRecord] | UnsetType = UNSET


class Generator(Struct, gc=False):
    """What wrote the document."""

    name: str
    version: str


class CensusSummary(Summary, kw_only=True):
    """Counts over all environments; `complete` says whether everything could be looked at."""

    complete: bool
    environments: int
    skipped: int


class ChangedRow(Struct, omit_defaults=True, gc=False):
    """An outdated distribution that is new, or resolved."""

    host: str
    environment: str
    name: str
    version: str
    latest_version: str = ""


class ChangesRecord(Struct, kw_only=True):
    """This run beside an earlier one."""

    since: str  # RFC 3339
    new: list[ChangedRow]
    resolved: list[ChangedRow]
    still_outdated: int
    unknown: int


class CensusDocument(Struct, kw_only=True):
    """The whole census: the json format."""

    version: Literal["1"]
    generator: Generator
    command: str
    generated: str  # RFC 3339
    summary: CensusSummary
    environments: list[EnvironmentRecord]
    skipped: list[SkippedRecord]
    changes: ChangesRecord | UnsetType = UNSET  # with --since
    metrics: Metrics
    notes: list[NoteRecord] = []


class Header(Struct, kw_only=True):
    """First line of the jsonl format."""

    record: Literal["header"] = "header"
    version: Literal["1"]
    generator: Generator
    command: str
    generated: str


class SkippedLine(Struct, kw_only=True):
    """A line of the jsonl format for each thing that could not be looked at."""

    record: Literal["skipped"] = "skipped"
    what: str
    where: str
    reason: str


class Trailer(Struct, kw_only=True):
    """Last line of the jsonl format: without it the file was cut off."""

    record: Literal["trailer"] = "trailer"
    summary: CensusSummary
    metrics: Metrics
    notes: list[NoteRecord] | UnsetType = UNSET


class EnvironmentsDocument(Struct, kw_only=True):
    """The environments alone: the json format of `envs`."""

    version: Literal["1"]
    generator: Generator
    generated: str
    environments: list[EnvironmentRecord]
    skipped: list[SkippedRecord]


def timestamp(seconds: float | None) -> str:
    """RFC 3339 in UTC, whole seconds; empty for None and for what no calendar holds."""
    if seconds is None:
        return ""
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
    except (OverflowError, ValueError, OSError):
        return ""


def generator(options: RenderOptions) -> Generator:
    """This program."""
    return Generator("envcensus", options.version or envcensus.__version__)


def package(finding: Finding) -> Package:
    """The record of one row."""
    distribution, latest = finding.distribution, finding.latest
    return Package(
        name=distribution.name,
        version=distribution.version,
        state=finding.state,
        latest_version=latest.version if latest else "",
        latest_filetype=latest.filetype if latest else "",
        latest_uploaded=timestamp(latest.uploaded) if latest else "",
        latest_yanked=latest.yanked if latest else False,
        wanted_version=finding.wanted,
        held_by=finding.held_by,
        severity=finding.severity,
        age_days=None if finding.age_days is None else round(finding.age_days, 2),
        libyears=None if finding.libyears is None else round(finding.libyears, 3),
        yanked=finding.yanked is not None,
        yanked_reason=finding.yanked or "",
        project_status=finding.status,
        project_status_reason=finding.status_reason,
        direct=finding.direct,
        requested=distribution.requested,
        editable_project_location=distribution.location if distribution.editable else "",
        direct_url=distribution.direct_url,
        installer=distribution.installer,
        path=distribution.path,
        ignored=finding.ignored,
        reason=finding.reason,
        stale_seconds=None if finding.stale is None else round(finding.stale),
    )


def environment(found: Environment) -> EnvironmentRecord:
    """The record of an environment, without its packages."""
    owner = found.owner
    return EnvironmentRecord(
        path=found.path,
        path_base64="" if found.path.isascii() else _exact(found.path),
        kind=found.kind,
        host=found.host,
        python=found.python,
        implementation=found.implementation,
        free_threaded=found.free_threaded,
        base=found.base,
        system_site=found.system_site,
        site_dirs=found.site_dirs,
        owner=owner.name if owner else "",
        owner_uid=owner.uid if owner else None,
        created=timestamp(found.created),
        changed=timestamp(found.changed),
    )


def _exact(path: str) -> str:
    """The bytes of a path that UTF-8 cannot hold, in base64; empty where it can."""
    try:
        path.encode()
    except UnicodeEncodeError:
        import base64

        return base64.b64encode(path.encode("utf-8", "surrogateescape")).decode()
    return ""


def survey(found: Survey, options: RenderOptions, counts: totals.Totals) -> EnvironmentRecord:
    """The record of an environment with its packages."""
    record = environment(found.environment)
    record.summary = summary(counts)
    record.packages = [package(f) for f in found.findings if options.shows(f)]
    record.problems = [ProblemRecord(p.code, p.where, p.detail) for p in found.problems]
    return record


def summary(counts: totals.Totals) -> Summary:
    """The counts of one environment."""
    return Summary(**_counts(counts))


def census_summary(counts: totals.Totals, skipped: int) -> CensusSummary:
    """The counts of the whole census."""
    complete = not skipped and not counts.failed
    return CensusSummary(**_counts(counts), complete=complete, environments=counts.environments, skipped=skipped)


def _counts(counts: totals.Totals) -> dict[str, Any]:
    """The fields of a summary, by name."""
    found: dict[str, Any] = {field: getattr(counts, field) for field in Summary.__struct_fields__}
    found["libyears"] = round(counts.libyears, 3)
    return found


def changes_record(changes: Changes) -> ChangesRecord:
    """The record of what changed."""
    return ChangesRecord(
        since=timestamp(changes.since),
        new=[_changed(row) for row in changes.new],
        resolved=[_changed(row) for row in changes.resolved],
        still_outdated=changes.still,
        unknown=changes.unknown,
    )


def _changed(row: Row) -> ChangedRow:
    return ChangedRow(row.host, row.environment, row.name, row.version, row.latest)


def skipped_record(row: Skipped) -> SkippedRecord:
    """The record of a skipped row."""
    return SkippedRecord(row.what, row.where, row.reason)


def note_records(notes: Iterable[Note]) -> list[NoteRecord]:
    """The records of notes."""
    return [NoteRecord(note.project, note.text) for note in notes]
