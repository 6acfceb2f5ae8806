"""What can be asked about a project, and what the answer holds: for a process that leaves the asking to others."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from envcensus.index.entry import NO_STAMP, Entry, Validator

Outcome = Literal["found", "not-found", "failed", "not-modified"]


class Want(Struct, frozen=True, gc=False):
    """A project to ask for, by its normalized name; the rest comes from the cached entry, where there is one."""

    name: str
    validators: tuple[Validator, ...] = ()
    stamp: bytes = NO_STAMP
    files: bool = True  # False: `Fetched.files` stays empty, which saves some 30 KB of memory a project


class Fetched(Struct, frozen=True, gc=False, kw_only=True):
    """What asking gave. `record` and `files` are packed, and present when the outcome is "found".

    "not-modified": the cached record stands; its entry gets the times and validators given here.
    """

    name: str
    outcome: Outcome
    record: bytes = b""
    files: bytes = b""
    reason: str = ""  # why it failed: one sentence without secrets
    notes: tuple[str, ...] = ()  # what the user should know about the places that answered
    validators: tuple[Validator, ...] = ()
    fetched: float = 0.0  # seconds since the epoch
    expires: float = 0.0
    stale_until: float = 0.0
    stamp: bytes = NO_STAMP
    requests: int = 0
    retries: int = 0
    received: int = 0  # bytes of bodies on the wire
    keep: bool = True  # False: an index says no-store, so that this is for this run only
    dated: bool = True  # False: "not modified", and not for how long: for as long as the last time

    def entry(self, kept: Entry | None = None) -> Entry:
        """The header to keep in the cache. `kept` is the one that is there, for a "not-modified".

        Raises ValueError for a failure: those are not kept.
        """
        outcome: str = self.outcome
        files, notes = bool(self.files), self.notes
        if outcome == "not-modified":
            outcome, files, notes = ("found", False, ()) if kept is None else (kept.outcome, kept.files, kept.notes)
        if outcome == "failed":
            raise ValueError("a failed look-up is not kept")
        expires, stale_until = self.expires, self.stale_until
        if not self.dated and kept is not None:
            later = self.fetched - kept.fetched
            expires, stale_until = kept.expires + later, kept.stale_until + later
        return Entry(outcome, self.fetched, expires, stale_until, self.stamp, self.validators, files, notes)
