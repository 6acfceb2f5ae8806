"""Compare a census with an earlier one that somebody kept: a JSON report, or a snapshot."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from envcensus.analysis.changes import compare, outdated_then
from envcensus.analysis.selection import RowFilter, is_asked, is_step
from envcensus.errors import UsageError
from envcensus.model.changes import Row
from envcensus.model.finding import Severity
from envcensus.model.skipped import Skipped
from envcensus.pipelines.collect import SNAPSHOTS
from envcensus.runtime.refusals import refusal

if TYPE_CHECKING:
    from envcensus.model.census import Census

_LARGEST = 256 << 20  # bytes of a report that is compared with


class _Package(Struct):
    name: str
    version: str
    state: str
    latest_version: str = ""
    ignored: str = ""
    direct: bool = False
    severity: Severity | None = None


class _Environment(Struct):
    path: str
    packages: list[_Package] = []
    host: str = ""


class _Report(Struct):
    """What is read of a JSON report (`envcensus.report.document`)."""

    version: str
    generated: str
    environments: list[_Environment]


def compare_with_file(census: Census, path: str, asked: RowFilter | None = None) -> Census:
    """The census with what changed since an earlier run: a JSON report (`-o report.json`), or a snapshot of `scan`.

    `asked` is what the rows of the census were chosen by; others of the file are passed over. A snapshot says what was
    installed; what of it was outdated is judged by what is the latest version now. Raises UsageError for a file that
    is neither.
    """
    asked = asked or RowFilter()
    if path.endswith(SNAPSHOTS):
        rows, since = _rows_of_snapshot(path, census, asked)
    else:
        rows, since = _rows_of_report(path, asked)
    return msgspec.structs.replace(census, changes=compare(rows, since, census.surveys))


def check_file(path: str, asked: RowFilter) -> None:
    """Raise UsageError where nothing in the file could be compared with rows that were chosen so."""
    if path.endswith(SNAPSHOTS) and (asked.direct or asked.severity is not None):
        raise UsageError(
            "a snapshot does not say which of its rows were direct, or how far behind they were",
            remedy="compare with a JSON report (-o report.json), or leave out --direct and --severity",
        )


def _rows_of_report(path: str, asked: RowFilter) -> tuple[list[Row], float]:
    from datetime import datetime

    from envcensus._kernels.names import canonicalize_name

    try:
        if os.stat(path).st_size > _LARGEST:
            raise UsageError(f"{path} is larger than {_LARGEST >> 20} MiB")
        with open(path, "rb") as file:
            report = msgspec.json.decode(file.read(), type=_Report)
        since = datetime.fromisoformat(report.generated).timestamp()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {refusal(error)}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, RecursionError):
        raise UsageError(f"{path} is no JSON report of envcensus", remedy="write one with -o report.json") from None
    if report.version != "1":
        raise UsageError(f"{path} has version {report.version}, this program reads version 1")
    rows = [
        Row(environment.host, environment.path, canonicalize_name(each.name), each.version, each.latest_version)
        for environment in report.environments
        for each in environment.packages
        if each.state == "outdated" and not each.ignored and _was_asked(each, asked)
    ]
    return rows, since


def _was_asked(row: _Package, asked: RowFilter) -> bool:
    from envcensus._kernels.names import canonicalize_name

    if not is_asked(canonicalize_name(row.name), asked) or (asked.direct and not row.direct):
        return False
    return asked.severity is None or is_step(row.severity, asked.severity)


def _rows_of_snapshot(path: str, census: Census, asked: RowFilter) -> tuple[list[Row], float]:
    from envcensus.inventory.snapshot import read_snapshot

    here = all(not survey.environment.host for survey in census.surveys)
    listings = []
    for item in read_snapshot(path):
        if isinstance(item, Skipped):
            if item.what == "snapshot":
                raise UsageError(
                    f"{path} is no usable snapshot: {item.reason}", remedy="write one with `envcensus scan`"
                )
            continue
        # A run over this host's own directories is compared with a snapshot of this host.
        place = msgspec.structs.replace(item.environment, host="") if here else item.environment
        listings.append(msgspec.structs.replace(item, environment=place))
    rows = [row for row in outdated_then(listings, census.surveys) if is_asked(row.name, asked)]
    return rows, os.stat(path).st_mtime
