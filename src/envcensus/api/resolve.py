"""Pins for a tree of requirements."""

from __future__ import annotations

import os
import time
from functools import partial
from typing import TYPE_CHECKING

from envcensus.api import values
from envcensus.api.values import IndexStrategy, Paths, StrPath, Texts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from envcensus.model.resolution import Mode, Resolution
    from envcensus.pipelines.resolve import ResolveRequest
    from envcensus.pipelines.resolve_inputs import Fetch, Inputs
    from envcensus.pipelines.resolve_target import ResolveTarget


def resolve(
    requirements: Texts = (),
    *,
    requirement_files: Paths = (),
    constraints: Texts = (),
    constraint_files: Paths = (),
    overrides: Texts = (),
    override_files: Paths = (),
    extras: Texts = (),
    groups: Texts = (),
    python_version: str | None = None,
    platforms: Texts = (),
    implementation: str | None = None,
    abis: Texts = (),
    only_binary: Texts = (),
    no_binary: Texts = (),
    prefer_binary: bool = False,
    resolution: Mode = "highest",
    uploaded_prior_to: datetime | float | None = None,
    prefer: Mapping[str, str] | None = None,
    pre: bool = False,
    hashes: bool = False,
    memory_limit: int | None = None,
    index_url: str | None = None,
    extra_index_urls: Texts = (),
    no_index: bool = False,
    find_links: Paths = (),
    index_strategy: IndexStrategy | None = None,
    trusted_hosts: Texts = (),
    index_timeout: float | None = None,
    retries: int | None = None,
    concurrency: int | None = None,
    refresh: bool = False,
    offline: bool = False,
    max_age: float | None = None,
    cache_dir: StrPath | None = None,
    cache_size: int | None = None,
    no_cache: bool = False,
    timeout: float | None = None,
) -> Resolution:
    """Versions that fit together for `requirements` and those of the files given, for one Python and platform.

    Nothing is installed, and nothing is built or executed: a version of which only a build would tell what it requires
    is not taken.

    Args:
        requirements: as on pip's command line: "flask>=2", "name @ https://…", "./a/directory".
        requirement_files: requirements files, pyproject.toml files, or scripts with inline metadata. These and the
            other files may also be http and https URLs.
        constraints, constraint_files: bounds that ask for nothing.
        overrides, override_files: requirements that replace whatever anybody says about their projects.
        extras, groups: extras and dependency groups of the pyproject.toml files; ":all:" for all extras.
        python_version: the Python to resolve for: "3.12.1", or "3.12" for 3.12.0. None: the running one.
        platforms: platform tags, as pip takes them. None given: this host's.
        implementation: "cp", "pp", or a name like "cpython". None: the running one.
        abis: ABI tags in place of the Python's own, such as "cp312" or "abi3".
        only_binary: projects whose sdists are not to be used; ":all:" for none at all.
        no_binary: projects whose wheels are not to be used.
        prefer_binary: prefer an older version that has a wheel to a newer one that has none.
        resolution: which of several versions to take: "highest", "lowest" or "lowest-direct".
        uploaded_prior_to: ignore later uploads: a datetime, or seconds since the epoch.
        prefer: versions by project to keep where possible, such as those of an earlier answer.
        pre: accept pre-releases.
        hashes: also give each pin's files, with their hashes, and the one that would be installed.
        memory_limit: give up when the process has grown by so many bytes. None: 2 GiB.
        index_url, extra_index_urls, no_index, find_links, index_strategy, trusted_hosts, index_timeout, retries,
        concurrency: as for `outdated`; those in requirements files count, too.
        refresh, offline, max_age: as for `outdated`.
        cache_dir, cache_size, no_cache: as for `scan`.
        timeout: give up after so many seconds; what was fetched until then is in the cache.

    Returns:
        A `Resolution`. Look-ups that failed, and without which it might be another, are its `skipped` rows.

    Raises:
        ConflictError: no versions fit together; its `conflict` says why.
        UsageError: an input that cannot be read, or nothing to resolve.
        IndexConfigError: an index setting, given or configured, that cannot be used.
        OutOfTimeError: `timeout` is over.
        EnvcensusError: `memory_limit` is reached, no file of a version has a hash that was given with it, or a project
            or script that was read does not run on the Python to resolve for.
    """
    values.at_least(0, memory_limit, "memory_limit")
    values.at_least(0.0, max_age, "max_age")
    values.one_of(("highest", "lowest", "lowest-direct"), resolution, "resolution")

    def read(fetch: Fetch) -> Inputs:
        from envcensus.pipelines.resolve_kinds import limit

        inputs = _inputs(
            (values.texts(requirements), values.files(requirement_files)),
            (values.texts(constraints), values.files(constraint_files)),
            (values.texts(overrides), values.files(override_files)),
            values.texts(extras),
            values.texts(groups),
            fetch=fetch,
        )
        for value in values.texts(only_binary):
            limit(value, inputs.only_binary, inputs.no_binary)
        for value in values.texts(no_binary):
            limit(value, inputs.no_binary, inputs.only_binary)
        return inputs

    def request(inputs: Inputs, target: ResolveTarget) -> ResolveRequest:
        from envcensus.pipelines.resolve import MEMORY_LIMIT, ResolveRequest
        from envcensus.runtime.metrics import private_memory

        return ResolveRequest(
            requirements=tuple(inputs.requirements),
            constraints=tuple(inputs.constraints),
            overrides=tuple(inputs.overrides),
            environment=target.environment,
            tags=target.tags,
            only_binary=tuple(inputs.only_binary),
            no_binary=tuple(inputs.no_binary),
            prefer_binary=prefer_binary or inputs.prefer_binary,
            pre=pre or inputs.pre,
            mode=resolution,
            prefer=_normalized(prefer or {}),
            uploaded_prior_to=values.moment(uploaded_prior_to),
            files=hashes,
            memory_limit=private_memory() + (MEMORY_LIMIT if memory_limit is None else memory_limit),
            memory_remedy="bound what keeps failing with a constraint, or allow more with memory_limit",
            refresh=refresh,
            offline=offline,
            max_age=max_age,
        )

    def work() -> Resolution:
        from envcensus.model.resolution import Conflict, ConflictError
        from envcensus.pipelines import resolve as pipeline
        from envcensus.pipelines.resolve_inputs import check_python
        from envcensus.pipelines.resolve_target import target_for
        from envcensus.runtime.stop import current

        settings = partial(
            values.index_config,
            "install",
            index_url=index_url,
            extra_index_urls=extra_index_urls,
            no_index=no_index,
            find_links=find_links,
            trusted_hosts=trusted_hosts,
            index_strategy=index_strategy,
            index_timeout=index_timeout,
            retries=retries,
            concurrency=concurrency,
        )

        def fetch(url: str, largest: int) -> bytes:
            from envcensus.pipelines.remote_lists import fetch_list

            return fetch_list(url, settings(), largest, offline=offline)

        inputs = read(fetch)
        config = settings(inputs=inputs)
        with values.opened_cache(cache_dir, cache_size, no_cache=no_cache) as store:
            target = target_for(
                store,
                python=python_version,
                platforms=values.texts(platforms),
                implementation=implementation,
                abis=values.texts(abis),
            )
            check_python(inputs, target.environment["python_full_version"])
            answer, _ = pipeline.resolve(
                request(inputs, target),
                config,
                store,
                now=time.time(),
                progress=values.Watch(current(), None).solving,
                collect=True,
            )
        if isinstance(answer, Conflict):
            raise ConflictError(answer)
        return answer

    return values.run(work, timeout)


Given = tuple[tuple[str, ...], tuple[str, ...]]  # lines, files


def _inputs(
    requirements: Given,
    constraints: Given,
    overrides: Given,
    extras: tuple[str, ...],
    groups: tuple[str, ...],
    *,
    fetch: Fetch,
) -> Inputs:
    from envcensus.errors import UsageError
    from envcensus.pipelines.resolve_inputs import Reader

    if not any(requirements):
        raise UsageError("nothing to resolve", remedy="name requirements, or files of them")
    reader = Reader(os.environ, os.getcwd(), fetch)
    for line in requirements[0]:
        reader.requirement(line)
    for path in requirements[1]:
        reader.requirements_file(path, extras, groups)
    for line in constraints[0]:
        reader.constraint(line)
    for path in constraints[1]:
        reader.constraints_file(path)
    for line in overrides[0]:
        reader.override(line)
    for path in overrides[1]:
        reader.overrides_file(path)
    return reader.inputs


def _normalized(versions: Mapping[str, str]) -> dict[str, str]:
    from envcensus._kernels.names import canonicalize_name

    return {canonicalize_name(name): version for name, version in versions.items()}
