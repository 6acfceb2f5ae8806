"""Shell globs over names of projects, which people write as they remember them."""

from __future__ import annotations

import functools
import re
from fnmatch import fnmatchcase

_SET = re.compile(r"(\[[^\]]+\])")  # [ab]: a character each, so that nothing in it is a run


def is_named(name: str, pattern: str) -> bool:
    """Whether the normalized `name` fits `pattern`. Case does not count, nor which of ``-_.`` separates (names and
    normalization specification): "Zope.*" names "zope-interface"."""
    return fnmatchcase(name, _normalized(pattern))


@functools.lru_cache(maxsize=256)
def _normalized(pattern: str) -> str:
    parts = _SET.split(pattern.lower())
    return "".join([part if part.startswith("[") else re.sub(r"[-_.]+", "-", part) for part in parts])
