"""What could be upgraded."""

from __future__ import annotations

import os
from operator import index
from typing import TYPE_CHECKING

from envcensus.api import values
from envcensus.api.values import IndexStrategy, Paths, StrPath, Texts

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import Literal

    from envcensus.analysis.selection import RowFilter
    from envcensus.model.census import Census
    from envcensus.pipelines.outdated import OutdatedOptions
    from envcensus.pipelines.resolve_inputs import Fetch


def outdated(
    roots: Paths = (),
    *,
    system: bool = False,
    max_depth: int | None = None,
    exclude_dirs: Texts = (),
    one_file_system: bool = True,
    follow_symlinks: bool = False,
    only: Texts = (),
    exclude: Texts = (),
    direct: bool = False,
    severity: Literal["major", "minor", "patch"] | None = None,
    pre: bool = False,
    uploaded_prior_to: datetime | float | None = None,
    min_age: float | None = None,
    constraints: Texts = (),
    constraint_files: Paths = (),
    policy: StrPath | None = None,
    index_url: str | None = None,
    extra_index_urls: Texts = (),
    no_index: bool = False,
    find_links: Paths = (),
    index_strategy: IndexStrategy | None = None,
    trusted_hosts: Texts = (),
    index_timeout: float | None = None,
    retries: int | None = None,
    concurrency: int | None = None,
    workers: int = 0,
    refresh: bool = False,
    offline: bool = False,
    max_age: float | None = None,
    cache_dir: StrPath | None = None,
    cache_size: int | None = None,
    no_cache: bool = False,
    rescan: bool = False,
    timeout: float | None = None,
    progress: Callable[[str, int, int | None], object] | None = None,
) -> Census:
    """Compare everything installed below `roots` with the newest version for its environment.

    Each project is asked for once, however many environments hold it, and answers are cached. A look-up that failed is
    a finding in the state "failed", never "current"; what could not be looked at is in the census's `skipped`.

    Args:
        roots, system, max_depth, exclude_dirs, one_file_system, follow_symlinks: as for `discover`.
        only: report the projects alone whose normalized names match one of these glob patterns.
        exclude: leave out those that match one of these.
        direct: leave out what another distribution requires.
        severity: leave out smaller steps than this.
        pre: take pre-releases into account.
        uploaded_prior_to: ignore later uploads: a datetime, or seconds since the epoch.
        min_age: ignore uploads younger than so many days.
        constraints: requirements ("flask<3") that `wanted` must also respect.
        constraint_files: the same, from constraints files, which may also be http and https URLs.
        policy: a file that says what to ignore, and until when. None: nothing; no file is looked for.
        index_url: the base of the index (Simple repository API). None: as pip is configured.
        extra_index_urls: further indexes, on top of the configured ones.
        no_index: ask no index; look only at `find_links`.
        find_links: directories or pages with files.
        index_strategy: how several indexes rank. None: "version-priority", as for pip, unless configured.
        trusted_hosts: hosts, or host:port, that need no valid certificate.
        index_timeout: the longest silence of an index, in seconds. None: as configured.
        retries: try again so many times. None: as configured.
        concurrency: requests in flight for each host. None: as configured.
        workers: processes that fetch, beside this one; 0: none. Where they are started by importing the main module
            (multiprocessing's "spawn" and "forkserver"), that has to be safe to import.
        refresh: ask the index again, whatever the cache holds.
        offline: answer from the cache alone, however old.
        max_age: trust cached answers for so many seconds. None: for as long as the index said.
        cache_dir, cache_size, no_cache, rescan: as for `scan`.
        timeout: give up after so many seconds; what was fetched until then is in the cache.
        progress: called from another thread as `progress("scan", environments, None)` and
            `progress("index", projects done, of so many)`.

    Raises:
        UsageError: as for `discover`, and for a constraint or a policy that cannot be used.
        IndexConfigError: an index setting, given or configured, that cannot be used.
        OutOfTimeError: `timeout` is over.
    """
    where = values.absolute_roots(roots, system=system)
    values.one_of(("major", "minor", "patch"), severity, "severity")
    values.at_least(0, index(workers), "workers")
    values.at_least(0.0, max_age, "max_age")
    discovery = values.discovery(
        system=system,
        max_depth=max_depth,
        exclude_dirs=exclude_dirs,
        one_file_system=one_file_system,
        follow_symlinks=follow_symlinks,
    )

    def work() -> Census:
        from envcensus.analysis.selection import RowFilter
        from envcensus.pipelines import outdated as pipeline
        from envcensus.pipelines.ask import AskOptions
        from envcensus.runtime.stop import current

        config = values.index_config(
            "list",
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

            return fetch_list(url, config, largest, offline=offline)

        rows = RowFilter(only=values.texts(only), exclude=values.texts(exclude), severity=severity, direct=direct)
        deciding = _deciding(
            rows,
            pre=pre,
            uploaded_prior_to=values.latest_upload(uploaded_prior_to, min_age),
            constraints=(constraints, constraint_files),
            policy=policy,
            fetch=fetch,
        )
        with values.opened_cache(cache_dir, cache_size, no_cache=no_cache) as store:
            return pipeline.outdated(
                where,
                discovery,
                config,
                store,
                asking=AskOptions(refresh=refresh, offline=offline, max_age=max_age, workers=workers),
                options=deciding,
                rescan=rescan,
                progress=values.Watch(current(), progress),
            )

    return values.run(work, timeout)


def _deciding(
    rows: RowFilter,
    *,
    pre: bool,
    uploaded_prior_to: float | None,
    constraints: tuple[Texts, Paths],
    policy: StrPath | None,
    fetch: Fetch,
) -> OutdatedOptions:
    from envcensus.model.policy import Policy
    from envcensus.pipelines.constraints import read_constraints
    from envcensus.pipelines.outdated import OutdatedOptions
    from envcensus.pipelines.policy import load_policy

    return OutdatedOptions(
        pre=pre,
        uploaded_prior_to=uploaded_prior_to,
        constraints=read_constraints(values.files(constraints[1]), values.texts(constraints[0]), fetch),
        policy=Policy() if policy is None else load_policy(os.fspath(policy), ""),
        rows=rows,
    )
