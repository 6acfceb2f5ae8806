"""Commands about one environment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envcensus.errors import EnvcensusError, UsageError
from envcensus.runtime.refusals import is_gone, refusal

if TYPE_CHECKING:
    from envcensus.cache.store import NoStore, Store
    from envcensus.model.census import Metrics, Survey
    from envcensus.model.skipped import Skipped


def one_survey(
    path: str, store: Store | NoStore, *, rescan: bool = False
) -> tuple[Survey, tuple[Skipped, ...], Metrics]:
    """What is installed in the environment at `path`, with requirements, what could not be read there, and the cost.

    Raises UsageError where `path` is no environment.
    """
    from envcensus.inventory import DiscoverOptions, environments_at
    from envcensus.pipelines.installed import installed

    found = environments_at(os.path.abspath(path))
    if not found:
        _look_at(path)
        raise UsageError(f"no Python environment: {path}", remedy="find them with `envcensus envs`")
    several = [each.path for each in found]
    if len(several) > 1 and os.path.abspath(path) not in several:
        raise UsageError(f"{path} has several Pythons", remedy=f"name one: {', '.join(several)}")
    census = installed([os.path.abspath(path)], DiscoverOptions(max_depth=0), store, rescan=rescan, requires=True)
    survey = next(iter(census.surveys), None)
    if survey is None:
        raise EnvcensusError(
            f"{path} cannot be read: {census.skipped[0].reason if census.skipped else 'nothing there'}"
        )
    return survey, census.skipped, census.metrics


def _look_at(path: str) -> None:
    """Raise UsageError where there is nothing, EnvcensusError for a directory that cannot be read."""
    if is_gone(path):
        raise UsageError(f"no such file or directory: {path}", remedy="check the path")
    try:
        os.listdir(path)
    except NotADirectoryError:
        return
    except OSError as error:
        raise EnvcensusError(f"{path} cannot be read: {refusal(error)}") from None
