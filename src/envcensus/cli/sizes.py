"""Sizes on the command line."""

from __future__ import annotations

import re
from typing import Any

import click

_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
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
