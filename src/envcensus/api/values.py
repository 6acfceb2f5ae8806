"""From the arguments of the public functions to what the pipelines take."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, TypeVar

from envcensus.errors import UsageError
from envcensus.inventory.discover import DiscoverOptions
from envcensus.runtime.refusals import is_gone

if TYPE_CHECKING:
    from datetime import datetime

    from envcensus.cache.store import NoStore, Store
    from envcensus.index.config import IndexConfig
    from envcensus.pipelines.resolve_inputs import Inputs
    from envcensus.runtime.stop import Stop

StrPath = str | os.PathLike[str]
Paths = StrPath | Iterable[StrPath]
Texts = str | Iterable[str]
IndexStrategy = Literal["version-priority", "first-match"]

C = TypeVar("C", int, float)
R = TypeVar("R")


def paths(value: Paths) -> tuple[str, ...]:
    """One path or several, as text."""
    if isinstance(value, str | os.PathLike):
        value = (value,)
    return tuple([os.fspath(each) for each in value])


def files(value: Paths) -> tuple[str, ...]:
    """The same of files to be read: "-" is one of that name."""
    return tuple([path if path != "-" else os.path.join(".", path) for path in paths(value)])


def texts(value: Texts) -> tuple[str, ...]:
    """One text or several."""
    return (value,) if isinstance(value, str) else tuple(value)


def absolute_roots(value: Paths, *, system: bool) -> tuple[str, ...]:
    """Raises UsageError where one does not exist, or there is none: neither may read as "nothing found"."""
    roots = paths(value)
    if not roots and not system:
        raise UsageError("no directory to look into", remedy="name roots, or say system=True")
    for root in roots:
        if is_gone(root):
            raise UsageError(f"no such file or directory: {root}", remedy="check the path")
    return tuple([os.path.abspath(root) for root in roots])


def discovery(
    *, system: bool, max_depth: int | None, exclude_dirs: Texts, one_file_system: bool, follow_symlinks: bool
) -> DiscoverOptions:
    """How roots are walked."""
    return DiscoverOptions(
        system=system,
        max_depth=at_least(0, max_depth, "max_depth"),
        exclude=texts(exclude_dirs),
        one_file_system=one_file_system,
        follow_symlinks=follow_symlinks,
    )


def at_least(least: C, value: C | None, name: str) -> C | None:
    """`value`, if it is none too small. Raises UsageError."""
    if value is not None and not value >= least:
        raise UsageError(f"{name} is {value!r}", remedy=f"use {least} or more")
    return value


def one_of(allowed: tuple[str, ...], value: str | None, name: str) -> None:
    """Raises UsageError for a value that type checkers would refuse."""
    if value is not None and value not in allowed:
        raise UsageError(f"{name} is {value!r}", remedy=f"use {', '.join(allowed)}")


def moment(value: datetime | float | None) -> float | None:
    """Seconds since the epoch. A moment without a time zone is local time."""
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, str):
        raise TypeError("a moment is a datetime or a number of seconds, no text")
    return (value if value.tzinfo else value.astimezone()).timestamp()


def latest_upload(uploaded_prior_to: datetime | float | None, min_age: float | None = None) -> float | None:
    """The earlier of two limits, in seconds since the epoch; `min_age` is in days."""
    limits = [moment(uploaded_prior_to)]
    if at_least(0.0, min_age, "min_age") is not None:
        limits.append(time.time() - (min_age or 0.0) * 86400.0)
    return min((limit for limit in limits if limit is not None), default=None)


def index_config(
    command: str,
    *,
    index_url: str | None,
    extra_index_urls: Texts,
    no_index: bool,
    find_links: Paths,
    trusted_hosts: Texts,
    index_strategy: IndexStrategy | None,
    index_timeout: float | None,
    retries: int | None,
    concurrency: int | None,
    inputs: Inputs | None = None,
) -> IndexConfig:
    """These, then those of requirements files (`inputs`), on top of pip's configuration and ours. Raises
    IndexConfigError."""
    from envcensus.index.config import IndexOptions, load_index_config

    options = IndexOptions(
        index_url=index_url,
        extra_index_url=texts(extra_index_urls),
        no_index=no_index or None,
        find_links=paths(find_links),
        trusted_host=texts(trusted_hosts),
        index_strategy=index_strategy,
        timeout=index_timeout,
        retries=retries,
        concurrency=concurrency,
    )
    return load_index_config(options if inputs is None else inputs.added_to(options), command=command)


@contextmanager
def opened_cache(cache_dir: StrPath | None, cache_size: int | None, *, no_cache: bool) -> Iterator[Store | NoStore]:
    """The cache, shared with other threads that use it meanwhile. Why it was not used is logged."""
    from envcensus.cache.store import DEFAULT_SIZE, NoStore

    if no_cache:
        yield NoStore("")
        return
    from envcensus.cache.shared import shared_store

    directory = None if cache_dir is None else os.fspath(cache_dir)
    size = at_least(1, cache_size, "cache_size")
    with shared_store(directory, size_limit=DEFAULT_SIZE if size is None else size) as store:
        try:
            yield store
        finally:
            for line in (store.note, store.reason):
                if line:
                    _log(line)


def _log(line: str) -> None:
    """A library does not print: where nobody asked for logs, there are none."""
    import logging

    logger = logging.getLogger("envcensus")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logger.warning("%s", line)


class Watch:
    """Calls the user's `progress`, and ends the run when it was asked to. A `pipelines.progress.Progress`."""

    def __init__(self, stop: Stop | None, progress: Callable[[str, int, int | None], object] | None) -> None:
        self._stop = stop
        self._progress = progress

    def scanned(self, environments: int) -> None:
        """So many environments were found so far."""
        self._tell("scan", environments, None)

    def asked(self, done: int, total: int) -> None:
        """So many of so many projects have an answer."""
        self._tell("index", done, total)

    def solving(self, _state: Callable[[], str]) -> None:
        """The resolver goes on."""
        if self._stop is not None:
            self._stop.check()

    def _tell(self, stage: str, done: int, total: int | None) -> None:
        if self._stop is not None:
            self._stop.check()
        if self._progress is not None:
            self._progress(stage, done, total)


def run(work: Callable[[], R], timeout: float | None) -> R:
    """What `work` gives, done in a thread of its own: signals, event loops and garbage collection stay the caller's.

    Raises OutOfTimeError after `timeout` seconds.
    """
    from envcensus.runtime import aside, stop

    at_least(0.0, timeout, "timeout")
    if stop.current() is not None:  # `envcensus.aio` began the thread, and looks at the clock
        return _and_closed(work)
    return aside.call(lambda: _and_closed(work), timeout=timeout)


def _and_closed(work: Callable[[], R]) -> R:
    try:
        return work()
    finally:
        client = sys.modules.get("envcensus.index.client")
        if client is not None:
            client.close_kept()
