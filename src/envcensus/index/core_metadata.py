"""The dependencies that a METADATA or PKG-INFO text states."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from envcensus._kernels.names import canonicalize_name
from envcensus.model.core_metadata import CoreMetadata

_FIELDS = ("Metadata-Version", "Name", "Version", "Requires-Python", "Requires-Dist", "Provides-Extra")
_END = re.compile(rb"\r?\n\r?\n")
_OR = re.compile(r"\bor\b")
_EXTRA = re.compile(r"""\bextra\b""")
_EXTRA_IS = re.compile(r"""\bextra\s*==\s*(?:"([^"']*)"|'([^"']*)')|(?:"([^"']*)"|'([^"']*)')\s*==\s*extra\b""")


def parse_metadata(data: bytes) -> CoreMetadata | None:
    """The header alone (Core metadata specifications); None where name or version is missing."""
    end = _END.search(data)
    text = (data[: end.start()] if end else data).decode("utf-8", "replace")
    fields: dict[str, list[str]] = {field.lower(): [] for field in _FIELDS}
    spelled = {field: fields[field.lower()] for field in _FIELDS}
    values: list[str] | None = None
    for line in text.splitlines():
        if line[:1] in (" ", "\t"):
            if values:
                values[-1] += " " + line.strip()
            continue
        name, colon, value = line.partition(":")
        if colon:
            values = spelled.get(name)
            if values is None:
                values = fields.get(name.strip().lower())
            if values is not None:
                values.append(value.strip())
    if not fields["name"] or not fields["version"]:
        return None
    return core_metadata(
        fields["name"][0],
        fields["version"][0],
        fields["requires-dist"],
        extras=fields["provides-extra"],
        requires_python=next(iter(fields["requires-python"]), ""),
        metadata_version=next(iter(fields["metadata-version"]), ""),
    )


def core_metadata(
    name: str, version: str, requires: list[str], *, extras: list[str], requires_python: str, metadata_version: str
) -> CoreMetadata:
    """Metadata with its requirements sorted by the extra they belong to."""
    base: list[str] = []
    optional: dict[str, list[str]] = {}
    for line in requires:
        extra = only_extra(line)
        if extra:
            optional.setdefault(extra, []).append(line)
        else:
            base.append(line)
    return CoreMetadata(
        name=name,
        version=version,
        metadata_version=metadata_version,
        requires_python=requires_python,
        base=tuple(base),
        extras=tuple(extras),
        optional=msgspec.Raw(msgspec.msgpack.encode(optional)),
    )


def only_extra(line: str) -> str:
    """The extra (normalized) without which a requirement never holds; empty where that is not plain to see."""
    marker = line.partition(";")[2]
    return _extra_of(marker) if marker else ""


@lru_cache(maxsize=4096)  # thousands of requirements share some hundred markers
def _extra_of(marker: str) -> str:
    if _OR.search(marker) or len(_EXTRA.findall(marker)) != 1:
        return ""
    found = _EXTRA_IS.search(marker)
    return canonicalize_name(found[1] or found[2] or found[3] or found[4] or "") if found else ""
