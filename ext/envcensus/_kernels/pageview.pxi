# Reading a record in place, every step checked: whatever a record holds, no read leaves it.

cdef enum:
    # The texts about the page as a whole, counted from `first_said`.
    SAID_NAME = 0
    SAID_STATUS = 1
    SAID_REASON = 2
    SAID_PLACES = 3       # tracks, then alternates


cdef struct View:
    const char *p
    const char *rows
    const char *shape_starts
    const char *shape_ids
    const char *hashes
    const char *starts
    const char *deltas
    const char *deltas_end
    const char *pool
    uint32_t pool_n
    uint32_t n_shape_ids
    uint32_t n_starts
    Header head


cdef class Hold:
    """The buffer of a record, while it is read."""
    cdef Py_buffer buffer
    cdef bint held

    def __dealloc__(self):
        if self.held:
            PyBuffer_Release(&self.buffer)


cdef Hold open_record(object record, View *v):
    """Check the header, so that no later read leaves the buffer whatever the rest holds. Raises PageError."""
    cdef Hold hold = None
    cdef Py_ssize_t size
    cdef const char *p
    cdef Header *h = &v.head
    cdef uint64_t texts
    if PyBytes_CheckExact(record):
        p = PyBytes_AS_STRING(record)
        size = PyBytes_GET_SIZE(record)
    else:
        hold = Hold()
        PyObject_GetBuffer(record, &hold.buffer, PyBUF_SIMPLE)
        hold.held = True
        p = <const char *>hold.buffer.buf
        size = hold.buffer.len
    if size < <Py_ssize_t>sizeof(Header):
        raise PageError("not a page record: too short")
    memcpy(h, p, sizeof(Header))
    texts = <uint64_t>h.tags + h.pythons + h.reasons + SAID_PLACES + h.tracks + h.alternates
    if (
        h.magic != RECORD_MAGIC or h.total != size
        or h.shape_starts != sizeof(Header) + <uint64_t>h.rows * sizeof(Row)
        or h.shape_ids != h.shape_starts + (<uint64_t>h.shapes + 1) * 4
        or h.hashes < h.shape_ids
        or h.starts != h.hashes + (<uint64_t>h.tags + h.pythons) * 4
        or h.deltas != h.starts + (texts + 1) * 4
        or h.pool < h.deltas or h.pool > h.total
    ):
        raise PageError("not a page record, or a damaged one")
    if h.key_format != FORMAT_OF_KEYS:
        raise PageError("a page record of another version of this program")
    v.p = p
    v.rows = p + sizeof(Header)
    v.shape_starts = p + h.shape_starts
    v.shape_ids = p + h.shape_ids
    v.hashes = p + h.hashes
    v.starts = p + h.starts
    v.deltas = p + h.deltas
    v.deltas_end = p + h.pool
    v.pool = p + h.pool
    v.pool_n = h.total - h.pool
    v.n_shape_ids = (h.hashes - h.shape_ids) // 2
    v.n_starts = <uint32_t>texts
    return hold


cdef inline uint32_t first_said(const View *v) noexcept nogil:
    """The number of the first text that is about the page as a whole: see SAID_NAME and those after it."""
    return <uint32_t>v.head.tags + v.head.pythons + v.head.reasons


cdef int damaged() except -1:
    raise PageError("a damaged page record")


cdef str text_of(View *v, uint32_t i):
    cdef const char *p
    cdef uint32_t n
    text_at(v, i, &p, &n)
    return PyUnicode_DecodeUTF8(p, n, "replace")


cdef inline str version_of(View *v, Row *row):
    return PyUnicode_DecodeUTF8(v.pool + (row.text >> 8), row.text & 255, "replace")


cdef bytes normal_version(str version):
    """The normalized spelling of a version; empty where it is none."""
    cdef object found = version_or_none(version)
    return b"" if found is None else str(found).encode()


cdef inline int row_at(View *v, uint32_t i, Row *row) except -1:
    """Read a row, checked: its shape, its texts and its number of files lie inside the record."""
    memcpy(row, v.rows + <Py_ssize_t>i * sizeof(Row), sizeof(Row))
    if (
        row.shape >= v.head.shapes or row.python >= v.head.pythons or row.reason > v.head.reasons
        or (row.text >> 8) + (row.text & 255) > v.pool_n
    ):
        damaged()
    return 0


cdef inline int shape_at(View *v, uint32_t shape, uint32_t *start, uint32_t *count) except -1:
    cdef uint32_t a = ld32(v.shape_starts + 4 * <Py_ssize_t>shape)
    cdef uint32_t b = ld32(v.shape_starts + 4 * <Py_ssize_t>shape + 4)
    if a > b or b > v.n_shape_ids:
        damaged()
    start[0] = a
    count[0] = b - a
    return 0


cdef inline int text_at(View *v, uint32_t i, const char **text, uint32_t *length) except -1:
    """Text number `i`: tags, Requires-Python texts, reasons, name, status, its reason, tracks, alternates."""
    cdef uint32_t a, b
    if i >= v.n_starts:
        damaged()
    a = ld32(v.starts + 4 * <Py_ssize_t>i)
    b = ld32(v.starts + 4 * <Py_ssize_t>i + 4)
    if a > b or b > v.pool_n:
        damaged()
    text[0] = v.pool + a
    length[0] = b - a
    return 0
