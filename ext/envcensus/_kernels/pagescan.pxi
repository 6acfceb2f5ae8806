# The usual layout of PEP 691 pages, in one pass over the bytes; anything unusual goes to pagejson.pxi.
#
# The scanner takes only what is valid JSON beyond doubt: it checks strings, numbers, escapes, encoding and depth even
# in what it passes over. Escapes in names and URLs, hashes other than sha256 and unexpected types are all "unusual".

cdef inline bint is_key(Slice key, const char *text, Py_ssize_t n) noexcept nogil:
    return key.n == n and memcmp(key.p, text, n) == 0


cdef bint yanked(Json *s, Builder b, FileText *f):
    """Read the value of yanked: a truth value, null or a reason (empty: not yanked, as in pip)."""
    cdef Slice text
    cdef bytes reason
    f.yanked = False
    f.reason_n = 0
    if s.p < s.end and s.p[0] == c'f':
        return word(s, b"false", 5)
    if s.p < s.end and s.p[0] == c't':
        f.yanked = True
        return word(s, b"true", 4)
    if s.p < s.end and s.p[0] == c'n':
        return word(s, b"null", 4)
    if not string(s, &text):
        return False
    if s.escaped:
        import msgspec

        try:
            reason = msgspec.json.decode((text.p - 1)[:text.n + 2]).encode()
        except ValueError:
            return False
        b.keep.append(reason)
        text.p = PyBytes_AS_STRING(reason)
        text.n = PyBytes_GET_SIZE(reason)
    f.yanked = text.n > 0
    f.reason = text.p
    f.reason_n = text.n
    return True


cdef bint uploaded(Json *s, FileText *f):
    """Read the value of upload-time."""
    cdef Slice text
    cdef object when
    f.time = -1
    if s.p < s.end and s.p[0] == c'n':
        return word(s, b"null", 4)
    if not plain(s, &text) or text.n > 100:
        return False
    if not common_time(text, &f.time):
        when = epoch_of(text.p[:text.n].decode("utf-8", "replace"))
        f.time = when if when is not None else -1.0
    return True


cdef enum Field:
    FIELD_OTHER
    FIELD_FILENAME
    FIELD_URL
    FIELD_HASHES
    FIELD_PYTHON
    FIELD_SIZE
    FIELD_TIME
    FIELD_YANKED
    FIELD_META
    FIELD_OLD_META


cdef inline bint spelled(Json *s, const char *text, Py_ssize_t n) noexcept nogil:
    """Go past a key, its colon and a space, when they are next, spelled as usual."""
    if memcmp(s.p, text, n) != 0:
        return False
    s.p += n
    if s.p[0] == c' ':
        s.p += 1
    return True


cdef int usual_field(Json *s) noexcept nogil:
    """The field that comes next, by its first letter and spelling; -1: to be read with care."""
    cdef char c
    if s.end - s.p < 32:
        return -1
    c = s.p[1]
    if c == c'f' and spelled(s, b'"filename":', 11):
        return FIELD_FILENAME
    if c == c'u':
        if spelled(s, b'"url":', 6):
            return FIELD_URL
        if spelled(s, b'"upload-time":', 14):
            return FIELD_TIME
    if c == c'h' and spelled(s, b'"hashes":', 9):
        return FIELD_HASHES
    if c == c'r' and spelled(s, b'"requires-python":', 18):
        return FIELD_PYTHON
    if c == c's' and spelled(s, b'"size":', 7):
        return FIELD_SIZE
    if c == c'y' and spelled(s, b'"yanked":', 9):
        return FIELD_YANKED
    if c == c'c' and spelled(s, b'"core-metadata":', 16):
        return FIELD_META
    if c == c'd' and spelled(s, b'"data-dist-info-metadata":', 26):
        return FIELD_OTHER
    if c == c'p' and spelled(s, b'"provenance":', 13):
        return FIELD_OTHER
    return -1


cdef int field(Json *s) noexcept nogil:
    """The field that comes next, read past its colon; -1: no key, or one with escapes."""
    cdef Slice key
    cdef int found = usual_field(s)
    if found >= 0:
        return found
    if not plain(s, &key) or not punctuation(s, c':'):
        return -1
    if is_key(key, b"filename", 8):
        return FIELD_FILENAME
    if is_key(key, b"url", 3):
        return FIELD_URL
    if is_key(key, b"hashes", 6):
        return FIELD_HASHES
    if is_key(key, b"requires-python", 15):
        return FIELD_PYTHON
    if is_key(key, b"size", 4):
        return FIELD_SIZE
    if is_key(key, b"upload-time", 11):
        return FIELD_TIME
    if is_key(key, b"yanked", 6):
        return FIELD_YANKED
    if is_key(key, b"core-metadata", 13):
        return FIELD_META
    if is_key(key, b"dist-info-metadata", 18):
        return FIELD_OLD_META
    return FIELD_OTHER


cdef bint other(Json *s) noexcept nogil:
    """Go past a value that nobody needs; mostly hashes again."""
    cdef const char *start = s.p
    cdef const char *sha
    if s.p < s.end and s.p[0] == c'{':
        if hashes(s, &sha):
            return True
        s.p = start
    return skip(s, 3)


cdef int file_object(Json *s, Builder b) except -1:
    """Read one file and give it to the builder. 0: unusual."""
    cdef FileText f
    cdef Slice text
    cdef const char *old_sha = NULL
    cdef Metadata state = META_ABSENT, old_state = META_ABSENT
    cdef int what
    cdef bint fine
    memset(&f, 0, sizeof(FileText))
    f.time = -1
    f.size = -1
    if not punctuation(s, c'{'):
        return 0
    while True:
        what = field(s)
        text.p = NULL
        text.n = 0
        if what == FIELD_FILENAME:
            fine = plain(s, &text)
            f.name, f.name_n = text.p, text.n
        elif what == FIELD_URL:
            fine = plain(s, &text)
            f.url, f.url_n = text.p, text.n
        elif what == FIELD_HASHES:
            fine = hashes(s, &f.sha)
        elif what == FIELD_PYTHON:
            fine = word(s, b"null", 4) or plain(s, &text)
            f.python, f.python_n = text.p, text.n
        elif what == FIELD_SIZE:
            fine = size_of(s, &f.size)
        elif what == FIELD_TIME:
            fine = uploaded(s, &f)
        elif what == FIELD_YANKED:
            fine = yanked(s, b, &f)
        elif what == FIELD_META:
            fine = metadata(s, &state, &f.meta_sha)
        elif what == FIELD_OLD_META:
            fine = metadata(s, &old_state, &old_sha)
        elif what == FIELD_OTHER:
            fine = other(s)
        else:
            fine = False
        if not fine:
            return 0
        if not punctuation(s, c','):
            break
    if not close(s, c'}'):
        return 0
    if state == META_ABSENT:
        state = old_state
        f.meta_sha = old_sha
    f.meta = state == META_YES
    if f.name == NULL or f.url == NULL:
        b.skip()
    else:
        b.add(&f)
    return 1


# -- the page --------------------------------------------------------------------------------------------------------

cdef struct Parts:
    Slice meta
    Slice status
    Slice alternates
    bint files


cdef int page_object(Json *s, Builder b, Parts *parts) except -1:
    """Read the page; what it says beside its files is left as slices. 0: unusual."""
    cdef Slice key, value
    space(s)
    if not punctuation(s, c'{'):
        return 0
    while True:
        if not plain(s, &key) or not punctuation(s, c':'):
            return 0
        if is_key(key, b"files", 5):
            if parts.files or not punctuation(s, c'['):
                return 0
            parts.files = True
            if s.p < s.end and s.p[0] != c']':
                while True:
                    if not file_object(s, b):
                        return 0
                    if not punctuation(s, c','):
                        break
            if not close(s, c']'):
                return 0
        else:
            value.p = s.p
            if not skip(s, 1):
                return 0
            value.n = s.p - value.p
            if is_key(key, b"meta", 4):
                parts.meta = value
            elif is_key(key, b"project-status", 14):
                parts.status = value
            elif is_key(key, b"alternate-locations", 19):
                parts.alternates = value
        if not punctuation(s, c','):
            break
    if not close(s, c'}'):
        return 0
    space(s)
    return s.p == s.end and parts.files


cdef object decoded(Slice value):
    """A small value as Python objects; None for an absent one."""
    if value.p == NULL or value.n == 2:    # {} and []
        return None
    import msgspec

    return msgspec.json.decode(value.p[:value.n])


cdef tuple scan(bytes body, str url, str name):
    """The records of a page of the usual layout; None for any other."""
    cdef Json s
    cdef Parts parts
    cdef str status = "active", reason = ""
    cdef Builder b = builder_for(url, name)
    memset(&parts, 0, sizeof(Parts))
    s.p = PyBytes_AS_STRING(body)
    s.end = s.p + PyBytes_GET_SIZE(body)
    s.high = False
    s.escaped = False
    if not page_object(&s, b, &parts):
        return None
    try:
        if s.high:
            body.decode()
        meta = decoded(parts.meta) or {}
        said = decoded(parts.status) or {}
        alternates = decoded(parts.alternates)
        if "status" in said:
            status = said["status"]
            reason = said.get("reason") or ""
            status.encode(), reason.encode()
    except (ValueError, TypeError, AttributeError):
        return None
    if not isinstance(meta, dict) or not isinstance(said, dict) or not 0 < len(status) <= 50:
        return None
    api_minor = check_version(meta.get("api-version"))
    return finish(b, status, reason, places(meta.get("tracks")), places(alternates), api_minor)


def pack_json(bytes body not None, str url not None, str name=""):
    """A PEP 691 page as (record, files), for the project `name`, else the one that `url` ends with.

    File URLs are relative to `url`, of which credentials are dropped. Files of other projects, and names that are no
    release, are left out and counted (`info`). Raises PageError.
    """
    if len(body) > MAX_BODY:
        raise PageError(f"the page is larger than {MAX_BODY >> 20} MiB")
    packed = scan(body, url, name)
    return packed if packed is not None else pack_any_json(body, url, name)


def scans(bytes body not None, str url not None, str name="") -> bool:
    """Whether a page has the usual layout: for tests, which must know which path they take."""
    return scan(body, url, name) is not None
