"""The network's half of a resolution: everything the prefetcher names is asked for at once, in bounded concurrency."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from envcensus._kernels.page import PageError
from envcensus._kernels.version import Version
from envcensus.index.client import Fetched, IndexClient, MetadataFetched, MetadataWant, Want
from envcensus.index.core_metadata import parse_metadata
from envcensus.index.entry import Entry, no_stand_in, pack_entry
from envcensus.index.places import path_of
from envcensus.model.display import neutral
from envcensus.pipelines.fetch import within_limits
from envcensus.pipelines.resolve_build import (
    BuildFailed,
    allowed,
    build_archive,
    build_directory,
    built_key,
    needs_build,
)
from envcensus.pipelines.resolve_source import pack_metadata
from envcensus.resolver.prefetch import Prefetcher
from envcensus.resolver.problem import Needs

if TYPE_CHECKING:
    from envcensus.cache.store import NoStore, Store
    from envcensus.model.core_metadata import CoreMetadata
    from envcensus.model.page import File
    from envcensus.model.resolution import Conflict, Resolution
    from envcensus.pipelines.resolve import Run

_KEPT_SECONDS = 30 * 86400.0  # a page is worth keeping for revalidation long after it ceased to be fresh
_METADATA_SECONDS = 180 * 86400.0  # metadata of a version does not change
_BATCH = 2000  # rows in one transaction
_WORTH_WRITING = 48  # rows, before the end
_AT_ONCE = 4 << 20  # bytes that are written while answers are waited for: some 5 ms
_FEW = 8  # answers under way, so that hardly one arrives while rows are written
_UNREADABLE = "has metadata without name or version"


def go_on(run: Run, step: Needs, store: Store | NoStore) -> Resolution | Conflict:
    """Go on from where the cache ended. What arrived is kept, also when the run is interrupted."""
    with IndexClient(within_limits(run.config)) as client:
        online = _Online(run, client, store)
        try:
            return online.drive(step)
        finally:
            online.keep()


class _Online:
    def __init__(self, run: Run, client: IndexClient, store: Store | NoStore) -> None:
        self.run = run
        self.client = client
        self.store = store
        self.solver = run.solver
        self.prefetcher = Prefetcher(run.solver)
        self.wants: list[Want | MetadataWant] = []
        self.asked: set[object] = set()
        self.direct: set[tuple[str, str]] = set()  # (name, url) of references that are under way
        self.failures: dict[object, str] = {}
        self.builds: dict[tuple[str, str], File | str] = {}  # to be built when needed: sdist, directory
        self.kept: dict[str, Entry] = {}  # cached pages that are too old to be used without asking
        # What is to be kept, by bucket.
        self.rows: dict[str, list[tuple[bytes, bytes, float]]] = {"pages": [], "files": [], "metadata": []}

    def drive(self, step: Needs | Resolution | Conflict) -> Resolution | Conflict:
        """Ask and feed until the solver has its answer."""
        self.prefetcher.start()
        for name in self.solver.pages:
            self.prefetcher.page(name)
        for key in list(self.solver.metadata):
            self.prefetcher.metadata(*key)
        while isinstance(step, Needs):
            self.satisfy(step)
            step = self.run.step()
        return step

    def satisfy(self, needs: Needs) -> None:
        """Ask for what is needed and what will be; return when the solver can go on."""
        for name in needs.pages:
            self.want_page(name)
        for key in needs.metadata:
            self.want_metadata(key)
        for key in needs.direct:
            self.want_direct(key)
        self.submit()  # what is waited for is under way while the prefetcher thinks
        self.prefetcher.needed(needs.pages, needs.metadata)
        self.submit()
        missing = self.missing(needs)
        while missing:
            for key in (*missing.metadata, *missing.direct):
                if key in self.builds:
                    place = self.builds.pop(key)
                    if self.solver.trades is None:
                        self.build(key, place)
                    else:
                        self.solver.feed_metadata(*key, None, "was not built, as there is an answer without it")
            missing = self.missing(missing)
            if not missing:
                break
            if self.run.awaited <= _FEW:
                self.keep_some()
            answers = self.client.collect()
            assert answers, "what is missing was asked for"  # else this would go round for ever
            for answer in answers:
                self.take(answer)
            self.submit()
            self.run.look()
            missing = self.missing(missing)
        for name in needs.pages:
            if name in self.failures:
                self.run.failed[name] = self.failures[name]
        for key in needs.metadata:
            if key in self.failures:
                self.run.failed[" ".join(key)] = self.failures[key]
        for key in needs.direct:
            if key in self.failures:
                self.run.failed[key[0]] = self.failures[key]

    def missing(self, needs: Needs) -> Needs | None:
        """What is needed and was not fed; None where that is nothing."""
        solver = self.solver
        pages = tuple([name for name in needs.pages if name not in solver.pages])
        metadata = tuple([key for key in needs.metadata if key not in solver.metadata])
        direct = tuple([key for key in needs.direct if key not in solver.direct])
        return Needs(pages, metadata, direct) if pages or metadata or direct else None

    def submit(self) -> None:
        """Ask for what is wanted, and for what the prefetcher names, until it has nothing more to say."""
        while True:
            pages, metadata = self.prefetcher.take()
            if not pages and not metadata:
                break
            for name in pages:
                self.want_page(name)
            for key in metadata:
                self.want_metadata(key)
        if self.wants:
            self.run.awaited += len(self.wants)
            self.client.submit(self.wants)
            self.wants = []

    def want_page(self, name: str) -> None:
        """A page: from the cache, else over the network."""
        if name in self.asked or name in self.solver.pages:
            return
        self.asked.add(name)
        known, feed, entry = self.run.source.page(name)
        if known:
            self.run.metrics.cache_hits += 1
            self.run.feed_page(name, feed)
            self.prefetcher.page(name)
            return
        if entry is None:
            self.wants.append(Want(name))
        else:
            self.kept[name] = entry
            self.wants.append(Want(name, entry.validators, entry.stamp))

    def want_metadata(self, key: tuple[str, str]) -> None:
        """The metadata of a version, likewise."""
        if key in self.asked or key in self.solver.metadata:
            return
        self.asked.add(key)
        if self.run.cached_metadata(*key):
            self.prefetcher.metadata(*key)
            return
        name, version = key
        packed = self.run.files.get(name) or self.run.source.files(name)
        files = self.run.chooser.fitting(packed, name, version) if packed else []
        self.wants.append(MetadataWant(name, version, tuple(files[:3])))

    def want_direct(self, key: tuple[str, str]) -> None:
        """What a direct reference is: read here, or asked for."""
        from envcensus.pipelines.resolve_direct import DirectError, NeedsBuild, Unreadable, local_metadata, remote_file

        name, url = key
        if key in self.direct or key in self.solver.direct:
            return
        try:
            metadata = local_metadata(url)
            if metadata is not None:
                self.feed_direct(key, metadata)
                return
            file = remote_file(url)
            if file.filename.endswith(".whl") and self.run.chooser.rank(file.filename) < 0:
                raise DirectError("is a wheel that does not fit the target")
            checked = (self.run.request.files or bool(file.hashes)) and not url.startswith("file:")
            self.wants.append(MetadataWant(name, url, (file,), digest=checked))
            self.direct.add(key)
        except NeedsBuild as error:
            if allowed(name, self.run.request.allow_build):
                self.builds[key] = path_of(url)
            else:
                self.solver.feed_direct(name, url, reason=f"{error}, which --allow-build {name} allows")
        except DirectError as error:
            if isinstance(error, Unreadable):
                self.failures[key] = str(error)
            self.solver.feed_direct(name, url, reason=str(error))

    def take(self, answer: Fetched | MetadataFetched) -> None:
        """Feed an answer."""
        self.run.awaited -= 1
        metrics = self.run.metrics
        metrics.cache_misses += 1
        metrics.requests += answer.requests
        metrics.retries += answer.retries
        metrics.bytes_received += answer.received
        if isinstance(answer, Fetched):
            self.take_page(answer)
        elif (answer.name, answer.version) in self.direct:
            self.take_direct(answer)
        else:
            self.take_metadata(answer)

    def take_page(self, fetched: Fetched) -> None:
        """Feed a page, and keep it."""
        name, run = fetched.name, self.run
        if fetched.outcome == "failed":
            self.failed_page(name, fetched.reason)
            return
        record = run.source.kept_record(name) if fetched.outcome == "not-modified" else fetched.record
        if fetched.files:
            run.files[name] = fetched.files
        if record:
            try:
                run.feed_page(name, run.source.read(record, name))
            except PageError as error:
                self.no_page(name, str(error))
                return
        else:
            self.solver.feed_page(name, None, "is in no index")
        run.records[name] = record
        self.prefetcher.page(name)
        if not fetched.keep:
            return
        key = run.source.key(name)
        if fetched.files:
            self.rows["files"].append((key, fetched.files, fetched.fetched + _KEPT_SECONDS))
        entry = fetched.entry(run.source.kept_entry(name))
        self.rows["pages"].append((key, pack_entry(entry) + record, entry.fetched + _KEPT_SECONDS))

    def failed_page(self, name: str, reason: str) -> None:
        """Use what the cache kept, where the index allowed that for the case that it cannot be reached."""
        run, entry = self.run, self.kept.get(name)
        record = run.source.kept_record(name) if entry is not None and run.now < entry.stale_until else b""
        if entry is None or not record:
            self.no_page(
                name, reason if entry is None or run.now < entry.stale_until else f"{reason}; {no_stand_in(entry)}"
            )
            return
        try:
            run.feed_page(name, run.source.read(record, name))
        except PageError:
            self.no_page(name, reason)
            return
        run.stale.append(f"{name} is taken as of {(run.now - entry.fetched) / 3600:.0f} hours ago: {reason}")
        self.prefetcher.page(name)

    def no_page(self, name: str, reason: str) -> None:
        """A page that could not be had is an answer too, and told."""
        self.failures[name] = reason
        self.solver.feed_page(name, None, f"could not be looked at: {reason}")

    def take_metadata(self, fetched: MetadataFetched) -> None:
        """Feed metadata, and keep it: also that there is none without a build."""
        name, version = fetched.name, fetched.version
        metadata, reason = _read(fetched)
        if fetched.outcome == "failed":
            self.failures[name, version] = reason
        elif metadata is not None or fetched.outcome == "needs-build":
            self.keep_metadata(f"{name}/{version}", metadata or reason)
        if self.may_build(fetched):
            packed = self.run.files.get(name) or self.run.source.files(name)
            self.builds[name, version] = self.run.chooser.fitting(packed, name, version)[-1]
            return
        self.solver.feed_metadata(name, version, metadata, reason)
        self.prefetcher.metadata(name, version)

    def take_direct(self, fetched: MetadataFetched) -> None:
        """Feed what a reference turned out to be."""
        key = (fetched.name, fetched.version)
        self.direct.discard(key)
        if fetched.sha256:
            self.run.digests[key[1]] = fetched.sha256
        elif fetched.outcome == "found" and "#sha" in key[1] and not key[1].startswith("file:"):
            self.solver.warnings.append(f"{key[0]} is too large to be downloaded for its hash, which was not checked")
        metadata, reason = _read(fetched, is_reference=True)
        if self.may_build(fetched):
            from envcensus.pipelines.resolve_direct import remote_file

            self.builds[key] = remote_file(key[1])
        elif metadata is None:
            if fetched.outcome == "failed":
                self.failures[key] = reason
            self.solver.feed_direct(*key, reason=reason)
        else:
            self.feed_direct(key, metadata)

    def feed_direct(self, key: tuple[str, str], metadata: CoreMetadata) -> None:
        """Feed a reference's metadata, if it is the project that was named."""
        from envcensus._kernels.names import canonicalize_name

        if canonicalize_name(metadata.name) != key[0]:
            self.solver.feed_direct(*key, reason=f"is {metadata.name} and not {key[0]}")
        else:
            self.solver.feed_direct(*key, metadata.version, metadata)

    def may_build(self, fetched: MetadataFetched) -> bool:
        """Whether what has no metadata without a build is to be built, once the solver needs it."""
        return fetched.outcome == "needs-build" and allowed(fetched.name, self.run.request.allow_build)

    def build(self, key: tuple[str, str], place: File | str) -> None:
        """Build the metadata of an sdist or a project directory, while other answers keep arriving, and feed it."""
        name, version = key
        config = self.run.config
        metadata: CoreMetadata | None = None
        try:
            if isinstance(place, str):
                text = self.client.aside(lambda: build_directory(place, config))
            else:
                fetched = self.client.fetch_metadata([MetadataWant(name, version, (place,), whole=True)])[0]
                if fetched.outcome != "found":
                    raise BuildFailed(f"could not be fetched to be built: {fetched.reason}")
                text = self.client.aside(lambda: build_archive(fetched.metadata, place.filename, config))
            metadata = parse_metadata(text)
            reason = "" if metadata else _UNREADABLE
        except BuildFailed as error:
            reason = self.failures[key] = str(error)
        if version in self.solver.urls.values():  # it is no version but a reference
            if metadata is None:
                self.solver.feed_direct(*key, reason=reason)
            else:
                self.feed_direct(key, metadata)
            return
        if metadata is not None:
            self.keep_metadata(built_key(name, version), metadata)
        self.solver.feed_metadata(name, version, metadata, reason)
        self.prefetcher.metadata(name, version)

    def keep_metadata(self, key: str, found: CoreMetadata | str) -> None:
        """Keep metadata, or why there is none, for the runs to come."""
        row = (self.run.source.key(key), pack_metadata(found), self.run.now + _METADATA_SECONDS)
        self.rows["metadata"].append(row)

    def keep(self) -> None:
        """Write what arrived to the cache."""
        for bucket, rows in self.rows.items():
            for start in range(0, len(rows), _BATCH):
                self.store.put_many(bucket, rows[start : start + _BATCH])
            rows.clear()

    def keep_some(self) -> None:
        """The same with as much as is done within a short round trip, where that is worth a transaction."""
        bucket, rows = max(self.rows.items(), key=lambda item: len(item[1]))
        if len(rows) < _WORTH_WRITING:
            return
        sizes = itertools.accumulate(len(value) for _, value, _ in rows)
        count = sum(1 for _ in itertools.takewhile(lambda size: size <= _AT_ONCE, sizes)) or 1
        self.store.put_many(bucket, rows[:count])
        del rows[:count]


def _read(fetched: MetadataFetched, *, is_reference: bool = False) -> tuple[CoreMetadata | None, str]:
    """The metadata, or else the end of a sentence that says why there is none."""
    if fetched.outcome != "found":
        unbuilt = fetched.outcome == "needs-build"
        return None, needs_build(fetched.name) if unbuilt else f"could not be looked at: {fetched.reason}"
    metadata = parse_metadata(fetched.metadata)
    if metadata is None:
        return None, _UNREADABLE
    if not is_reference and not _is_of(metadata, fetched):  # pip refuses these too
        return None, f"has the metadata of {neutral(metadata.name[:99])} {neutral(metadata.version[:99])}"
    return metadata, ""


def _is_of(metadata: CoreMetadata, fetched: MetadataFetched) -> bool:
    from envcensus._kernels.names import canonicalize_name

    try:
        return canonicalize_name(metadata.name) == fetched.name and (
            metadata.version == fetched.version or Version(metadata.version) == Version(fetched.version)
        )
    except ValueError:
        return False
