# The two records of a page, out of what a Builder took: see pagefmt.pxd for their layout.

cdef int order_by_key(const void *a, const void *b) noexcept nogil:
    cdef const Version *x = <const Version *>a
    cdef const Version *y = <const Version *>b
    if x.key != y.key:
        return -1 if x.key > y.key else 1
    # equal versions in two spellings: in the order of the page
    return -1 if x.rank < y.rank else 1


cdef int order_by_rank(const void *a, const void *b) noexcept nogil:
    cdef uint32_t x = (<const Version *>a).rank, y = (<const Version *>b).rank
    return -1 if x < y else 1


cdef inline void unhex(const char *p, uint8_t *out) noexcept nogil:
    """32 bytes from 64 hexadecimal digits, already checked; eight digits in a step."""
    cdef uint64_t w
    cdef int i
    for i in range(8):
        memcpy(&w, p + 8 * i, 8)
        w = (w & <uint64_t>0x0F0F0F0F0F0F0F0F) + 9 * ((w >> 6) & <uint64_t>0x0101010101010101)
        w = (w << 4 | w >> 8) & <uint64_t>0x00FF00FF00FF00FF
        w = (w | w >> 8) & <uint64_t>0x0000FFFF0000FFFF
        w = w | w >> 16
        memcpy(out + 4 * i, &w, 4)


cdef int order(Builder b) except -1:
    """Newest first. Where a version has no 64-bit key, full keys order the whole page."""
    cdef uint32_t i
    cdef list keys
    if b.unpacked:
        keys = [full_key_of(b.versions[i].text[:b.versions[i].length].decode())
                for i in range(b.n_versions)]
        # equal versions keep the order of the page: a reversed sort is stable too
        for rank, at in enumerate(sorted(range(b.n_versions), key=keys.__getitem__, reverse=True)):
            b.versions[<uint32_t>at].rank = rank
        qsort(b.versions, b.n_versions, sizeof(Version), order_by_rank)
    elif b.n_versions:
        qsort(b.versions, b.n_versions, sizeof(Version), order_by_key)
    return 0


cdef bint same_version(Builder b, uint32_t i) except -1:
    """Whether the versions at `i - 1` and `i`, in order, are equal in two spellings."""
    cdef Version *one = &b.versions[i - 1]
    cdef Version *two = &b.versions[i]
    if one.packed and two.packed:
        return one.key == two.key
    if one.packed != two.packed:
        return False
    return full_key_of(one.text[:one.length].decode()) == full_key_of(two.text[:two.length].decode())


cdef tuple finish(Builder b, str status, str status_reason, list tracks, list alternates, int api_minor):
    """The record and the files of the page."""
    cdef list texts = [b.project_bytes, status.encode(), status_reason.encode()[:MAX_REASON]]
    texts += [t.encode() for t in tracks]
    texts += [t.encode() for t in alternates]
    order(b)
    return finish_record(b, texts, len(tracks), len(alternates), api_minor), finish_files(b)


cdef bytes finish_record(Builder b, list texts, int tracks, int alternates, int api_minor):
    cdef Header head
    cdef uint32_t i, distinct = 0
    cdef bint same
    cdef char *out
    reserve(&b.shape_ids, 2 * (b.n_taken + 1))    # never moves: the table of shapes points into it
    for i in range(b.n_versions):
        same = i > 0 and same_version(b, i)
        distinct += not same
        write_version(b, i, same)
    i = b.shape_ids.used // 2
    put(&b.shape_starts, &i, 4)
    dump(&b.tags, &b.starts, &b.hashes, &b.pool)
    dump(&b.pythons, &b.starts, &b.hashes, &b.pool)
    dump(&b.reasons, &b.starts, NULL, &b.pool)
    for text in texts:
        i = b.pool.used
        put(&b.starts, &i, 4)
        put(&b.pool, <const char *>text, len(text))
    i = b.pool.used
    put(&b.starts, &i, 4)
    memset(&head, 0, sizeof(Header))
    head.magic = RECORD_MAGIC
    head.rows = b.rows.used // sizeof(Row)
    head.versions = distinct
    head.shape_starts = sizeof(Header) + b.rows.used
    head.shape_ids = head.shape_starts + b.shape_starts.used
    head.hashes = head.shape_ids + b.shape_ids.used
    head.starts = head.hashes + b.hashes.used
    head.deltas = head.starts + b.starts.used
    head.pool = head.deltas + b.deltas.used
    head.total = head.pool + b.pool.used
    head.files = b.n_taken
    head.skipped = b.skipped
    head.foreign = b.foreign
    head.shapes = b.shape_starts.used // 4 - 1
    head.tags = b.tags.used
    head.pythons = b.pythons.used
    head.reasons = b.reasons.used
    head.tracks = tracks
    head.alternates = alternates
    head.api_minor = api_minor
    head.key_format = FORMAT_OF_KEYS
    result = PyBytes_FromStringAndSize(NULL, head.total)
    out = PyBytes_AS_STRING(result)
    out = paste(out, &head, sizeof(Header))
    out = paste(out, b.rows.data, b.rows.used)
    out = paste(out, b.shape_starts.data, b.shape_starts.used)
    out = paste(out, b.shape_ids.data, b.shape_ids.used)
    out = paste(out, b.hashes.data, b.hashes.used)
    out = paste(out, b.starts.data, b.starts.used)
    out = paste(out, b.deltas.data, b.deltas.used)
    out = paste(out, b.pool.data, b.pool.used)
    return result


cdef int write_version(Builder b, uint32_t i, bint same) except -1:
    """A row for each set of the version's files that agree in all but tags and times."""
    cdef uint32_t seen[MAX_VARIANTS]
    cdef int n_seen = 0, k
    cdef int32_t j = b.versions[i].first
    cdef Taken *t
    cdef Taken *like
    while j >= 0:
        t = &b.taken[j]
        for k in range(n_seen):
            like = &b.taken[seen[k]]
            if t.python == like.python and t.reason == like.reason and t.local == like.local:
                break
        else:
            if n_seen == MAX_VARIANTS:
                raise PageError("the files of one version disagree in too many ways")
            seen[n_seen] = j
            n_seen += 1
        j = t.next
    for k in range(n_seen):
        write_row(b, i, &b.taken[seen[k]], ROW_SAME if same or k else 0)
    return 0


cdef int32_t shape_since(Builder b, Py_ssize_t start) except -1:
    """The number of the shape whose ids were put from `start` on; they are taken back where it is known."""
    cdef Slot *s = table_find(&b.shapes, b.shape_ids.data + start, b.shape_ids.used - start)
    cdef uint32_t first = start // 2
    if s.value >= 0:
        b.shape_ids.used = start
        return s.value
    if b.shapes.used >= MAX_IDS:
        raise PageError("the page has too many different sets of files")
    s.value = b.shapes.used
    b.shapes.used += 1
    put(&b.shape_starts, &first, 4)
    return s.value


cdef int write_row(Builder b, uint32_t i, Taken *like, uint16_t flags) except -1:
    cdef Version *v = &b.versions[i]
    cdef Row row
    cdef Taken *t
    cdef int32_t j = v.first
    cdef Py_ssize_t start = b.shape_ids.used, start_of_deltas = b.deltas.used
    cdef uint32_t earliest = 0xFFFFFFFF, time
    cdef bint differ = False, known = True, meta = True
    while j >= 0:
        t = &b.taken[j]
        if t.python == like.python and t.reason == like.reason and t.local == like.local:
            put(&b.shape_ids, &t.tag, 2)
            flags |= ROW_WHEEL if t.tag else ROW_SDIST
            if t.tag and not t.text.meta:
                meta = False
            if t.text.time <= 0 or t.text.time >= 4294967295.0:
                known = False
                time = 0
            else:
                time = <uint32_t>t.text.time
                if earliest != 0xFFFFFFFF and time != earliest:
                    differ = True
                if time < earliest:
                    earliest = time
            put(&b.deltas, &time, 4)
        j = t.next
    if not known:
        flags |= ROW_NOTIME
    if differ and known:
        flags |= ROW_TIMES
        while start_of_deltas < b.deltas.used:
            time = ld32(b.deltas.data + start_of_deltas) - earliest
            memcpy(b.deltas.data + start_of_deltas, &time, 4)
            start_of_deltas += 4
    b.deltas.used = start_of_deltas
    if v.pre:
        flags |= ROW_PRE
    if not v.packed:
        flags |= ROW_UNPACKED
    if like.local:
        flags |= ROW_LOCAL
    if meta and flags & ROW_WHEEL:
        flags |= ROW_META
    if b.pool.used >= 1 << 24:
        raise PageError("the texts of the page are too long")
    row.key = v.key
    row.text = <uint32_t>b.pool.used << 8 | v.length
    row.time = earliest if earliest != 0xFFFFFFFF else 0
    row.shape = <uint16_t>shape_since(b, start)
    row.python = like.python
    row.reason = like.reason
    row.flags = flags
    put(&b.pool, v.text, v.length)
    put(&b.rows, &row, sizeof(Row))
    return 0


cdef struct Sections:
    # What a record of files is put together from.
    Buffer versions
    Buffer rows
    Buffer digests
    Buffer pool


cdef inline int put_digest(Buffer *digests, const char *text) except -1:
    reserve(digests, 32)
    unhex(text, <uint8_t *>digests.data + digests.used)
    digests.used += 32
    return 0


cdef int put_file(Sections *out, Taken *t, uint32_t prefix) except -1:
    """Append the row of a file whose URL goes on behind `prefix` bytes that all have."""
    cdef FileText *f = &t.text
    cdef FileRow row
    row.flags = 0
    row.time = f.time
    row.size = f.size
    row.text = out.pool.used
    row.digest = out.digests.used // 32
    row.name = f.name_n
    row.url = f.url_n - prefix
    put(&out.pool, f.name, f.name_n)
    if t.named:
        row.flags |= FILE_URL_NAME
        row.url -= row.name
    put(&out.pool, f.url + prefix, row.url)
    row.python = f.python_n
    put(&out.pool, f.python, f.python_n)
    row.reason = 0
    if f.yanked:
        row.flags |= FILE_YANKED
        row.reason = f.reason_n
        put(&out.pool, f.reason, f.reason_n)
    row.other = f.other_n
    put(&out.pool, f.other, f.other_n)
    if f.time > 0:
        row.flags |= FILE_TIME
    if t.tag:
        row.flags |= FILE_WHEEL
    if f.meta:
        row.flags |= FILE_META
    if f.sha != NULL:
        row.flags |= FILE_SHA
        put_digest(&out.digests, f.sha)
    if f.meta_sha != NULL:
        row.flags |= FILE_META_SHA
        put_digest(&out.digests, f.meta_sha)
    return put(&out.rows, &row, sizeof(FileRow))


cdef bytes finish_files(Builder b):
    cdef FilesHeader head
    cdef FilesVersion version
    cdef Sections parts
    cdef char *out
    cdef uint32_t i
    cdef int32_t j
    memset(&parts, 0, sizeof(Sections))
    memset(&head, 0, sizeof(FilesHeader))
    try:
        head.base = PyBytes_GET_SIZE(b.base)
        head.prefix = b.prefix_n if b.prefix_n > 0 else 0
        reserve(&parts.pool, head.base + 160 * b.n_taken)
        reserve(&parts.rows, sizeof(FileRow) * b.n_taken)
        reserve(&parts.digests, 64 * b.n_taken)
        put(&parts.pool, PyBytes_AS_STRING(b.base), head.base)
        put(&parts.pool, b.prefix, head.prefix)
        for i in range(b.n_versions):
            version.text = parts.pool.used
            version.length = b.versions[i].length
            version.first = parts.rows.used // sizeof(FileRow)
            put(&parts.pool, b.versions[i].text, version.length)
            put(&parts.versions, &version, sizeof(FilesVersion))
            j = b.versions[i].first
            while j >= 0:
                put_file(&parts, &b.taken[j], head.prefix)
                j = b.taken[j].next
        head.magic = FILES_MAGIC
        head.versions = b.n_versions
        head.files = b.n_taken
        head.rows = sizeof(FilesHeader) + parts.versions.used
        head.digests = head.rows + parts.rows.used
        head.pool = head.digests + parts.digests.used
        if <uint64_t>head.digests + parts.digests.used + parts.pool.used > 0xFFFFFFFF:
            raise PageError("the texts of the page are too long")
        head.total = head.pool + parts.pool.used
        result = PyBytes_FromStringAndSize(NULL, head.total)
        out = PyBytes_AS_STRING(result)
        out = paste(out, &head, sizeof(FilesHeader))
        out = paste(out, parts.versions.data, parts.versions.used)
        out = paste(out, parts.rows.data, parts.rows.used)
        out = paste(out, parts.digests.data, parts.digests.used)
        out = paste(out, parts.pool.data, parts.pool.used)
        return result
    finally:
        free(parts.versions.data)
        free(parts.rows.data)
        free(parts.digests.data)
        free(parts.pool.data)


cdef int dump(Table *t, Buffer *starts, Buffer *hashes, Buffer *pool) except -1:
    """Write a table's texts in the order of their numbers; with the hashes under which a Target remembers them."""
    cdef Slot **by_number = <Slot **>malloc((t.used + 1) * sizeof(Slot *))
    cdef uint32_t i, h
    if by_number == NULL:
        raise MemoryError
    try:
        for i in range(t.mask + 1):
            if t.slots[i].value >= 0:
                by_number[t.slots[i].value] = &t.slots[i]
        for i in range(t.used):
            put(starts, &pool.used, 4)
            put(pool, by_number[i].text, by_number[i].length)
            if hashes != NULL:
                h = <uint32_t>hash_text(by_number[i].text, by_number[i].length, 0)
                put(hashes, &h, 4)
    finally:
        free(by_number)
    return 0


def pack(page):
    """Pack an `envcensus.model.page.ProjectPage`, or anything of its shape. Raises PageError."""
    cdef Builder b = Builder(canonicalize_name(page.name).encode(), b"")
    for file in page.files:
        take(b, file.filename, file.url, file.hashes, file.requires_python, file.yanked, file.core_metadata,
             file.size, file.upload_time)
    return finish(b, page.status, page.status_reason, list(page.tracks), list(page.alternates), 0)
