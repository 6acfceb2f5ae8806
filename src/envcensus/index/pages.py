"""From what the places sent to one packed record: the seam between transport and the page formats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from envcensus._kernels.page import PageError, info
from envcensus.index.merge import Merged, Source, merge, place_of
from envcensus.index.negotiation import read_page

__all__ = ["Merged", "PackPages", "PageError", "RawPage", "Source", "pack_pages"]


KNOWN_MINOR = 4  # of the Simple repository API: 1.4 brought the status of projects (PEP 792)


class RawPage(NamedTuple):
    """One index's answer about one project, as it came (decoded from its Content-Encoding)."""

    body: bytes
    content_type: str
    url: str  # without credentials; links are relative to it


# (normalized name, pages in the order of the indexes, what find-links offer) → packed records.
PackPages = Callable[[str, Sequence[RawPage], Sequence[Source]], Merged]


def pack_pages(name: str, pages: Sequence[RawPage], links: Sequence[Source]) -> Merged:
    """Read, merge and pack. Raises PageError.

    With first-match, `pages` holds the first index's page alone; find-links count beside it, as for pip.
    """
    read = [Source(page.url, *read_page(page.body, page.content_type, page.url, name)) for page in pages]
    notes = tuple(note for source in read for note in _newer(source))
    if len(read) == 1 and not links:
        return Merged(read[0].record, read[0].files, notes)
    merged = merge([*links, *read])
    return Merged(merged.record, merged.files, merged.notes + notes)


def _newer(source: Source) -> list[str]:
    """PEP 629: a newer minor version is read, and told."""
    minor = info(source.record).api_minor
    if minor <= KNOWN_MINOR:
        return []
    return [f"{place_of(source.url)} speaks API version 1.{minor}; this program knows what 1.{KNOWN_MINOR} can say"]
