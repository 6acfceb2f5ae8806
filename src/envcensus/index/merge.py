"""Several indexes for one project: what is taken from each, and what is not, and why.

As in pip, the files of all indexes are one pool and the best version wins, wherever it comes from; between equal files
the earlier place wins. With "first-match", the first index that knows the project is the only one.

PEP 708 lets an index say that its project goes beyond others ("tracks") or lives in several places
("alternate-locations"). pip does not read this; here it removes no files, but where two indexes offer a project and
neither says that they belong together, `Merged.notes` says so: that is how dependency confusion looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from envcensus._kernels.page import pack
from envcensus.index.unpack import unpack
from envcensus.model.page import File, ProjectPage

__all__ = ["Merged", "Source", "Strategy", "merge"]

Strategy = Literal["version-priority", "first-match"]


class Source(Struct, frozen=True, gc=False):
    """What one place offers for a project. `url` is the project's page there, without credentials."""

    url: str
    record: bytes
    files: bytes


class Merged(Struct, frozen=True, gc=False):
    """The records of a project over all its places. `notes` are sentences for the user."""

    record: bytes
    files: bytes
    notes: tuple[str, ...] = ()


def merge(sources: Sequence[Source], strategy: Strategy = "version-priority") -> Merged:
    """Merge what the places offer, given in order: places of --find-links first, then the indexes.

    `sources` are those that know the project: at least one. Raises PageError for damaged records.
    """
    if strategy == "first-match" or len(sources) == 1:
        chosen = sources[0]
        notes = [f"also offered by {source.url}, which first-match leaves out" for source in sources[1:]]
        return Merged(chosen.record, chosen.files, tuple(notes))
    pages = [unpack(source.record, source.files) for source in sources]
    notes = _strangers(sources, pages)
    files: dict[str, list[File]] = {}
    for source, page in zip(sources, pages, strict=True):
        for file in page.files:
            _take(files, file, source, notes)
    page = ProjectPage(
        name=pages[0].name,
        files=tuple(file for same in files.values() for file in same),
        status=_worst(pages),
        status_reason=next((p.status_reason for p in pages if p.status == _worst(pages)), ""),
        tracks=tuple(dict.fromkeys(url for p in pages for url in p.tracks)),
        alternates=tuple(dict.fromkeys(url for p in pages for url in p.alternates)),
    )
    return Merged(*pack(page), notes=tuple(dict.fromkeys(notes)))


def _take(files: dict[str, list[File]], file: File, source: Source, notes: list[str]) -> None:
    """Add a file once: the same name with the same sha256 (without one: the same URL) is the same file."""
    known = files.setdefault(file.filename, [])
    digest = file.hashes.get("sha256")
    for other in known:
        theirs = other.hashes.get("sha256")
        if file.url == other.url or (digest and digest == theirs):
            return
        if digest and theirs:
            notes.append(f"the same file has other contents at {place_of(source.url)} than elsewhere: {file.filename}")
    known.append(file)


def place_of(url: str) -> str:
    """The index that a project's page is in, so that the notes on many projects read the same."""
    return url.rstrip("/").rpartition("/")[0]


_STATUS = ("active", "archived", "deprecated", "quarantined")


def _worst(pages: Sequence[ProjectPage]) -> str:
    """The status that asks for most care: a project quarantined anywhere is shown as that."""
    return max((page.status for page in pages), key=lambda s: _STATUS.index(s) if s in _STATUS else 0)


def _strangers(sources: Sequence[Source], pages: Sequence[ProjectPage]) -> list[str]:
    """A note when places that do not know of each other offer the same project (PEP 708)."""
    indexes = [(s.url.rstrip("/"), p) for s, p in zip(sources, pages, strict=True) if not s.url.startswith("file:")]
    groups: list[set[str]] = []
    for url, page in indexes:
        group = {url, *(named.rstrip("/") for named in (*page.tracks, *page.alternates))}
        for other in [g for g in groups if g & group]:
            groups.remove(other)
            group |= other
        groups.append(group)
    if len(groups) > 1:
        strangers = ", ".join(place_of(url) for url, _ in indexes)
        return [f"offered by indexes that do not name each other (PEP 708): {strangers}"]
    return []
