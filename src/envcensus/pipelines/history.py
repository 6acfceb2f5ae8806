"""What earlier runs found: kept small, in the user's state directory, one file for each set of roots."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from envcensus.analysis.changes import compare, outdated_rows, outdated_then
from envcensus.errors import UsageError
from envcensus.model.changes import Row, TrendPoint
from envcensus.model.skipped import Skipped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envcensus.model.census import Census

_MOST_POINTS = 400  # a year of daily runs
_LARGEST = 256 << 20  # bytes of a report that is compared with


class _History(Struct):
    """The state file: the rows of the last complete run, and a point for each of the last runs."""

    version: int
    time: float
    rows: list[Row]
    points: list[TrendPoint]


class _Package(Struct):
    name: str
    version: str
    state: str
    latest_version: str = ""
    ignored: str = ""


class _Environment(Struct):
    path: str
    packages: list[_Package] = []
    host: str = ""


class _Report(Struct):
    """What is read of a JSON report (`envcensus.report.document`)."""

    version: str
    generated: str
    environments: list[_Environment]


def compare_with_last(census: Census, roots: Sequence[str]) -> tuple[Census, tuple[TrendPoint, ...]]:
    """The census with what changed since the last run over `roots`, and the points of the trend up to now.

    The run is then remembered. An incomplete one leaves the rows of the last complete one, so that what could not be
    looked at does not come back as "new". Without an earlier run there are no changes.
    """
    path = _path(roots)
    last = _load(path)
    if last is not None:
        census = msgspec.structs.replace(census, changes=compare(last.rows, last.time, census.surveys))
    points = [*(last.points if last else []), _point(census)][-_MOST_POINTS:]
    rows, moment = list(outdated_rows(census.surveys)), census.generated
    if last is not None and not census.complete:
        rows, moment = last.rows, last.time
    _save(path, _History(1, moment, rows, points))
    return census, tuple(points)


def compare_with_file(census: Census, path: str) -> Census:
    """The census with what changed since an earlier run: a JSON report (`-o report.json`), or a snapshot of `scan`.

    A snapshot says what was installed; what of it was outdated is judged by what is the latest version now. Raises
    UsageError for a file that is neither.
    """
    if path.endswith((".jsonl", ".jsonl.gz")):
        rows, since = _rows_of_snapshot(path, census)
    else:
        rows, since = _rows_of_report(path)
    return msgspec.structs.replace(census, changes=compare(rows, since, census.surveys))


def _rows_of_report(path: str) -> tuple[list[Row], float]:
    from datetime import datetime

    from envcensus._kernels.names import canonicalize_name

    try:
        if os.stat(path).st_size > _LARGEST:
            raise UsageError(f"{path} is larger than {_LARGEST >> 20} MiB")
        with open(path, "rb") as file:
            report = msgspec.json.decode(file.read(), type=_Report)
        since = datetime.fromisoformat(report.generated).timestamp()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, RecursionError):
        raise UsageError(f"{path} is no JSON report of envcensus", remedy="write one with -o report.json") from None
    if report.version != "1":
        raise UsageError(f"{path} has version {report.version}, this program reads version 1")
    rows = [
        Row(environment.host, environment.path, canonicalize_name(each.name), each.version, each.latest_version)
        for environment in report.environments
        for each in environment.packages
        if each.state == "outdated" and not each.ignored
    ]
    return rows, since


def _rows_of_snapshot(path: str, census: Census) -> tuple[list[Row], float]:
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
    return list(outdated_then(listings, census.surveys)), os.stat(path).st_mtime


def _point(census: Census) -> TrendPoint:
    rows = [row for survey in census.surveys for row in survey.findings]
    outdated = [row for row in rows if row.state == "outdated" and not row.ignored]
    libyears = sum(row.libyears or 0.0 for row in outdated)
    return TrendPoint(time=census.generated, packages=len(rows), outdated=len(outdated), libyears=libyears)


def _path(roots: Sequence[str]) -> str:
    from hashlib import blake2b

    base = os.environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    text = "\0".join(sorted(os.path.abspath(root) for root in roots) or [os.getcwd()])
    digest = blake2b(os.fsencode(text), digest_size=8).hexdigest()
    return os.path.join(base, "envcensus", f"history-{digest}.json")


def _load(path: str) -> _History | None:
    """The state file, None where there is none that can be used: the next run has one again."""
    try:
        with open(path, "rb") as file:
            found = msgspec.json.decode(file.read(), type=_History)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return found if found.version == 1 and found.time <= time.time() + 300 else None


def _save(path: str, history: _History) -> None:
    from envcensus.runtime.atomic import write_whole

    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    try:
        data = msgspec.json.encode(history)
    except UnicodeEncodeError:  # a path that is not UTF-8 cannot be kept in JSON: that environment is always new
        rows = [row for row in history.rows if row.environment.isprintable()]
        data = msgspec.json.encode(msgspec.structs.replace(history, rows=rows))
    write_whole(path, data)
