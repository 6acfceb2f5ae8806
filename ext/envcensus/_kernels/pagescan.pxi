# The usual layout of PEP 691 pages, in one pass over the bytes; anything unusual goes to pagejson.pxi.
#
# The scanner takes only what is valid JSON beyond doubt: it checks strings, numbers, escapes, encoding and depth even
# in what it passes over. Escapes in names and URLs, hashes other than sha256 and unexpected types are all "unusual".

# -- the fields of a file --------------------------------------------------------------------------------------------

cdef uint64_t ONES = 0x0101010101010101
cdef uint64_t HIGHS = 0x8080808080808080


cdef inline bint all_hex(const char *p) noexcept nogil:
    """Whether 64 characters are digits or letters from a to f."""
    cdef uint64_t w, ok = HIGHS
    cdef int i
    for i in range(8):
        memcpy(&w, p + 8 * i, 8)
        ok &= ~w & (
            ((w + ONES * (0x80 - c'0')) & ~(w + ONES * (0x7F - c'9')))
            | ((w + ONES * (0x80 - c'a')) & ~(w + ONES * (0x7F - c'f')))
        )
    return ok == HIGHS


cdef bint hashes(Json *s, const char **sha) noexcept nogil:
    """Read {} or {"sha256": "64 digits"}."""
    cdef Slice text
    sha[0] = NULL
    if not punctuation(s, c'{'):
        return False
    if s.p < s.end and s.p[0] == c'}':
        s.p += 1
        return True
    if not plain(s, &text) or text.n != 6 or memcmp(text.p, b"sha256", 6) != 0:
        return False
    if not punctuation(s, c':') or s.end - s.p < 67 or s.p[0] != c'"' or s.p[65] != c'"' or not all_hex(s.p + 1):
        return False
    sha[0] = s.p + 1
    s.p += 66
    return close(s, c'}')


cdef inline int two(const char *p) noexcept nogil:
    """The number that two digits make, negative for anything else."""
    cdef unsigned int a = <unsigned char>p[0] - c'0', b = <unsigned char>p[1] - c'0'
    return <int>(a * 10 + b) if a <= 9 and b <= 9 else -100_000


cdef bint common_time(Slice t, double *out) noexcept nogil:
    """2024-01-02T03:04:05Z or with microseconds, as indexes write it (PEP 700)."""
    cdef int year, month, day, hour, minute, second, i, micro = 0
    cdef int64_t days
    if not (t.n == 20 or t.n == 27) or t.p[t.n - 1] != c'Z':
        return False
    if t.p[4] != c'-' or t.p[7] != c'-' or t.p[10] != c'T' or t.p[13] != c':' or t.p[16] != c':':
        return False
    year = two(t.p) * 100 + two(t.p + 2)
    month = two(t.p + 5)
    day = two(t.p + 8)
    hour = two(t.p + 11)
    minute = two(t.p + 14)
    second = two(t.p + 17)
    # days beyond the 28th depend on the month: leave the doubtful ones to the calendar
    if not (1970 <= year and 1 <= month <= 12 and 1 <= day <= 31 and 0 <= hour <= 23 and 0 <= minute <= 59):
        return False
    if not 0 <= second <= 59 or (day > 30 and (month == 4 or month == 6 or month == 9 or month == 11)):
        return False
    if day > 28 and month == 2:
        return False
    if t.n == 27:
        if t.p[19] != c'.':
            return False
        for i in range(20, 26):
            if not c'0' <= t.p[i] <= c'9':
                return False
            micro = micro * 10 + (t.p[i] - c'0')
    # days since 1970-01-01, counting years from March
    if month <= 2:
        year -= 1
        month += 12
    days = 365 * <int64_t>year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day - 719469
    out[0] = <double>((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000 + micro) / 1e6
    return True


cdef enum Metadata:
    META_ABSENT     # or null
    META_NO
    META_YES


cdef bint metadata(Json *s, Metadata *state, const char **sha) noexcept nogil:
    """Read the value of core-metadata: a truth value, null or hashes."""
    sha[0] = NULL
    if s.p >= s.end:
        return False
    if s.p[0] == c'f':
        state[0] = META_NO
        return word(s, b"false", 5)
    if s.p[0] == c'{':
        state[0] = META_YES
        return hashes(s, sha)
    if s.p[0] == c't':
        state[0] = META_YES
        return word(s, b"true", 4)
    state[0] = META_ABSENT
    return word(s, b"null", 4)


cdef bint size_of(Json *s, int64_t *out) noexcept nogil:
    cdef const char *start = s.p
    cdef int64_t value = 0
    if s.p < s.end and s.p[0] == c'n':
        out[0] = -1
        return word(s, b"null", 4)
    while s.p < s.end and c'0' <= s.p[0] <= c'9':
        if s.p - start > 15:
            return False
        value = value * 10 + (s.p[0] - c'0')
        s.p += 1
    if s.p == start or (start[0] == c'0' and s.p - start > 1):
        return False
    out[0] = value
    return s.p < s.end and (s.p[0] == c',' or s.p[0] == c'}' or s.p[0] <= c' ')


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


cdef int file_object(Json *s, Builder b) except -1:
    """Read one file and give it to the builder. 0: unusual."""
    cdef FileText f
    cdef Slice key, text
    cdef const char *sha
    cdef const char *old_sha = NULL
    cdef Metadata state = META_ABSENT, old_state = META_ABSENT
    memset(&f, 0, sizeof(FileText))
    f.time = -1
    f.size = -1
    if not punctuation(s, c'{'):
        return 0
    while True:
        if not plain(s, &key) or not punctuation(s, c':'):
            return 0
        if is_key(key, b"filename", 8):
            if not plain(s, &text):
                return 0
            f.name, f.name_n = text.p, text.n
        elif is_key(key, b"url", 3):
            if not plain(s, &text):
                return 0
            f.url, f.url_n = text.p, text.n
        elif is_key(key, b"hashes", 6):
            if not hashes(s, &f.sha):
                return 0
        elif is_key(key, b"requires-python", 15):
            text.n = 0
            if s.p < s.end and s.p[0] == c'n':
                if not word(s, b"null", 4):
                    return 0
            elif not plain(s, &text):
                return 0
            f.python, f.python_n = text.p, text.n
        elif is_key(key, b"size", 4):
            if not size_of(s, &f.size):
                return 0
        elif is_key(key, b"upload-time", 11):
            if not uploaded(s, &f):
                return 0
        elif is_key(key, b"yanked", 6):
            if not yanked(s, b, &f):
                return 0
        elif is_key(key, b"core-metadata", 13):
            if not metadata(s, &state, &sha):
                return 0
            f.meta_sha = sha
        elif is_key(key, b"dist-info-metadata", 18):
            if not metadata(s, &old_state, &old_sha):
                return 0
        elif not skip(s, 3):
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
    cdef Builder b = Builder((canonicalize_name(name) if name else project_of(url)).encode("utf-8", "replace"),
                             page_base(url).encode("utf-8", "replace"))
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
