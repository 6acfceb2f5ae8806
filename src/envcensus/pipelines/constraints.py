"""Constraints files, as pip reads them, by project."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envcensus._kernels.requirement import Requirement
from envcensus.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envcensus._kernels.specifier import SpecifierSet
    from envcensus.pipelines.resolve_inputs import Fetch


def read_constraints(
    paths: Sequence[str], lines: Sequence[str] = (), fetch: Fetch | None = None
) -> dict[str, list[SpecifierSet]]:
    """The specifiers of each normalized name in the constraints files `paths`, and in `lines` such as theirs; `fetch`
    as for `envcensus.pipelines.resolve_inputs.Reader`.

    Markers are not evaluated: a constraint that holds somewhere holds everywhere, since a run is about many
    environments. Raises UsageError for a file that cannot be read or used.
    """
    if not paths and not lines:
        return {}
    from envcensus.pipelines.resolve_inputs import Reader

    reader = Reader(os.environ, os.getcwd(), fetch)
    for path in paths:
        reader.constraints_file(path)
    for line in lines:
        reader.constraint(line, "a constraint")
    found: dict[str, list[SpecifierSet]] = {}
    for wanted in reader.inputs.constraints:
        try:
            requirement = Requirement(wanted.text)
        except ValueError as error:
            raise UsageError(f"{wanted.origin}: {str(error).splitlines()[0]}") from None
        found.setdefault(requirement.normalized, []).append(requirement.specifier)
    return found
