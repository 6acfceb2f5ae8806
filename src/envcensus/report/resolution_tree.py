"""A resolution as a tree of text, or as a graph for Graphviz and mermaid."""

from __future__ import annotations

from collections.abc import Iterable

from envcensus.model.display import neutral
from envcensus.model.resolution import Pin, Resolution


def render(resolution: Resolution) -> Iterable[str]:
    """An indented tree from what was asked for; what was shown already is marked with (*)."""
    pins = {pin.name: pin for pin in resolution.pins}
    shown: set[str] = set()
    for pin in resolution.pins:
        if any(via.direct for via in pin.via):
            yield f"{_label(pin)}\n"
            yield from _below(pin, pins, shown)


def _below(root: Pin, pins: dict[str, Pin], shown: set[str]) -> Iterable[str]:
    """Without recursion: trees are as deep as they like to be."""
    if root.name in shown:
        return
    shown.add(root.name)
    stack = [("", iter(_children(root)))]
    while stack:
        indent, children = stack[-1]
        child = next(children, None)
        if child is None:
            stack.pop()
            continue
        name, last = child
        pin = pins[name]
        again = name in shown
        yield f"{indent}{'└── ' if last else '├── '}{_label(pin)}{' (*)' if again and pin.requires else ''}\n"
        if not again:
            shown.add(name)
            stack.append((indent + ("    " if last else "│   "), iter(_children(pin))))


def _children(pin: Pin) -> list[tuple[str, bool]]:
    return [(name, i == len(pin.requires) - 1) for i, name in enumerate(pin.requires)]


def _label(pin: Pin) -> str:
    extras = f"[{','.join(pin.extras)}]" if pin.extras else ""
    return neutral(f"{pin.name}{extras} {pin.version}")


def render_dot(resolution: Resolution) -> Iterable[str]:
    """A directed graph in the DOT language."""
    yield "digraph resolution {\n    node [shape=box];\n"
    for pin in resolution.pins:
        style = " style=bold" if any(via.direct for via in pin.via) else ""
        yield f"    {_quoted(pin.name)} [label={_quoted(_label(pin))}{style}];\n"
    for pin in resolution.pins:
        for name in pin.requires:
            yield f"    {_quoted(pin.name)} -> {_quoted(name)};\n"
    yield "}\n"


def render_mermaid(resolution: Resolution) -> Iterable[str]:
    """A flow chart for mermaid."""
    yield "flowchart LR\n"
    number = {pin.name: i for i, pin in enumerate(resolution.pins)}
    for pin in resolution.pins:
        label = _label(pin).replace('"', "#quot;")
        yield f'    p{number[pin.name]}["{label}"]\n'
    for pin in resolution.pins:
        for name in pin.requires:
            yield f"    p{number[pin.name]} --> p{number[name]}\n"


def _quoted(text: str) -> str:
    return '"' + neutral(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
