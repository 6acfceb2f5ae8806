"""What can be asked about the metadata of a version, and what the answer holds."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from envcensus.model.page import File

Way = Literal["metadata-file", "range", "wheel", "sdist", "whole"]


class MetadataWant(Struct, frozen=True, gc=False):
    """A version whose metadata is wanted; `files` in the order in which they are to be tried (wheels first)."""

    name: str  # normalized
    version: str
    files: tuple[File, ...]
    whole: bool = False  # the file itself in place of its metadata, to be built from
    digest: bool = False  # read the file whole, for its sha256 and to check its hash, unless it is too large


class MetadataFetched(Struct, frozen=True, gc=False, kw_only=True):
    """What asking gave. `metadata` is the text as in the distribution, present when the outcome is "found"."""

    name: str
    version: str
    outcome: Literal["found", "needs-build", "failed"]
    metadata: bytes = b""
    way: Way | None = None
    filename: str = ""  # the file it was read for
    sha256: str = ""  # of that file, where it was asked for; empty where it is too large for that
    reason: str = ""
    requests: int = 0
    retries: int = 0
    received: int = 0
