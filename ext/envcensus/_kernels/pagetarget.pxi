# What a decision is made for, and the verdict on one row of a record: Requires-Python, tags, upload-time limits
# and kinds of files (PEP 345, 425, 700).

cdef enum:
    NO_RANK = 0x7FFFFFFF      # of a tag text none of whose tags is supported
    LOCAL_MEMO = 128
    MEMO_SLOTS = 16_384
    MEMO_LIMIT = 8_192


cdef struct Slot:
    const char *text        # NULL: free
    uint32_t hash
    uint32_t length
    int32_t value


cdef struct Table:
    Slot *slots
    uint32_t mask
    uint32_t used


cdef int memo_init(Table *t) except -1:
    t.slots = <Slot *>calloc(MEMO_SLOTS, sizeof(Slot))  # pages that stay empty are never touched
    if t.slots == NULL:
        raise MemoryError
    t.mask = MEMO_SLOTS - 1
    t.used = 0
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
        memo_init(&self.tag_memo)
        memo_init(&self.python_memo)
        self.keep = []
        self.python = python
        self.pre = pre
        self.uploaded_prior_to = uploaded_prior_to
        # a file passes when its time, in whole seconds here, is before the limit
        self.prior = 0
        if uploaded_prior_to is not None:
            import math

            self.prior = max(1, min(0xFFFFFFFF, math.ceil(uploaded_prior_to)))
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
            if s.text == NULL:
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
        if never_right(key):
            return 1
        try:
            return specifier_set(key.decode("utf-8", "replace")).contains(self.python_version)
        except ValueError:      # InvalidSpecifier
            return 1


cdef bint never_right(bytes key):
    """Whether a specifier set is wrong in a way that many old releases have: "3.0*", ">=3.6.*" and quotes.

    packaging would refuse it too: importing it for that alone costs a warm run some 14 ms.
    """
    cdef Py_ssize_t i
    cdef const unsigned char* data = key
    if b"===" in key:
        return False
    if b"'" in key or b'"' in key:
        return True
    if b"*" not in key:
        return False
    for i in range(1, len(key)):
        if data[i] == 42 and 48 <= data[i - 1] <= 57:
            return True
    for clause in key.split(b","):
        if b"*" in clause and not clause.strip().startswith((b"==", b"!=")):
            return True
    return False


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
