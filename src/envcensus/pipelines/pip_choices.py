"""What pip's configuration says about versions and files, below what a command line or a call says."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import structs

from envcensus.pipelines.resolve_inputs import Reader
from envcensus.pipelines.resolve_kinds import limit

if TYPE_CHECKING:
    from envcensus.index.config import IndexConfig
    from envcensus.index.pip_config import Choices
    from envcensus.model.resolution import Wanted
    from envcensus.pipelines.outdated import OutdatedOptions
    from envcensus.pipelines.resolve import ResolveRequest


def for_resolve(request: ResolveRequest, config: IndexConfig) -> ResolveRequest:
    """`request` with them. Raises UsageError for a constraints file that cannot be read."""
    choices = config.choices
    only_binary, no_binary = kinds(choices, request.only_binary, request.no_binary)
    return structs.replace(
        request,
        constraints=(*request.constraints, *_constraints(config, offline=request.offline)),
        only_binary=only_binary,
        no_binary=no_binary,
        prefer_binary=request.prefer_binary or choices.prefer_binary,
        pre=request.pre or choices.pre,
        uploaded_prior_to=_prior(request.uploaded_prior_to, choices),
    )


def for_outdated(options: OutdatedOptions, choices: Choices) -> OutdatedOptions:
    """`options` with them."""
    only_binary, no_binary = kinds(choices, (), ())
    return structs.replace(
        options,
        pre=options.pre or choices.pre,
        uploaded_prior_to=_prior(options.uploaded_prior_to, choices),
        only_binary=only_binary,
        no_binary=no_binary,
    )


def kinds(
    choices: Choices, only_binary: tuple[str, ...], no_binary: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Whose sdists and whose wheels are left out; what was said with options is the later word."""
    only: list[str] = []
    no: list[str] = []
    given = [*(("only-binary", name) for name in only_binary), *(("no-binary", name) for name in no_binary)]
    given.sort(key=lambda pair: pair[1] != ":all:")  # which takes back what was said on projects before
    for option, value in (*choices.kinds, *given):
        limit(value, *((only, no) if option == "only-binary" else (no, only)))
    return tuple(only), tuple(no)


def _prior(given: float | None, choices: Choices) -> float | None:
    return choices.uploaded_prior_to if given is None else given


def _constraints(config: IndexConfig, *, offline: bool) -> list[Wanted]:
    def fetch(url: str, largest: int) -> bytes:
        from envcensus.pipelines.remote_lists import fetch_list

        return fetch_list(url, config, largest, offline=offline)

    reader = Reader(os.environ, os.getcwd(), fetch)
    for path in config.choices.constraints:
        reader.constraints_file(path)
    return reader.inputs.constraints
