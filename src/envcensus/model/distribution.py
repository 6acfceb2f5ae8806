"""An installed distribution, as its metadata describes it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

DistributionKind = Literal["dist-info", "egg-info", "egg-info-file", "egg-link", "conda"]


class Distribution(Struct, frozen=True, gc=False, kw_only=True):
    """One installed distribution.

    `name` and `version` are spelled as in the metadata (Core Metadata), as pip prints them; the normalized name
    (Names and Normalization) is the key everywhere.
    """

    name: str
    normalized: str
    version: str
    path: str  # the .dist-info or .egg-info directory or file, the .egg-link file, the conda-meta json
    kind: DistributionKind = "dist-info"
    installer: str = ""
    requested: bool = False
    editable: bool = False
    location: str = ""  # of an editable: its project directory
    build: str = ""  # Build tag of the WHEEL file; read only for pip's listing of one environment
    direct_url: str = ""  # the url of direct_url.json, credentials removed
    has_record: bool = True
    requires_python: str = ""
    requires: tuple[str, ...] = ()  # Requires-Dist lines; empty unless the scan was asked for them
    extras: tuple[str, ...] = ()  # Provides-Extra, likewise
    requires_read: bool = False  # whether `requires` and `extras` were read
