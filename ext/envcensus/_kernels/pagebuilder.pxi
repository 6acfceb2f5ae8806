# The files of one page, whatever its format: names become versions and tags here.

cdef struct FileText:
    # One file as its page spells it: slices of memory that somebody else keeps alive.
    const char *name
    Py_ssize_t name_n
    const char *url
    Py_ssize_t url_n
    const char *python
    Py_ssize_t python_n
    const char *reason
    Py_ssize_t reason_n
    const char *sha         # 64 hexadecimal digits, or NULL
    const char *meta_sha    # the same of the core metadata file
    const char *other       # further hashes: "name=value" lines, those of the metadata prefixed with "metadata:"
    Py_ssize_t other_n
    double time             # seconds since the epoch; negative: unknown
    int64_t size            # negative: unknown
    bint yanked
    bint meta


cdef struct Taken:
    FileText text
    uint32_t version
    int32_t next            # the next file of the same version, in page order; -1: none
    uint16_t tag
    uint16_t python
    uint16_t reason
    bint named              # the URL ends with the name
    bint local


cdef struct NameParts:
    # What a file's name says.
    const char *version
    Py_ssize_t version_n
    const char *tag         # of a wheel; NULL: an sdist
    Py_ssize_t tag_n


cdef struct Version:
    uint64_t key
    const char *text
    uint32_t length
    int32_t first
    int32_t last
    uint32_t rank
    bint packed
    bint pre


cdef class Builder:
    """Takes the files of one page and writes its two records. `project` is the normalized name asked for."""

    cdef const char *project
    cdef Py_ssize_t project_n
    cdef bytes project_bytes
    cdef bytes base
    cdef bint local
    cdef list keep
    cdef Table raw_versions, tags, pythons, reasons, shapes
    cdef Taken *taken
    cdef Version *versions
    cdef uint32_t n_taken, room_taken, n_versions, room_versions, last_version
    cdef uint32_t skipped, foreign
    cdef bint unpacked
    cdef const char *prefix
    cdef Py_ssize_t prefix_n
    cdef const char *own_name      # a wheel's spelling of the project that was found to be right
    cdef Py_ssize_t own_name_n
    cdef const char *last_raw      # the version text of the file before
    cdef Py_ssize_t last_raw_n

    cdef Buffer rows, shape_ids, shape_starts, deltas, starts, hashes, pool

    def __cinit__(self, bytes project, bytes base):
        self.project_bytes = project
        self.project = PyBytes_AS_STRING(project)
        self.project_n = PyBytes_GET_SIZE(project)
        self.base = base
        self.local = base[:5].lower() == b"file:"
        self.keep = []
        self.prefix_n = -1
        table_init(&self.raw_versions, 256, SEED)
        table_init(&self.tags, 64, SEED)
        table_init(&self.pythons, 16, SEED)
        table_init(&self.reasons, 16, SEED)
        table_init(&self.shapes, 64, SEED)
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
        cdef NameParts parts
        cdef int32_t number
        cdef Taken *t
        cdef Version *v
        if f.name_n > MAX_NAME or f.url_n > MAX_URL or f.python_n > MAX_PYTHON or f.other_n > MAX_OTHER or f.url_n == 0:
            return self.skip()
        if not (self.wheel(f, &parts) if ends_with(f.name, f.name_n, b".whl", 4) else self.sdist(f, &parts)):
            return 0
        number = self.version_of(parts.version, parts.version_n)
        if number < 0:
            return self.skip()
        if self.n_taken == self.room_taken:
            self.grow_taken()
        t = &self.taken[self.n_taken]
        t.text = f[0]
        self.look_at_url(t)
        t.version = number
        t.tag = <uint16_t>intern(&self.tags, parts.tag, parts.tag_n) if parts.tag != NULL else 0
        t.python = <uint16_t>intern(&self.pythons, f.python, f.python_n) if f.python_n else 0
        t.reason = 0
        if f.yanked:
            if f.reason_n > MAX_REASON:
                self.shorten(t)
            t.reason = <uint16_t>(1 + intern(&self.reasons, t.text.reason, t.text.reason_n))
        t.next = -1
        v = &self.versions[number]
        if v.last < 0:
            v.first = self.n_taken
        else:
            self.taken[v.last].next = self.n_taken
        v.last = self.n_taken
        self.n_taken += 1
        return 0

    cdef bint wheel(self, FileText *f, NameParts *parts) except -1:
        """Take a wheel's name apart; counts the file if it is none, or another project's."""
        cdef const char *p = f.name
        cdef Py_ssize_t stem = f.name_n - 4, i, dash = -1
        cdef int dashes = 0
        for i in range(stem):
            if p[i] == c'-':
                dashes += 1
                if dash < 0:
                    dash = i
        if dashes != 4 and dashes != 5:
            self.skip()
            return False
        if not (dash == self.own_name_n and self.own_name != NULL and memcmp(p, self.own_name, dash) == 0):
            if not self.own_wheel(p, dash):
                return False
        i = dash + 1
        parts.version = p + i
        while p[i] != c'-':
            i += 1
        parts.version_n = i - dash - 1
        i += 1
        if dashes == 5:
            if not is_digit(p[i]):
                self.skip()
                return False
            while p[i] != c'-':
                i += 1
            i += 1
        parts.tag = p + i
        parts.tag_n = stem - i
        if not is_plain_tags(parts.tag, parts.tag_n):
            parts.tag = self.odd_tags(parts.tag, &parts.tag_n)
        return parts.tag != NULL

    cdef bint sdist(self, FileText *f, NameParts *parts) except -1:
        """The same of an sdist."""
        cdef Py_ssize_t stem = sdist_stem(f.name, f.name_n), i
        if stem < 0:
            self.skip()   # .egg, .exe, .rpm, suffixes in capitals: no candidates for pip either
            return False
        i = match_name(f.name, stem, self.project, self.project_n)
        if i < 0 or i >= stem or f.name[i] != c'-':
            self.foreign += 1
            return False
        parts.version = f.name + i + 1
        parts.version_n = stem - i - 1
        parts.tag = NULL
        parts.tag_n = 0
        return True

    cdef int grow_taken(self) except -1:
        cdef Taken *bigger
        cdef uint32_t room = self.room_taken * 2 + 128
        if self.n_taken >= MAX_FILES:
            raise PageError(f"the page lists more than {MAX_FILES} files")
        room = min(room, <uint32_t>MAX_FILES)
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
            if not (is_alnum(p[i]) or p[i] == c'_' or p[i] == c'.'):
                valid = False   # other letters are allowed, but normalized project names have none
            elif p[i] == c'_' and i + 1 < n and p[i + 1] == c'_':
                valid = False
        if not valid:
            self.skip()
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
            self.skip()
            return NULL
        self.keep.append(text)
        n[0] = len(text)
        return text

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
