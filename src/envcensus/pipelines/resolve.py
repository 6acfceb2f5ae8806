"""Resolve requirements: straight off the cache as far as it goes, over the network from there.

A warm run starts no event loop and imports no HTTP client.
"""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from envcensus.errors import EnvcensusError, UsageError
from envcensus.index.pip_config import Choices
from envcensus.model.census import Metrics
from envcensus.model.core_metadata import CoreMetadata
from envcensus.model.page import File
from envcensus.model.redact import redact
from envcensus.model.resolution import Conflict, Mode, Pin, Resolution, Wanted
from envcensus.model.skipped import Skipped
from envcensus.pipelines.resolve_source import CachedSource, Chooser, all_files, reference_files, yanked_reason
from envcensus.pipelines.stages import Stages
from envcensus.resolver.problem import Needs, Problem
from envcensus.resolver.project import Project
from envcensus.resolver.solver import Solver

if TYPE_CHECKING:
    from collections.abc import Callable

    from envcensus._kernels.page import Target
    from envcensus.cache.store import NoStore, Reader, Store
    from envcensus.index.config import IndexConfig
    from envcensus.pipelines.resolve_source import PageFeed

_STEPS = 50  # of the search between two looks at the clock, and at whether somebody wants it to end
_LOOK = 0.05  # seconds between two looks at the memory
MEMORY_LIMIT = 2 << 30  # bytes that a run may take; a tree of 700 pins needs less than 128 MiB


class ResolveRequest(Struct, frozen=True, kw_only=True):
    """What is asked, and for which target."""

    requirements: tuple[Wanted, ...]
    constraints: tuple[Wanted, ...] = ()
    overrides: tuple[Wanted, ...] = ()
    environment: dict[str, str]
    tags: tuple[str, ...]
    only_binary: tuple[str, ...] = ()
    no_binary: tuple[str, ...] = ()
    prefer_binary: bool = False  # an older version that has a wheel over a newer one that has none
    allow_build: tuple[str, ...] = ()  # normalized names that may be built, or ":all:"
    pre: bool = False
    mode: Mode = "highest"
    prefer: dict[str, str] = {}
    uploaded_prior_to: float | None = None
    files: bool = False  # the pins' files, for hashes and lock files
    memory_limit: int = MEMORY_LIMIT  # bytes of this process
    memory_remedy: str = "bound what keeps failing with -c"
    refresh: bool = False
    offline: bool = False
    installed: dict[str, CoreMetadata] = {}  # normalized name → what stays as it is, and is asked for nowhere
    max_age: float | None = None  # seconds; None: as long as the index said

    @property
    def python(self) -> str:
        """The full version of the target's Python."""
        return self.environment["python_full_version"]


class Run:
    """One resolution in progress: the solver, what was found on the way, and what it cost."""

    def __init__(
        self,
        request: ResolveRequest,
        config: IndexConfig,
        source: CachedSource,
        metrics: Metrics,
        *,
        now: float,
        progress: Callable[[Callable[[], str]], None] | None,
    ) -> None:
        self.request = request
        self.config = config
        self.source = source
        self.metrics = metrics
        self.now = now
        self.progress = progress
        self.next_look = time.monotonic() + _LOOK  # at the memory: a quick run has no need to
        self.chooser = Chooser(
            request.python, request.tags, request.only_binary, request.no_binary, request.uploaded_prior_to
        )
        self.awaited = 0  # answers from indexes that are under way
        self.failed: dict[str, str] = {}  # look-ups that failed, by what was asked for
        self.stale: list[str] = []  # answers of the cache that were used because an index could not be reached
        self.records: dict[str, bytes] = {}  # packed pages that came from the network
        self.files: dict[str, bytes] = {}  # and their packed files
        self.digests: dict[str, str] = {}  # sha256 of what direct references lead to, as downloaded
        try:
            self.solver = Solver(
                Problem(
                    requirements=request.requirements,
                    constraints=request.constraints,
                    overrides=request.overrides,
                    environment=request.environment,
                    pre=request.pre,
                    mode=request.mode,
                    prefer=request.prefer,
                    prefer_binary=request.prefer_binary,
                )
            )
            for name, metadata in request.installed.items():
                url = f"installed:{metadata.version}"
                self.solver.urls[name] = url
                self.solver.feed_direct(name, url, metadata.version, metadata)
        except ValueError as error:
            raise UsageError(str(error)) from error

    def step(self) -> Needs | Resolution | Conflict:
        """The solver's next step, a bounded number of decisions at a time. Raises EnvcensusError as `look` does."""
        while True:
            self.look()
            step = self.solver.step(_STEPS)
            if not isinstance(step, Needs) or step.pages or step.metadata or step.direct:
                return step

    def look(self) -> None:
        """Tell the progress what is tried. Raises EnvcensusError when the memory given is used up.

        What this process holds is measured, and not what the search is known to hold: nothing is forgotten so.
        """
        if self.progress is not None:
            self.progress(self.state)
        now = time.monotonic()
        if now < self.next_look:
            return
        from envcensus.runtime.metrics import private_memory

        self.next_look = now + _LOOK
        if private_memory() > self.request.memory_limit:
            raise EnvcensusError(
                f"no answer within {self.request.memory_limit / (1 << 20):.0f} MiB of memory ({self.state()})",
                remedy=self.request.memory_remedy,
            )

    def state(self) -> str:
        """What the solver is doing, for a person."""
        solver = self.solver
        engine = solver.engine
        package = engine.need_package
        trying = package.label if package is not None else None
        where = "reading what is asked for"
        if isinstance(trying, Project):
            where = f"trying {trying.name} {trying.version(engine.need_bit)}"
        text = (
            f"{where}: {len(solver.projects)} projects, {len(solver.metadata)} versions read, "
            f"{engine.decisions} decisions, {engine.conflicts} conflicts"
        )
        if self.awaited:
            text += f", {self.awaited} {'answer' if self.awaited == 1 else 'answers'} awaited"
        failing = self.failing()
        return f"{text}, most with {' and '.join(failing)}" if failing else text

    def failing(self) -> list[str]:
        """The projects that stood in the way most often: at most two."""
        packages = [each for each in self.solver.engine.packages if each.affected > 1 and not each.boolean]
        packages.sort(key=lambda each: -each.affected)
        return [each.label.name for each in packages[:2] if isinstance(each.label, Project)]

    def feed_cached(self, needs: Needs) -> bool:
        """Feed what the cache knows; whether that was all."""
        complete = not needs.direct
        for name in needs.pages:
            complete &= self.cached_page(name)
        for name, version in needs.metadata:
            complete &= self.cached_metadata(name, version)
        return complete

    def cached_page(self, name: str) -> bool:
        """Feed a page that the cache knows."""
        known, feed, _ = self.source.page(name)
        if known:
            self.metrics.cache_hits += 1
            self.feed_page(name, feed)
        return known

    def feed_page(self, name: str, feed: PageFeed | None) -> None:
        """Feed a page; of a project with hashes, the versions that have a file with one of them, if there are any."""
        wanted = self.solver.hashes.get(name)
        if feed is not None and wanted is not None:
            packed = self.files.get(name) or self.source.files(name)
            if packed:
                feed.keep(lambda version: any(_has(file, wanted) for file in all_files(packed, version)))
        self.solver.feed_page(name, feed, "" if feed else "is in no index")

    def cached_metadata(self, name: str, version: str) -> bool:
        """Feed metadata that the cache knows."""
        found = self.source.metadata(name, version)
        if isinstance(found, str) and self.request.allow_build:
            found = self._built(name, version, found)
        if found is None:
            return False
        self.metrics.cache_hits += 1
        if isinstance(found, str):
            self.solver.feed_metadata(name, version, None, found)
        else:
            self.solver.feed_metadata(name, version, found)
        return True

    def _built(self, name: str, version: str, reason: str) -> CoreMetadata | str | None:
        """What the cache knows from an earlier build, in place of the reason that there is nothing without one."""
        from envcensus.pipelines.resolve_build import NEEDS_BUILD, allowed, built_key

        if not reason.startswith(NEEDS_BUILD) or not allowed(name, self.request.allow_build):
            return reason
        return self.source.kept_metadata(built_key(name, version))


def resolve(
    request: ResolveRequest,
    config: IndexConfig,
    store: Store | NoStore,
    *,
    now: float,
    metrics: Metrics | None = None,
    progress: Callable[[Callable[[], str]], None] | None = None,
    collect: bool = False,
) -> tuple[Resolution | Conflict, Solver]:
    """An answer or the reason why there is none, and the solver for further questions (`resolver.explain.newer`).

    Look-ups that failed and that the answer may depend on are its `skipped` rows. Raises EnvcensusError when the memory
    given is used up, and UsageError for a requirement that cannot be read. Garbage is not collected meanwhile, unless
    `collect`: that is for callers whose process does other work, too.
    """
    metrics = metrics if metrics is not None else Metrics()
    clock = Stages(metrics)
    if config.choices != Choices():
        from envcensus.pipelines.pip_choices import for_resolve

        request = for_resolve(request, config)
    target = _target(request)
    # Hundreds of thousands of objects live to the end: looking for garbage among them takes longer than the search.
    collecting = gc.isenabled() and not collect
    if collecting:
        gc.disable()
    try:
        with store.reader() as reader:
            run = Run(
                request, config, _source(reader, request, config, target, now), metrics, now=now, progress=progress
            )
            answer = _answer(run, store)
            if isinstance(answer, Resolution):
                answer = _complete(run, answer)
    finally:
        if collecting:
            gc.enable()
    clock.end("resolve")
    metrics.projects = len(run.solver.pages)
    skipped = tuple(Skipped("project", name, reason) for name, reason in sorted(run.failed.items()))
    return msgspec.structs.replace(answer, skipped=skipped), run.solver


def _answer(run: Run, store: Store | NoStore) -> Resolution | Conflict:
    run.solver.at_hand = run
    step = run.step()
    while isinstance(step, Needs) and run.feed_cached(step):
        step = run.step()
    if not isinstance(step, Needs):
        return step
    run.solver.at_hand = None  # from here on others want to know what is fed
    if run.request.offline:
        return _offline(run, step)
    from envcensus.pipelines.resolve_online import go_on

    return go_on(run, step, store)


def _offline(run: Run, step: Needs | Resolution | Conflict) -> Resolution | Conflict:
    """Do without what the cache does not know, and say so."""
    reason = "not in the cache, and --offline asks no index"
    while isinstance(step, Needs):
        for name in step.pages:
            if name not in run.solver.pages and not run.cached_page(name):
                run.failed[name] = reason
                run.solver.feed_page(name, None, f"is {reason}")
        for name, version in step.metadata:
            if not run.cached_metadata(name, version):
                if run.solver.trades is None:  # else there is an answer without it
                    run.failed[f"{name} {version}"] = reason
                run.solver.feed_metadata(name, version, None, f"is {reason}")
        for name, url in step.direct:
            run.failed[name] = reason
            run.solver.feed_direct(name, url, reason=f"is {reason}")
        step = run.step()
    return step


def _source(reader: Reader, request: ResolveRequest, config: IndexConfig, target: Target, now: float) -> CachedSource:
    return CachedSource(
        reader,
        config,
        target,
        now=now,
        max_age=request.max_age,
        refresh=request.refresh,
        stale=request.offline,
        limited=request.uploaded_prior_to is not None,
        wheels=_wheels(request) if request.prefer_binary else None,
    )


def _target(request: ResolveRequest) -> Target:
    from envcensus._kernels.page import Target

    return Target(
        python=request.python,
        tags=request.tags,
        uploaded_prior_to=request.uploaded_prior_to,
        only_binary=request.only_binary,
        no_binary=request.no_binary,
    )


def _wheels(request: ResolveRequest) -> Target:
    """The same target without sdists; where an option leaves out wheels, without anything or with sdists alone."""
    return _target(msgspec.structs.replace(request, only_binary=(":all:",)))


def _complete(run: Run, answer: Resolution) -> Resolution:
    """Add what the solver does not read: files, yanked reasons, Requires-Python."""
    pins = []
    warnings = [*answer.warnings, *run.stale]
    for pin in answer.pins:
        more: dict[str, object] = {}
        if pin.url:
            more["url"] = _without_credentials(pin.url)
            if run.request.files:
                more["files"] = reference_files(_without_credentials(pin.url), run.digests.get(pin.url, ""))
        else:
            candidates = run.solver.pages.get(pin.name)
            if candidates is not None and candidates.yanked and _is_yanked(run, pin):
                record = run.records.get(pin.name) or run.source.kept_record(pin.name)
                reason = yanked_reason(record, pin.version) or ""
                more["yanked"] = reason
                warnings.append(f"{pin.name} {pin.version} is yanked" + (f": {reason}" if reason else ""))
            wanted = run.solver.hashes.get(pin.name)
            if run.request.files or wanted is not None:
                packed = run.files.get(pin.name) or run.source.files(pin.name)
                if packed:
                    found = run.chooser.allowed(all_files(packed, pin.version), pin.name)
                    more["files"] = tuple(_matching(found, wanted, pin))
                    best = _matching(run.chooser.fitting(packed, pin.name, pin.version), wanted, pin)
                    more["chosen"] = best[0].filename if best else ""
        pins.append(msgspec.structs.replace(pin, **more) if more else pin)
    return msgspec.structs.replace(answer, pins=tuple(pins), warnings=tuple(warnings))


def _matching(files: list[File], wanted: frozenset[str] | None, pin: Pin) -> list[File]:
    """The files whose hash was given with a requirement; all where none was. Raises EnvcensusError where none fits."""
    if wanted is None:
        return files
    found = [file for file in files if _has(file, wanted)]
    if files and not found and any(file.hashes for file in files):
        raise EnvcensusError(
            f"no file of {pin.name} {pin.version} has one of the hashes given with its requirement",
            remedy="give the hashes of this version, or pin the version they belong to",
        )
    return found


def _has(file: File, wanted: frozenset[str]) -> bool:
    return any(f"{name}:{digest.lower()}" in wanted for name, digest in file.hashes.items())


def _without_credentials(url: str) -> str:
    """A reference as it may be shown: whoever installs from it has the credentials configured."""
    from envcensus.index.credentials import split_credentials

    try:
        return split_credentials(url)[0]
    except ValueError:
        return redact(url)


def _is_yanked(run: Run, pin: Pin) -> bool:
    package = run.solver.projects[pin.name].package
    return bool(package.yanked >> package.position & 1)
