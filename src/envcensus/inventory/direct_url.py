"""Where a distribution came from: `direct_url.json` (Recording the Direct URL Origin of installed distributions)."""

from __future__ import annotations

import msgspec


class _DirInfo(msgspec.Struct, gc=False):
    editable: bool = False


class _DirectUrl(msgspec.Struct, gc=False):
    url: str
    dir_info: _DirInfo | None = None


def parse_direct_url(raw: bytes) -> tuple[str, bool, str] | None:
    """The url without credentials, whether it is an editable project, and that project's directory.

    None where the file is not valid: pip then treats the distribution as one from an index.
    """
    try:
        record = msgspec.json.decode(raw, type=_DirectUrl)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    editable = record.dir_info is not None and record.dir_info.editable
    location = file_url_to_path(record.url) if editable else ""
    return without_credentials(record.url), editable, location


def without_credentials(url: str) -> str:
    """The url without user, password, query and fragment: each may be a secret.

    As the specification has it, a user "git" alone is no secret, and neither is a reference to a variable.
    """
    url = url.partition("#")[0].partition("?")[0]
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    authority, slash, path = rest.partition("/")
    user, at, host = authority.rpartition("@")
    if not at or user == "git":
        return url
    return f"{scheme}://{host}{slash}{path}"


def file_url_to_path(url: str) -> str:
    """The path of a `file:` url; the url itself where it leads to another host or is of another kind."""
    if not url.startswith("file:"):
        return url
    path = url[5:]
    if path.startswith("//"):
        host, slash, path = path[2:].partition("/")
        if host not in {"", "localhost"}:
            return url
        path = slash + path
    path = path.partition("#")[0].partition("?")[0]
    if "%" in path:
        from urllib.parse import unquote

        path = unquote(path, errors="surrogateescape")
    return path
