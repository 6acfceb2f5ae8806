"""The part of Core Metadata that dependencies are decided by."""

from __future__ import annotations

from msgspec import Struct


class CoreMetadata(Struct, frozen=True, gc=False, array_like=True):
    """What one version needs."""

    requires: tuple[str, ...] = ()  # Requires-Dist
    extras: tuple[str, ...] = ()  # Provides-Extra
    requires_python: str = ""
    name: str = ""
    version: str = ""
    metadata_version: str = ""
