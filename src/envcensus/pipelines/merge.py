"""Put snapshots together: one file for a fleet."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from msgspec import Struct

from envcensus.inventory.snapshot import Section, read_sections
from envcensus.model.skipped import Skipped
from envcensus.model.snapshot import VERSION
from envcensus.pipelines.snapshot import writing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envcensus.model.snapshot import Host
    from envcensus.pipelines.progress import Progress

_Part = tuple[int, int]  # which file, and which host's part of it


class Merged(Struct, frozen=True, kw_only=True):
    """What became of the snapshots."""

    hosts: int
    environments: int
    distributions: int
    superseded: int  # parts left out for newer ones
    notes: tuple[str, ...]
    skipped: tuple[Skipped, ...]  # files that could not be used


def merge(files: Sequence[str], path: str, *, progress: Progress | None = None) -> Merged:
    """Write the snapshots `files` as one to `path`, in memory that the number of hosts bounds.

    Of several scans of a host below the same roots the newest is taken; scans below different roots are all kept, with
    a note. A file that is damaged anywhere is left out whole, and the merged snapshot says so: an older file of the
    same host is used then. Files are read twice, since only its end shows that a file is whole.
    """
    unknown: dict[str, int] = {}
    newest, skipped, parts = _survey(files, unknown)
    chosen = {part for part, _ in newest.values()}
    used = {number for number, _ in chosen}
    environments = 0
    with writing(path, time.time()) as writer:
        for row in skipped:
            writer.skipped(row)
        damaged = {row.where for row in skipped}
        for number, file in enumerate(files):
            if file in damaged:
                continue
            place, wanted = 0, False
            for item in read_sections(file):
                if isinstance(item, Section):
                    wanted = (number, place) in chosen
                    place += 1
                    if wanted:
                        writer.host(item.host)
                elif isinstance(item, Skipped):
                    # Before any host: what an earlier merge had to leave out. Of what "host": the cluster had lost it.
                    if wanted or place == 0 or (item.what == "host" and number in used):
                        writer.skipped(item)
                elif wanted:
                    writer.listing(item)
                    environments += 1
                    if progress is not None:
                        progress.scanned(environments)
        totals = writer.totals
    return Merged(
        hosts=totals.hosts,
        environments=totals.environments,
        distributions=totals.distributions,
        superseded=parts - len(chosen),
        notes=(*_notes([host for _, host in newest.values()]), *_losses(unknown)),
        skipped=tuple(skipped),
    )


def _survey(
    files: Sequence[str], unknown: dict[str, int]
) -> tuple[dict[tuple[str, ...], tuple[_Part, Host]], list[Skipped], int]:
    """The newest part for each host and roots, the damaged files, and how many parts the others have; into `unknown`
    what `read_sections` counts."""
    newest: dict[tuple[str, ...], tuple[_Part, Host]] = {}
    skipped: list[Skipped] = []
    parts = 0
    for number, file in enumerate(files):
        hosts: list[Host] = []
        damage: Skipped | None = None
        for item in read_sections(file, unknown):
            if isinstance(item, Section):
                hosts.append(item.host)
            elif isinstance(item, Skipped) and (item.what, item.where) == ("snapshot", file):
                damage = item
        if damage is not None:
            skipped.append(damage)
            continue
        parts += len(hosts)
        for place, host in enumerate(hosts):
            key = (host.name, host.id, *sorted(host.roots))
            if key not in newest or newest[key][1].scanned <= host.scanned:
                newest[key] = ((number, place), host)
    return newest, skipped, parts


def _notes(hosts: Sequence[Host]) -> tuple[str, ...]:
    """What whoever reads the merged file may wonder about."""
    ids: dict[str, list[str]] = {}
    for host in hosts:
        ids.setdefault(host.name, []).append(host.id)
    notes = []
    for name, found in ids.items():
        if len(set(found)) > 1:
            notes.append(f"{len(set(found))} hosts are called {name}")
        if len(set(found)) < len(found):
            notes.append(f"{name} was scanned below different roots: all are kept")
    return tuple(notes)


def _losses(unknown: dict[str, int]) -> Iterator[str]:
    """What is in snapshots of other minor versions, and cannot be written again by this one."""
    for version, count in sorted(unknown.items()):
        records = f"{count} records" if count != 1 else "1 record"
        read = f"snapshots of version {version[:20]} were read as {VERSION}"
        yield f"{read}: {records} and what is new in others are left out"
