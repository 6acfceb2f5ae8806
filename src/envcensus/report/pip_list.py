"""What `pip list` prints for one environment, byte for byte.

Follows pip 26: `columns`, `freeze` and `json`, with --outdated (Latest and Type) and --verbose (Location and
Installer). Two things are ours: text that could harm a terminal is escaped, and a version that is not PEP 440
never stops the listing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

from envcensus.errors import UsageError
from envcensus.model.display import neutral
from envcensus.model.distribution import HIDDEN_FROM_LISTS, Distribution
from envcensus.model.page import Latest
from envcensus.report.text import WIDEST

FORMATS = ("columns", "freeze", "json")


def render(
    format: str,
    distributions: Iterable[Distribution],
    *,
    latest: Mapping[str, Latest] | None = None,
    verbose: bool = False,
) -> Iterator[str]:
    """Lines of `pip list --format FORMAT`.

    `latest` (by normalized name) makes it `pip list --outdated`: `distributions` are then the outdated ones, and
    those without an entry are left out. Of a project installed twice the first is listed, as pip does it.

    Raises UsageError for a format pip does not have, and for --outdated with freeze, which pip refuses.
    """
    if format not in FORMATS:
        raise UsageError(f"no such format: {format}", remedy=f"pip list knows {', '.join(FORMATS)}")
    if latest is not None and format == "freeze":
        raise UsageError("List format 'freeze' cannot be used with the --outdated option.")
    chosen: dict[str, Distribution] = {}
    for distribution in distributions:
        key = distribution.normalized
        if key not in HIDDEN_FROM_LISTS and (latest is None or key in latest):
            chosen.setdefault(key, distribution)
    ordered = [chosen[key] for key in sorted(chosen)]
    if format == "json":
        yield _json(ordered, latest, verbose)
    elif format == "freeze":
        yield from _freeze(ordered, verbose)
    elif ordered:
        yield from _columns(ordered, latest, verbose)


def canonical_version(version: str) -> str | None:
    """`version` as PEP 440 normalizes it, None where it is not a PEP 440 version.

    The common form (numbers and dots) is already normal; any other is handed to packaging.
    """
    if version.isascii() and all(p.isdigit() and (p == "0" or p[0] != "0") for p in version.split(".")):
        return version
    from packaging.version import InvalidVersion, Version

    try:
        return str(Version(version))
    except InvalidVersion:
        return None


def location(distribution: Distribution) -> str:
    """pip's "Location": the directory the distribution is imported from."""
    return os.path.dirname(distribution.path)


def editable_location(distribution: Distribution) -> str:
    """pip's "Editable project location": the project's directory, empty for what is not editable."""
    return distribution.location if distribution.editable else ""


def _installer(distribution: Distribution) -> str:
    """What its INSTALLER file says. An egg-info has none: that conda owns it, pip does not know."""
    return "" if distribution.kind.startswith("egg") else distribution.installer


def _columns(rows: Sequence[Distribution], latest: Mapping[str, Latest] | None, verbose: bool) -> Iterator[str]:
    columns = [["Package", *(d.name for d in rows)], ["Version", *(d.version for d in rows)]]
    if latest is not None:
        found = [latest[d.normalized] for d in rows]
        columns.append(["Latest", *(canonical_version(f.version) or f.version for f in found)])
        columns.append(["Type", *(f.filetype for f in found)])
    if any(d.build for d in rows):
        columns.append(["Build", *(d.build for d in rows)])
    if any(d.editable for d in rows):
        columns.append(["Editable project location", *(map(editable_location, rows))])
    if verbose:
        columns.append(["Location", *(map(location, rows))])
        columns.append(["Installer", *(map(_installer, rows))])
    cleaned = [list(map(neutral, column)) for column in columns]
    # pip counts characters, not columns; a name of a megabyte must not make each row as long.
    sizes = [min(max(map(len, column)), WIDEST) for column in cleaned]
    for number, row in enumerate(zip(*cleaned, strict=True)):
        yield " ".join(map(str.ljust, row, sizes)).rstrip() + "\n"
        if number == 0:
            yield " ".join("-" * size for size in sizes) + "\n"


def _freeze(rows: Sequence[Distribution], verbose: bool) -> Iterator[str]:
    for d in rows:
        version = canonical_version(d.version)
        line = f"{d.name}=={version}" if version is not None else f"{d.name}==={d.version}"
        yield neutral(f"{line} ({location(d)})" if verbose else line) + "\n"


def _json(rows: Sequence[Distribution], latest: Mapping[str, Latest] | None, verbose: bool) -> str:
    import json  # pip's spacing and escapes are the standard library's

    data = []
    for d in rows:
        entry = {"name": d.name, "version": canonical_version(d.version) or d.version}
        if verbose:
            entry["location"] = location(d)
            entry["installer"] = _installer(d)
        if latest is not None:
            found = latest[d.normalized]
            entry["latest_version"] = canonical_version(found.version) or found.version
            entry["latest_filetype"] = found.filetype
        if where := editable_location(d):
            entry["editable_project_location"] = where
        data.append(entry)
    return json.dumps(data) + "\n"
