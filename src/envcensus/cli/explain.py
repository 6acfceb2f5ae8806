"""`envcensus resolve --explain`: why a project got its version."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from envcensus._kernels.names import canonicalize_name
from envcensus.cli.solving import plain
from envcensus.resolver.explain import newer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envcensus.model.resolution import Resolution
    from envcensus.resolver.solver import Solver

_MOST = 20  # reasons that are told, each of the newer versions that it holds for


def explain(answer: Resolution, solver: Solver, name: str) -> Iterator[str]:
    """Why a pin has its version: who asks for it, and what spoke against newer ones."""
    wanted = canonicalize_name(name)
    pin = next((pin for pin in answer.pins if pin.name == wanted), None)
    if pin is None:
        yield f"{plain(name)} is not in the answer: nothing asks for it"
        return
    yield f"{pin.name} {plain(pin.version)}"
    for via in pin.via:
        yield f"  asked for by {plain(via.name or 'you')}: {plain(via.requirement)}"
    rejected = newer(solver, wanted)
    if not rejected:
        yield "  there is no newer version"
    groups = [(reason, [row.version for row in rows]) for reason, rows in groupby(rejected, lambda row: row.reason)]
    for reason, versions in groups[:_MOST]:
        which = f"{versions[0]} to {versions[-1]} ({len(versions)} versions)" if len(versions) > 1 else versions[0]
        yield f"  not {plain(which)}: {plain(reason)}"
    if more := sum(len(versions) for _, versions in groups[_MOST:]):
        yield f"  … and {more} more"
