"""`requires.txt` of an egg-info directory as Requires-Dist lines, the way `importlib.metadata` translates it."""

from __future__ import annotations

import os

from envcensus._kernels.scan import HEADER_LIMIT, read_file


def read_egg_requires(path: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Requirements and extras of the egg-info directory `path`; both empty where there is no `requires.txt`."""
    raw = read_file(os.fsencode(f"{path}/requires.txt"), HEADER_LIMIT)
    return parse_egg_requires(raw.decode("utf-8", "surrogateescape")) if raw else ((), ())


def parse_egg_requires(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Translate sections: `[extra]`, `[:marker]`, `[extra:marker]`.

    >>> parse_egg_requires("six\\n\\n[test:python_version < '3.8']\\npytest>=6\\n")
    (('six', 'pytest>=6; (python_version < \\'3.8\\') and extra == "test"'), ('test',))
    """
    requires: list[str] = []
    extras: dict[str, None] = {}
    condition = ""
    for line in map(str.strip, text.splitlines()):
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            extra, _, marker = line[1:-1].partition(":")
            if extra:
                extras[extra] = None
            parts = [f"({marker})" if extra else marker] if marker else []
            parts += [f'extra == "{extra}"'] if extra else []
            condition = " and ".join(parts)
        elif condition:
            # A url ends only at white space.
            requires.append(f"{line}{' ' if '@' in line else ''}; {condition}")
        else:
            requires.append(line)
    return tuple(requires), tuple(extras)
