"""Read the policy file: what an operator decided not to be told about."""

from __future__ import annotations

import os
from typing import Any

import msgspec

from envcensus._kernels.specifier import SpecifierSet
from envcensus.errors import UsageError
from envcensus.index.project_file import check_tables, project_tables
from envcensus.model.policy import Ignore, Policy

_KINDS = {"expires": "a day such as 2027-01-31, the last one on which the entry counts"}
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
        from envcensus.runtime.refusals import refusal

        raise UsageError(f"{path} cannot be read: {refusal(error)}") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no valid TOML: {error}") from None


def _policy(table: Any, tables: tuple[str, ...], path: str) -> Policy:
    for name in tables:
        table = table.get(name, {}) if isinstance(table, dict) else {}
    if not isinstance(table, dict):
        return Policy()
    check_tables(table, path)
    entries = table.get("ignore", [])
    if not isinstance(entries, list):
        raise UsageError(f"ignore in {path} is no list of tables", remedy="write [[ignore]] above each entry")
    return Policy(
        tuple([_ignore(entry, f"{path}, [[ignore]] number {place}") for place, entry in enumerate(entries, 1)])
    )


def _ignore(entry: Any, where: str) -> Ignore:
    if not isinstance(entry, dict):
        raise UsageError(f"{where} is no table", remedy="write [[ignore]] above each entry")
    fields = {field.name: field for field in msgspec.structs.fields(Ignore)}
    for key, value in entry.items():
        if key not in fields:
            raise UsageError(f"{where} has an unknown key {key!r}", remedy=f"known: {', '.join(sorted(fields))}")
        try:
            msgspec.convert(value, fields[key].type)
        except msgspec.ValidationError:
            raise UsageError(f"{where}: {key} has to be {_KINDS.get(key, 'a text in quotes')}") from None
    for key, field in fields.items():
        if field.required and not str(entry.get(key, "")).strip():
            raise UsageError(f"{where} has no {key}", remedy="say why" if key == "reason" else "name one, or '*'")
    found = msgspec.convert(entry, Ignore)
    try:
        SpecifierSet(found.versions)
    except ValueError:
        raise UsageError(f"{where}: {found.versions!r} is no specifier", remedy="such as '>=2,<3'") from None
    return found
