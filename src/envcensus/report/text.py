"""Putting text from elsewhere on a terminal: cleaned, measured, cut to a width, coloured."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from envcensus._kernels.table import lay_out

if TYPE_CHECKING:
    from typing import Any

RESET = "\x1b[0m"
WIDEST = 500  # columns: a single name of a megabyte would else make each row of its table as long
STYLES = {
    "bold": "\x1b[1m",
    "dim": "\x1b[2m",
    "red": "\x1b[31m",
    "green": "\x1b[32m",
    "yellow": "\x1b[33m",
    "blue": "\x1b[34m",
    "magenta": "\x1b[35m",
    "cyan": "\x1b[36m",
}
SEVERITY_STYLES = {
    "major": "red",
    "minor": "yellow",
    "patch": "green",
    "pre": "magenta",
    "post": "cyan",
    "other": "blue",
}


def utf8(text: str) -> str:
    """`text` without lone surrogates, which no file in UTF-8 can hold: they become U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)
    return text


def encode(value: Any, *, indent: int = 0) -> str:
    """`value` as JSON, in one line where `indent` is 0.

    Lone surrogates (bytes of a path that are not UTF-8) become U+FFFD; characters that could steer a terminal or
    reorder text (C1 controls, bidirectional marks) are written as escapes.
    """
    import msgspec

    try:
        raw = msgspec.json.encode(value)
    except UnicodeEncodeError:
        raw = msgspec.json.encode(_scrub(msgspec.to_builtins(value)))
    text = (msgspec.json.format(raw, indent=indent) if indent else raw).decode()
    return text if text.isprintable() else "".join(c if c.isprintable() or c == "\n" else _escape(c) for c in text)


def _escape(character: str) -> str:
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def _scrub(value: Any) -> Any:
    if isinstance(value, str):
        return utf8(value)
    if isinstance(value, dict):
        return {utf8(key): _scrub(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_scrub(item) for item in value]
    return value


def width_of(text: str) -> int:
    """Columns that `text` (cleaned) takes on a terminal: wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def cut(text: str, width: int) -> str:
    """`text` in at most `width` columns, with an ellipsis in place of what does not fit."""
    if width_of(text) <= width:
        return text
    kept, used = [], 0
    for c in text:
        used += width_of(c)
        if used > width - 1:
            break
        kept.append(c)
    return "".join(kept) + "…"


def cut_left(text: str, width: int) -> str:
    """As `cut`, keeping the end: of a path the last part says most."""
    if width_of(text) <= width:
        return text
    return "…" + cut(text[::-1], width)[:-1][::-1]


def style(text: str, name: str, color: bool) -> str:
    """`text` in the style `name` of STYLES, untouched when colour is off or `name` is empty."""
    return f"{STYLES[name]}{text}{RESET}" if color and name and text else text


def table(header: Sequence[str], rows: Iterable[Sequence[str]], **options: Any) -> list[str]:
    """The lines of `aligned`, with its options, of rows."""
    columns = list(map(list, zip(*rows, strict=True))) or [[] for _ in header]
    return aligned(list(header), columns, **options).split("\n")


def aligned(
    header: list[str],
    columns: list[list[str]],
    *,
    width: int | None = None,
    elastic: Collection[str] = (),
    styles: Sequence[Sequence[str]] = (),
    color: bool = False,
) -> str:
    """Aligned lines as pip prints them: header, dashes, rows; columns one space apart, no trailing blanks.

    Cells must be clean. With `width` (columns of the terminal), the widest of the columns named in `elastic` are
    cut until the lines fit, as far as that goes; without it nothing is, and a cell of more than WIDEST columns sticks
    out. `styles` holds one style name per cell, row by row.
    """
    plain = None if color else lay_out(header, columns, -1 if width is None else width, WIDEST)
    if plain is not None:
        return plain
    sizes = [
        min(max(width_of(title), max(map(width_of, column), default=0)), WIDEST)
        for title, column in zip(header, columns, strict=True)
    ]
    if width is not None:
        least = [
            min(max(width_of(h), 8), size) if h in elastic else size for h, size in zip(header, sizes, strict=True)
        ]
        sizes = _fit(sizes, least, width)
    cuts = width is not None
    lines = [_line(header, sizes, (), color, cuts), style(" ".join("-" * size for size in sizes), "dim", color)]
    for index, row in enumerate(zip(*columns, strict=True)):
        lines.append(_line(row, sizes, styles[index] if styles else (), color, cuts))
    return "\n".join(lines)


def _fit(sizes: list[int], least: list[int], width: int) -> list[int]:
    """Narrow the widest columns, never below `least`, until all fit in `width`."""
    sizes = list(sizes)
    excess = sum(sizes) + len(sizes) - 1 - width
    while excess > 0:
        widest = max(range(len(sizes)), key=lambda i: sizes[i] - least[i])
        if sizes[widest] <= least[widest]:
            break
        step = min(excess, max(1, (sizes[widest] - least[widest]) // 4))
        sizes[widest] -= step
        excess -= step
    return sizes


def _line(cells: Sequence[str], sizes: Sequence[int], styles: Sequence[str], color: bool, cuts: bool) -> str:
    parts = []
    last = len(cells) - 1
    while last > 0 and not cells[last].strip():
        last -= 1  # no trailing blanks, also where colour codes would hide them
    for index in range(last + 1):
        text = cells[index] if index < last else cells[index].rstrip()
        text = cut(text, sizes[index]) if cuts else text
        padding = " " * (sizes[index] - width_of(text)) if index < last else ""
        parts.append(style(text, styles[index] if styles else "", color) + padding)
    return " ".join(parts)
