# A heap of numbers: what is decided next.

@cython.final
@cython.auto_pickle(False)
cdef class _Heap:
    """Numbers, the smallest first."""

    cdef long long *keys
    cdef Py_ssize_t count
    cdef Py_ssize_t room

    def __dealloc__(self):
        PyMem_Free(self.keys)

    cdef int push(self, long long key) except -1:
        cdef Py_ssize_t place = self.count, above
        cdef long long *larger
        if place == self.room:
            larger = <long long *>PyMem_Realloc(self.keys, (2 * place + 64) * sizeof(long long))
            if larger == NULL:
                raise MemoryError()
            self.keys = larger
            self.room = 2 * place + 64
        self.count += 1
        while place:
            above = (place - 1) >> 1
            if self.keys[above] <= key:
                break
            self.keys[place] = self.keys[above]
            place = above
        self.keys[place] = key
        return 0

    cdef long long pop(self) noexcept:
        """The smallest, which is taken away. There must be one."""
        cdef long long smallest = self.keys[0], last
        cdef Py_ssize_t place = 0, below = 1
        self.count -= 1
        last = self.keys[self.count]
        while below < self.count:
            if below + 1 < self.count and self.keys[below + 1] < self.keys[below]:
                below += 1
            if last <= self.keys[below]:
                break
            self.keys[place] = self.keys[below]
            place = below
            below = 2 * place + 1
        self.keys[place] = last
        return smallest
