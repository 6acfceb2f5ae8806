"""Which projects --only-binary, --no-binary and --allow-build speak of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envcensus._kernels.names import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable


def listed(values: Iterable[str]) -> list[str]:
    """Values of --allow-build: names, ":all:", or ":none:" to start anew."""
    found: list[str] = []
    for name in filter(None, (part.strip() for value in values for part in value.split(","))):
        if name == ":none:":
            found = []
        else:
            found.append(name if name == ":all:" else canonicalize_name(name))
    return list(dict.fromkeys(found))


def limit(value: str, chosen: list[str], other: list[str]) -> None:
    """Add a value of --only-binary to `chosen`, or one of --no-binary, as pip does: the later word on a project counts,
    ":all:" is the later word on every one, and ":none:" takes back what this option said before.
    """
    for text in filter(None, map(str.strip, value.split(","))):
        if text == ":all:":
            other.clear()
            chosen[:] = [text]
        elif text == ":none:":
            chosen.clear()
        elif (name := canonicalize_name(text)) not in chosen:
            chosen.append(name)
            other[:] = [each for each in other if each != name]
