"""What projects and scripts ask for: pyproject.toml and inline script metadata. Text in, lines out; nothing is opened.

Every function raises UsageError for what cannot be read, naming file and reason.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from envcensus._kernels.names import canonicalize_name
from envcensus.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

_SCRIPT = re.compile(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$")


class Asked(Struct):
    """Requirements with where they are stated, and the Python that is needed, a specifier (empty: any)."""

    lines: list[tuple[str, str]] = []
    requires_python: str = ""


def asked_by_project(text: str, path: str, extras: Iterable[str], groups: Iterable[str]) -> Asked:
    """[project] dependencies with `extras`, and [dependency-groups]. With groups alone, these alone."""
    table = toml(text, path)
    project = table.get("project")
    extras, groups = list(extras), list(groups)
    asked = Asked()
    if isinstance(project, dict) and (extras or not groups):
        asked.requires_python = _requires_python(project)
        dynamic = _lines(project.get("dynamic"), path, "dynamic")
        if "dependencies" in dynamic and "dependencies" not in project:
            raise UsageError(f"{path}: dependencies are dynamic: only a build would tell them")
        for line in _lines(project.get("dependencies"), path, "dependencies"):
            asked.lines += _own(line, project, path, path)
        optional = _optional(project, path)
        known = {canonicalize_name(str(name)): lines for name, lines in optional.items()}
        wanted = list(known) if ":all:" in extras else [canonicalize_name(extra) for extra in extras]
        for extra in wanted:
            if extra not in known:
                raise UsageError(f"{path}: no extra {extra}", remedy=f"it has {', '.join(known) or 'none'}")
            for line in _lines(known[extra], path, extra):
                asked.lines += _own(line, project, f"{path} (extra {extra})", path)
    elif not isinstance(project, dict) and not groups:
        raise UsageError(f"{path}: no [project] table")
    tables = table.get("dependency-groups") or {}
    for group in groups:
        for line in _group(tables, group, path, ()):
            asked.lines += _own(line, project, f"{path} (group {group})", path)
    return asked


def asked_by_script(text: str, path: str) -> Asked:
    """Inline script metadata (PEP 723)."""
    blocks = [match for match in _SCRIPT.finditer(text.replace("\r\n", "\n")) if match["type"] == "script"]
    if len(blocks) != 1:
        raise UsageError(f"{path}: {'more than one' if blocks else 'no'} block of script metadata")
    content = "".join(
        line[2:] if line.startswith("# ") else line[1:] for line in blocks[0]["content"].splitlines(keepends=True)
    )
    table = toml(content, path)
    lines = _lines(table.get("dependencies"), path, "dependencies")
    return Asked([(line, path) for line in lines], _requires_python(table))


def toml(text: str, path: str) -> dict[str, Any]:
    """The tables of a TOML file."""
    import tomllib

    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"{path}: {error}") from error


def _requires_python(table: dict[str, Any]) -> str:
    text = table.get("requires-python")
    return text.strip() if isinstance(text, str) else ""


def _own(line: str, project: object, origin: str, path: str, inside: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """A dependency of a project; one on the project itself with extras stands for those extras' dependencies.

    `inside` holds the extras that led here: each is taken once, as extras may name each other.
    """
    name = project.get("name") if isinstance(project, dict) else None
    match = re.match(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?", line)
    if name and match and match[2] and canonicalize_name(match[1]) == canonicalize_name(str(name)):
        assert isinstance(project, dict)
        wanted = {canonicalize_name(extra.strip()) for extra in match[2].split(",")} - set(inside)
        found = []
        for key, lines in _optional(project, path).items():
            extra = canonicalize_name(str(key))
            for inner in _lines(lines, path, extra) if extra in wanted else ():
                if inner != line:
                    found += _own(inner, project, origin, path, (*inside, extra))
        return found
    return [(line, origin)]


def _optional(project: dict[str, Any], path: str) -> dict[str, Any]:
    found = project.get("optional-dependencies") or {}
    if not isinstance(found, dict):
        raise UsageError(f"{path}: optional-dependencies is no table of extras")
    return found


def _lines(value: object, path: str, key: str) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(line, str) for line in value):
        raise UsageError(f"{path}: {key} is no list of requirements")
    return value


def _group(groups: Any, name: str, path: str, inside: tuple[str, ...]) -> list[str]:
    """A dependency group with those it includes (Dependency groups, PEP 735)."""
    wanted = canonicalize_name(name)
    known = {canonicalize_name(str(key)): value for key, value in groups.items()} if isinstance(groups, dict) else {}
    if wanted not in known:
        raise UsageError(f"{path}: no dependency group {name}", remedy=f"it has {', '.join(known) or 'none'}")
    if wanted in inside:
        raise UsageError(f"{path}: dependency groups include each other: {' → '.join((*inside, wanted))}")
    lines: list[str] = []
    for item in known[wanted] if isinstance(known[wanted], list) else []:
        if isinstance(item, str):
            lines.append(item)
        elif isinstance(item, dict) and isinstance(item.get("include-group"), str):
            lines += _group(groups, item["include-group"], path, (*inside, wanted))
        else:
            raise UsageError(f"{path}: dependency group {name} has an entry that is no requirement")
    return lines
