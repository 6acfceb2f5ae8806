"""The main job: scan everything once, ask for each project once, decide once, join."""

from __future__ import annotations

import time
from datetime import date
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from envcensus._kernels.specifier import SpecifierSet
from envcensus.analysis.decisions import Decisions
from envcensus.analysis.graph import Lines, requirers
from envcensus.analysis.outdated import Surroundings, judge_all
from envcensus.analysis.selection import RowFilter, is_asked, select_rows
from envcensus.index.pip_config import Choices
from envcensus.index.places import missing_locations
from envcensus.index.secure import refused_indexes
from envcensus.model.census import Census, Metrics, Survey
from envcensus.model.policy import Policy
from envcensus.model.skipped import Note, Skipped
from envcensus.pipelines.ask import Asker, AskOptions
from envcensus.pipelines.buckets import Bucket
from envcensus.pipelines.collect import listings
from envcensus.pipelines.held import Held
from envcensus.pipelines.stages import Stages
from envcensus.pipelines.targets import marker_environment, profile_of, target_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from envcensus._kernels.page import Target
    from envcensus.analysis.graph import Graph
    from envcensus.cache.store import NoStore, Store
    from envcensus.index.config import IndexConfig
    from envcensus.inventory import DiscoverOptions
    from envcensus.model.distribution import Distribution
    from envcensus.model.listing import Listing
    from envcensus.model.page import PageAnswer
    from envcensus.model.profile import Profile
    from envcensus.pipelines.progress import Progress

_AHEAD = 2000  # distributions whose graphs are made while the first answers are awaited: some 20 ms


class OutdatedOptions(Struct, frozen=True, kw_only=True):
    """What decides about the rows. `uploaded_prior_to` is in seconds since the epoch; `constraints` are by
    normalized name; `wanted` asks for the newest version that the others installed allow, and who holds it back.
    """

    pre: bool = False
    uploaded_prior_to: float | None = None
    only_binary: tuple[str, ...] = ()  # normalized names, or ":all:"
    no_binary: tuple[str, ...] = ()
    wanted: bool = True
    constraints: dict[str, list[SpecifierSet]] = {}
    policy: Policy = Policy()
    rows: RowFilter = RowFilter()

    @property
    def graph(self) -> bool:
        """Whether it has to be known who requires whom."""
        return self.wanted or self.rows.direct


def outdated(
    roots: Sequence[str],
    discovery: DiscoverOptions,
    config: IndexConfig,
    store: Store | NoStore,
    *,
    asking: AskOptions | None = None,
    options: OutdatedOptions | None = None,
    rescan: bool = False,
    requires: bool = False,
    details: bool = False,
    progress: Progress | None = None,
) -> Census:
    """Compare every distribution below `roots` with the newest version for its environment.

    No index is asked for projects that the rows are not about.
    What could not be looked at is in the census, as `Skipped` rows and as findings in the state "failed".
    """
    options = options or OutdatedOptions()
    if config.choices != Choices():
        from envcensus.pipelines.pip_choices import for_outdated

        options = for_outdated(options, config.choices)
    metrics = Metrics()
    now = time.time()
    clock = Stages(metrics)
    found = Held()
    profiles: dict[Profile, None] = {}
    choice = _Choice(options.rows)
    skipped: list[Skipped] = [*missing_locations(config), *refused_indexes(config)]
    with Asker(config, store, asking or AskOptions(), now=now, metrics=metrics) as asker:
        for item in listings(
            roots,
            discovery,
            store,
            rescan=rescan,
            requires=requires or options.graph,
            details=details,
            progress=progress,
            now=now,
            begun=asker.expect,
        ):
            if isinstance(item, Skipped):
                skipped.append(item)
                continue
            found.add(item)
            profiles[_profile(item, options)] = None
            metrics.environments += 1
            metrics.distributions += len(item.distributions)
            for distribution in choice.of(item):
                asker.add(distribution.normalized)
        clock.end("scan")
        grounds = _Grounds(found, profiles, options, store)
        answers = asker.answers(None if progress is None else progress.asked, grounds.prepare)
    clock.end("index")
    grounds.find_targets()
    surveys = found.surveys(_judge(Decisions(answers), grounds, choice, options, now))
    clock.end("decide")
    return Census(surveys=surveys, skipped=tuple(skipped), metrics=metrics, generated=now, notes=_notes(answers))


def _notes(answers: Mapping[str, PageAnswer]) -> tuple[Note, ...]:
    return tuple(Note(name, text) for name in sorted(answers) for text in answers[name].notes)


def _profile(listing: Listing, options: OutdatedOptions) -> Profile:
    profile = profile_of(listing.environment, pre=options.pre, uploaded_prior_to=options.uploaded_prior_to)
    if options.only_binary or options.no_binary:
        return structs.replace(profile, only_binary=options.only_binary, no_binary=options.no_binary)
    return profile


class _Choice:
    """The distributions that a report is about, as far as their names say."""

    def __init__(self, rows: RowFilter) -> None:
        self._rows = rows if rows.only or rows.exclude else None
        self._known: dict[str, bool] = {}

    def of(self, listing: Listing) -> Sequence[Distribution]:
        """Those of one environment."""
        if self._rows is None:
            return listing.distributions
        return [each for each in listing.distributions if self._asked(each.normalized, self._rows)]

    def _asked(self, name: str, rows: RowFilter) -> bool:
        if name not in self._known:
            self._known[name] = is_asked(name, rows)
        return self._known[name]


class _Grounds:
    """What decisions rest on beside the indexes' answers: targets and dependency graphs of the listings."""

    def __init__(
        self, found: Held, profiles: Iterable[Profile], options: OutdatedOptions, store: Store | NoStore
    ) -> None:
        self._found = found
        self._profiles = profiles
        self._options = options
        self._store = store
        self._targets: dict[Profile, Target] = {}
        self._lines: dict[tuple[str, ...], Lines] = {}  # by the values of markers
        self._ahead: dict[int, tuple[Target, Graph | None]] = {}  # by the identity of listings that stay in memory

    def prepare(self) -> None:
        """Work ahead, as long as it is little."""
        self.find_targets()
        left = _AHEAD
        for listing in self._found.in_memory():
            left -= len(listing.distributions)
            if left < 0:
                break
            self._ahead[id(listing)] = self.of(listing)

    def find_targets(self) -> None:
        """All targets, while there is a cache to look into; once."""
        if not self._targets:
            with Bucket(self._store, "profiles") as cache:
                self._targets = {profile: target_of(profile, cache) for profile in self._profiles}

    def of(self, listing: Listing) -> tuple[Target, Graph | None]:
        """Its target and, where that is wanted, its graph."""
        ready = self._ahead.pop(id(listing), None)
        if ready is not None:
            return ready
        profile = _profile(listing, self._options)
        if not self._options.graph:
            return self._targets[profile], None
        markers = marker_environment(profile, listing.environment.platform)
        key = tuple(markers.values())
        if key not in self._lines:
            self._lines[key] = Lines(markers)
        return self._targets[profile], requirers(listing.distributions, self._lines[key])


def _judge(
    decisions: Decisions, grounds: _Grounds, choice: _Choice, options: OutdatedOptions, now: float
) -> Callable[[Listing], Survey | None]:
    """What makes a listing a survey; None where nothing is in it of what was asked about."""
    today = date.fromtimestamp(now)

    def judged(listing: Listing) -> Survey | None:
        target, graph = grounds.of(listing)
        around = Surroundings(target, now, graph, options.constraints)
        findings = select_rows(judge_all(choice.of(listing), decisions, around), options.rows)
        if not findings and options.rows != RowFilter():
            return None
        if options.policy.ignore:
            from envcensus.analysis.ignores import apply_policy

            findings = apply_policy(findings, listing.environment, options.policy, today)
        return Survey(environment=listing.environment, findings=findings, problems=listing.problems)

    return judged
