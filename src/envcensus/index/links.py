"""Places given with find-links: directories and archives here, pages and archives elsewhere; each is read once."""

from __future__ import annotations

import asyncio
import os
import posixpath
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from envcensus._kernels import page as kernel
from envcensus.index import find_links, local, places
from envcensus.index.credentials import origin_of, split_credentials
from envcensus.index.faults import RequestFailed
from envcensus.index.negotiation import ACCEPT, format_of, read_page
from envcensus.index.pages import PageError, RawPage, Source
from envcensus.index.secure import is_secure
from envcensus.index.transport import Tally, Transport
from envcensus.model.page import File, ProjectPage

_HTML = "text/html"


class Place(Struct):
    """One location: the names in a directory, single archives, and pages of links."""

    url: str
    directory: str = ""
    names: tuple[str, ...] = ()
    archives: tuple[File, ...] = ()
    pages: tuple[RawPage, ...] = ()

    def offers(self, name: str) -> list[Source]:
        """What the location has of a normalized name. Raises PageError."""
        packed = []
        if self.names:
            listed = find_links.from_directory(self.directory, self.names, name)
            if listed.files:
                packed.append((self.url, kernel.pack(listed)))
        if self.archives:
            packed.append((self.url, kernel.pack(ProjectPage(name=name, files=self.archives))))
        for page in self.pages:
            packed.append((page.url, read_page(page.body, page.content_type, page.url, name)))
        return [Source(url, *records) for url, records in packed if kernel.info(records[0]).files]


class Links:
    """All find-links locations of a configuration."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        config = transport.config
        self._locations = [link for link in config.find_links if is_secure(link, config.trusted_hosts)]
        self._loading: asyncio.Task[list[Place]] | None = None

    async def of(self, name: str, tally: Tally) -> list[Source]:
        """What all locations offer of a normalized name. Raises LocalError, RequestFailed or PageError."""
        if not self._locations:
            return []
        if self._loading is None:
            self._loading = asyncio.create_task(self._load(tally))
        # One caller's cancellation must not take the answer away from the others.
        places = await asyncio.shield(self._loading)
        return [source for place in places for source in place.offers(name)]

    async def _load(self, tally: Tally) -> list[Place]:
        return [await self._read(location, tally) for location in self._locations]

    async def _read(self, location: str, tally: Tally) -> Place:
        if places.is_local(location):
            return self._read_local(places.location_path(location))
        if not location.startswith(("http://", "https://")):
            return Place(location)  # a path that does not exist: `missing_locations` says so
        clean, _ = split_credentials(location)
        filename = unquote(posixpath.basename(urlsplit(clean).path))
        if local.is_archive(filename):
            return Place(clean, archives=(File(filename=filename, url=clean),))
        response = await self._transport.get(clean, {"Accept": ACCEPT}, tally)
        if response.status != 200:
            raise RequestFailed(f"find-links on {origin_of(clean)} answered {response.status}")
        content_type = response.headers.get("Content-Type", "")
        try:
            format_of(content_type)
        except PageError as error:
            raise PageError(f"find-links on {origin_of(clean)}: {error}") from None
        return Place(clean, pages=(RawPage(response.body, content_type, response.url),))

    def _read_local(self, path: str) -> Place:
        path = os.path.abspath(path)
        url = find_links.file_url(path)
        names = local.list_directory(path)
        if names is not None:
            pages = (self._read_page(os.path.join(path, name)) for name in places.html_names(names))
            return Place(url, path, tuple(names), pages=tuple(page for page in pages if page is not None))
        if local.is_archive(path):
            found = os.path.isfile(path)
            return Place(url, archives=(File(filename=os.path.basename(path), url=url),) if found else ())
        page = self._read_page(path) if path.lower().endswith(places.PAGES) else None  # by its name, as pip
        return Place(url, pages=() if page is None else (page,))

    def _read_page(self, path: str) -> RawPage | None:
        body = local.read_file(path, self._transport.limits.max_body)
        return None if body is None else RawPage(body, _HTML, find_links.file_url(path))
