"""Build the two records of a project's page from its files: see pagefmt.pxd for their layout.

This is the one place where file names become versions and tags (binary distribution format, PEP 625, and the sdist
names of old that pip takes), for pages of every format. Common names are read here; `packaging` reads the rest.
"""
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int32_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc, qsort, realloc
from libc.string cimport memchr, memcmp, memcpy, memset

from envcensus._kernels.pagefmt cimport *
from envcensus._kernels.version cimport full_key_of, pack_key, version_or_none

import os

from envcensus._kernels.names import canonicalize_name
from envcensus._kernels.version import KEY_FORMAT

cdef enum:
    MAX_FILES = 400_000
    MAX_VERSIONS = 100_000
    MAX_IDS = 65_534          # tags, Requires-Python texts, reasons, shapes: numbered in 16 bits
    MAX_NAME = 512
    MAX_URL = 16_384
    MAX_PYTHON = 1_024
    MAX_REASON = 1_000
    MAX_OTHER = 8_192
    MAX_VARIANTS = 64         # rows of one version

cdef uint16_t FORMAT_OF_KEYS = KEY_FORMAT
cdef uint64_t SEED = int.from_bytes(os.urandom(8), "little")


class PageError(ValueError):
    """A page that cannot be used; the text is one line that says why."""


# -- tables of texts -------------------------------------------------------------------------------------------------

cdef int table_init(Table *t, uint32_t size) except -1:
    cdef uint32_t i
    t.slots = <Slot *>malloc(size * sizeof(Slot))
    if t.slots == NULL:
        raise MemoryError
    t.mask = size - 1
    t.used = 0
    for i in range(size):
        t.slots[i].value = -1
    return 0


cdef int table_grow(Table *t) except -1:
    cdef Table bigger
    cdef uint32_t i, j
    table_init(&bigger, (t.mask + 1) * 4)
    for i in range(t.mask + 1):
        if t.slots[i].value >= 0:
            j = t.slots[i].hash & bigger.mask
            while bigger.slots[j].value >= 0:
                j = (j + 1) & bigger.mask
            bigger.slots[j] = t.slots[i]
    bigger.used = t.used
    free(t.slots)
    t[0] = bigger
    return 0


cdef Slot *table_find(Table *t, const char *p, Py_ssize_t n) except NULL:
    """The slot of a text, free (value -1, text already set) when it is new; the caller then sets the value."""
    cdef uint64_t h = hash_text(p, n, SEED)
    cdef uint32_t i
    cdef Slot *s
    if t.used * 2 > t.mask:
        table_grow(t)
    i = h & t.mask
    while True:
        s = &t.slots[i]
        if s.value < 0:
            s.hash = h
            s.text = p
            s.length = <uint32_t>n
            return s
        if s.hash == h and s.length == n and memcmp(s.text, p, n) == 0:
            return s
        i = (i + 1) & t.mask


cdef int32_t intern(Table *t, const char *p, Py_ssize_t n) except -1:
    """The number of a text, counted from 0 in the order of first sight."""
    cdef Slot *s = table_find(t, p, n)
    if s.value < 0:
        if t.used >= MAX_IDS:
            raise PageError("the page names too many different tags, Requires-Python values or reasons")
        s.value = t.used
        t.used += 1
    return s.value


# -- growing buffers -------------------------------------------------------------------------------------------------

cdef int reserve(Buffer *b, Py_ssize_t n) except -1:
    cdef char *bigger
    cdef Py_ssize_t room
    if b.used + n > b.room:
        room = (b.used + n) * 2 + 256
        bigger = <char *>realloc(b.data, room)
        if bigger == NULL:
            raise MemoryError
        b.data = bigger
        b.room = room
    return 0


cdef inline int put(Buffer *b, const void *p, Py_ssize_t n) except -1:
    if b.used + n > b.room:
        reserve(b, n)
    memcpy(b.data + b.used, p, n)
    b.used += n
    return 0


cdef inline char *paste(char *at, const void *p, Py_ssize_t n) noexcept nogil:
    if n:
        memcpy(at, p, n)
    return at + n


# -- reading names ---------------------------------------------------------------------------------------------------

cdef inline bint is_digit(char c) noexcept nogil:
    return c'0' <= c <= c'9'


cdef inline bint is_separator(char c) noexcept nogil:
    return c == c'-' or c == c'_' or c == c'.'


cdef inline char lower(char c) noexcept nogil:
    return c + 32 if c'A' <= c <= c'Z' else c


cdef Py_ssize_t match_name(const char *p, Py_ssize_t n, const char *project, Py_ssize_t m) noexcept nogil:
    """How many characters at the start of `p` spell the normalized name `project`; -1: none do."""
    cdef Py_ssize_t i = 0, j
    for j in range(m):
        if project[j] == c'-':
            if i >= n or not is_separator(p[i]):
                return -1
            while i < n and is_separator(p[i]):
                i += 1
        else:
            if i >= n or lower(p[i]) != project[j]:
                return -1
            i += 1
    return i


cdef Py_ssize_t number(const char *p, Py_ssize_t i, Py_ssize_t n) noexcept nogil:
    """The end of the number at `i`, written without leading zeros; -1: there is none."""
    cdef Py_ssize_t start = i
    while i < n and is_digit(p[i]):
        i += 1
    if i == start or (p[start] == c'0' and i > start + 1):
        return -1
    return i


cdef bint is_normal(const char *p, Py_ssize_t n) noexcept nogil:
    """Whether a version is spelled as str(packaging.version.Version) spells it; epochs and local parts: not."""
    cdef Py_ssize_t i = number(p, 0, n)
    while 0 <= i < n and p[i] == c'.' and i + 1 < n and is_digit(p[i + 1]):
        i = number(p, i + 1, n)
    if i < 0:
        return False
    if i < n and (p[i] == c'a' or p[i] == c'b'):
        i = number(p, i + 1, n)
    elif i + 1 < n and p[i] == c'r' and p[i + 1] == c'c':
        i = number(p, i + 2, n)
    if i >= 0 and i + 5 < n and memcmp(p + i, b".post", 5) == 0:
        i = number(p, i + 5, n)
    if i >= 0 and i + 4 < n and memcmp(p + i, b".dev", 4) == 0:
        i = number(p, i + 4, n)
    return i == n


cdef bint is_pre(const char *p, Py_ssize_t n) noexcept nogil:
    """Whether a normalized version is a pre-release or a development release: only those have these letters."""
    cdef Py_ssize_t i
    for i in range(n):
        if p[i] == c'+':
            return False
        if c'a' <= p[i] <= c'd':
            return True
    return False


cdef bint is_plain_tags(const char *p, Py_ssize_t n) noexcept nogil:
    """Whether `p` is three parts of letters, digits, "_" and "." with no empty component."""
    cdef Py_ssize_t i
    cdef int dashes = 0
    cdef bint empty = True
    for i in range(n):
        if p[i] == c'-' or p[i] == c'.':
            if empty:
                return False
            dashes += p[i] == c'-'
            empty = True
        elif is_digit(p[i]):
            if empty and dashes == 0:   # interpreters are identifiers
                return False
            empty = False
        elif c'a' <= p[i] <= c'z' or p[i] == c'_':
            empty = False
        else:
            return False
    return dashes == 2 and not empty


cdef inline bint ends_with(const char *p, Py_ssize_t n, const char *suffix, Py_ssize_t m) noexcept nogil:
    return n > m and memcmp(p + n - m, suffix, m) == 0


cdef Py_ssize_t sdist_stem(const char *p, Py_ssize_t n) noexcept nogil:
    """The length of an sdist's name without its suffix; -1: no archive that pip takes for one."""
    if ends_with(p, n, b".tar.gz", 7):
        return n - 7
    if ends_with(p, n, b".zip", 4):
        return n - 4
    if ends_with(p, n, b".tgz", 4) or ends_with(p, n, b".tar", 4) or ends_with(p, n, b".tbz", 4):
        return n - 4
    if ends_with(p, n, b".txz", 4) or ends_with(p, n, b".tlz", 4):
        return n - 4
    if ends_with(p, n, b".tar.bz2", 8):
        return n - 8
    if ends_with(p, n, b".tar.xz", 7) or ends_with(p, n, b".tar.lz", 7):
        return n - 7
    if ends_with(p, n, b".tar.lzma", 9):
        return n - 9
    return -1


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


# -- the builder -----------------------------------------------------------------------------------------------------

cdef class Builder:
    """Takes the files of one page and writes its two records. `project` is the normalized name asked for."""

    def __cinit__(self, bytes project, bytes base):
        self.project_bytes = project
        self.project = PyBytes_AS_STRING(project)
        self.project_n = PyBytes_GET_SIZE(project)
        self.base = base
        self.local = base[:5].lower() == b"file:"
        self.keep = []
        self.prefix_n = -1
        table_init(&self.raw_versions, 256)
        table_init(&self.tags, 64)
        table_init(&self.pythons, 16)
        table_init(&self.reasons, 16)
        table_init(&self.shapes, 64)
        intern(&self.tags, b"", 0)
        intern(&self.pythons, b"", 0)

    def __dealloc__(self):
        free(self.raw_versions.slots)
        free(self.tags.slots)
        free(self.pythons.slots)
        free(self.reasons.slots)
        free(self.shapes.slots)
        free(self.taken)
        free(self.versions)
        free(self.rows.data)
        free(self.shape_ids.data)
        free(self.shape_starts.data)
        free(self.deltas.data)
        free(self.starts.data)
        free(self.hashes.data)
        free(self.pool.data)

    cdef int skip(self) except -1:
        self.skipped += 1
        return 0

    cdef int rebase(self, bytes base) except -1:
        """Let relative URLs continue `base`, from here on."""
        self.base = base
        self.local = base[:5].lower() == b"file:"
        return 0

    cdef int add(self, FileText *f) except -1:
        """Take a file, or count it as skipped or foreign."""
        cdef const char *p = f.name
        cdef Py_ssize_t n = f.name_n, stem, i, dash
        cdef const char *version
        cdef const char *tag = NULL
        cdef Py_ssize_t version_n, tag_n = 0
        cdef int dashes = 0
        cdef int32_t number_of_version
        cdef Taken *t
        cdef Version *v
        if n > MAX_NAME or f.url_n > MAX_URL or f.python_n > MAX_PYTHON or f.other_n > MAX_OTHER or f.url_n == 0:
            self.skipped += 1
            return 0
        if ends_with(p, n, b".whl", 4):
            stem = n - 4
            dash = -1
            for i in range(stem):
                if p[i] == c'-':
                    dashes += 1
                    if dash < 0:
                        dash = i
            if dashes != 4 and dashes != 5:
                self.skipped += 1
                return 0
            if not (dash == self.own_name_n and self.own_name != NULL and memcmp(p, self.own_name, dash) == 0):
                if not self.own_wheel(p, dash):
                    return 0
            version = p + dash + 1
            i = dash + 1
            while p[i] != c'-':
                i += 1
            version_n = i - dash - 1
            i += 1
            if dashes == 5:
                if not is_digit(p[i]):
                    self.skipped += 1
                    return 0
                while p[i] != c'-':
                    i += 1
                i += 1
            tag = p + i
            tag_n = stem - i
            if not is_plain_tags(tag, tag_n):
                tag = self.odd_tags(tag, &tag_n)
                if tag == NULL:
                    return 0
        else:
            stem = sdist_stem(p, n)
            if stem < 0:
                stem = self.odd_sdist(p, n)
                if stem < 0:
                    return 0
            i = match_name(p, stem, self.project, self.project_n)
            if i < 0 or i >= stem or p[i] != c'-':
                self.foreign += 1
                return 0
            version = p + i + 1
            version_n = stem - i - 1
        number_of_version = self.version_of(version, version_n)
        if number_of_version < 0:
            self.skipped += 1
            return 0
        if self.n_taken == self.room_taken:
            self.grow_taken()
        t = &self.taken[self.n_taken]
        t.text = f[0]
        self.look_at_url(t)
        t.version = number_of_version
        t.tag = <uint16_t>intern(&self.tags, tag, tag_n) if tag != NULL else 0
        t.python = <uint16_t>intern(&self.pythons, f.python, f.python_n) if f.python_n else 0
        t.reason = 0
        if f.yanked:
            if f.reason_n > MAX_REASON:
                self.shorten(t)
            t.reason = <uint16_t>(1 + intern(&self.reasons, t.text.reason, t.text.reason_n))
        t.next = -1
        v = &self.versions[number_of_version]
        if v.last < 0:
            v.first = self.n_taken
        else:
            self.taken[v.last].next = self.n_taken
        v.last = self.n_taken
        self.n_taken += 1
        return 0

    cdef int grow_taken(self) except -1:
        cdef Taken *bigger
        cdef uint32_t room = self.room_taken * 2 + 128
        if self.n_taken >= MAX_FILES:
            raise PageError(f"the page lists more than {MAX_FILES} files")
        bigger = <Taken *>realloc(self.taken, room * sizeof(Taken))
        if bigger == NULL:
            raise MemoryError
        self.taken = bigger
        self.room_taken = room
        return 0

    cdef bint own_wheel(self, const char *p, Py_ssize_t n) except -1:
        """Whether the name part of a wheel is the project's; counts the file if it is not."""
        cdef Py_ssize_t i
        cdef bint valid = n > 0
        for i in range(n):
            if not (is_digit(p[i]) or c'a' <= lower(p[i]) <= c'z' or p[i] == c'_' or p[i] == c'.'):
                valid = False   # other letters are allowed, but normalized project names have none
            elif p[i] == c'_' and i + 1 < n and p[i + 1] == c'_':
                valid = False
        if not valid:
            self.skipped += 1
            return False
        if match_name(p, n, self.project, self.project_n) != n:
            self.foreign += 1
            return False
        self.own_name = p
        self.own_name_n = n
        return True

    cdef const char *odd_tags(self, const char *p, Py_ssize_t *n) except? NULL:
        """Tags in capitals, or with characters that only `packaging` can judge."""
        from packaging.tags import parse_tag

        cdef bytes text = p[:n[0]]
        try:
            parse_tag(text.decode(), limit=4096)
            text = text.lower()
        except ValueError:
            self.skipped += 1
            return NULL
        self.keep.append(text)
        n[0] = len(text)
        return text

    cdef Py_ssize_t odd_sdist(self, const char *p, Py_ssize_t n) except? -2:
        """Suffixes in capitals; everything else (.egg, .exe, .rpm …) is no candidate for pip either."""
        cdef bytes name = p[:n].lower()
        cdef Py_ssize_t stem = -1
        if name != p[:n]:
            stem = sdist_stem(name, n) if name.endswith((b".tar.gz", b".tar.bz2")) else -1
        if stem < 0:
            self.skipped += 1
            return -1
        return stem

    cdef int shorten(self, Taken *t) except -1:
        cdef bytes text = t.text.reason[:MAX_REASON].decode("utf-8", "ignore").encode() + "…".encode()
        self.keep.append(text)
        t.text.reason = text
        t.text.reason_n = len(text)
        return 0

    cdef int look_at_url(self, Taken *t) except -1:
        """Find out whether the URL ends with the name, whether it is local, and the prefix that all share."""
        cdef FileText *f = &t.text
        cdef Py_ssize_t n = f.url_n, i, shared
        cdef bint absolute
        t.named = False
        if f.url_n >= f.name_n and memcmp(f.url + f.url_n - f.name_n, f.name, f.name_n) == 0:
            t.named = True
            n -= f.name_n
        absolute = n > 4 and memcmp(f.url, b"http", 4) == 0
        if not (n > 1 and f.url[0] == c'/' and f.url[1] != c'/') and memchr(f.url, c'@', n) != NULL:
            # credentials in a page never reach the cache; the transport has its own for each origin
            self.without_credentials(t)
            n = f.url_n - (f.name_n if t.named else 0)
        t.local = not absolute and (self.local or (n > 5 and memcmp(f.url, b"file:", 5) == 0))
        if self.prefix_n < 0:
            self.prefix = f.url
            self.prefix_n = n
        else:
            shared = self.prefix_n if self.prefix_n < n else n
            if memcmp(self.prefix, f.url, shared) != 0:
                i = 0
                while i < shared and self.prefix[i] == f.url[i]:
                    i += 1
                shared = i
            self.prefix_n = shared
        return 0

    cdef int without_credentials(self, Taken *t) except -1:
        cdef bytes url = t.text.url[:t.text.url_n]
        scheme, mark, rest = url.partition(b"//")
        authority, slash, path = rest.partition(b"/")
        if mark and b"@" in authority and (not scheme or scheme.endswith(b":")):
            url = scheme + mark + authority.rpartition(b"@")[2] + slash + path
            self.keep.append(url)
            t.text.url = url
            t.text.url_n = len(url)
        return 0

    cdef int32_t version_of(self, const char *p, Py_ssize_t n) except -2:
        """The number of a version as a file name spells it; -1: not a PEP 440 version."""
        cdef Slot *s
        cdef int32_t found
        if self.last_raw != NULL and n == self.last_raw_n and memcmp(p, self.last_raw, n) == 0:
            return self.last_version
        s = table_find(&self.raw_versions, p, n)
        if s.value < 0:
            self.raw_versions.used += 1
            if self.raw_versions.used > MAX_VERSIONS:
                raise PageError(f"the page lists more than {MAX_VERSIONS} versions")
            if is_normal(p, n):
                found = self.new_version(p, n)
            else:
                found = self.version_slow(p[:n])
                s = table_find(&self.raw_versions, p, n)    # the table may have grown
            s.value = found + 1     # 0: not a version
        found = s.value - 1
        if found >= 0:
            self.last_raw = p
            self.last_raw_n = n
            self.last_version = found
        return found

    cdef int32_t version_slow(self, bytes text) except -2:
        cdef bytes normal
        cdef Slot *s
        cdef object version = None
        if len(text) <= 255:
            version = version_or_none(text.decode("utf-8", "replace"))
        if version is None:
            return -1
        normal = str(version).encode()
        s = table_find(&self.raw_versions, normal, len(normal))
        if s.value >= 0:
            return s.value - 1
        self.keep.append(normal)
        if normal == text:
            return self.new_version(normal, len(normal))
        s.value = self.new_version(normal, len(normal)) + 1
        self.raw_versions.used += 1
        return s.value - 1

    cdef int32_t new_version(self, const char *p, Py_ssize_t n) except -2:
        cdef Version *bigger
        cdef Version *v
        cdef uint32_t room
        if self.n_versions == self.room_versions:
            room = self.room_versions * 2 + 64
            bigger = <Version *>realloc(self.versions, room * sizeof(Version))
            if bigger == NULL:
                raise MemoryError
            self.versions = bigger
            self.room_versions = room
        if n > 255:
            return -1
        v = &self.versions[self.n_versions]
        v.text = p
        v.length = <uint32_t>n
        v.first = -1
        v.last = -1
        v.key = 0
        v.packed = pack_key(p, n, &v.key) == 1
        v.pre = is_pre(p, n)
        v.rank = self.n_versions
        if not v.packed:
            v.key = 0
            self.unpacked = True
        self.n_versions += 1
        return self.n_versions - 1

    cdef int order(self) except -1:
        """Newest first. Where a version has no 64-bit key, full keys order the whole page."""
        cdef uint32_t i
        cdef list keys
        if self.unpacked:
            keys = [full_key_of(self.versions[i].text[:self.versions[i].length].decode())
                    for i in range(self.n_versions)]
            # equal versions keep the order of the page: a reversed sort is stable too
            for rank, at in enumerate(sorted(range(self.n_versions), key=keys.__getitem__, reverse=True)):
                self.versions[<uint32_t>at].rank = rank
            qsort(self.versions, self.n_versions, sizeof(Version), order_by_rank)
        elif self.n_versions:
            qsort(self.versions, self.n_versions, sizeof(Version), order_by_key)
        return 0

    cdef bint same_version(self, uint32_t i) except -1:
        """Whether the versions at `i - 1` and `i`, in order, are equal in two spellings."""
        cdef Version *a = &self.versions[i - 1]
        cdef Version *b = &self.versions[i]
        if a.packed and b.packed:
            return a.key == b.key
        if a.packed != b.packed:
            return False
        return full_key_of(a.text[:a.length].decode()) == full_key_of(b.text[:b.length].decode())

    cdef tuple finish(self, str status, str status_reason, list tracks, list alternates, int api_minor):
        """The record and the files of the page."""
        cdef list texts = [self.project_bytes, status.encode(), status_reason.encode()[:MAX_REASON]]
        texts += [t.encode() for t in tracks]
        texts += [t.encode() for t in alternates]
        self.order()
        return self.finish_record(texts, len(tracks), len(alternates), api_minor), self.finish_files()

    cdef bytes finish_record(self, list texts, int tracks, int alternates, int api_minor):
        cdef Header head
        cdef uint32_t i, distinct = 0
        cdef bint same
        cdef char *out
        reserve(&self.shape_ids, 2 * (self.n_taken + 1))    # never moves: the table of shapes points into it
        for i in range(self.n_versions):
            same = i > 0 and self.same_version(i)
            distinct += not same
            self.write_version(i, same)
        i = self.shape_ids.used // 2
        put(&self.shape_starts, &i, 4)
        dump(&self.tags, &self.starts, &self.hashes, &self.pool)
        dump(&self.pythons, &self.starts, &self.hashes, &self.pool)
        dump(&self.reasons, &self.starts, NULL, &self.pool)
        for text in texts:
            i = self.pool.used
            put(&self.starts, &i, 4)
            put(&self.pool, <const char *>text, len(text))
        i = self.pool.used
        put(&self.starts, &i, 4)
        memset(&head, 0, sizeof(Header))
        head.magic = RECORD_MAGIC
        head.rows = self.rows.used // sizeof(Row)
        head.versions = distinct
        head.shape_starts = sizeof(Header) + self.rows.used
        head.shape_ids = head.shape_starts + self.shape_starts.used
        head.hashes = head.shape_ids + self.shape_ids.used
        head.starts = head.hashes + self.hashes.used
        head.deltas = head.starts + self.starts.used
        head.pool = head.deltas + self.deltas.used
        head.total = head.pool + self.pool.used
        head.files = self.n_taken
        head.skipped = self.skipped
        head.foreign = self.foreign
        head.shapes = self.shape_starts.used // 4 - 1
        head.tags = self.tags.used
        head.pythons = self.pythons.used
        head.reasons = self.reasons.used
        head.tracks = tracks
        head.alternates = alternates
        head.api_minor = api_minor
        head.key_format = FORMAT_OF_KEYS
        result = PyBytes_FromStringAndSize(NULL, head.total)
        out = PyBytes_AS_STRING(result)
        out = paste(out, &head, sizeof(Header))
        out = paste(out, self.rows.data, self.rows.used)
        out = paste(out, self.shape_starts.data, self.shape_starts.used)
        out = paste(out, self.shape_ids.data, self.shape_ids.used)
        out = paste(out, self.hashes.data, self.hashes.used)
        out = paste(out, self.starts.data, self.starts.used)
        out = paste(out, self.deltas.data, self.deltas.used)
        out = paste(out, self.pool.data, self.pool.used)
        return result

    cdef int write_version(self, uint32_t i, bint same) except -1:
        """A row for each set of the version's files that agree in all but tags and times."""
        cdef uint32_t seen[MAX_VARIANTS]
        cdef int n_seen = 0, k
        cdef int32_t j = self.versions[i].first
        cdef Taken *t
        cdef Taken *like
        while j >= 0:
            t = &self.taken[j]
            for k in range(n_seen):
                like = &self.taken[seen[k]]
                if t.python == like.python and t.reason == like.reason and t.local == like.local:
                    break
            else:
                if n_seen == MAX_VARIANTS:
                    raise PageError("the files of one version disagree in too many ways")
                seen[n_seen] = j
                n_seen += 1
            j = t.next
        for k in range(n_seen):
            self.write_row(i, &self.taken[seen[k]], ROW_SAME if same or k else 0)
        return 0

    cdef int write_row(self, uint32_t i, Taken *like, uint16_t flags) except -1:
        cdef Version *v = &self.versions[i]
        cdef Row row
        cdef Slot *s
        cdef Taken *t
        cdef int32_t j = v.first
        cdef Py_ssize_t start = self.shape_ids.used, start_of_deltas = self.deltas.used
        cdef uint32_t earliest = 0xFFFFFFFF, time, first = start // 2
        cdef bint differ = False, known = True, meta = True
        while j >= 0:
            t = &self.taken[j]
            if t.python == like.python and t.reason == like.reason and t.local == like.local:
                put(&self.shape_ids, &t.tag, 2)
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
                put(&self.deltas, &time, 4)
            j = t.next
        if not known:
            flags |= ROW_NOTIME
        if differ and known:
            flags |= ROW_TIMES
            while start_of_deltas < self.deltas.used:
                time = ld32(self.deltas.data + start_of_deltas) - earliest
                memcpy(self.deltas.data + start_of_deltas, &time, 4)
                start_of_deltas += 4
        self.deltas.used = start_of_deltas
        s = table_find(&self.shapes, self.shape_ids.data + start, self.shape_ids.used - start)
        if s.value < 0:
            if self.shapes.used >= MAX_IDS:
                raise PageError("the page has too many different sets of files")
            s.value = self.shapes.used
            self.shapes.used += 1
            put(&self.shape_starts, &first, 4)
        else:
            self.shape_ids.used = start
        if v.pre:
            flags |= ROW_PRE
        if not v.packed:
            flags |= ROW_UNPACKED
        if like.local:
            flags |= ROW_LOCAL
        if meta and flags & ROW_WHEEL:
            flags |= ROW_META
        if self.pool.used >= 1 << 24:
            raise PageError("the texts of the page are too long")
        row.key = v.key
        row.text = <uint32_t>self.pool.used << 8 | v.length
        row.time = earliest if earliest != 0xFFFFFFFF else 0
        row.shape = <uint16_t>s.value
        row.python = like.python
        row.reason = like.reason
        row.flags = flags
        put(&self.pool, v.text, v.length)
        put(&self.rows, &row, sizeof(Row))
        return 0

    cdef bytes finish_files(self):
        cdef FilesHeader head
        cdef FilesVersion version
        cdef FileRow row
        cdef Buffer versions, rows, digests, pool
        cdef char *out
        cdef uint8_t digest[32]
        cdef uint32_t i
        cdef int32_t j
        cdef Taken *t
        cdef FileText *f
        memset(&versions, 0, sizeof(Buffer))
        memset(&rows, 0, sizeof(Buffer))
        memset(&digests, 0, sizeof(Buffer))
        memset(&pool, 0, sizeof(Buffer))
        memset(&head, 0, sizeof(FilesHeader))
        try:
            head.base = PyBytes_GET_SIZE(self.base)
            head.prefix = self.prefix_n if self.prefix_n > 0 else 0
            reserve(&pool, head.base + 160 * self.n_taken)
            reserve(&rows, sizeof(FileRow) * self.n_taken)
            reserve(&digests, 64 * self.n_taken)
            put(&pool, PyBytes_AS_STRING(self.base), head.base)
            put(&pool, self.prefix, head.prefix)
            for i in range(self.n_versions):
                version.text = pool.used
                version.length = self.versions[i].length
                version.first = rows.used // sizeof(FileRow)
                put(&pool, self.versions[i].text, version.length)
                put(&versions, &version, sizeof(FilesVersion))
                j = self.versions[i].first
                while j >= 0:
                    t = &self.taken[j]
                    f = &t.text
                    j = t.next
                    row.flags = 0
                    row.time = f.time
                    row.size = f.size
                    row.text = pool.used
                    row.digest = digests.used // 32
                    row.name = f.name_n
                    row.url = f.url_n - head.prefix
                    put(&pool, f.name, f.name_n)
                    if t.named:
                        row.flags |= FILE_URL_NAME
                        row.url -= row.name
                    put(&pool, f.url + head.prefix, row.url)
                    row.python = f.python_n
                    put(&pool, f.python, f.python_n)
                    row.reason = 0
                    if f.yanked:
                        row.flags |= FILE_YANKED
                        row.reason = f.reason_n
                        put(&pool, f.reason, f.reason_n)
                    row.other = f.other_n
                    put(&pool, f.other, f.other_n)
                    if f.time > 0:
                        row.flags |= FILE_TIME
                    if t.tag:
                        row.flags |= FILE_WHEEL
                    if f.meta:
                        row.flags |= FILE_META
                    if f.sha != NULL:
                        row.flags |= FILE_SHA
                        unhex(f.sha, digest)
                        put(&digests, digest, 32)
                    if f.meta_sha != NULL:
                        row.flags |= FILE_META_SHA
                        unhex(f.meta_sha, digest)
                        put(&digests, digest, 32)
                    put(&rows, &row, sizeof(FileRow))
            head.magic = FILES_MAGIC
            head.versions = self.n_versions
            head.files = self.n_taken
            head.rows = sizeof(FilesHeader) + versions.used
            head.digests = head.rows + rows.used
            head.pool = head.digests + digests.used
            if <uint64_t>head.digests + digests.used + pool.used > 0xFFFFFFFF:
                raise PageError("the texts of the page are too long")
            head.total = head.pool + pool.used
            result = PyBytes_FromStringAndSize(NULL, head.total)
            out = PyBytes_AS_STRING(result)
            out = paste(out, &head, sizeof(FilesHeader))
            out = paste(out, versions.data, versions.used)
            out = paste(out, rows.data, rows.used)
            out = paste(out, digests.data, digests.used)
            out = paste(out, pool.data, pool.used)
            return result
        finally:
            free(versions.data)
            free(rows.data)
            free(digests.data)
            free(pool.data)


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


# -- pages that are already parsed -----------------------------------------------------------------------------------

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


def pack(page):
    """Pack an `envcensus.model.page.ProjectPage`, or anything of its shape. Raises PageError."""
    cdef Builder b = Builder(canonicalize_name(page.name).encode(), b"")
    for file in page.files:
        take(b, file.filename, file.url, file.hashes, file.requires_python, file.yanked, file.core_metadata,
             file.size, file.upload_time)
    return b.finish(page.status, page.status_reason, list(page.tracks), list(page.alternates), 0)
