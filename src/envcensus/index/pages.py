"""From what the indexes sent to one packed record: the seam between transport and the page kernel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from envcensus.model.page import File


class RawPage(NamedTuple):
    """One index's answer about one project, as it came (decoded from its Content-Encoding)."""

    body: bytes
    content_type: str
    url: str  # without credentials; links are relative to it


class PageError(Exception):
    """A page that cannot be read; the text is one sentence without secrets."""


# (normalized name, pages in the order of the indexes, files from find-links) → (record, files), both packed.
Packer = Callable[[str, Sequence[RawPage], Sequence[File]], tuple[bytes, bytes]]


def pack_pages(name: str, pages: Sequence[RawPage], links: Sequence[File]) -> tuple[bytes, bytes]:  # noqa: ARG001
    """Read, merge and pack. Raises PageError."""
    raise PageError(f"the page of {name} cannot be read yet")


def read_links(page: RawPage) -> list[File]:  # noqa: ARG001
    """The files a find-links page links to, of whatever projects. Raises PageError."""
    raise PageError("pages cannot be read yet")
