# The HTML of the Simple repository API (PEP 503), and pages of links.
#
# One pass that never goes back, so that no input takes longer than its length allows. Of all elements, `a`, `base` and
# `meta` count; comments and the contents of script, style, title and textarea are passed over.

cdef enum:
    MAX_ATTRIBUTES = 64


cdef struct Scan:
    const char *p
    Py_ssize_t i
    Py_ssize_t n
    int count
    Slice names[MAX_ATTRIBUTES]
    Slice values[MAX_ATTRIBUTES]    # p NULL: an attribute without a value


cdef inline bint is_html_space(char c) noexcept nogil:
    """White space of markup: a vertical tab is none."""
    return c == c' ' or c == c'\n' or c == c'\t' or c == c'\r' or c == c'\f'


cdef bint same(Slice s, const char *text, Py_ssize_t n) noexcept nogil:
    """Whether `s` is `text`, in any case."""
    cdef Py_ssize_t i
    if s.n != n:
        return False
    for i in range(n):
        if lower(s.p[i]) != text[i]:
            return False
    return True


cdef void read_attributes(Scan *s) noexcept nogil:
    """Read attributes up to and past the ">" of a tag (WHATWG HTML, "Tokenization", simplified)."""
    cdef Slice name, value
    cdef char quote
    cdef const char *end
    s.count = 0
    while s.i < s.n:
        while s.i < s.n and (is_html_space(s.p[s.i]) or s.p[s.i] == c'/'):
            s.i += 1
        if s.i >= s.n:
            return
        if s.p[s.i] == c'>':
            s.i += 1
            return
        name.p = s.p + s.i
        s.i += 1
        while s.i < s.n and not (is_html_space(s.p[s.i]) or s.p[s.i] == c'=' or s.p[s.i] == c'>' or s.p[s.i] == c'/'):
            s.i += 1
        name.n = s.p + s.i - name.p
        while s.i < s.n and is_html_space(s.p[s.i]):
            s.i += 1
        value.p = NULL
        value.n = 0
        if s.i < s.n and s.p[s.i] == c'=':
            s.i += 1
            while s.i < s.n and is_html_space(s.p[s.i]):
                s.i += 1
            if s.i >= s.n:
                return
            quote = s.p[s.i]
            if quote == c'"' or quote == c"'":
                s.i += 1
                value.p = s.p + s.i
                end = <const char *>memchr(value.p, quote, s.n - s.i)
                if end == NULL:     # never closed: the rest of the page is this value
                    s.i = s.n
                    return
                value.n = end - value.p
                s.i += value.n + 1
            else:
                value.p = s.p + s.i
                while s.i < s.n and not is_html_space(s.p[s.i]) and s.p[s.i] != c'>':
                    s.i += 1
                value.n = s.p + s.i - value.p
        if s.count < MAX_ATTRIBUTES:
            s.names[s.count] = name
            s.values[s.count] = value
            s.count += 1


cdef void pass_over(Scan *s, Slice tag) noexcept nogil:
    """Go past the end tag of an element whose content is no markup, or to the end of the page."""
    cdef const char *at
    cdef Slice name
    while s.i < s.n:
        at = <const char *>memchr(s.p + s.i, c'<', s.n - s.i)
        if at == NULL:
            break
        s.i = at - s.p + 1
        if s.i + 1 + tag.n <= s.n and s.p[s.i] == c'/':
            name.p = s.p + s.i + 1
            name.n = tag.n
            if same_slices(name, tag):
                s.i += 1 + tag.n
                return
    s.i = s.n


cdef bint same_slices(Slice a, Slice b) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(a.n):
        if lower(a.p[i]) != lower(b.p[i]):
            return False
    return True


cdef bint next_tag(Scan *s, Slice *tag) noexcept nogil:
    """Find the next start tag and read its name and attributes; False at the end of the page."""
    cdef const char *at
    cdef const char *end
    while s.i < s.n:
        at = <const char *>memchr(s.p + s.i, c'<', s.n - s.i)
        if at == NULL:
            s.i = s.n
            return False
        s.i = at - s.p + 1
        if s.i >= s.n:
            return False
        if s.p[s.i] == c'!' or s.p[s.i] == c'?' or s.p[s.i] == c'/':
            if s.n - s.i >= 3 and memcmp(s.p + s.i, b"!--", 3) == 0:
                s.i += 3
                if s.i < s.n and s.p[s.i] == c'>':
                    continue
                while True:         # to the next "-->"
                    end = <const char *>memchr(s.p + s.i, c'>', s.n - s.i)
                    if end == NULL:
                        s.i = s.n
                        return False
                    s.i = end - s.p + 1
                    if end[-1] == c'-' and end[-2] == c'-':
                        break
            else:
                end = <const char *>memchr(s.p + s.i, c'>', s.n - s.i)
                s.i = s.n if end == NULL else end - s.p + 1
            continue
        if not c'a' <= lower(s.p[s.i]) <= c'z':
            continue
        tag.p = s.p + s.i
        while s.i < s.n and not is_html_space(s.p[s.i]) and s.p[s.i] != c'>' and s.p[s.i] != c'/':
            s.i += 1
        tag.n = s.p + s.i - tag.p
        read_attributes(s)
        if (same(tag[0], b"script", 6) or same(tag[0], b"style", 5) or same(tag[0], b"title", 5)
                or same(tag[0], b"textarea", 8)):
            pass_over(s, tag[0])
            continue
        return True
    return False


cdef bytes unescape(Slice s):
    """An attribute's value with its character references resolved."""
    from html import unescape as resolve

    return resolve(s.p[:s.n].decode("utf-8", "replace")).encode("utf-8", "replace")


cdef bytes unescape_common(Slice s):
    """`unescape` of the few references that pages are full of; None when there are others."""
    cdef bytes text = PyBytes_FromStringAndSize(NULL, s.n)
    cdef char *out = PyBytes_AS_STRING(text)
    cdef Py_ssize_t i = 0, n = 0
    while i < s.n:
        if s.p[i] != c'&':
            out[n] = s.p[i]
            i += 1
        elif s.n - i >= 4 and memcmp(s.p + i, b"&gt;", 4) == 0:
            out[n] = c'>'
            i += 4
        elif s.n - i >= 4 and memcmp(s.p + i, b"&lt;", 4) == 0:
            out[n] = c'<'
            i += 4
        elif s.n - i >= 5 and memcmp(s.p + i, b"&amp;", 5) == 0:
            out[n] = c'&'
            i += 5
        else:
            return None
        n += 1
    return text[:n]


cdef int resolved(Builder b, Slice *s) except -1:
    """Resolve character references where there are any."""
    cdef bytes text
    if s.p != NULL and memchr(s.p, c'&', s.n) != NULL:
        text = unescape_common(s[0])
        if text is None:
            text = unescape(s[0])
        b.keep.append(text)
        s.p = PyBytes_AS_STRING(text)
        s.n = PyBytes_GET_SIZE(text)
    return 0


cdef inline void trim(Slice *s) noexcept nogil:
    while s.n and is_html_space(s.p[0]):
        s.p += 1
        s.n -= 1
    while s.n and is_html_space(s.p[s.n - 1]):
        s.n -= 1


cdef bint is_sha256(const char *p, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    if n != 64:
        return False
    for i in range(64):
        if not (is_digit(p[i]) or c'a' <= p[i] <= c'f'):
            return False
    return True


cdef int take_fragment(Builder b, FileText *f, Slice fragment) except -1:
    """The hash that a URL's fragment names (PEP 503); other fragments (#egg=…) say nothing."""
    cdef dict hashes = {}
    if fragment.n == 71 and memcmp(fragment.p, b"sha256=", 7) == 0 and is_sha256(fragment.p + 7, 64):
        f.sha = fragment.p + 7
        return 0
    for part in fragment.p[:fragment.n].decode("utf-8", "replace").split("&"):
        name, _, value = part.partition("=")
        if name in ("sha256", "sha512", "sha384", "sha224", "sha1", "md5"):
            hashes[name] = value
    f.sha = sha256_of(hashes, b.keep)
    return add_other(b, f, other_hashes(hashes, f.sha != NULL, ""))


cdef int add_other(Builder b, FileText *f, str lines) except -1:
    cdef bytes text
    if lines:
        text = f.other[:f.other_n] + lines.encode("utf-8", "replace") if f.other_n else lines.encode("utf-8", "replace")
        b.keep.append(text)
        f.other = text
        f.other_n = len(text)
    return 0


cdef int take_metadata(Builder b, FileText *f, Slice value) except -1:
    """data-core-metadata (PEP 714): "true", or a hash."""
    cdef dict hashes = {}
    f.meta = not (same(value, b"false", 5) or value.n == 0)
    if value.n == 71 and memcmp(value.p, b"sha256=", 7) == 0 and is_sha256(value.p + 7, 64):
        f.meta_sha = value.p + 7
        return 0
    name, mark, digest = value.p[:value.n].decode("utf-8", "replace").partition("=")
    if mark:
        hashes[name] = digest
        f.meta_sha = sha256_of(hashes, b.keep)
        return add_other(b, f, other_hashes(hashes, f.meta_sha != NULL, "metadata:"))
    return 0


cdef int name_of_url(Builder b, FileText *f) except -1:
    """A file's name is the last component of its URL's path, as in pip."""
    cdef const char *mark = <const char *>memchr(f.url, c'?', f.url_n)
    cdef Py_ssize_t start, end = f.url_n if mark == NULL else mark - f.url
    cdef bytes name
    while end and f.url[end - 1] == c'/':
        end -= 1
    start = end
    while start and f.url[start - 1] != c'/':
        start -= 1
    f.name = f.url + start
    f.name_n = end - start
    if memchr(f.name, c'%', f.name_n) != NULL:
        from urllib.parse import unquote_to_bytes

        name = unquote_to_bytes(f.name[:f.name_n]).rpartition(b"/")[2]
        b.keep.append(name)
        f.name = name
        f.name_n = len(name)
    return 0


cdef int take_anchor(Builder b, Scan *s) except -1:
    """Take the file that an anchor leads to."""
    cdef FileText f
    cdef Slice href, metadata, old_metadata, value
    cdef Py_ssize_t i
    cdef const char *mark
    memset(&f, 0, sizeof(FileText))
    f.time = -1
    f.size = -1
    href.p = metadata.p = old_metadata.p = NULL
    href.n = metadata.n = old_metadata.n = 0
    for i in range(s.count):
        value = s.values[i]
        resolved(b, &value)
        if same(s.names[i], b"href", 4):
            href = value
        elif same(s.names[i], b"data-requires-python", 20):
            f.python = value.p
            f.python_n = value.n
        elif same(s.names[i], b"data-yanked", 11):
            # without a value: yanked for no reason given; pip takes it for not yanked
            f.yanked = value.p != NULL
            f.reason = value.p
            f.reason_n = value.n
        elif same(s.names[i], b"data-core-metadata", 18):
            metadata = value
        elif same(s.names[i], b"data-dist-info-metadata", 23):
            old_metadata = value
    trim(&href)
    if href.n == 0:
        return 0
    if metadata.p == NULL:
        metadata = old_metadata
    if metadata.p != NULL:
        take_metadata(b, &f, metadata)
    mark = <const char *>memchr(href.p, c'#', href.n)
    if mark != NULL:
        value.p = mark + 1
        value.n = href.p + href.n - value.p
        href.n = mark - href.p
        take_fragment(b, &f, value)
    f.url = href.p
    f.url_n = href.n
    name_of_url(b, &f)
    return b.add(&f)


def pack_html(bytes body not None, str url not None, str name="", str charset="utf-8"):
    """A PEP 503 page, or any page of links, as (record, files), for the project `name`, else the one `url` ends with.

    Links relative to `url`, or to the first base element, whose credentials are dropped. Links that lead to no release
    of the project are left out and counted (`info`). Raises PageError.
    """
    cdef Scan s
    cdef Slice tag
    cdef bint based = False
    cdef dict metas = {}
    cdef Builder b
    if len(body) > MAX_BODY:
        raise PageError(f"the page is larger than {MAX_BODY >> 20} MiB")
    if charset.lower() not in ("utf-8", "utf8", "us-ascii", "ascii", ""):
        try:
            body = body.decode(charset, "replace").encode("utf-8", "replace")
        except (LookupError, UnicodeError, ValueError):
            raise PageError("the page is in an unknown character encoding") from None
    b = builder_for(url, name)
    s.p = PyBytes_AS_STRING(body)
    s.n = PyBytes_GET_SIZE(body)
    s.i = 0
    while next_tag(&s, &tag):
        if tag.n == 1 and lower(tag.p[0]) == c'a':
            take_anchor(b, &s)
        elif same(tag, b"base", 4) and not based:
            based = take_base(b, &s, url)
        elif same(tag, b"meta", 4):
            take_meta(&s, metas)
    api_minor = check_version(metas.get("pypi:repository-version", [None])[0])
    status = metas.get("pypi:project-status", ["active"])[0]
    reason = metas.get("pypi:project-status-reason", [""])[0]
    tracks = metas.get("pypi:tracks", [])
    alternates = metas.get("pypi:alternate-locations", [])
    return finish(b, status[:50] or "active", reason, tracks, alternates, api_minor)


cdef bint take_base(Builder b, Scan *s, str url) except -1:
    """Let links continue what a base element says of the page at `url`; whether it says anything."""
    from urllib.parse import urljoin

    cdef int i
    for i in range(s.count):
        if same(s.names[i], b"href", 4) and s.values[i].n:
            try:
                joined = urljoin(page_base(url), unescape(s.values[i]).decode("utf-8", "replace").strip())
            except ValueError:
                raise PageError("the page's base element is no address") from None
            b.rebase(page_base(joined).encode("utf-8", "replace"))
            return True
    return False


cdef int take_meta(Scan *s, dict metas) except -1:
    """Remember the contents of the index's own meta elements (PEP 629, 708, 792)."""
    cdef int i
    cdef str name = "", content = ""
    for i in range(s.count):
        if s.values[i].p == NULL or s.values[i].n > 4000:
            continue
        if same(s.names[i], b"name", 4):
            name = unescape(s.values[i]).decode().strip().lower()
        elif same(s.names[i], b"content", 7):
            content = unescape(s.values[i]).decode().strip()
    if name.startswith("pypi:") and len(metas) < 50:
        values = metas.setdefault(name, [])
        if len(values) < MAX_PLACES:
            values.append(content)
    return 0
