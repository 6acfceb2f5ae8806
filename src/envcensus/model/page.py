"""A project's page in an index (Simple repository API)."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

ARCHIVES = (".whl", ".tar.gz", ".zip", ".tgz", ".tar.bz2", ".tar.xz")  # suffixes of wheels and of sdists that are read


class File(Struct, frozen=True, gc=False, kw_only=True, repr_omit_defaults=True):
    """One file of a project (PEP 503, 592, 629, 658/714, 691, 700)."""

    filename: str
    url: str
    hashes: dict[str, str] = {}
    requires_python: str = ""
    yanked: str | None = None  # None: not yanked; else the reason, possibly empty
    core_metadata: dict[str, str] | bool = False
    size: int | None = None
    upload_time: float | None = None  # seconds since the epoch


class ProjectPage(Struct, frozen=True, kw_only=True):
    """A parsed page. `status` and `status_reason` follow PEP 792, `tracks` and `alternates` PEP 708."""

    name: str
    files: tuple[File, ...]
    versions: tuple[str, ...] = ()
    status: str = "active"
    status_reason: str = ""
    tracks: tuple[str, ...] = ()
    alternates: tuple[str, ...] = ()


Outcome = Literal["found", "not-found", "failed", "offline"]


class PageAnswer(Struct, frozen=True, gc=False, kw_only=True):
    """What asking the indexes for one project gave: never an exception.

    `record` is the packed page (see `envcensus._kernels.page`), present when `outcome` is "found". `stale` is the
    age in seconds of a record served because its index could not be reached.
    """

    name: str
    outcome: Outcome
    record: bytes = b""
    reason: str = ""  # one sentence, without secrets
    stale: float | None = None
    notes: tuple[str, ...] = ()  # what the user should know about the places that answered


class Latest(Struct, frozen=True, gc=False, kw_only=True, repr_omit_defaults=True):
    """The newest version of a project for a profile."""

    version: str
    filetype: Literal["wheel", "sdist"]
    uploaded: float | None = None  # seconds since the epoch
    yanked: bool = False
