"""From what the places sent to one packed record: the seam between transport and the page formats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from envcensus._kernels.page import PageError
from envcensus.index.merge import Merged, Source, merge
from envcensus.index.negotiation import read_page

__all__ = ["Merged", "PackPages", "PageError", "RawPage", "Source", "pack_pages"]


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
    if len(pages) == 1 and not links:
        return Merged(*read_page(pages[0].body, pages[0].content_type, pages[0].url, name))
    read = [Source(page.url, *read_page(page.body, page.content_type, page.url, name)) for page in pages]
    return merge([*links, *read])
