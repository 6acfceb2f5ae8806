"""What is there, and whether it fits together: nothing here asks an index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envcensus.api import values
from envcensus.api.results import Results
from envcensus.api.values import Paths, StrPath, Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from envcensus.inventory import DiscoverOptions
    from envcensus.model.census import Census
    from envcensus.model.environment import Environment
    from envcensus.model.listing import Listing
    from envcensus.model.skipped import Skipped


def discover(
    roots: Paths = (),
    *,
    system: bool = False,
    max_depth: int | None = None,
    exclude_dirs: Texts = (),
    one_file_system: bool = True,
    follow_symlinks: bool = False,
) -> Results[Environment]:
    """The Python environments below `roots`, one at a time as the walk finds them. Nothing found is executed.

    Args:
        roots: a directory or several. One that is itself an environment gives that one. A snapshot that
            `envcensus scan` wrote (.jsonl, .jsonl.gz) gives those in it.
        system: also look where the system and its tools keep environments.
        max_depth: go at most so many directories below a root; 0 looks at the roots alone. None: no limit.
        exclude_dirs: glob patterns of the names or absolute paths of directories to pass over.
        one_file_system: stay on each root's file system.
        follow_symlinks: follow symbolic links to directories.

    Raises:
        UsageError: a root does not exist, there is none, or an option has a value that cannot be used.
    """
    return Results(
        _environments(
            values.absolute_roots(roots, system=system),
            values.discovery(
                system=system,
                max_depth=max_depth,
                exclude_dirs=exclude_dirs,
                one_file_system=one_file_system,
                follow_symlinks=follow_symlinks,
            ),
        )
    )


def _environments(roots: tuple[str, ...], options: DiscoverOptions) -> Generator[Environment | Skipped, None, None]:
    from envcensus.pipelines.collect import environments

    run = environments(roots, options)
    seen = 0
    for survey in run.surveys:
        yield from run.skipped[seen:]
        seen = len(run.skipped)
        yield survey.environment
    yield from run.skipped[seen:]


def scan(
    roots: Paths = (),
    *,
    system: bool = False,
    max_depth: int | None = None,
    exclude_dirs: Texts = (),
    one_file_system: bool = True,
    follow_symlinks: bool = False,
    requires: bool = False,
    details: bool = False,
    cache_dir: StrPath | None = None,
    cache_size: int | None = None,
    no_cache: bool = False,
    rescan: bool = False,
) -> Results[Listing]:
    """What is installed in each environment below `roots`, one environment at a time.

    The cache stays open, with a view of how it was, from the first result to the last, or to `close()`.

    Args:
        roots, system, max_depth, exclude_dirs, one_file_system, follow_symlinks: as for `discover`.
        requires: also read Requires-Python, Requires-Dist and Provides-Extra of each distribution.
        details: also read the installer, whether the distribution was asked for, its build tag, and whether it has
            a RECORD.
        cache_dir: keep the cache there. None: where the command line keeps it.
        cache_size: let the cache grow to so many bytes. None: 512 MiB.
        no_cache: neither read nor write the cache.
        rescan: read every environment anew, whatever the cache holds.

    Raises:
        UsageError: as for `discover`.
    """
    return Results(
        _listings(
            values.absolute_roots(roots, system=system),
            values.discovery(
                system=system,
                max_depth=max_depth,
                exclude_dirs=exclude_dirs,
                one_file_system=one_file_system,
                follow_symlinks=follow_symlinks,
            ),
            cache=(cache_dir, values.at_least(1, cache_size, "cache_size")),
            no_cache=no_cache,
            rescan=rescan,
            requires=requires,
            details=details,
        )
    )


def _listings(
    roots: tuple[str, ...],
    options: DiscoverOptions,
    *,
    cache: tuple[StrPath | None, int | None],
    no_cache: bool,
    rescan: bool,
    requires: bool,
    details: bool,
) -> Generator[Listing | Skipped, None, None]:
    from envcensus.pipelines.collect import listings

    with values.opened_cache(*cache, no_cache=no_cache) as store:
        yield from listings(roots, options, store, rescan=rescan, requires=requires, details=details)


def check(
    roots: Paths = (),
    *,
    system: bool = False,
    max_depth: int | None = None,
    exclude_dirs: Texts = (),
    one_file_system: bool = True,
    follow_symlinks: bool = False,
    cache_dir: StrPath | None = None,
    cache_size: int | None = None,
    no_cache: bool = False,
    rescan: bool = False,
    timeout: float | None = None,
    progress: Callable[[str, int, int | None], object] | None = None,
) -> Census:
    """What is wrong in the environments below `roots`: what `pip check` finds, and what only their files tell.

    The findings of the census are in the state "unchecked", since no index was asked; what is wrong are the
    `problems` of its surveys.

    Args:
        roots, system, max_depth, exclude_dirs, one_file_system, follow_symlinks: as for `discover`.
        cache_dir, cache_size, no_cache, rescan: as for `scan`.
        timeout: give up after so many seconds.
        progress: called from another thread as `progress("scan", environments, None)`.

    Raises:
        UsageError: as for `discover`.
        OutOfTimeError: `timeout` is over.
    """
    where = values.absolute_roots(roots, system=system)
    options = values.discovery(
        system=system,
        max_depth=max_depth,
        exclude_dirs=exclude_dirs,
        one_file_system=one_file_system,
        follow_symlinks=follow_symlinks,
    )

    def work() -> Census:
        from envcensus.pipelines import check as pipeline
        from envcensus.runtime.stop import current

        with values.opened_cache(cache_dir, cache_size, no_cache=no_cache) as store:
            return pipeline.check(where, options, store, rescan=rescan, progress=values.Watch(current(), progress))

    return values.run(work, timeout)
