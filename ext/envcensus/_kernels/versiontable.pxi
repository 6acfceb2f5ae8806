# A project's versions in their order, and which of them a set allows, as a bit mask.

cdef Py_ssize_t below(VersionTable table, uint64_t cut, SpecifierSet owner, const Clause *c, bint low) except -1:
    """How many versions of the table are below a packed cut."""
    cdef Py_ssize_t left = 0, right = table._count, middle
    if table._full is not None:
        return below_full(table, owner.full_cuts(c)[0 if low else 1])
    while left < right:
        middle = (left + right) >> 1
        if table._keys[middle] < cut:
            left = middle + 1
        else:
            right = middle
    return left


cdef Py_ssize_t below_full(VersionTable table, bytes cut) except -1:
    """How many versions of the table are below a cut given as a full key."""
    cdef Py_ssize_t left = 0, right = table._count, middle
    while left < right:
        middle = (left + right) >> 1
        if table.full(middle) < cut:
            left = middle + 1
        else:
            right = middle
    return left


@cython.final
cdef class VersionTable:
    """A project's versions in ascending order with their keys; texts that are no versions are dropped.

    `versions` are the texts as given. Texts that are sorted already cost one comparison each, and less where their
    packed `keys` are known (a buffer of 64-bit integers; 0 where a version has none).
    """

    def __cinit__(self, versions=None, keys=None):
        cdef list texts
        cdef const uint64_t[:] known = keys
        cdef Py_ssize_t i
        cdef uint64_t last = 0
        cdef bint ordered = True
        if versions is None:
            return  # see `table_of`
        texts = versions if type(versions) is list else list(versions)
        self._keys = <uint64_t *>PyMem_Malloc((len(texts) or 1) * sizeof(uint64_t))
        if self._keys == NULL:
            raise MemoryError()
        if known is not None and known.shape[0] != len(texts):
            raise ValueError("as many keys as versions")
        for i in range(len(texts)):
            if known is not None and known[i]:
                self._keys[i] = known[i]
            elif not pack_text(texts[i], &self._keys[i]):
                ordered = False
                break
            if self._keys[i] < last:
                ordered = False
                break
            last = self._keys[i]
        if not ordered:
            texts = [text for text in texts if version_or_none(text) is not None]
            texts = [texts[i] for i in argsort(texts)]
            for i in range(len(texts)):
                if not pack_text(texts[i], &self._keys[i]):
                    self._keys[i] = version_or_none(texts[i])._key  # of a common form amid white space
                    if self._keys[i] == 0:
                        if self._full is None:
                            self._full = {}
                        self._full[i] = full_key_of(texts[i])
        self._count = len(texts)
        self.versions = tuple(texts)

    def __dealloc__(self):
        PyMem_Free(self._keys)

    cdef bytes full(self, Py_ssize_t i):
        return self._full[i] if self._keys[i] == 0 else full_key_of(self.versions[i])

    def __len__(self):
        return self._count

    def __reduce__(self):
        return VersionTable, (list(self.versions),)

    def index(self, version, /):
        """The index of the first version equal to a text or `Version`, -1 where there is none."""
        cdef Version wanted = version_or_none(version)
        cdef bytes full
        cdef Py_ssize_t i
        if wanted is None:
            return -1
        full = full_key_of(wanted._text)
        i = below_full(self, full)
        return i if i < self._count and self.full(i) == full else -1


cdef VersionTable table_of(Texts texts, uint64_t *keys):
    cdef VersionTable self = VersionTable.__new__(VersionTable)
    self.versions = texts
    self._count = texts._count
    self._keys = keys
    return self


cdef inline bint pack_text(object text, uint64_t *key) noexcept:
    cdef const char *s = ascii_data(text)
    return s != NULL and pack_key(s, PyUnicode_GET_LENGTH(text), key)
