"""What a decision about a project depends on."""

from __future__ import annotations

from msgspec import Struct


class Profile(Struct, frozen=True, gc=False, kw_only=True):
    """The target a decision is made for: equal profiles share every answer."""

    python: str  # full version where known ("3.11.7"): what Requires-Python is compared with
    implementation: str = "cpython"
    free_threaded: bool = False
    platforms: tuple[str, ...] = ()  # platform tags, most specific first; empty: this host's
    abis: tuple[str, ...] = ()  # ABI tags; empty: those of the Python
    pre: bool = False  # accept pre-releases (--pre)
    uploaded_prior_to: float | None = None  # seconds since the epoch
    only_binary: tuple[str, ...] = ()  # normalized names, or ":all:"
    no_binary: tuple[str, ...] = ()
