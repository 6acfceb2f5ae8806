"""Decide about an entry whose metadata is not plainly in order: what it is, and what is wrong with it."""

from __future__ import annotations

import os
import re

from envcensus._kernels.names import canonicalize_name, is_valid_name
from envcensus._kernels.scan import (
    BROKEN_LINK,
    EMPTY,
    HEADER_LIMIT,
    LEFTOVER,
    MISSING,
    NOT_A_FILE,
    OVERSIZED,
    UNREADABLE,
)
from envcensus._kernels.version import parse
from envcensus.inventory.direct_url import parse_direct_url
from envcensus.model.distribution import Distribution, DistributionKind
from envcensus.model.skipped import Problem

_EGG_PYTHON = r"-py\d[\d.]*(-.*)?$"


def split_entry(entry: str) -> tuple[str, str]:
    """Name and version from the name of a `.dist-info` or `.egg-info` entry; empty where it holds none."""
    stem, _, suffix = entry.rpartition(".")
    name, dash, version = stem.partition("-")
    if suffix.lower() == "egg-info":
        return name, re.sub(_EGG_PYTHON, "", version)
    return (name, version) if dash else ("", "")


def judge(  # noqa: PLR0917 - positional, for the kernel calls it
    path: str,
    kind: DistributionKind,
    flags: int,
    agreed: bool,
    name: str | None,
    version: str | None,
    direct_url: bytes | None,
    installer: str,
    build: str,
    requested: bool,
    has_record: bool,
    requires_python: str,
    requires: tuple[str, ...],
    extras: tuple[str, ...],
    *,
    requires_read: bool,
    problems: list[Problem],
) -> Distribution | None:
    """A distribution from what the kernel read, as pip would list it, or None where pip would ignore the entry.

    Like pip, the key is the name in the entry's own name, where it holds one, and what is shown is the metadata's.
    Where the metadata says nothing, the entry's name is all there is. Every flaw is appended to `problems`.
    """
    if flags & LEFTOVER:
        problems.append(Problem("leftover", path))
        return None
    url, editable, location = "", False, ""
    if direct_url is not None:
        origin = parse_direct_url(direct_url)
        if origin is None:
            problems.append(Problem("unreadable", f"{path}/direct_url.json", "not a valid direct_url.json"))
        else:
            url, editable, location = origin
    if agreed and name and version:
        identity: tuple[str, str, str] | None = (name, canonicalize_name(name), version)
    else:
        identity = _identify(path, flags, name, version, problems)
    if identity is None:
        return None
    return Distribution(
        *identity,
        path,
        kind,
        installer,
        requested,
        editable,
        location,
        build,
        url,
        has_record,
        requires_python,
        requires,
        extras,
        requires_read,
    )


def _identify(
    path: str, flags: int, name: str | None, version: str | None, problems: list[Problem]
) -> tuple[str, str, str] | None:
    """Name, normalized name and version of an entry, or None where its name is none."""
    entry_name, entry_version = split_entry(os.path.basename(path))
    problems.extend(_flaws(path, flags))
    # An EGG-INFO directory or "x.dist-info" without a dash holds no name of its own.
    key = canonicalize_name(entry_name or name or "")
    if not is_valid_name(key):
        problems.append(Problem("invalid-name", path, entry_name or name or ""))
        return None
    if name and not is_valid_name(name):
        problems.append(Problem("invalid-name", path, name))
    elif name and entry_name and canonicalize_name(name) != key:
        problems.append(Problem("name-mismatch", path, name))
    if not version and not entry_version and not flags:
        problems.append(Problem("no-metadata", path, "no version"))
    problems.extend(_version_flaws(path, version, entry_version))
    return name or entry_name, key, version or entry_version


def _flaws(path: str, flags: int) -> list[Problem]:
    if flags & BROKEN_LINK:
        return [Problem("broken-symlink", path)]
    found = []
    if flags & MISSING:
        found.append(Problem("no-metadata", path, "no METADATA"))
    if flags & EMPTY:
        found.append(Problem("no-metadata", path, "without Name or Version"))
    if flags & NOT_A_FILE:
        found.append(Problem("not-a-file", path))
    if flags & UNREADABLE:
        found.append(Problem("unreadable", path))
    if flags & OVERSIZED:
        found.append(Problem("oversized", path, f"a header of more than {HEADER_LIMIT} bytes"))
    return found


def _version_flaws(path: str, version: str | None, entry_version: str) -> list[Problem]:
    """Compare what metadata and entry say, as versions: "2024.08.30" is "2024.8.30"."""
    shown = version or entry_version
    if not shown:
        return []
    try:
        parsed = parse(shown)
    except ValueError:
        return [Problem("invalid-version", path, shown)]
    if not version or not entry_version:
        return []
    try:
        # Entries escape "-" as "_", which a local version may hold just as well.
        same = parsed in (parse(entry_version), parse(entry_version.replace("_", "-")))
    except ValueError:
        same = False
    return (
        [] if same else [Problem("version-mismatch", path, f"{entry_version} in the name, {version} in the metadata")]
    )
