# The texts of a project's versions, thousands of which nobody ever reads.

@cython.final
@cython.auto_pickle(False)
cdef class Texts:
    """Texts in one block of memory, made when they are asked for: a sequence that never changes."""

    def __dealloc__(self):
        PyMem_Free(self._ends)

    cdef char *room(self, Py_ssize_t count, Py_ssize_t size) except NULL:
        """Where to put `size` bytes; the ends of the texts in there go to `_ends`."""
        self._ends = <uint32_t *>PyMem_Malloc((count or 1) * sizeof(uint32_t) + size)
        if self._ends == NULL:
            raise MemoryError()
        self._count = count
        return <char *>(self._ends + (count or 1))

    cdef str at(self, Py_ssize_t i):
        """Text `i`, which must exist."""
        cdef const char *first = <const char *>(self._ends + (self._count or 1))
        cdef Py_ssize_t start = self._ends[i - 1] if i else 0
        return PyUnicode_DecodeUTF8(first + start, self._ends[i] - start, "replace")

    def __len__(self):
        return self._count

    def __getitem__(self, Py_ssize_t i):
        if i < 0:
            i += self._count
        if not 0 <= i < self._count:
            raise IndexError("there is no such version")
        return self.at(i)

    def __eq__(self, other):
        if isinstance(other, (Texts, list, tuple)):
            return list(self) == list(other)
        return NotImplemented

    __hash__ = None

    def __repr__(self):
        return repr(list(self))
