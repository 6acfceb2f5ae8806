"""Indexes and find-links on this machine's disk, read as pip reads them.

A file: index is a directory of directories with an index.html each. A find-links directory is a heap of archives,
and of HTML files with links to archives.
"""

from __future__ import annotations

import os
import stat

from envcensus.index.find_links import file_url
from envcensus.index.pages import RawPage
from envcensus.index.places import ARCHIVES, project_page_path
from envcensus.runtime.refusals import refusal


class LocalError(Exception):
    """A local source that is there and cannot be read; the text is one sentence."""


def read_project(index_url: str, name: str, cap: int) -> RawPage | None:
    """The page of a project in a file: index, None where the index does not have it. Raises LocalError."""
    try:
        path = project_page_path(index_url, name)
    except ValueError as error:
        raise LocalError(str(error)) from None
    body = read_file(path, cap)
    # pip asks for the directory with its slash and then for index.html in it: links are relative to that.
    return None if body is None else RawPage(body, "text/html", file_url(path))


def read_file(path: str, cap: int) -> bytes | None:
    """A regular file's bytes; None where there is none. Never waits on a pipe or device."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise LocalError(f"{path} cannot be read: {refusal(error)}") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise LocalError(f"{path} is no regular file")
        if status.st_size > cap:
            raise LocalError(f"{path} is larger than {cap} bytes")
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(cap)
    finally:
        os.close(descriptor)


def list_directory(path: str) -> list[str] | None:
    """The names in a directory; None where there is none. Raises LocalError: what may not be looked at may be one."""
    try:
        return os.listdir(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise LocalError(f"{path} cannot be read: {refusal(error)}") from None


def is_archive(name: str) -> bool:
    """Whether a name's suffix says that it is a distribution, not a page of links."""
    return name.lower().endswith(ARCHIVES)
