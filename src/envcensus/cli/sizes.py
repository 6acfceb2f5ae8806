"""Sizes, durations, paths and files on the command line."""

from __future__ import annotations

import re
from typing import Any

import click

_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_LONGEST = 1e9  # seconds, some thirty years: clocks of the system take no more than about ten times that
_SIZE = r"([0-9]{1,15}(?:\.[0-9]{1,6})?)\s*(?:([KMGT])(?:i?B)?)?"


class Size(click.ParamType):  # type: ignore[type-arg]  # generic only in newer releases of click
    """An amount in bytes, written with K, M, G or T for powers of 1024 (`200M`); a plain number means MiB."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = re.fullmatch(_SIZE, value.strip(), re.IGNORECASE | re.ASCII)
        size = int(float(match[1]) * _UNITS[(match[2] or "M").upper()]) if match else 0
        if size < 1:
            self.fail(f"{value!r} is not a size such as 200M", param, ctx)
        return size


class Seconds(click.FloatRange):
    """A duration in seconds: more than none, and none that only a calculation could mean (`nan`, `inf`)."""

    def __init__(self) -> None:
        super().__init__(0, min_open=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        seconds: float = super().convert(value, param, ctx)
        if not seconds <= _LONGEST:
            self.fail(f"{value!r} is no number of seconds", param, ctx)
        return seconds


# Whether a path can be read is found out by reading it: one that cannot be looked at is a row of the report and leaves
# the others alone, and a file that is written need not be readable.
PATH = click.Path(readable=False)


class Readable(click.File):
    """A file to be read. Where it may not be, whose rights those are is said as for every other."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            reason = error.__context__
            if not isinstance(reason, PermissionError):
                raise
            from envcensus.errors import UsageError
            from envcensus.runtime.refusals import refusal

            raise UsageError(f"{value} cannot be read: {refusal(reason)}") from None
