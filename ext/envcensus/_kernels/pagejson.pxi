# The JSON of the Simple repository API (PEP 691), in any layout.

cdef const char *sha256_of(dict hashes, list keep) except? NULL:
    """The digits of a well-formed sha256, or NULL."""
    cdef object value = hashes.get("sha256")
    cdef bytes digits
    if not isinstance(value, str) or len(value) != 64 or not value.isascii() or not value.isalnum():
        return NULL
    digits = value.lower().encode()
    if digits.strip(b"0123456789abcdef"):
        return NULL
    keep.append(digits)
    return digits


cdef str other_hashes(dict hashes, bint has_sha, str prefix):
    cdef list lines = []
    for name, value in hashes.items():
        if (
            isinstance(name, str) and isinstance(value, str) and not (has_sha and name == "sha256")
            and name.isidentifier() and value.isalnum()
        ):
            lines.append(f"{prefix}{name}={value}\n")
    return "".join(lines)


cdef int take(Builder b, str name, str url, dict hashes, str python, str reason, object meta, object size,
              object time) except -1:
    """Give one file to the builder. `reason` None: not yanked; `meta` a dict of hashes or a truth value."""
    cdef FileText f
    cdef str other
    cdef bytes name_bytes, url_bytes, python_bytes, reason_bytes, other_bytes
    try:
        name_bytes = name.encode()
        url_bytes = url.encode()
        python_bytes = python.encode()
        reason_bytes = (reason or "").encode()
    except UnicodeEncodeError:      # lone surrogates
        return b.skip()
    f.sha = sha256_of(hashes, b.keep)
    f.meta = isinstance(meta, dict) or bool(meta)
    f.meta_sha = sha256_of(meta, b.keep) if isinstance(meta, dict) else NULL
    other = other_hashes(hashes, f.sha != NULL, "")
    if isinstance(meta, dict):
        other += other_hashes(meta, f.meta_sha != NULL, "metadata:")
    other_bytes = other.encode("utf-8", "replace")
    b.keep += (name_bytes, url_bytes, python_bytes, reason_bytes, other_bytes)
    f.name, f.name_n = name_bytes, len(name_bytes)
    f.url, f.url_n = url_bytes, len(url_bytes)
    f.python, f.python_n = python_bytes, len(python_bytes)
    f.reason, f.reason_n = reason_bytes, len(reason_bytes)
    f.other, f.other_n = other_bytes, len(other_bytes)
    f.yanked = reason is not None
    f.time = time if time is not None else -1.0
    f.size = size if size is not None and 0 <= size < 1 << 62 else -1
    return b.add(&f)


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


cdef Builder builder_for(str url, str name):
    """Takes the files of the page at `url`, for the project `name`, else the one that `url` ends with."""
    cdef str project = canonicalize_name(name) if name else project_of(url)
    return Builder(project.encode("utf-8", "replace"), page_base(url).encode("utf-8", "replace"))


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
    cdef Builder b = builder_for(url, name)
    for file in listed:
        take_any(b, file)
    status = page.get("project-status")
    if not isinstance(status, dict):
        status = {}
    tracks = places(meta.get("tracks"))
    alternates = places(page.get("alternate-locations"))
    return finish_said(b, status.get("status"), status.get("reason"), tracks, alternates, api_minor)


cdef tuple finish_said(Builder b, object status, object reason, list tracks, list alternates, int api_minor):
    if not isinstance(status, str) or not status or len(status) > 50 or not is_text(status):
        status = "active"
    if not isinstance(reason, str) or not is_text(reason):
        reason = ""
    return finish(b, status, reason, tracks, alternates, api_minor)
