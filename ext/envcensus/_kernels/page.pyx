"""Decisions about a project, read in place from its packed record: see pagefmt.pxd for the layout.

This is the one place for pre-releases, yanked files, Requires-Python, tags and upload-time limits (PEP 440, 592, 345,
425 and 700), so that `outdated` and `resolve` agree with each other, and with pip.
"""
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport int8_t, int32_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcmp, memcpy, memset

from envcensus._kernels.pagefmt cimport *
from envcensus._kernels.pagepack cimport Slot, Table
from envcensus._kernels.version cimport pack_key, version_or_none

from envcensus._kernels.pagehtml import pack_html
from envcensus._kernels.pagepack import PageError, pack
from envcensus._kernels.pagescan import pack_json
from envcensus._kernels.specifier import specifier_set
from envcensus._kernels.version import KEY_FORMAT

cdef uint16_t FORMAT_OF_KEYS = KEY_FORMAT

__all__ = [
    "Candidates", "Info", "PageError", "Target", "candidates", "files", "info", "latest", "pack", "pack_html",
    "pack_json", "version_info", "versions", "why_none",
]

cdef enum:
    NO_RANK = 0x7FFFFFFF      # of a tag text none of whose tags is supported
    MEMO_SLOTS = 16_384
    MEMO_LIMIT = 8_192
    LOCAL_MEMO = 128


# -- opening a record ------------------------------------------------------------------------------------------------

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
    texts = <uint64_t>h.tags + h.pythons + h.reasons + 3 + h.tracks + h.alternates
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


cdef inline int damaged() except -1:
    raise PageError("a damaged page record")


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


cdef str text_of(View *v, uint32_t i):
    cdef const char *p
    cdef uint32_t n
    text_at(v, i, &p, &n)
    return PyUnicode_DecodeUTF8(p, n, "replace")


cdef inline str version_of(View *v, Row *row):
    return PyUnicode_DecodeUTF8(v.pool + (row.text >> 8), row.text & 255, "replace")


# -- the target ------------------------------------------------------------------------------------------------------

cdef int memo_init(Table *t) except -1:
    cdef int i
    t.slots = <Slot *>malloc(MEMO_SLOTS * sizeof(Slot))
    if t.slots == NULL:
        raise MemoryError
    t.mask = MEMO_SLOTS - 1
    t.used = 0
    for i in range(MEMO_SLOTS):
        t.slots[i].value = -1
    return 0


cdef class Target:
    """A profile, compiled: what Requires-Python is compared with, which tags are supported and in which order.

    `python` is a full or partial version ("3.11.7", "3.11"; empty: unknown, then every Requires-Python fits).
    `tags` gives ranks for tag texts through `rank(text)` (`envcensus._kernels.names.TagSet`), or is an iterable
    of tags ("cp311-cp311-linux_x86_64"), most preferred first. `uploaded_prior_to` is in seconds since the epoch.
    `only_binary` and `no_binary` hold normalized names, or ":all:".
    Verdicts on texts are remembered, in bounded memory. For one thread at a time.
    """
    cdef Table tag_memo, python_memo
    cdef list keep
    cdef object ranks             # tag text -> rank, or None or a negative number
    cdef bint compound            # whether `ranks` takes compressed tag sets
    cdef str python_version       # of three components, or None
    cdef readonly str python
    cdef readonly bint pre
    cdef readonly object uploaded_prior_to
    cdef uint64_t prior           # 0: no limit
    cdef frozenset only_binary, no_binary

    def __cinit__(self, *, str python, object tags, bint pre=False, object uploaded_prior_to=None,
                  object only_binary=(), object no_binary=()):
        import math

        memo_init(&self.tag_memo)
        memo_init(&self.python_memo)
        self.keep = []
        self.python = python
        self.pre = pre
        self.uploaded_prior_to = uploaded_prior_to
        # a file passes when its time, in whole seconds here, is before the limit
        self.prior = max(1, min(0xFFFFFFFF, math.ceil(uploaded_prior_to))) if uploaded_prior_to is not None else 0
        self.only_binary = frozenset(only_binary)
        self.no_binary = frozenset(no_binary)
        rank = getattr(tags, "rank", None)
        self.compound = rank is not None
        if rank is None:
            table = {}
            for tag in tags:
                table.setdefault(tag.lower(), len(table))
            rank = table.get
        self.ranks = rank
        self.python_version = None

    def __dealloc__(self):
        free(self.tag_memo.slots)
        free(self.python_memo.slots)

    cdef int32_t recall(self, Table *t, const char *text, uint32_t n, uint32_t h, bint is_tag) except -1:
        """The verdict on a text: a tag's rank or NO_RANK; 1 or 0 for a Requires-Python."""
        cdef uint32_t i = h & t.mask
        cdef Slot *s
        cdef bytes key
        cdef int32_t verdict
        while True:
            s = &t.slots[i]
            if s.value < 0:
                break
            if s.hash == h and s.length == n and memcmp(s.text, text, n) == 0:
                return s.value
            i = (i + 1) & t.mask
        key = text[:n]
        verdict = self.tag_verdict(key) if is_tag else self.python_verdict(key)
        if self.tag_memo.used + self.python_memo.used >= MEMO_LIMIT:
            self.forget()
            i = h & t.mask
        s = &t.slots[i]
        self.keep.append(key)
        s.hash = h
        s.text = PyBytes_AS_STRING(key)
        s.length = n
        s.value = verdict
        t.used += 1
        return verdict

    cdef int forget(self) except -1:
        free(self.tag_memo.slots)
        free(self.python_memo.slots)
        self.tag_memo.slots = self.python_memo.slots = NULL
        memo_init(&self.tag_memo)
        memo_init(&self.python_memo)
        self.keep = []
        return 0

    cdef int32_t tag_verdict(self, bytes key) except -1:
        """The best rank of a tag text, which may stand for many tags: "py2.py3-none-any"."""
        cdef object best = None, rank
        cdef str text = key.decode("utf-8", "replace")
        if self.compound or "." not in text:
            best = self.ranks(text)
        else:
            interpreters, abis, platforms = (part.split(".") for part in text.split("-", 2))
            if len(interpreters) * len(abis) * len(platforms) > 4096:
                return NO_RANK
            for interpreter in interpreters:
                for abi in abis:
                    for platform in platforms:
                        rank = self.ranks(f"{interpreter}-{abi}-{platform}")
                        if rank is not None and rank >= 0 and (best is None or rank < best):
                            best = rank
        return NO_RANK if best is None or best < 0 else best

    cdef int32_t python_verdict(self, bytes key) except -1:
        """Whether a Requires-Python fits. As in pip, one that cannot be read excludes nothing."""
        if not key or not self.python:
            return 1
        if self.python_version is None:
            found = version_or_none(self.python)
            if found is None:
                return 1
            self.python_version = ".".join(map(str, (found.release + (0, 0))[:3]))
        try:
            return specifier_set(key.decode("utf-8", "replace")).contains(self.python_version)
        except ValueError:      # InvalidSpecifier
            return 1


# -- one row for one target ------------------------------------------------------------------------------------------

cdef enum:
    FITS_WHEEL = 1
    FITS_SDIST = 2
    BAD_PYTHON = 4
    BAD_TIME = 8
    NO_TIME = 16
    BAD_FORMAT = 32       # a kind of file that --only-binary or --no-binary leaves out
    BAD_TAGS = 64


cdef struct Judge:
    # What holds for all rows of one record and one target.
    bint wheels
    bint sdists
    uint64_t prior
    int8_t python[LOCAL_MEMO]      # -1: not asked yet
    int32_t shape[LOCAL_MEMO]      # -1: not asked yet
    const char *deltas             # of the next row, when rows are taken in order


cdef int judge_init(Judge *j, View *v, Target target, str name) except -1:
    j.wheels = j.sdists = True
    j.prior = target.prior
    j.deltas = v.deltas
    if target.no_binary or target.only_binary:
        # in pip's order: a name wins over ":all:"
        if name in target.only_binary:
            j.sdists = False
        elif name in target.no_binary:
            j.wheels = False
        elif ":all:" in target.only_binary:
            j.sdists = False
        elif ":all:" in target.no_binary:
            j.wheels = False
    memset(j.python, -1, sizeof(j.python))
    memset(j.shape, -1, sizeof(j.shape))
    return 0


cdef inline int32_t tag_rank(View *v, Target target, uint32_t tag) except -1:
    cdef const char *text
    cdef uint32_t n
    if tag >= v.head.tags:
        damaged()
    text_at(v, tag, &text, &n)
    return target.recall(&target.tag_memo, text, n, ld32(v.hashes + 4 * <Py_ssize_t>tag), True)


cdef bint python_fits(View *v, Judge *j, Target target, uint32_t python) except -1:
    cdef const char *text
    cdef uint32_t n, i
    cdef bint fits
    if python < LOCAL_MEMO and j.python[python] >= 0:
        return j.python[python]
    i = v.head.tags + python
    text_at(v, i, &text, &n)
    fits = target.recall(&target.python_memo, text, n, ld32(v.hashes + 4 * <Py_ssize_t>i), False)
    if python < LOCAL_MEMO:
        j.python[python] = fits
    return fits


cdef int32_t shape_rank(View *v, Judge *j, Target target, uint32_t shape, uint32_t start, uint32_t count) except -1:
    """The best rank among a shape's wheels."""
    cdef int32_t best = NO_RANK, rank
    cdef uint32_t i, tag
    if shape < LOCAL_MEMO and j.shape[shape] >= 0:
        return j.shape[shape]
    for i in range(start, start + count):
        tag = ld16(v.shape_ids + 2 * <Py_ssize_t>i)
        if tag:
            rank = tag_rank(v, target, tag)
            if rank < best:
                best = rank
    if shape < LOCAL_MEMO:
        j.shape[shape] = best
    return best


cdef int judge_row(View *v, Judge *j, Target target, Row *row, int32_t *rank) except -1:
    """Which kinds of the row's files fit, or why none does. Takes no account of pre-releases and yanked files.

    Rows must be given in order: upload times are found by counting.
    """
    cdef uint32_t start, count, i, tag
    cdef const char *deltas = j.deltas
    cdef int fits = 0
    cdef int32_t r
    rank[0] = NO_RANK
    shape_at(v, row.shape, &start, &count)
    if row.flags & ROW_TIMES:
        if <uint64_t>count * 4 > <uint64_t>(v.deltas_end - deltas):
            damaged()
        j.deltas = deltas + 4 * <Py_ssize_t>count
    if not python_fits(v, j, target, row.python):
        return BAD_PYTHON
    if j.prior and not row.flags & ROW_LOCAL:
        if row.flags & ROW_NOTIME:
            return NO_TIME
        if row.time >= j.prior:
            return BAD_TIME
        if row.flags & ROW_TIMES:
            # some of the files may be too new: look at each
            for i in range(count):
                if row.time + <uint64_t>ld32(deltas + 4 * <Py_ssize_t>i) < j.prior:
                    tag = ld16(v.shape_ids + 2 * <Py_ssize_t>(start + i))
                    if tag == 0:
                        fits |= FITS_SDIST if j.sdists else BAD_FORMAT
                    elif not j.wheels:
                        fits |= BAD_FORMAT
                    else:
                        r = tag_rank(v, target, tag)
                        if r != NO_RANK:
                            fits |= FITS_WHEEL
                            rank[0] = min(rank[0], r)
                        else:
                            fits |= BAD_TAGS
            return fits
    if row.flags & ROW_SDIST:
        fits |= FITS_SDIST if j.sdists else BAD_FORMAT
    if row.flags & ROW_WHEEL:
        if not j.wheels:
            fits |= BAD_FORMAT
        else:
            rank[0] = shape_rank(v, j, target, row.shape, start, count)
            fits |= FITS_WHEEL if rank[0] != NO_RANK else BAD_TAGS
    return fits


# -- questions -------------------------------------------------------------------------------------------------------

def latest(record, Target target not None, str name=""):
    """The newest version that `pip list --outdated` would name: (version, "wheel" or "sdist", upload time, yanked).

    The upload time is that of the version's first file, in whole seconds since the epoch, or None. As in pip's list,
    yanked files never count and pre-releases only with `target.pre`; None when nothing is left, and `why_none` says
    why. `name` is the normalized project, for `only_binary` and `no_binary`. Raises PageError for a damaged record.
    """
    cdef View v
    cdef Judge j
    cdef Row row, best
    cdef uint32_t i, time = 0
    cdef int fits, kind = 0
    cdef int32_t rank, best_rank = NO_RANK
    cdef Hold _hold = open_record(record, &v)
    judge_init(&j, &v, target, name)
    for i in range(v.head.rows):
        row_at(&v, i, &row)
        if kind and not row.flags & ROW_SAME:
            break
        if not row.flags & ROW_SAME:
            time = row.time
        elif row.time and row.time < time:
            time = row.time
        fits = judge_row(&v, &j, target, &row, &rank)
        if row.reason or (row.flags & ROW_PRE and not target.pre) or not fits & (FITS_WHEEL | FITS_SDIST):
            continue
        # of one version, a wheel comes before an sdist, then the best tag; else the page's order
        if fits & FITS_WHEEL and (kind != FITS_WHEEL or rank < best_rank):
            kind = FITS_WHEEL
            best_rank = rank
            best = row
        elif not kind:
            kind = FITS_SDIST
            best = row
    if not kind:
        return None
    return version_of(&v, &best), "wheel" if kind == FITS_WHEEL else "sdist", <double>time if time else None, False


def why_none(record, Target target not None, str name=""):
    """One sentence on why `latest` is None: what the newest versions lack."""
    cdef View v
    cdef Judge j
    cdef Row row
    cdef uint32_t i
    cdef int fits, seen = 0
    cdef int32_t rank
    cdef bint yanked = False, pre = False
    cdef Hold _hold = open_record(record, &v)
    judge_init(&j, &v, target, name)
    if not v.head.rows:
        status = text_of(&v, v.head.tags + v.head.pythons + v.head.reasons + 1)
        if status == "quarantined":
            return "the project is quarantined"
        if v.head.skipped or v.head.foreign:
            return "the index lists no file that is a release of the project"
        return "the index lists no files"
    for i in range(v.head.rows):
        row_at(&v, i, &row)
        fits = judge_row(&v, &j, target, &row, &rank)
        if not fits & (FITS_WHEEL | FITS_SDIST):
            seen |= fits
        elif row.reason:
            yanked = True
        elif row.flags & ROW_PRE and not target.pre:
            pre = True
        else:
            return ""
    if pre:
        return "there are only pre-releases"
    if yanked:
        return "all files are yanked"
    if seen & NO_TIME:
        return "the index gives no upload times, which the upload-time limit needs"
    if seen & BAD_TIME:
        return "all files were uploaded after the limit"
    if seen & BAD_FORMAT:
        return "no file of a permitted kind"
    if seen & BAD_TAGS:
        return "no wheel fits the platform, and there is no sdist"
    return f"no version supports Python {target.python}"


class Candidates:
    """What a project offers a target, for a resolver. Bit i of each mask stands for `versions[i]`.

    `versions`: text of the distinct versions, ascending. `keys`: their 64-bit keys, in native order, as an array("Q")
    (0 where `unpacked` is set: compare the text). `usable`: a file fits that is not yanked. `yanked`: only yanked files
    fit. Of those: `pre`: pre-releases. `wheel`: a wheel fits. `metadata`: and all wheels have a metadata file.
    `bad_python`: no file fits, for Requires-Python alone.
    """
    __slots__ = ("bad_python", "keys", "metadata", "pre", "unpacked", "usable", "versions", "wheel", "yanked")

    def __init__(self, versions, keys, usable, yanked, pre, wheel, metadata, unpacked, bad_python):
        self.versions = versions
        self.keys = keys
        self.usable = usable
        self.yanked = yanked
        self.pre = pre
        self.wheel = wheel
        self.metadata = metadata
        self.unpacked = unpacked
        self.bad_python = bad_python


cdef enum:
    IS_USABLE = 1
    IS_YANKED = 2
    IS_PRE = 4
    IS_WHEEL = 8
    IS_META = 16
    IS_UNPACKED = 32
    IS_BAD_PYTHON = 64
    HAS_YANKED_WHEEL = 128
    HAS_YANKED_META = 256


cdef object mask_of(const uint16_t *marks, uint32_t n, uint16_t bit):
    """An integer with a bit for each mark that has `bit` set."""
    cdef uint32_t i
    cdef bytearray out = bytearray((n + 7) // 8)
    cdef unsigned char *p = out
    for i in range(n):
        if marks[i] & bit:
            p[i >> 3] |= 1 << (i & 7)
    return int.from_bytes(out, "little")


def candidates(record, Target target not None, str name=""):
    """The versions of a project and what each offers the target, as `Candidates`. Raises PageError."""
    from array import array

    cdef View v
    cdef Judge j
    cdef Row row
    cdef uint32_t i, n = 0, at
    cdef int fits
    cdef int32_t rank
    cdef uint16_t *marks
    cdef uint16_t mark
    cdef list texts
    cdef uint64_t[:] keys
    cdef Hold _hold = open_record(record, &v)
    if v.head.versions > v.head.rows:
        damaged()
    n = v.head.versions
    texts = [None] * n
    key_array = array("Q", bytes(8 * n))
    if n == 0:
        return Candidates(texts, key_array, 0, 0, 0, 0, 0, 0, 0)
    keys = key_array
    room = bytearray(2 * n)
    marks = <uint16_t *><char *>room
    judge_init(&j, &v, target, name)
    at = n
    for i in range(v.head.rows):
        row_at(&v, i, &row)
        if not row.flags & ROW_SAME:
            if at == 0:
                damaged()
            at -= 1
            texts[at] = version_of(&v, &row)
            keys[at] = row.key
        elif at == n:
            damaged()
        fits = judge_row(&v, &j, target, &row, &rank)
        mark = marks[at]
        if row.flags & ROW_PRE:
            mark |= IS_PRE
        if row.flags & ROW_UNPACKED:
            mark |= IS_UNPACKED
        if fits & (FITS_WHEEL | FITS_SDIST):
            mark |= IS_YANKED if row.reason else IS_USABLE
            if fits & FITS_WHEEL:
                mark |= HAS_YANKED_WHEEL if row.reason else IS_WHEEL
                if row.flags & ROW_META:
                    mark |= HAS_YANKED_META if row.reason else IS_META
        elif fits & BAD_PYTHON:
            mark |= IS_BAD_PYTHON
        marks[at] = mark
    if at:
        damaged()
    for i in range(n):
        if marks[i] & IS_USABLE:
            marks[i] &= ~IS_YANKED
        else:
            marks[i] |= IS_WHEEL if marks[i] & HAS_YANKED_WHEEL else 0
            marks[i] |= IS_META if marks[i] & HAS_YANKED_META else 0
        if marks[i] & (IS_USABLE | IS_YANKED):
            marks[i] &= ~IS_BAD_PYTHON
    return Candidates(
        texts, key_array, mask_of(marks, n, IS_USABLE), mask_of(marks, n, IS_YANKED), mask_of(marks, n, IS_PRE),
        mask_of(marks, n, IS_WHEEL), mask_of(marks, n, IS_META), mask_of(marks, n, IS_UNPACKED),
        mask_of(marks, n, IS_BAD_PYTHON),
    )


def versions(record):
    """The text of all versions, newest first, whatever they offer. Raises PageError."""
    cdef View v
    cdef Row row
    cdef uint32_t i
    cdef list out = []
    cdef Hold _hold = open_record(record, &v)
    for i in range(v.head.rows):
        row_at(&v, i, &row)
        if not row.flags & ROW_SAME:
            out.append(version_of(&v, &row))
    return out


class Info:
    """What a record says about its project beside its files. `files`, `skipped` and `foreign` count the page's files:
    taken; left out for their names; left out as another project's."""
    __slots__ = ("alternates", "api_minor", "files", "foreign", "name", "skipped", "status", "status_reason", "tracks",
                 "versions")

    def __init__(self, name, status, status_reason, tracks, alternates, versions, files, skipped, foreign, api_minor):
        self.name = name
        self.status = status
        self.status_reason = status_reason
        self.tracks = tracks
        self.alternates = alternates
        self.versions = versions
        self.files = files
        self.skipped = skipped
        self.foreign = foreign
        self.api_minor = api_minor


def info(record):
    """Status (PEP 792), tracks and alternates (PEP 708), and counts, as `Info`. Raises PageError."""
    cdef View v
    cdef Hold _hold = open_record(record, &v)
    cdef uint32_t at = <uint32_t>v.head.tags + v.head.pythons + v.head.reasons, i
    tracks = tuple([text_of(&v, at + 3 + i) for i in range(v.head.tracks)])
    alternates = tuple([text_of(&v, at + 3 + v.head.tracks + i) for i in range(v.head.alternates)])
    return Info(
        text_of(&v, at), text_of(&v, at + 1), text_of(&v, at + 2), tracks, alternates, v.head.versions, v.head.files,
        v.head.skipped, v.head.foreign, v.head.api_minor,
    )


cdef bytes normal_version(str version):
    cdef object found = version_or_none(version)
    return b"" if found is None else str(found).encode()


def version_info(record, str version not None):
    """(upload time of the version's first file or None, yanked reason or None if not every file is yanked).

    None when the page has no such version. Spellings of one version are the same ("1.0" and "1.0.0"). Raises PageError.
    """
    cdef View v
    cdef Row row
    cdef uint32_t i, time = 0
    cdef bint found = False, yanked = True
    cdef uint64_t key = 0
    cdef bytes text = version.encode("utf-8", "replace")
    cdef bint packed
    cdef Hold _hold = open_record(record, &v)
    cdef object reason = None
    packed = pack_key(text, len(text), &key) == 1
    if not packed:
        text = normal_version(version)
        packed = bool(text) and pack_key(text, len(text), &key) == 1
    for i in range(v.head.rows):
        row_at(&v, i, &row)
        if found:
            if not row.flags & ROW_SAME:
                break
        elif packed:
            found = row.key == key and not row.flags & ROW_UNPACKED
        else:
            found = (row.text & 255) == len(text) and not memcmp(v.pool + (row.text >> 8), <char *>text, len(text))
        if found:
            if row.time and (row.time < time or not time):
                time = row.time
            if not row.reason:
                yanked = False
            elif reason is None:
                reason = text_of(&v, v.head.tags + v.head.pythons + row.reason - 1)
    if not found:
        return None
    return <double>time if time else None, reason if yanked else None


# -- files -----------------------------------------------------------------------------------------------------------

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


cdef str join(str base, str url):
    """An absolute URL from one as a page spells it."""
    cdef Py_ssize_t at
    if url.startswith(("https://", "http://")) or not base:
        return url
    if url.startswith("/") and not url.startswith("//"):
        at = base.find("/", base.find("://") + 3)
        return (base if at < 0 else base[:at]) + url
    from urllib.parse import urljoin

    return urljoin(base, url)


cdef object file_at(FilesView *v, uint32_t i, str base, str prefix, object make):
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
    return make(
        filename=name,
        url=join(base, prefix + rest + (name if row.flags & FILE_URL_NAME else "")),
        hashes=hashes,
        requires_python=python,
        yanked=reason,
        core_metadata=meta_hashes or bool(row.flags & FILE_META),
        size=row.size if row.size >= 0 else None,
        upload_time=row.time if row.flags & FILE_TIME else None,
    )


cdef int bounds(FilesView *v, uint32_t i, uint32_t *first, uint32_t *end) except -1:
    cdef FilesVersion version
    memcpy(&version, v.versions + <Py_ssize_t>i * sizeof(FilesVersion), sizeof(FilesVersion))
    first[0] = version.first
    end[0] = v.head.files
    if i + 1 < v.head.versions:
        memcpy(&version, v.versions + <Py_ssize_t>(i + 1) * sizeof(FilesVersion), sizeof(FilesVersion))
        end[0] = version.first
    if first[0] > end[0] or end[0] > v.head.files:
        damaged()
    return 0


def files(record, version, make):
    """The files of a version (None: of all, newest version first) in page order, out of a record of files.

    `make` is called with the fields of `envcensus.model.page.File` as keywords. Spellings of one version are the same.
    Raises PageError for a damaged record.
    """
    cdef FilesView v
    cdef FilesVersion at
    cdef uint32_t i, j, first = 0, end = 0
    cdef uint64_t key = 0, key_here = 0
    cdef bytes text
    cdef bint packed = False
    cdef list out = []
    cdef Hold _hold = open_files(record, &v)
    cdef str base = slice_of(&v, 0, v.head.base), prefix = slice_of(&v, v.head.base, v.head.prefix)
    if version is None:
        for j in range(v.head.files):
            out.append(file_at(&v, j, base, prefix, make))
        return out
    text = normal_version(version) or version.encode("utf-8", "replace")
    packed = pack_key(text, len(text), &key) == 1
    for i in range(v.head.versions):
        memcpy(&at, v.versions + <Py_ssize_t>i * sizeof(FilesVersion), sizeof(FilesVersion))
        if <uint64_t>at.text + at.length > v.pool_n:
            damaged()
        if packed:
            if pack_key(v.pool + at.text, at.length, &key_here) != 1 or key_here != key:
                continue
        elif at.length != len(text) or memcmp(v.pool + at.text, <const char *>text, len(text)) != 0:
            continue
        bounds(&v, i, &first, &end)
        for j in range(first, end):
            out.append(file_at(&v, j, base, prefix, make))
    return out
