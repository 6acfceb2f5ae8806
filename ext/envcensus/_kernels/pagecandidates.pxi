# What a resolver asks a record: all versions, and what each offers a target.

class Candidates:
    """What a project offers a target, for a resolver. Bit i of each mask stands for `versions[i]`.

    `versions`: text of the versions, ascending; where a page spells one in several ways ("1.0" and "1.0.0"), each is
    one of its own, the one that pip would take last. `table`: the same with their keys, sorted anew where the record's
    order cannot be relied upon; texts that are no versions are missing then. `unpacked`: versions that have
    no 64-bit key. `usable`: a file fits that is not yanked. `yanked`: only yanked files fit. Of those: `pre`:
    pre-releases. `wheel`: a wheel fits. `metadata`: and all wheels have a metadata file. `bad_python`: no file fits,
    for Requires-Python alone.
    """
    __slots__ = ("bad_python", "metadata", "pre", "table", "unpacked", "usable", "versions", "wheel", "yanked")

    def __init__(self, versions, table, usable, yanked, pre, wheel, metadata, unpacked, bad_python):
        self.versions = versions
        self.table = table
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


cdef struct Version:
    # What is found out about one version, while its rows are read.
    uint64_t key
    uint32_t text          # as in a row
    int32_t rank           # of the best file that fits: NO_RANK - 1 for an sdist, NO_RANK where none does
    uint16_t marks
    bint again             # another spelling of the version that follows


cdef object mask_of(const Version *found, uint32_t n, uint16_t some, uint16_t every, uint16_t bit):
    """An integer with a bit for each version that has `bit` set. `some` is what any has, `every` what all have."""
    cdef uint32_t i
    cdef bytearray out
    cdef unsigned char *p
    cdef object one = 1
    if not some & bit:
        return 0
    if every & bit:
        return (one << n) - 1
    out = bytearray((n + 7) // 8)
    p = out
    for i in range(n):
        p[i >> 3] |= (found[i].marks & bit != 0) << (i & 7)
    return int.from_bytes(out, "little")


cdef inline bint is_spelled(View *v, uint32_t one, uint32_t other) noexcept:
    """Whether two texts of rows are the same."""
    return one & 255 == other & 255 and memcmp(v.pool + (one >> 8), v.pool + (other >> 8), one & 255) == 0


cdef void order_spellings(Version *found, uint32_t n) noexcept:
    """Put that spelling of a version last whose best file pip prefers; where they are alike, the later on the page."""
    cdef uint32_t i, at
    cdef Version moved
    for i in range(1, n):
        at = i
        while at and found[at - 1].again and found[at - 1].rank <= found[at].rank:
            moved = found[at]
            found[at] = found[at - 1]
            found[at - 1] = moved
            found[at].again, found[at - 1].again = moved.again, True
            at -= 1


cdef uint32_t read_versions(View *v, Target target, str name, Version *found, uint32_t *size) except? 0xFFFFFFFF:
    """Fill in what each version is, and offers, from the end; the index of the first. `size`: bytes of all texts."""
    cdef Judge j
    cdef Row row
    cdef uint32_t i, at = v.head.rows, distinct = 0
    cdef int fits = 0
    cdef int32_t rank = NO_RANK
    cdef uint16_t mark, kinds
    cdef uint16_t shape = 0, python = 0, last = 0
    cdef bint known = False   # whether the row before tells what this one offers
    cdef bint spelled = False
    judge_init(&j, v, target, name)
    for i in range(v.head.rows):
        row_at(v, i, &row)
        if not row.flags & ROW_SAME or not i or not is_spelled(v, row.text, found[at].text):
            distinct += not row.flags & ROW_SAME
            spelled |= row.flags & ROW_SAME != 0
            at -= 1
            found[at].key = row.key
            found[at].text = row.text
            found[at].rank = NO_RANK
            found[at].marks = 0
            found[at].again = row.flags & ROW_SAME != 0
            size[0] += row.text & 255
        # Without a limit by upload time it is all in the shape and in Requires-Python, and neighbours share both.
        kinds = row.flags & (ROW_WHEEL | ROW_SDIST)
        if not known or row.shape != shape or row.python != python or kinds != last:
            fits = judge_row(v, &j, target, &row, &rank)
            shape, python, last, known = row.shape, row.python, kinds, not j.prior
        mark = found[at].marks
        if row.flags & ROW_PRE:
            mark |= IS_PRE
        if row.flags & ROW_UNPACKED:
            mark |= IS_UNPACKED
        if fits & (FITS_WHEEL | FITS_SDIST):
            mark |= IS_YANKED if row.reason else IS_USABLE
            found[at].rank = min(found[at].rank, rank if fits & FITS_WHEEL else NO_RANK - 1)
            if fits & FITS_WHEEL:
                mark |= HAS_YANKED_WHEEL if row.reason else IS_WHEEL
                if row.flags & ROW_META:
                    mark |= HAS_YANKED_META if row.reason else IS_META
        elif fits & BAD_PYTHON:
            mark |= IS_BAD_PYTHON
        found[at].marks = mark
    if distinct != v.head.versions or v.head.rows and found[v.head.rows - 1].again:
        damaged()
    if spelled:
        order_spellings(found + at, v.head.rows - at)
    return at


cdef Texts texts_of(View *v, const Version *found, uint32_t n, uint32_t size):
    cdef Texts texts = Texts.__new__(Texts)
    cdef char *p = texts.room(n, size)
    cdef uint32_t i, end = 0, length
    for i in range(n):
        length = found[i].text & 255
        memcpy(p + end, v.pool + (found[i].text >> 8), length)
        end += length
        texts._ends[i] = end
    return texts


cdef VersionTable sorted_table(Texts texts, const Version *found, uint32_t n):
    """The versions with their keys; sorted by their texts where the keys do not ascend, or one has none."""
    cdef uint32_t i
    cdef uint64_t *keys
    cdef uint64_t last = 0
    for i in range(n):
        if found[i].key == 0 or found[i].key < last:
            return VersionTable(texts)
        last = found[i].key
    keys = <uint64_t *>PyMem_Malloc((n or 1) * sizeof(uint64_t))
    if keys == NULL:
        raise MemoryError()
    for i in range(n):
        keys[i] = found[i].key
    return table_of(texts, keys)


def candidates(record, Target target not None, str name=""):
    """The versions of a project and what each offers the target, as `Candidates`. Raises PageError."""
    cdef View v
    cdef uint32_t i, n, first, size = 0
    cdef uint16_t some = 0, every = 0xFFFF, mark
    cdef Version *found
    cdef Texts texts
    cdef bytearray room
    cdef Hold _hold = open_record(record, &v)
    if v.head.versions > v.head.rows:
        damaged()
    room = bytearray((v.head.rows or 1) * sizeof(Version))
    found = <Version *><char *>room
    first = read_versions(&v, target, name, found, &size)
    found += first
    n = v.head.rows - first
    for i in range(n):
        mark = found[i].marks
        if mark & IS_USABLE:
            mark &= ~IS_YANKED
        else:
            mark |= IS_WHEEL if mark & HAS_YANKED_WHEEL else 0
            mark |= IS_META if mark & HAS_YANKED_META else 0
        if mark & (IS_USABLE | IS_YANKED):
            mark &= ~IS_BAD_PYTHON
        found[i].marks = mark
        some |= mark
        every &= mark
    texts = texts_of(&v, found, n, size)
    return Candidates(
        texts,
        sorted_table(texts, found, n),
        mask_of(found, n, some, every, IS_USABLE),
        mask_of(found, n, some, every, IS_YANKED),
        mask_of(found, n, some, every, IS_PRE),
        mask_of(found, n, some, every, IS_WHEEL),
        mask_of(found, n, some, every, IS_META),
        mask_of(found, n, some, every, IS_UNPACKED),
        mask_of(found, n, some, every, IS_BAD_PYTHON),
    )
