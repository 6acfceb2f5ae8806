"""Flat tables of records that are no census: where, views per project or owner, differences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct

from envcensus.errors import UsageError
from envcensus.model.display import neutral
from envcensus.report.csv_report import guard
from envcensus.report.options import RenderOptions
from envcensus.report.text import encode, table


def render(format: str, rows: Sequence[Struct], options: RenderOptions) -> Iterator[str]:
    """`rows`, all of one type, as columns, json, jsonl or csv; the fields' names are the titles and keys.

    Raises UsageError for another format.
    """
    known(format)
    return _FORMATS[format](rows, options)


def known(format: str) -> None:
    """Raise UsageError unless `format` is one that `render` knows."""
    if format not in _FORMATS:
        raise UsageError(f"no such format: {format}", remedy="choose one of " + ", ".join(_FORMATS))


def _columns(rows: Sequence[Struct], options: RenderOptions) -> Iterator[str]:
    if not rows:
        return
    fields = rows[0].__struct_fields__
    cells = [[neutral(_text(getattr(row, field))) for field in fields] for row in rows]
    kept = [place for place in range(len(fields)) if any(line[place] for line in cells)]
    titles = [fields[place].replace("_", " ").capitalize() for place in kept]
    body = [[line[place] for place in kept] for line in cells]
    yield "\n".join(table(titles, body, width=options.width, elastic=titles, color=options.color)) + "\n"


def _json(rows: Sequence[Struct], _: RenderOptions) -> Iterator[str]:
    separator = "["
    for row in rows:
        yield separator + encode(row)
        separator = ",\n"
    yield "]\n" if rows else "[]\n"


def _jsonl(rows: Sequence[Struct], _: RenderOptions) -> Iterator[str]:
    return (encode(row) + "\n" for row in rows)


def _csv(rows: Sequence[Struct], _: RenderOptions) -> Iterator[str]:
    if rows:
        yield _quoted(rows[0].__struct_fields__)
    for row in rows:
        yield _quoted([guard(_text(getattr(row, field))) for field in row.__struct_fields__])


_FORMATS: dict[str, Callable[[Sequence[Struct], RenderOptions], Iterator[str]]] = {
    "columns": _columns,
    "json": _json,
    "jsonl": _jsonl,
    "csv": _csv,
}


def _quoted(cells: Iterable[str]) -> str:
    return ",".join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\r\n"


def _text(value: Any) -> str:
    if value is None or value is False:
        return ""
    if isinstance(value, float):
        return f"{value:.1f}" if value else ""
    if isinstance(value, tuple):
        return ", ".join(f"{item[0]} ({item[1]})" if isinstance(item, tuple) else str(item) for item in value)
    return str(value)
