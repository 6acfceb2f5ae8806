"""What is to be said about the answers as a whole: how old they are, and what the indexes disagree about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from envcensus.model.census import Census
from envcensus.model.display import hours, neutral, plural
from envcensus.model.finding import Finding
from envcensus.model.skipped import Note

_NAMED = 5  # projects


def remarks(census: Census, *, verbose: bool = False) -> Iterator[str]:
    """A line for each kind of remark, however many projects and environments it is about."""
    yield from stale(finding for survey in census.surveys for finding in survey.findings)
    yield from notes(census.notes, verbose=verbose)


def stale(findings: Iterable[Finding]) -> Iterator[str]:
    """At most one line, on answers that come from the cache because the index gave none."""
    age = Staleness()
    age.add(findings)
    yield from age.line()


class Staleness:
    """How many answers are stale, and how much: what `stale` says, from findings that come bit by bit."""

    def __init__(self) -> None:
        self.count = 0
        self.oldest = 0.0  # seconds

    def add(self, findings: Iterable[Finding]) -> None:
        """Take more findings into account."""
        for finding in findings:
            if finding.stale is not None:
                self.count += 1
                self.oldest = max(self.oldest, finding.stale)

    def line(self) -> Iterator[str]:
        """At most one line."""
        if self.count:
            yield f"warning: {plural(self.count, 'answer')} from the cache, up to {hours(self.oldest)} old"


def notes(found: Iterable[Note], *, verbose: bool = False) -> Iterator[str]:
    """One line for each kind of note, with the first few projects; all of them if `verbose`."""
    kinds: dict[str, dict[str, list[str]]] = {}  # kind → project → particulars
    for note in found:
        kind, _, particulars = note.text.partition(": ")
        kinds.setdefault(kind, {}).setdefault(note.project, []).append(particulars)
    for kind, projects in kinds.items():
        shared = {particulars for each in projects.values() for particulars in each}
        said = f"{kind}: {shared.pop()}" if len(shared) == 1 else kind
        names = sorted(projects)
        some = ", ".join(names if verbose else names[:_NAMED])
        more = "" if verbose or len(names) <= _NAMED else f" and {len(names) - _NAMED:,} more"
        yield neutral(f"note: {plural(len(names), 'project')}: {said} ({some}{more})")
