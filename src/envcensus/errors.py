"""The errors users can meet. Each carries its data and the exit code of the command line.

Expected trouble (an unreadable directory, a project the index does not know) is data, not an exception:
see `envcensus.model.skipped`.
"""

from __future__ import annotations

import enum


class ExitCode(enum.IntEnum):
    """Exit codes of every command; scripts rely on them."""

    COMPLETE = 0
    FAILED = 1
    USAGE = 2
    FINDINGS = 3  # only with --fail-on
    INCOMPLETE = 4  # something could not be looked at, and the report says what
    LOCKED = 5  # another run holds the lock
    INTERRUPTED = 130


class EnvcensusError(Exception):
    """A run that cannot go on. `message` is one line that names the thing and the reason, `remedy` what helps."""

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}; {self.remedy}" if self.remedy else self.message


class UsageError(EnvcensusError):
    """An argument or a configuration value that cannot be used."""

    exit_code = ExitCode.USAGE


class LockedError(EnvcensusError):
    """Another run holds the lock file given with --lock."""

    exit_code = ExitCode.LOCKED


class CacheError(EnvcensusError):
    """The cache cannot be used; the run goes on without it."""


class IndexConfigError(UsageError):
    """An index address or credential setting that cannot be used."""


class OutOfTimeError(EnvcensusError, TimeoutError):
    """The time that was given for a run is over."""


def out_of_time(seconds: float) -> OutOfTimeError:
    """The error of a run that took longer than it was given."""
    return OutOfTimeError(
        f"not done within {seconds:g} seconds", remedy="what was fetched is in the cache, so the next run is quicker"
    )
