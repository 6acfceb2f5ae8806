"""What an operator decided not to be told about, and until when."""

from __future__ import annotations

from datetime import date

from msgspec import Struct


class Ignore(Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of ``[[ignore]]`` in envcensus.toml. Patterns are shell globs; a reason is required."""

    project: str
    reason: str
    environment: str = "*"
    owner: str = "*"
    versions: str = ""  # a specifier set: only steps to these versions are ignored
    expires: date | None = None  # the last day on which the entry counts


class Policy(Struct, frozen=True, forbid_unknown_fields=True):
    """The decisions of one policy file."""

    ignore: tuple[Ignore, ...] = ()
