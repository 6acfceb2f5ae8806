"""The dependencies that a METADATA or PKG-INFO text states."""

from __future__ import annotations

import re

from envcensus.model.core_metadata import CoreMetadata

_END = re.compile(rb"\r?\n\r?\n")


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
    return CoreMetadata(
        requires=tuple(fields.get("requires-dist", ())),
        extras=tuple(fields.get("provides-extra", ())),
        requires_python=fields.get("requires-python", [""])[0],
        name=fields["name"][0],
        version=fields["version"][0],
        metadata_version=fields.get("metadata-version", [""])[0],
    )
