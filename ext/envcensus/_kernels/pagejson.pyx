"""Read the JSON of the Simple repository API (PEP 691), in any layout, into packed records.

The usual layout is read by pagescan.pyx, without building an object for each file.
"""
from envcensus._kernels.pagepack cimport Builder, take

from envcensus._kernels.names import canonicalize_name
from envcensus._kernels.pagepack import PageError

cdef enum:
    MAX_PLACES = 100


# -- what a page says beside its files -------------------------------------------------------------------------------

def page_base(str url) -> str:
    """A page's URL without credentials, query and fragment: file URLs continue it, and the cache keeps it."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        return url
    authority, slash, path = rest.partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path.partition('#')[0].partition('?')[0]}"


def project_of(str url) -> str:
    """The normalized project that a page's URL asks for: its last component that is no index.html."""
    path = page_base(url).rstrip("/")
    if path.lower().endswith(("/index.html", "/index.htm", "/index.json")):
        path = path[:path.rindex("/")].rstrip("/")
    name = path[path.rfind("/") + 1:]
    if "%" in name:
        from urllib.parse import unquote

        name = unquote(name)
    return canonicalize_name(name)


def check_version(object version) -> int:
    """PEP 629: a higher major version must not be read; returns the minor version."""
    if version is None:
        return 0
    if not isinstance(version, str):
        raise PageError("the page has no valid API version")
    major, _, minor = version.partition(".")
    if not (major.isascii() and major.isdigit() and len(major) < 6):
        raise PageError("the page has no valid API version")
    if int(major) > 1:
        raise PageError(f"the page has API version {major}, this program reads version 1")
    return int(minor) if minor.isascii() and minor.isdigit() and len(minor) < 5 else 0


def places(value) -> list:
    """URLs of PEP 708."""
    if not isinstance(value, list):
        return []
    return [place for place in value[:MAX_PLACES] if isinstance(place, str) and len(place) <= 2000 and is_text(place)]


cdef bint is_text(str value):
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


# -- any layout ------------------------------------------------------------------------------------------------------

def epoch_of(str text):
    """Seconds since the epoch of an ISO 8601 time (UTC where it names no zone); None for anything else."""
    from datetime import datetime, timedelta, timezone

    try:
        when = datetime.fromisoformat(text)
        if when.tzinfo is None:
            when = when.replace(tzinfo=timezone.utc)
        return (when - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1) / 1e6
    except (ValueError, OverflowError):
        return None


cdef int take_any(Builder b, object file) except -1:
    """Take a file of any spelling; malformed ones are counted as skipped."""
    if not isinstance(file, dict):
        return b.skip()
    name = file.get("filename")
    url = file.get("url")
    if not isinstance(name, str) or not isinstance(url, str):
        return b.skip()
    python = file.get("requires-python")
    hashes = file.get("hashes")
    yanked = file.get("yanked")
    meta = file.get("core-metadata")
    if meta is None:
        meta = file.get("dist-info-metadata")
    size = file.get("size")
    time = file.get("upload-time")
    return take(
        b, name, url,
        hashes if isinstance(hashes, dict) else {},
        python if isinstance(python, str) else "",
        yanked if isinstance(yanked, str) and yanked else "" if yanked else None,
        meta,
        size if isinstance(size, int) and not isinstance(size, bool) else None,
        epoch_of(time) if isinstance(time, str) else None,
    )


def pack_any_json(bytes body not None, str url not None, str name=""):
    """`pack_json` for every layout: slower, and the oracle of the scanner's tests. Raises PageError."""
    import msgspec

    try:
        page = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PageError(f"the page is not valid JSON: {error}") from None
    except RecursionError:
        raise PageError("the page is nested too deeply") from None
    if not isinstance(page, dict):
        raise PageError("the page is JSON, but not an object")
    meta = page.get("meta")
    if not isinstance(meta, dict):
        meta = {}
    api_minor = check_version(meta.get("api-version"))
    listed = page.get("files")
    if not isinstance(listed, list):
        raise PageError("the page has no list of files")
    cdef Builder b = Builder((canonicalize_name(name) if name else project_of(url)).encode("utf-8", "replace"),
                             page_base(url).encode("utf-8", "replace"))
    for file in listed:
        take_any(b, file)
    status = page.get("project-status")
    if not isinstance(status, dict):
        status = {}
    return finish(b, status.get("status"), status.get("reason"), places(meta.get("tracks")),
                  places(page.get("alternate-locations")), api_minor)


cdef tuple finish(Builder b, object status, object reason, list tracks, list alternates, int api_minor):
    if not isinstance(status, str) or not status or len(status) > 50 or not is_text(status):
        status = "active"
    if not isinstance(reason, str) or not is_text(reason):
        reason = ""
    return b.finish(status, reason, tracks, alternates, api_minor)
