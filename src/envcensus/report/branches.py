"""Dependency trees as text, or as nested JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from envcensus.errors import UsageError
from envcensus.model.display import neutral
from envcensus.report.options import RenderOptions
from envcensus.report.text import encode, style


class Branch(Protocol):
    """What `envcensus.analysis.tree.Branch` offers."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def specifier(self) -> str: ...
    @property
    def branches(self) -> Sequence[Branch]: ...
    @property
    def repeated(self) -> bool: ...
    @property
    def cycle(self) -> bool: ...


def render(format: str, trees: Sequence[Branch], options: RenderOptions) -> Iterator[str]:
    """`trees` as "columns" (drawn lines) or "json". Raises UsageError for another format."""
    if format == "json":
        yield encode(trees) + "\n"
    elif format == "columns":
        for tree in trees:
            yield from _lines(tree, "", "", options)
    else:
        raise UsageError(f"no such format: {format}", remedy="choose columns or json")


def _lines(branch: Branch, lead: str, below: str, options: RenderOptions) -> Iterator[str]:
    version = neutral(branch.version) or style("not installed", "red", options.color)
    specifier = style(f" [{neutral(branch.specifier)}]", "dim", options.color) if branch.specifier else ""
    mark = " (cycle)" if branch.cycle else " (shown above)" if branch.repeated else ""
    yield f"{lead}{neutral(branch.name)} {version}{specifier}{mark}\n"
    last = len(branch.branches) - 1
    for place, child in enumerate(branch.branches):
        joint, bar = ("└── ", "    ") if place == last else ("├── ", "│   ")
        yield from _lines(child, below + joint, below + bar, options)
