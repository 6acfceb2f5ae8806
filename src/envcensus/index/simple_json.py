"""The JSON form of the Simple repository API (PEP 691, 700, 708, 714, 792) as model types.

The runs that count projects in thousands read pages with `envcensus._kernels.page.pack_json` and never unpack them;
this is for those that want every file as an object.
"""

from __future__ import annotations

from envcensus._kernels.page import PageError, pack_json
from envcensus.index.unpack import unpack
from envcensus.model.page import ProjectPage

__all__ = ["PageError", "read_json"]


def read_json(body: bytes, url: str, name: str = "") -> ProjectPage:
    """A PEP 691 body, fetched from `url`, as a page of the project `name`. Raises PageError."""
    return unpack(*pack_json(body, url, name))
