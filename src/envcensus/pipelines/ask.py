"""Ask for each project once: the cache first, then the indexes for what is missing or stale.

A run whose answers are all cached starts no event loop and imports no HTTP client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from envcensus.index.entry import Entry, glance, is_fresh, no_stand_in, pack_entry, unpack_entry
from envcensus.index.places import Stamps
from envcensus.model.page import Outcome, PageAnswer
from envcensus.runtime import limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from threading import Thread
    from types import TracebackType

    from envcensus.cache.store import NoStore, Store
    from envcensus.index.config import IndexConfig
    from envcensus.index.project_question import Fetched, Want
    from envcensus.model.census import Metrics
    from envcensus.runtime.cluster import Shards
    from envcensus.runtime.pool import Pool

_BATCH = 400  # answers held before they are written: while others are awaited, a transaction costs no time
_KEPT_SECONDS = 30 * 86400.0  # a page is worth keeping for revalidation long after it ceased to be fresh
_POOL_FROM = 1500  # missing names from which on a pool is thought about, again at each doubling


class AskOptions(Struct, frozen=True, gc=False):
    """How far the cache is trusted. `max_age` is in seconds; None: for as long as the index said."""

    refresh: bool = False
    offline: bool = False
    max_age: float | None = None
    workers: int | None = None  # processes that fetch; None: by `envcensus.runtime.pool.workers_for`, 0: this one alone
    shards: Shards | None = None  # a cluster to share the work with, where there is enough


class _Kept(Struct):
    """A cached answer."""

    entry: Entry
    record: bytes


class Asker:
    """The look-ups of one run: names are added as they turn up, and what the cache does not answer is asked at the end.

    `now` is in seconds since the epoch. Failures are answers too (`PageAnswer.outcome`): a project that could not be
    asked for is served from the cache with its age where the index allowed that, and is "failed" otherwise.

    A pool of workers, where so many names are missing that it is worth it, starts while names are still being added.
    """

    def __init__(
        self, config: IndexConfig, store: Store | NoStore, options: AskOptions, *, now: float, metrics: Metrics
    ) -> None:
        self._config = config
        self._store = store
        self._options = options
        self._now = now
        self._metrics = metrics
        self._stamps = Stamps(config)
        self._prefix = config.cache_key().encode() + b"/"
        self._reader = store.reader()
        self._reading = False
        self._answers: dict[str, PageAnswer] = {}
        self._missing: dict[str, _Kept | None] = {}  # what is to be asked for, with the cached answer that is too old
        self._pool: Pool | None = None
        self._shards = options.shards
        self._pool_at = _POOL_FROM
        self._loading: Thread | None = None

    def __enter__(self) -> Asker:
        self._reader.__enter__()
        self._reading = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop_reading()
        if self._loading is not None:
            self._loading.join()
        if self._pool is not None:
            self._pool.__exit__(kind, error, trace)

    def expect(self) -> None:
        """Names will be added: where the cache cannot know them, what is to ask for them starts meanwhile."""
        if self._options.offline or not (self._options.refresh or not self._reader.holds("pages")):
            return
        if self._options.workers:
            self._start_pool()
        elif self._loading is None:
            self._load_client()

    def add(self, name: str) -> None:
        """Look the normalized `name` up in the cache, once."""
        if name in self._answers or name in self._missing:
            return
        found = self._reader.get("pages", self._key(name))
        if found is not None and (answer := self._fresh_answer(found, name)) is not None:
            self._answers[name] = answer
            return
        self._missing[name] = None if found is None else _kept(found)
        if self._loading is None:
            self._load_client()
        if len(self._missing) >= self._pool_at and not self._options.offline:
            self._start_pool()

    def answers(
        self, progress: Callable[[int, int], None] | None = None, meanwhile: Callable[[], None] | None = None
    ) -> dict[str, PageAnswer]:
        """One answer for each name that was added. `meanwhile` is called once if an index is asked, while the first
        answers are on their way: for some hundredths of a second of work that does not need them.
        """
        self._stop_reading()
        self._metrics.projects += len(self._answers) + len(self._missing)
        self._metrics.cache_hits += len(self._answers)
        self._metrics.cache_misses += len(self._missing)
        if self._options.offline:
            self._answers.update((name, self._offline(name)) for name in self._missing)
        elif self._missing:
            total = len(self._answers) + len(self._missing)
            for answer in self._fetch(meanwhile):
                self._answers[answer.name] = answer
                if progress is not None:
                    progress(len(self._answers), total)
        return self._answers

    def _load_client(self) -> None:
        """Import the HTTP client, a tenth of a second of work, beside the scan: that leaves a core free.

        Not where workers are to use it in this process's place.
        """
        if not self._options.offline and not self._options.workers and limits.has_room(limits.FOR_REQUESTS):
            from threading import Thread

            loading = Thread(target=_import_client, name="load-client", daemon=True)
            try:
                loading.start()
            except RuntimeError:  # the system has no more threads: what needs the client imports it
                return
            self._loading = loading

    def _start_pool(self) -> None:
        from envcensus.pipelines.fetch import start_pool

        self._pool_at *= 2
        if self._pool is None and self._shards is None:
            self._pool = start_pool(self._pool_at, self._options.workers, self._config.concurrency)

    def _stop_reading(self) -> None:
        """End the read transaction: one that stays open keeps LMDB from reusing pages."""
        if self._reading:
            self._reading = False
            self._reader.__exit__(None, None, None)

    def _fresh_answer(self, data: memoryview, name: str) -> PageAnswer | None:
        """What is cached, unless it is too old: without what it takes to ask again."""
        try:
            there, _, noted, fetched, expires, stamp, offset = glance(data)
            if not self._fresh(fetched, expires, stamp, name):
                return None
            notes = unpack_entry(data)[0].notes if noted else ()
        except ValueError:  # written by another version of us: as good as absent
            return None
        return PageAnswer(
            name=name, outcome="found" if there else "not-found", record=bytes(data[offset:]), notes=notes
        )

    def _key(self, name: str) -> bytes:
        return self._prefix + name.encode("utf-8", "surrogateescape")

    def _fresh(self, fetched: float, expires: float, stamp: bytes, name: str) -> bool:
        if self._options.refresh or not is_fresh(fetched, expires, now=self._now, max_age=self._options.max_age):
            return False
        return stamp == self._stamps.of(name)

    def _offline(self, name: str) -> PageAnswer:
        kept = self._missing.get(name)
        if kept is None:
            return PageAnswer(name=name, outcome="offline", reason="not in the cache, and --offline asks no index")
        return _answer(name, kept, stale=self._now - kept.entry.fetched)

    def _fetch(self, meanwhile: Callable[[], None] | None) -> Iterator[PageAnswer]:
        """Ask, and write what came to the cache: also when the run is interrupted half-way."""
        from envcensus.index.project_question import Want
        from envcensus.pipelines.fetch import start_pool

        if self._loading is not None:
            self._loading.join()  # if that import fails, one beside it gets half a module, and no reason
        if self._pool is None and self._shards is None and self._options.workers:
            self._pool = start_pool(len(self._missing), self._options.workers, self._config.concurrency)
        wants = [
            Want(name, kept.entry.validators, kept.entry.stamp, files=False) if kept else Want(name, files=False)
            for name, kept in self._missing.items()
        ]
        arrived: list[Fetched] = []
        try:
            for fetched in self._answers_of(wants, meanwhile):
                self._metrics.requests += fetched.requests
                self._metrics.retries += fetched.retries
                self._metrics.bytes_received += fetched.received
                yield self._answered(fetched)
                if fetched.outcome != "failed" and fetched.keep:
                    arrived.append(fetched)
                if len(arrived) >= _BATCH:
                    self._write(arrived)
                    arrived = []
        finally:
            self._write(arrived)

    def _answers_of(self, wants: Sequence[Want], meanwhile: Callable[[], None] | None) -> Iterator[Fetched]:
        """As they arrive, from the cluster where there is one and enough to do."""
        from envcensus.pipelines.fetch import fetch

        shards, asked_for = self._shards, self._options.workers
        if shards is not None and (asked_for or (asked_for is None and len(wants) >= _POOL_FROM)):
            from envcensus.pipelines.shards import fetch_shared, only_here

            if not only_here(self._config):
                if meanwhile is not None:
                    meanwhile()
                return fetch_shared(self._config, wants, shards)
        return fetch(self._config, wants, self._pool, meanwhile)

    def _answered(self, fetched: Fetched) -> PageAnswer:
        name, kept = fetched.name, self._missing.get(fetched.name)
        if fetched.outcome == "not-modified" and kept is not None:
            return _answer(name, kept)
        if fetched.outcome == "failed":
            if kept is not None and self._now < kept.entry.stale_until:
                return _answer(name, kept, stale=self._now - kept.entry.fetched, reason=fetched.reason)
            reason = fetched.reason if kept is None else f"{fetched.reason}; {no_stand_in(kept.entry)}"
            return PageAnswer(name=name, outcome="failed", reason=reason)
        found = fetched.outcome == "found"
        return PageAnswer(
            name=name, outcome="found" if found else "not-found", record=fetched.record, notes=fetched.notes
        )

    def _write(self, arrived: list[Fetched]) -> None:
        if not arrived:
            return
        self._store.put_many("pages", [self._row(fetched) for fetched in arrived])

    def _row(self, fetched: Fetched) -> tuple[bytes, bytes, float]:
        kept = self._missing.get(fetched.name)
        entry = fetched.entry(kept.entry if kept else None)
        record = kept.record if fetched.outcome == "not-modified" and kept else fetched.record
        return self._key(fetched.name), pack_entry(entry) + record, entry.fetched + _KEPT_SECONDS


def _import_client() -> None:
    """What cannot be imported is said by the import that needs it."""
    from contextlib import suppress

    with suppress(Exception):
        import envcensus.index.client  # noqa: F401


def _kept(data: memoryview) -> _Kept | None:
    try:
        entry, offset = unpack_entry(data)
    except ValueError:  # written by another version of us: as good as absent
        return None
    return _Kept(entry, bytes(data[offset:]))


def _answer(name: str, kept: _Kept, *, stale: float | None = None, reason: str = "") -> PageAnswer:
    outcome: Outcome = "found" if kept.entry.outcome == "found" else "not-found"
    return PageAnswer(
        name=name, outcome=outcome, record=kept.record, stale=stale, reason=reason, notes=kept.entry.notes
    )
