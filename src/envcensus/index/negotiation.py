"""Which formats are asked for, and what an answer's Content-Type makes of its body (PEP 691, 629).

Sans-I/O: bytes and header values in, packed records out.
"""

from __future__ import annotations

from typing import Literal

from envcensus._kernels.page import PageError, pack_html, pack_json

__all__ = ["ACCEPT", "PageError", "charset_of", "format_of", "read_page"]

Format = Literal["json", "html"]

#: What every request for a page accepts, in order of preference.
ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"

_FORMATS: dict[str, Format] = {
    "application/vnd.pypi.simple.v1+json": "json",
    "application/vnd.pypi.simple.latest+json": "json",
    "application/vnd.pypi.simple.v1+html": "html",
    "application/vnd.pypi.simple.latest+html": "html",
    "text/html": "html",
    "application/xhtml+xml": "html",
}
_PREFIX = "application/vnd.pypi.simple.v"


def format_of(content_type: str) -> Format:
    """The format that a Content-Type names.

    Raises PageError for any other: what is no page must not be read as an empty one.
    """
    kind = content_type.partition(";")[0].strip().lower()
    found = _FORMATS.get(kind)
    if found is not None:
        return found
    if not kind:
        raise PageError("the answer has no Content-Type, so it is not known to be an index page")
    if kind.startswith(_PREFIX) and kind.endswith(("+json", "+html")):
        version = kind[len(_PREFIX) : -len("+json")][:10]
        raise PageError(f"the page has API version {version}, this program reads version 1")
    shown = "".join(c if c.isascii() and c.isprintable() else "?" for c in kind[:60])
    raise PageError(f"the answer is no index page: its Content-Type is {shown}")


def charset_of(content_type: str) -> str:
    """The charset parameter of a Content-Type, "utf-8" where there is none."""
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'").lower() or "utf-8"
    return "utf-8"


def read_page(body: bytes, content_type: str, url: str, name: str = "") -> tuple[bytes, bytes]:
    """A decoded body of an index page as (record, files) of `envcensus._kernels.page`.

    `url` is where the body came from in the end, after redirects: relative file URLs continue it. `name` is the
    project that was asked for; without it, the last component of `url` names it. Raises PageError, in one line
    without secrets.
    """
    if format_of(content_type) == "json":
        return pack_json(body, url, name)
    return pack_html(body, url, name, charset_of(content_type))
