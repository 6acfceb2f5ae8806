# The record of a project's files: see pagefmt.pxd for its layout.

cdef struct FilesView:
    const char *versions
    const char *rows
    const char *digests
    const char *pool
    uint32_t pool_n
    uint32_t n_digests
    FilesHeader head


cdef Hold open_files(object record, FilesView *v):
    cdef Hold hold = Hold()
    cdef FilesHeader *h = &v.head
    cdef const char *p
    PyObject_GetBuffer(record, &hold.buffer, PyBUF_SIMPLE)
    hold.held = True
    p = <const char *>hold.buffer.buf
    if hold.buffer.len < <Py_ssize_t>sizeof(FilesHeader):
        raise PageError("not a record of files: too short")
    memcpy(h, p, sizeof(FilesHeader))
    if (
        h.magic != FILES_MAGIC or h.total != hold.buffer.len
        or h.rows != sizeof(FilesHeader) + <uint64_t>h.versions * sizeof(FilesVersion)
        or h.digests != h.rows + <uint64_t>h.files * sizeof(FileRow)
        or h.pool < h.digests or h.pool > h.total or <uint64_t>h.base + h.prefix > h.total - h.pool
    ):
        raise PageError("not a record of files, or a damaged one")
    v.versions = p + sizeof(FilesHeader)
    v.rows = p + h.rows
    v.digests = p + h.digests
    v.pool = p + h.pool
    v.pool_n = h.total - h.pool
    v.n_digests = (h.pool - h.digests) // 32
    return hold


cdef str slice_of(FilesView *v, uint64_t at, uint64_t n):
    if at + n > v.pool_n:
        damaged()
    return PyUnicode_DecodeUTF8(v.pool + at, n, "replace")


cdef str digest_of(FilesView *v, uint32_t i):
    if i >= v.n_digests:
        damaged()
    return (v.digests + 32 * <Py_ssize_t>i)[:32].hex()


cdef bint is_plain_path(str rest):
    """Whether a text stays what it is when it is appended to a URL that ends in a slash, and the whole is resolved."""
    cdef Py_ssize_t n = len(rest)
    return (
        0 < n and rest.isascii() and rest.isprintable() and " " not in rest and not rest.startswith((".", "/"))
        and "/." not in rest and "//" not in rest and "?" not in rest and "#" not in rest and ";" not in rest
    )


def quoted(str url not None) -> str:
    """A URL that can be asked for: percent-encoded is what may not be in one, such as spaces and letters beyond ASCII.

    The host stays as it is.
    """
    cdef Py_ssize_t at
    if url.isascii() and url.isprintable() and " " not in url:
        return url
    from urllib.parse import quote

    at = url.find("/", url.find("://") + 3) if "://" in url else 0
    if at < 0:
        return url
    return url[:at] + quote(url[at:].encode("utf-8", "surrogateescape"), safe="!\"#$%&'()*+,/:;<=>?@[\\]^`{|}~")


cdef str join(str base, str url):
    """An absolute URL from one as a page spells it; empty where that is none."""
    cdef Py_ssize_t at
    if url.startswith(("https://", "http://")) or not base:
        return quoted(url)
    if url.startswith("/") and is_plain_path(url[1:]):
        at = base.find("/", base.find("://") + 3)
        return (base if at < 0 else base[:at]) + url
    from urllib.parse import urljoin

    try:
        return quoted(urljoin(base, url))
    except ValueError:
        return ""


cdef str folder_of(str base, str prefix):
    """The absolute URL of the folder that the relative URLs beginning with `prefix` have in common; None: too rare."""
    cdef Py_ssize_t cut = prefix.rfind("/") + 1
    if cut == 0 or ":" in prefix or "?" in prefix or "#" in prefix or ";" in prefix or "//" in prefix:
        return None
    return join(base, prefix[:cut]) or None


cdef object file_at(FilesView *v, uint32_t i, str base, str prefix, str folder, object make):
    cdef FileRow row
    cdef uint64_t at
    cdef str name, rest, python
    cdef dict hashes = {}, meta_hashes = {}
    memcpy(&row, v.rows + <Py_ssize_t>i * sizeof(FileRow), sizeof(FileRow))
    at = row.text
    name = slice_of(v, at, row.name)
    at += row.name
    rest = slice_of(v, at, row.url)
    at += row.url
    python = slice_of(v, at, row.python)
    at += row.python
    reason = slice_of(v, at, row.reason) if row.flags & FILE_YANKED else None
    at += row.reason
    if row.flags & FILE_SHA:
        hashes["sha256"] = digest_of(v, row.digest)
    if row.flags & FILE_META_SHA:
        meta_hashes["sha256"] = digest_of(v, row.digest + (row.flags & FILE_SHA))
    if row.other:
        for line in slice_of(v, at, row.other).splitlines():
            key, _, value = line.partition("=")
            if key.startswith("metadata:"):
                meta_hashes[key[9:]] = value
            else:
                hashes[key] = value
    if row.flags & FILE_URL_NAME:
        rest += name
    inside = prefix[prefix.rfind("/") + 1:] + rest
    return make(
        filename=name,
        # Resolving a relative URL takes longer than all the rest: once for all files where they lie side by side.
        url=folder + inside if folder is not None and is_plain_path(inside) else join(base, prefix + rest),
        hashes=hashes,
        requires_python=python,
        yanked=reason,
        core_metadata=meta_hashes or bool(row.flags & FILE_META),
        size=row.size if row.size >= 0 else None,
        upload_time=row.time if row.flags & FILE_TIME else None,
    )


cdef int version_at(FilesView *v, uint32_t i, FilesVersion *at) except -1:
    memcpy(at, v.versions + <Py_ssize_t>i * sizeof(FilesVersion), sizeof(FilesVersion))
    if <uint64_t>at.text + at.length > v.pool_n:
        damaged()
    return 0


cdef inline bint is_text(FilesView *v, const FilesVersion *at, bytes text) noexcept:
    return at.length == len(text) and memcmp(v.pool + at.text, <const char *>text, len(text)) == 0


cdef bint is_spelling(FilesView *v, uint32_t i, bytes text) except -1:
    """Whether version `i` equals the one that `text` spells."""
    cdef FilesVersion at
    cdef uint64_t key = 0, other = 0
    version_at(v, i, &at)
    if is_text(v, &at, text):
        return True
    return (pack_key(text, len(text), &key) == 1 and pack_key(v.pool + at.text, at.length, &other) == 1
            and key == other)


cdef int bounds(FilesView *v, uint32_t i, uint32_t *first, uint32_t *end) except -1:
    """The numbers of the first file row of version `i`, and of the one after its last."""
    cdef FilesVersion version
    version_at(v, i, &version)
    first[0] = version.first
    end[0] = v.head.files
    if i + 1 < v.head.versions:
        version_at(v, i + 1, &version)
        end[0] = version.first
    if first[0] > end[0] or end[0] > v.head.files:
        damaged()
    return 0


def files(record, version, make):
    """The files of a version (None: of all, newest version first) in page order, out of a record of files.

    `make` is called with the fields of `envcensus.model.page.File` as keywords. A version that the page does not spell
    as `version` does stands for all its spellings. Raises PageError for a damaged record.
    """
    cdef FilesView v
    cdef FilesVersion at
    cdef uint32_t i, j, first = 0, end = 0
    cdef bytes text
    cdef list out = []
    cdef Hold _hold = open_files(record, &v)
    cdef str base = slice_of(&v, 0, v.head.base), prefix = slice_of(&v, v.head.base, v.head.prefix)
    cdef str folder = folder_of(base, prefix)
    if version is None:
        for j in range(v.head.files):
            out.append(file_at(&v, j, base, prefix, folder, make))
        return out
    text = normal_version(version) or version.encode("utf-8", "replace")
    for i in range(v.head.versions):
        version_at(&v, i, &at)
        if is_text(&v, &at, text):
            bounds(&v, i, &first, &end)
            for j in range(first, end):
                out.append(file_at(&v, j, base, prefix, folder, make))
            return out
    i = 0
    while i < v.head.versions and not is_spelling(&v, i, text):
        i += 1
    while i < v.head.versions and is_spelling(&v, i, text):
        bounds(&v, i, &first, &end)
        for j in range(first, end):
            out.append(file_at(&v, j, base, prefix, folder, make))
        i += 1
    return out
