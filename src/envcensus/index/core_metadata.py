"""The dependencies that a METADATA or PKG-INFO text states."""

from __future__ import annotations

import re

import msgspec

from envcensus._kernels.names import canonicalize_name
from envcensus.model.core_metadata import CoreMetadata

_END = re.compile(rb"\r?\n\r?\n")
_EXTRA = re.compile(r"""\bextra\b""")
_EXTRA_IS = re.compile(r"""\bextra\s*==\s*(?:"([^"']*)"|'([^"']*)')|(?:"([^"']*)"|'([^"']*)')\s*==\s*extra\b""")


def parse_metadata(data: bytes) -> CoreMetadata | None:
    """The header alone (Core metadata specifications); None where name or version is missing."""
    end = _END.search(data)
    text = (data[: end.start()] if end else data).decode("utf-8", "replace")
    fields: dict[str, list[str]] = {}
    values: list[str] | None = None
    for line in text.splitlines():
        if line[:1] in (" ", "\t"):
            if values:
                values[-1] += " " + line.strip()
            continue
        name, colon, value = line.partition(":")
        if colon:
            values = fields.setdefault(name.strip().lower(), [])
            values.append(value.strip())
    if not fields.get("name") or not fields.get("version"):
        return None
    return core_metadata(
        fields["name"][0],
        fields["version"][0],
        fields.get("requires-dist", []),
        extras=fields.get("provides-extra", []),
        requires_python=fields.get("requires-python", [""])[0],
        metadata_version=fields.get("metadata-version", [""])[0],
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
    if not marker or re.search(r"\bor\b", marker) or len(_EXTRA.findall(marker)) != 1:
        return ""
    found = _EXTRA_IS.search(marker)
    return canonicalize_name(found[1] or found[2] or found[3] or found[4] or "") if found else ""
