"""Which formats there are, which file suffix means which, and the one way to render a census in any of them.

A format's module is imported when it is used: the plain ones cost nothing beside the model.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable

from msgspec import Struct

from envcensus.errors import EnvcensusError, UsageError
from envcensus.model.census import Census, Stream
from envcensus.report.options import DEFAULT, RenderOptions


class Format(Struct, frozen=True, gc=False):
    """A format: where its `render(census, options)` lives, and the file suffixes that ask for it."""

    module: str
    suffixes: tuple[str, ...]
    summary: str
    envs: bool = False  # whether the module has `render_envs` as well
    streams: bool = False  # whether `render` takes a stream: a piece for each survey as it comes


FORMATS = {
    "columns": Format("columns", (".txt",), "aligned text for people", envs=True, streams=True),
    "json": Format("json_report", (".json",), "the whole census as one document", envs=True),
    "jsonl": Format("jsonl", (".jsonl", ".ndjson"), "one environment a line", envs=True, streams=True),
    "html": Format("html_report", (".html", ".htm"), "one self-contained page with charts and tables"),
    "csv": Format("csv_report", (".csv",), "one package a row, safe to open in a spreadsheet"),
    "markdown": Format("markdown", (".md", ".markdown"), "tables for issues, wikis and mail"),
    "freeze": Format("freeze", ("freeze.txt",), "what is installed, as requirements"),
    "requirements": Format("requirements", ("requirements.txt",), "what to upgrade to, as requirements"),
    "prometheus": Format("prometheus", (".prom",), "text for node_exporter's textfile collector"),
    "junit": Format("junit", (".xml",), "JUnit XML: a test case per package"),
    "sarif": Format("sarif", (".sarif", ".sarif.json"), "SARIF 2.1.0 for code scanning"),
    "cyclonedx": Format("cyclonedx", (".cdx.json",), "CycloneDX 1.6 bill of materials (envcensus[sbom])"),
}


def _module(name: str) -> str:
    return f"envcensus.report.{FORMATS[name].module}"


def render(format: str, census: Census | Stream, options: RenderOptions = DEFAULT) -> Iterable[str]:
    """The census in `format`, in pieces that are to be written one after the other. Only a format that `streams`
    takes a stream.

    Raises UsageError for an unknown format, and EnvcensusError where a format's optional library is missing.
    """
    known(format)
    pieces: Iterable[str] = importlib.import_module(_module(format)).render(census, options)
    return pieces


def render_envs(format: str, census: Census | Stream, options: RenderOptions = DEFAULT) -> Iterable[str]:
    """The environments alone, whatever the census knows of what is installed. Raises UsageError as `render` does."""
    known(format, envs=True)
    pieces: Iterable[str] = importlib.import_module(_module(format)).render_envs(census, options)
    return pieces


def known(format: str, *, envs: bool = False) -> None:
    """Raise UsageError, naming the choices, unless `format` exists (for environments alone, with `envs`) and the
    library that it may need is installed."""
    if format not in FORMATS or (envs and not FORMATS[format].envs):
        raise UsageError(f"no such format: {format}", remedy="choose one of " + ", ".join(names(envs=envs)))
    if format == "cyclonedx":  # the only one with a library of its own: known before the work is done, not after it
        try:
            importlib.import_module(_module(format))
        except EnvcensusError as error:
            raise UsageError(error.message, remedy=error.remedy) from error


def names(*, envs: bool = False) -> list[str]:
    """The formats' names, those for environments alone with `envs`."""
    return [name for name, entry in FORMATS.items() if entry.envs or not envs]


def suffixes() -> dict[str, str]:
    """File suffix → format name."""
    return {suffix: name for name, entry in FORMATS.items() for suffix in entry.suffixes}


def for_file(path: str) -> str:
    """The format that the suffix of `path` asks for; the longest suffix wins (`.cdx.json` before `.json`).

    Raises UsageError, naming the known suffixes, where there is none.
    """
    table = suffixes()
    lowered = path.lower()
    for suffix in sorted(table, key=len, reverse=True):
        if lowered.endswith(suffix):
            return table[suffix]
    raise UsageError(
        f"no format has the suffix of {path}", remedy="use one of " + ", ".join(table) + ", or print it with --format"
    )
