"""What earlier runs found: kept small, in the user's state directory, one file for each choice of roots and rows."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from envcensus.analysis.changes import compare, outdated_rows
from envcensus.errors import CacheError, EnvcensusError
from envcensus.model.changes import Row, TrendPoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envcensus.model.census import Census

_MOST_POINTS = 400  # a year of daily runs


class _History(Struct):
    """The state file: the rows of the last complete run, and a point for each of the last runs."""

    version: int
    time: float
    rows: list[Row]
    points: list[TrendPoint]


def compare_with_last(
    census: Census, roots: Sequence[str], chosen: Iterable[str] = ()
) -> tuple[Census, tuple[TrendPoint, ...], str]:
    """The census with what changed since the last run over `roots`, and the points of the trend up to now.

    `chosen` says in any words what the run was about, where that is not everything: runs about other things have a
    history of their own, since a row that was not asked for is not "resolved".

    The run is then remembered; the third value says why not, where it cannot be. An incomplete one leaves the rows of
    the last complete one, so that what could not be looked at does not come back as "new". Without an earlier run there
    are no changes.
    """
    path, problem = _place(roots, chosen)
    last = None if problem else _load(path)
    if last is not None:
        census = msgspec.structs.replace(census, changes=compare(last.rows, last.time, census.surveys))
    points = [*(last.points if last else []), _point(census)][-_MOST_POINTS:]
    rows, moment = list(outdated_rows(census.surveys)), census.generated
    if last is not None and not census.complete:
        rows, moment = last.rows, last.time
    if not problem:
        problem = _save(path, _History(1, moment, rows, points))
    return census, tuple(points), problem


def _point(census: Census) -> TrendPoint:
    rows = [row for survey in census.surveys for row in survey.findings]
    outdated = [row for row in rows if row.state == "outdated" and not row.ignored]
    libyears = sum(row.libyears or 0.0 for row in outdated)
    return TrendPoint(time=census.generated, packages=len(rows), outdated=len(outdated), libyears=libyears)


def _place(roots: Sequence[str], chosen: Iterable[str]) -> tuple[str, str]:
    """The state file for these roots, and why there can be none: it has to lie in a directory of ours, as the cache."""
    from hashlib import blake2b

    from envcensus.cache.layout import prepare_root

    base = os.environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(base):  # the specification: relative paths are invalid and to be ignored
        home = os.path.expanduser("~")
        if not os.path.isabs(home) or not os.path.isdir(home):
            return "", f"the home directory {home} does not exist; set XDG_STATE_HOME"
        base = os.path.join(home, ".local", "state")
    folder = os.path.join(base, "envcensus")
    try:
        prepare_root(folder, explicit=False)
    except CacheError as error:
        return "", error.message
    except OSError as error:
        return "", f"{folder}: {_why(error)}"
    text = "\0".join([*(sorted(map(os.path.abspath, roots)) or [os.getcwd()]), *chosen])
    digest = blake2b(os.fsencode(text), digest_size=8).hexdigest()
    return os.path.join(folder, f"history-{digest}.json"), ""


def _load(path: str) -> _History | None:
    """The state file, None where there is none that can be used: the next run has one again."""
    try:
        with open(path, "rb") as file:
            found = msgspec.json.decode(file.read(), type=_History)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return found if found.version == 1 and found.time <= time.time() + 300 else None


def _save(path: str, history: _History) -> str:
    """Why the history could not be written; nothing where it was."""
    from envcensus.runtime.atomic import write_whole

    try:
        data = msgspec.json.encode(history)
    except UnicodeEncodeError:  # a path that is not UTF-8 cannot be kept in JSON: that environment is always new
        rows = [row for row in history.rows if row.environment.isprintable()]
        data = msgspec.json.encode(msgspec.structs.replace(history, rows=rows))
    try:
        write_whole(path, data)
    except EnvcensusError as error:
        return error.message
    return ""


def _why(error: OSError) -> str:
    if isinstance(error, PermissionError):  # an import may fail as what was tried did
        from envcensus.runtime.refusals import refusal

        return refusal(error)
    return error.strerror or str(error)
