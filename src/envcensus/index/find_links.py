"""Places given with --find-links: directories of files and pages of links, for all projects at once.

Sans-I/O: names of a directory in, model types out. What is a directory and what is a
page, the caller knows.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from urllib.parse import quote

from envcensus.model.page import File, ProjectPage

__all__ = ["file_url", "from_directory"]


def file_url(path: str) -> str:
    """The file: URL of an absolute path; undecodable bytes of the path come back whole."""
    return "file://" + quote(os.fsencode(path))


def from_directory(directory: str, names: Iterable[str], project: str) -> ProjectPage:
    """The files of `project` among the names of a directory (an absolute path).

    As in pip the last name comes first, where nothing else decides.
    """
    base = directory.rstrip("/") + "/"
    listed = sorted(names, reverse=True)
    files = tuple(File(filename=name, url=file_url(base + name)) for name in listed if _could_be(name, project))
    return ProjectPage(name=project, files=files)


def _could_be(name: str, project: str) -> bool:
    """A quick look at the first letter and the suffix; packing the page looks closely."""
    if name[:1].lower() != project[:1].lower() or not name.isprintable():
        return False
    return name.endswith((".whl", ".tar.gz", ".zip"))  # what pip takes from a directory
