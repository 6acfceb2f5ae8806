"""Ask for each project once: the cache first, then the indexes for what is missing or stale.

A run whose answers are all cached starts no event loop and imports no HTTP client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from envcensus.index.entry import Entry, pack_entry, unpack_entry
from envcensus.index.local import stamp
from envcensus.model.page import Outcome, PageAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from envcensus.cache.store import NoStore, Reader, Store
    from envcensus.index.client import Fetched, Want
    from envcensus.index.config import IndexConfig
    from envcensus.model.census import Metrics

_BATCH = 2000  # answers held before they are written: all of an ordinary run, in one transaction
_KEPT_SECONDS = 30 * 86400.0  # a page is worth keeping for revalidation long after it ceased to be fresh
_CLOCK_SKEW = 300.0  # seconds an answer may seem to come from the future before its freshness is not believed


class AskOptions(Struct, frozen=True, kw_only=True):
    """How far the cache is trusted. `max_age` is in seconds; None: for as long as the index said."""

    refresh: bool = False
    offline: bool = False
    max_age: float | None = None


class _Kept(Struct):
    """A cached answer."""

    entry: Entry
    record: bytes


def ask(
    names: Iterable[str],
    config: IndexConfig,
    store: Store | NoStore,
    options: AskOptions,
    *,
    now: float,
    metrics: Metrics,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, PageAnswer]:
    """One answer for each of the normalized `names`; `progress` is told how many of how many are there.

    `now` is in seconds since the epoch. Failures are answers too (`PageAnswer.outcome`): a project that could not be
    asked for is served from the cache with its age where the index allows that, and is "failed" otherwise.
    """
    return _Asker(config, store, options, now, metrics).ask(sorted(set(names)), progress)


class _Asker:
    """One run's look-ups. `kept` holds cached answers that are too old to be used without asking."""

    def __init__(
        self, config: IndexConfig, store: Store | NoStore, options: AskOptions, now: float, metrics: Metrics
    ) -> None:
        self.config = config
        self.store = store
        self.options = options
        self.now = now
        self.metrics = metrics
        self.kept: dict[str, _Kept] = {}
        self.prefix = config.cache_key().encode() + b"/"

    def ask(self, names: list[str], progress: Callable[[int, int], None] | None) -> dict[str, PageAnswer]:
        answers = self._probe(names)
        missing = [name for name in names if name not in answers]
        self.metrics.projects += len(names)
        self.metrics.cache_hits += len(answers)
        self.metrics.cache_misses += len(missing)
        if self.options.offline:
            answers.update((name, self._offline(name)) for name in missing)
        elif missing:
            for answer in self._fetch(missing):
                answers[answer.name] = answer
                if progress is not None:
                    progress(len(answers), len(names))
        return answers

    def _probe(self, names: list[str]) -> dict[str, PageAnswer]:
        """The answers that can be given without asking."""
        answers = {}
        with self.store.reader() as reader:
            for name in names:
                kept = self._read(reader, name)
                if kept is None:
                    continue
                if self._fresh(kept.entry, name):
                    answers[name] = _answer(name, kept)
                else:
                    self.kept[name] = kept
        return answers

    def _read(self, reader: Reader, name: str) -> _Kept | None:
        found = reader.get("pages", self._key(name))
        if found is None:
            return None
        try:
            entry, offset = unpack_entry(found.value)
        except ValueError:  # written by another version of us: as good as absent
            return None
        return _Kept(entry, bytes(found.value[offset:]))

    def _key(self, name: str) -> bytes:
        return self.prefix + name.encode("utf-8", "surrogateescape")

    def _fresh(self, entry: Entry, name: str) -> bool:
        if self.options.refresh or entry.fetched > self.now + _CLOCK_SKEW:
            return False
        age = self.options.max_age
        if self.now >= (entry.expires if age is None else entry.fetched + age):
            return False
        return entry.stamp == stamp(self.config, name)

    def _offline(self, name: str) -> PageAnswer:
        kept = self.kept.get(name)
        if kept is None:
            return PageAnswer(name=name, outcome="offline", reason="not in the cache, and --offline asks no index")
        return _answer(name, kept, stale=self.now - kept.entry.fetched)

    def _fetch(self, names: list[str]) -> Iterator[PageAnswer]:
        """Ask, and write what came to the cache: also when the run is interrupted half-way."""
        from envcensus.index.client import fetch_projects

        arrived: list[Fetched] = []
        try:
            for fetched in fetch_projects(self.config, [self._want(name) for name in names]):
                self.metrics.requests += fetched.requests
                self.metrics.retries += fetched.retries
                self.metrics.bytes_received += fetched.received
                yield self._answered(fetched)
                if fetched.outcome != "failed":
                    arrived.append(fetched)
                if len(arrived) >= _BATCH:
                    self._write(arrived)
                    arrived = []
        finally:
            self._write(arrived)

    def _want(self, name: str) -> Want:
        from envcensus.index.client import Want

        kept = self.kept.get(name)
        return Want(name, kept.entry.validators, kept.entry.stamp) if kept else Want(name)

    def _answered(self, fetched: Fetched) -> PageAnswer:
        name, kept = fetched.name, self.kept.get(fetched.name)
        if fetched.outcome == "not-modified" and kept is not None:
            return _answer(name, kept)
        if fetched.outcome == "failed":
            if kept is not None and self.now < kept.entry.stale_until:
                return _answer(name, kept, stale=self.now - kept.entry.fetched, reason=fetched.reason)
            return PageAnswer(name=name, outcome="failed", reason=fetched.reason)
        found = fetched.outcome == "found"
        return PageAnswer(name=name, outcome="found" if found else "not-found", record=fetched.record)

    def _write(self, arrived: list[Fetched]) -> None:
        if not arrived:
            return
        self.store.put_many("pages", [self._row(fetched) for fetched in arrived])
        files = [(self._key(f.name), f.files, f.fetched + _KEPT_SECONDS) for f in arrived if f.files]
        self.store.put_many("files", files)

    def _row(self, fetched: Fetched) -> tuple[bytes, bytes, float]:
        kept = self.kept.get(fetched.name)
        entry = fetched.entry(kept.entry.outcome if kept else "found")
        record = kept.record if fetched.outcome == "not-modified" and kept else fetched.record
        return self._key(fetched.name), pack_entry(entry) + record, entry.fetched + _KEPT_SECONDS


def _answer(name: str, kept: _Kept, *, stale: float | None = None, reason: str = "") -> PageAnswer:
    outcome: Outcome = "found" if kept.entry.outcome == "found" else "not-found"
    return PageAnswer(name=name, outcome=outcome, record=kept.record, stale=stale, reason=reason)
