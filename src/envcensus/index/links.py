"""Files from find-links: directories and archives here, pages and archives elsewhere; each location read once."""

from __future__ import annotations

import asyncio
import os
import posixpath
from urllib.parse import unquote, urlsplit

from envcensus.index import local
from envcensus.index.credentials import origin_of, split_credentials
from envcensus.index.faults import RequestFailed
from envcensus.index.pages import RawPage, read_links
from envcensus.index.secure import is_secure
from envcensus.index.transport import Tally, Transport
from envcensus.model.page import File

_HTML = "text/html"


class Links:
    """All find-links locations of a configuration."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        trusted = transport.config.trusted_hosts
        self._locations = [link for link in transport.config.find_links if is_secure(link, trusted)]
        self._loading: asyncio.Task[dict[str, list[File]]] | None = None

    async def of(self, name: str, tally: Tally) -> list[File]:
        """The files of a normalized name. Raises LocalError, RequestFailed or PageError."""
        if not self._locations:
            return []
        if self._loading is None:
            self._loading = asyncio.create_task(self._load(tally))
        # One caller's cancellation must not take the answer away from the others.
        return (await asyncio.shield(self._loading)).get(name, [])

    async def _load(self, tally: Tally) -> dict[str, list[File]]:
        found: dict[str, list[File]] = {}
        for location in self._locations:
            for file in await self._read(location, tally):
                project = local.project_of(file.filename)
                if project:
                    found.setdefault(project, []).append(file)
        return found

    async def _read(self, location: str, tally: Tally) -> list[File]:
        if local.is_local(location):
            return self._read_local(local.location_path(location))
        if not location.startswith(("http://", "https://")):
            return []  # a path that does not exist: `missing_locations` says so
        clean, _ = split_credentials(location)
        filename = unquote(posixpath.basename(urlsplit(clean).path))
        if local.project_of(filename):
            return [File(filename=filename, url=clean)]
        response = await self._transport.get(clean, {"Accept": _HTML}, tally)
        if response.status != 200:
            raise RequestFailed(f"find-links on {origin_of(clean)} answered {response.status}")
        return read_links(RawPage(response.body, response.headers.get("Content-Type", ""), response.url))

    def _read_local(self, path: str) -> list[File]:
        if os.path.isdir(path):
            directory = local.LinkDirectory(path)
            files = [file for files in directory.files.values() for file in files]
            for page in directory.pages:
                files += self._read_page(page)
            return files
        if local.project_of(os.path.basename(path)):
            return [File(filename=os.path.basename(path), url=local.url_of(path))] if os.path.isfile(path) else []
        return self._read_page(path)

    def _read_page(self, path: str) -> list[File]:
        body = local.read_file(path, self._transport.limits.max_body)
        return [] if body is None else read_links(RawPage(body, _HTML, local.url_of(path)))
