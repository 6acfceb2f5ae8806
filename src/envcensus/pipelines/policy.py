"""Read the policy file: what an operator decided not to be told about."""

from __future__ import annotations

import os
from typing import Any

import msgspec

from envcensus._kernels.specifier import SpecifierSet
from envcensus.errors import UsageError
from envcensus.index.project_file import project_tables
from envcensus.model.policy import Ignore, Policy

_PLACES = (("envcensus.toml", ()), ("pyproject.toml", ("tool", "envcensus")))


def load_policy(path: str | None, directory: str) -> Policy:
    """The policy in the file `path`, else in `envcensus.toml` or `[tool.envcensus]` of `pyproject.toml` in `directory`.

    A file that nobody named counts only when it belongs to whoever runs this, or to root: a run by root in somebody's
    directory must not take its policy from there. Raises UsageError for a file that cannot be read or used.
    """
    if path is not None:
        tables = next((tables for name, tables in _PLACES if os.path.basename(path) == name), ())
        return _policy(_load(path), tables, path)
    for table, found, _ in project_tables(directory):
        policy = _policy(table, (), found)
        if policy.ignore:
            return policy
    return Policy()


def _load(path: str) -> dict[str, Any]:
    import tomllib

    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no valid TOML: {error}") from None


def _policy(table: Any, tables: tuple[str, ...], path: str) -> Policy:
    for name in tables:
        table = table.get(name, {}) if isinstance(table, dict) else {}
    entries = table.get("ignore", []) if isinstance(table, dict) else []
    try:
        ignores = msgspec.convert(entries, tuple[Ignore, ...])
    except msgspec.ValidationError as error:
        raise UsageError(f"{path}, [[ignore]]: {error}") from None
    for place, entry in enumerate(ignores, 1):
        if not entry.reason.strip():
            raise UsageError(f"{path}, [[ignore]] number {place}: the reason is empty", remedy="say why")
        try:
            SpecifierSet(entry.versions)
        except ValueError:
            raise UsageError(f"{path}, [[ignore]] number {place}: {entry.versions!r} is no specifier") from None
    return Policy(ignore=ignores)
