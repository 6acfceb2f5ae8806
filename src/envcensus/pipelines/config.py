"""What is in force, and where each value came from."""

from __future__ import annotations

from collections.abc import Sequence

from envcensus.index.config import IndexConfig, Setting
from envcensus.index.places import missing_locations
from envcensus.index.secure import refused_indexes
from envcensus.model.display import neutral
from envcensus.model.skipped import Skipped

_WIDEST = 60  # characters; longer values push their source to the right


def config_problems(config: IndexConfig) -> list[Skipped]:
    """Configured places that will not be asked."""
    return [*missing_locations(config), *refused_indexes(config)]


def render_rows(rows: Sequence[Setting]) -> str:
    """Aligned columns: name, value, source."""
    names = max((len(row.name) for row in rows), default=0)
    values = min(_WIDEST, max((len(row.value) for row in rows), default=0))
    lines = [f"{row.name:<{names}}  {row.value or '-':<{values}}  ({row.source})" for row in rows]
    return "".join(f"{neutral(line)}\n" for line in lines)


def render_json(rows: Sequence[Setting], problems: Sequence[Skipped]) -> str:
    """One object: `settings` and `problems`."""
    from envcensus.report.text import encode

    return encode({"settings": rows, "problems": problems}, indent=2) + "\n"
