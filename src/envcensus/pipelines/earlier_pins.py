"""The pins of an earlier answer, which `--prefer` keeps where possible."""

from __future__ import annotations

import re

from envcensus._kernels.names import canonicalize_name
from envcensus.errors import UsageError
from envcensus.pipelines.resolve_inputs import REMOTE, text_of
from envcensus.resolver.requirements_file import RequirementsFileError, read
from envcensus.runtime.refusals import is_gone


def earlier_pins(text: str, name: str) -> dict[str, str]:
    """The pins of an earlier answer: a requirements file or a pylock.toml. Raises UsageError."""
    if name.endswith(".toml"):
        from envcensus.pipelines.resolve_projects import toml

        packages = toml(text, name).get("packages")
        rows = [
            row
            for row in (packages if isinstance(packages, list) else ())
            if isinstance(row, dict) and isinstance(row.get("version"), str)
        ]
        return {canonicalize_name(str(row["name"])): str(row["version"]) for row in rows if "name" in row}
    pins = {}
    try:
        for entry in read(text, {}):
            found = re.match(r"([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*===?\s*([^\s;,]+)\s*(?:;.*)?$", entry.value)
            if not entry.option and found:
                pins[canonicalize_name(found[1])] = found[2]
    except RequirementsFileError as error:
        raise UsageError(f"{name}: {error}") from error
    return pins


def read_prefer(path: str) -> dict[str, str]:
    """The pins of a file that `--prefer` names; none where it does not exist yet."""
    if is_gone(path) and not REMOTE.match(path):
        return {}
    return earlier_pins(text_of(path), path)
