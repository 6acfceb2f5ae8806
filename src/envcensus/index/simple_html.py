"""The HTML form of the Simple repository API (PEP 503, 592, 629, 708, 714, 792) as model types."""

from __future__ import annotations

from envcensus._kernels.page import PageError, pack_html
from envcensus.index.unpack import unpack
from envcensus.model.page import ProjectPage

__all__ = ["PageError", "read_html"]


def read_html(body: bytes, url: str, name: str = "", charset: str = "utf-8") -> ProjectPage:
    """A PEP 503 body, or any page of links, as a page of the project `name`. Raises PageError."""
    return unpack(*pack_html(body, url, name, charset))
