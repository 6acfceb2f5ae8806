"""Which of the configured places are on this machine's disk, and whether they changed. Reads no page."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from envcensus.index.config import IndexConfig
from envcensus.index.entry import NO_STAMP
from envcensus.model.skipped import Skipped

ARCHIVES = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz", ".tar", ".tbz")
PAGES = (".html", ".htm")


def html_names(names: Iterable[str]) -> list[str]:
    """Those names of a directory that are pages of links themselves, as in pip."""
    return sorted(name for name in names if name.lower().endswith(PAGES))


def path_of(url: str) -> str:
    """The path of a file: URL. Raises ValueError for one with a remote host, as pip does."""
    parts = urlsplit(url)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        raise ValueError("a file: URL with a host name")
    return os.fsdecode(unquote_to_bytes(parts.path.encode("utf-8", "surrogateescape")))


def is_local(location: str) -> bool:
    """Whether an index or find-links location is on disk: a file: URL, or a path where something is, or may be."""
    if location.startswith(("file:", "http://", "https://")):
        return location.startswith("file:")
    from envcensus.runtime.refusals import is_gone

    return not is_gone(location)


def location_path(location: str) -> str:
    """The path of a local location. Raises ValueError."""
    return path_of(location) if location.startswith("file:") else location


def project_page_path(index_url: str, name: str) -> str:
    """Where a file: index keeps the page of a normalized name."""
    return os.path.join(path_of(index_url), name, "index.html")


class Stamps:
    """For each project, eight bytes that change when what the local sources say about it may have changed.

    Places that all projects share are looked at once, when first needed; an index costs a `stat` for each project.

    For judging what is in the cache, and for what is put there by one who reads the shared places once, and after that.
    """

    def __init__(self, config: IndexConfig) -> None:
        self._indexes = [url for url in config.index_urls if url.startswith("file:")]
        self._links = config.find_links
        self._shared: list[str] | None = None

    def of(self, name: str) -> bytes:
        """The stamp of the normalized `name`; NO_STAMP where there is no local source."""
        if self._shared is None:
            self._shared = [_state_at(location_path, place, pages=True) for place in self._links if is_local(place)]
        if not self._indexes and not self._shared:
            return NO_STAMP
        states = [_state_at(project_page_path, url, name) for url in self._indexes] + self._shared
        from hashlib import blake2b

        return blake2b("\n".join(states).encode(), digest_size=8).digest()


def _state_at(path: Callable[..., str], *place: str, pages: bool = False) -> str:
    """The state of a place; with `pages` also of the pages of links in it, where it is a directory.

    One that is edited where it stands changes nothing about the directory.
    """
    try:
        found = path(*place)
    except ValueError:
        return ""
    state = _state(found)
    if pages and os.path.isdir(found):
        try:
            names = html_names(os.listdir(found))
        except OSError:
            return state
        return " ".join([state, *(_state(os.path.join(found, name)) for name in names)])
    return state


def _state(path: str) -> str:
    try:
        status = os.stat(path)
    except OSError:
        return "-"
    return f"{status.st_dev}.{status.st_ino}.{status.st_size}.{status.st_mtime_ns}"


def missing_locations(config: IndexConfig) -> list[Skipped]:
    """Configured local locations that are not there: pip passes over them with a warning, we say so in the report."""
    rows = []
    for location in _local_candidates(config):
        from envcensus.runtime.refusals import is_gone

        try:
            path = location_path(location)
        except ValueError as error:
            rows.append(Skipped("index", unquote(location), str(error)))
            continue
        if is_gone(path):
            rows.append(Skipped("index", path, "a configured index or find-links location that does not exist"))
        elif os.path.isfile(path) and not path.lower().endswith((*PAGES, *ARCHIVES)):
            reason = "a configured location that is neither a directory, an archive nor a page whose name ends in .html"
            rows.append(Skipped("index", path, reason))
    return rows


def _local_candidates(config: IndexConfig) -> Iterable[str]:
    yield from (url for url in config.index_urls if url.startswith("file:"))
    yield from (link for link in config.find_links if not link.startswith(("http://", "https://")))
