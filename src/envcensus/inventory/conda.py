"""Which distributions of a conda prefix are conda's own, and which pip put there.

Every conda package leaves `conda-meta/NAME-VERSION-BUILD.json`. Its content lists all files and may be large; the name
is enough, together with INSTALLER, which conda's builds and pip write into a dist-info.
"""

from __future__ import annotations

import os

import msgspec

from envcensus._kernels.names import canonicalize_name
from envcensus._kernels.version import parse
from envcensus.model.distribution import Distribution


def conda_packages(prefix: str) -> dict[str, str]:
    """Versions of the packages conda installed in `prefix`, by normalized name; empty where none can be read."""
    try:
        entries = os.listdir(f"{prefix}/conda-meta")
    except OSError:
        return {}
    found = {}
    for entry in entries:
        parts = entry.removesuffix(".json").rsplit("-", 2)
        if entry.endswith(".json") and len(parts) == 3:
            found[canonicalize_name(parts[0])] = parts[1]
    return found


def with_owner(distribution: Distribution, packages: dict[str, str]) -> Distribution:
    """The distribution, with `installer` "conda" where it names no installer and conda has a package of its name and
    version. (No installer writes INSTALLER into an egg-info.)"""
    if distribution.installer or distribution.editable:
        return distribution
    version = packages.get(distribution.normalized)
    if version is None or not _same(version, distribution.version):
        return distribution
    return msgspec.structs.replace(distribution, installer="conda")


def _same(left: str, right: str) -> bool:
    if left == right:
        return True
    try:
        return parse(left) == parse(right)
    except ValueError:
        return False
