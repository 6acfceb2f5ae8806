"""An installed distribution, as its metadata describes it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

DistributionKind = Literal["dist-info", "egg-info", "egg-info-file"]


class Distribution(Struct, frozen=True, gc=False, omit_defaults=True, repr_omit_defaults=True):
    """One installed distribution.

    `name` and `version` are spelled as in the metadata (Core Metadata), as pip prints them; the normalized name
    (Names and Normalization) is the key everywhere. Like pip, it is taken from the directory's name where that holds
    one. The scan kernel fills the fields by position: their order is part of its contract.
    """

    name: str
    normalized: str
    version: str
    path: str  # the .dist-info or .egg-info directory or file
    kind: DistributionKind = "dist-info"
    # This, `requested`, `build` and `has_record` are read only when the scan was asked for details; in a conda prefix
    # the installer always is: "conda" where conda owns the distribution.
    installer: str = ""
    requested: bool = False
    editable: bool = False
    location: str = ""  # of an editable: its project directory
    build: str = ""  # Build tag of the WHEEL file; read with the details
    direct_url: str = ""  # the url of direct_url.json, credentials removed
    has_record: bool = True
    requires_python: str = ""
    requires: tuple[str, ...] = ()  # Requires-Dist lines; empty unless the scan was asked for them
    extras: tuple[str, ...] = ()  # Provides-Extra, likewise
    requires_read: bool = False  # whether `requires` and `extras` were read


# What `pip list` never shows: part of the interpreter, or of its standard library once.
HIDDEN_FROM_LISTS = frozenset({"python", "wsgiref", "argparse"})
