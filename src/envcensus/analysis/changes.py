"""Compare the outdated rows of a run with those of an earlier one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envcensus._kernels.version import Version
from envcensus.model.changes import Changes, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envcensus.model.census import Survey
    from envcensus.model.listing import Listing

_Key = tuple[str, str, str, str]


def outdated_rows(surveys: Iterable[Survey]) -> Iterator[Row]:
    """The rows that count: outdated, and not ignored."""
    for survey in surveys:
        place = survey.environment
        for finding in survey.findings:
            if finding.state == "outdated" and not finding.ignored:
                each = finding.distribution
                latest = finding.latest.version if finding.latest else ""
                yield Row(place.host, place.path, each.normalized, each.version, latest)


def outdated_then(listings: Iterable[Listing], surveys: Iterable[Survey]) -> Iterator[Row]:
    """What of earlier `listings` is outdated, judged by the latest versions that `surveys` know.

    They know them for each project in each environment, and where it is gone there, for other environments.
    """
    exact: dict[tuple[str, str, str], str] = {}
    anywhere: dict[str, str] = {}
    for survey in surveys:
        for finding in survey.findings:
            if finding.latest is not None and not finding.ignored:
                name = finding.distribution.normalized
                exact[survey.environment.host, survey.environment.path, name] = finding.latest.version
                anywhere[name] = finding.latest.version
    for listing in listings:
        place = listing.environment
        for each in listing.distributions:
            name = each.normalized
            latest = exact.get((place.host, place.path, name)) or anywhere.get(name, "")
            if latest and not each.editable and not each.direct_url and _is_older(each.version, latest):
                yield Row(place.host, place.path, name, each.version, latest)


def _is_older(version: str, latest: str) -> bool:
    try:
        return Version(version) < Version(latest)
    except ValueError:
        return False


def compare(before: Iterable[Row], since: float, surveys: Iterable[Survey]) -> Changes:
    """What is new and what is resolved beside `before`, the rows of a run at `since` (seconds since the epoch).

    A row whose look-up failed this time is neither: a failure must not read as "resolved". `surveys` are gone through
    twice.
    """
    then = {_key(row): row for row in before}
    now = {_key(row): row for row in outdated_rows(surveys)}
    failed = {
        (survey.environment.host, survey.environment.path, each.distribution.normalized, each.distribution.version)
        for survey in surveys
        for each in survey.findings
        if each.state == "failed"
    }
    return Changes(
        since=since,
        new=tuple(sorted(row for key, row in now.items() if key not in then)),
        resolved=tuple(sorted(row for key, row in then.items() if key not in now and key not in failed)),
        still=len(then.keys() & now.keys()),
        unknown=len(then.keys() & failed),
    )


def _key(row: Row) -> _Key:
    return row.host, row.environment, row.name, row.version
