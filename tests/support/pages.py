"""Pages of an index as model types, every file an object."""

from __future__ import annotations

from envcensus._kernels.page import pack_html, pack_json
from envcensus.index.unpack import unpack
from envcensus.model.page import ProjectPage


def read_html(body: bytes, url: str, name: str = "", charset: str = "utf-8") -> ProjectPage:
    """A PEP 503 body, or any page of links, as a page of the project `name`. Raises PageError."""
    return unpack(*pack_html(body, url, name, charset))


def read_json(body: bytes, url: str, name: str = "") -> ProjectPage:
    """A PEP 691 body, fetched from `url`, as a page of the project `name`. Raises PageError."""
    return unpack(*pack_json(body, url, name))
