"""The published JSON schemas (2020-12), generated from the record types."""

from __future__ import annotations

from typing import Any

import msgspec

from envcensus.report import document


def schemas() -> dict[str, dict[str, Any]]:
    """File name → schema, for the json format, one line of the jsonl format, and the json format of `envs`."""
    made = {
        "census": msgspec.json.schema(document.CensusDocument),
        "census-line": _lines(),
        "environments": msgspec.json.schema(document.EnvironmentsDocument),
    }
    return {
        f"{name}-{document.VERSION}.schema.json": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": f"envcensus {name}, version {document.VERSION}",
            **schema,
        }
        for name, schema in made.items()
    }


def _lines() -> dict[str, Any]:
    """One of the four kinds of line; `record` says which."""
    kinds = (document.Header, document.EnvironmentRecord, document.SkippedLine, document.Trailer)
    references, components = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    return {"anyOf": list(references), "$defs": components}
