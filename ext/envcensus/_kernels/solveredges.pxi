# All edges, found by what they say.

cdef struct Place:
    Py_hash_t hash
    void *edge        # an Edge, which its B keeps alive; NULL: free


@cython.final
@cython.auto_pickle(False)
cdef class _Edges:
    """A hash table of edges: a dictionary with tuples as its keys would take more memory than the edges."""

    cdef Place *places
    cdef Py_ssize_t count
    cdef Py_ssize_t room       # a power of two

    def __dealloc__(self):
        PyMem_Free(self.places)

    cdef Edge find(self, Py_hash_t hash, Package a, Package x, Package b, object s, int flags):
        """The edge that says so, whatever its V is; None where there is none."""
        cdef Py_ssize_t i = hash & (self.room - 1)
        cdef Edge edge
        if not self.room:
            return None
        while self.places[i].edge != NULL:
            if self.places[i].hash == hash:
                edge = <Edge>self.places[i].edge
                if edge.a is a and edge.b is b and edge.x is x and edge.flags == flags and edge.s == s:
                    return edge
            i = (i + 1) & (self.room - 1)
        return None

    cdef int add(self, Py_hash_t hash, Edge edge) except -1:
        cdef Place *before = self.places
        cdef Py_ssize_t i, room = self.room
        if 2 * (self.count + 1) > room:
            self.places = <Place *>PyMem_Calloc(2 * room or 64, sizeof(Place))
            if self.places == NULL:
                self.places = before
                raise MemoryError()
            self.room = 2 * room or 64
            for i in range(room):
                if before[i].edge != NULL:
                    self.put(before[i])
            PyMem_Free(before)
        self.put(Place(hash, <void *>edge))
        self.count += 1
        return 0

    cdef void put(self, Place place) noexcept:
        cdef Py_ssize_t i = place.hash & (self.room - 1)
        while self.places[i].edge != NULL:
            i = (i + 1) & (self.room - 1)
        self.places[i] = place


cdef inline Py_hash_t edge_hash(Package a, Package x, Package b, object s, int flags) except? -1:
    cdef uint64_t h = <uint64_t>hash(s) * <uint64_t>0x9E3779B97F4A7C15
    h ^= (<uint64_t>a.id << 32) ^ <uint64_t>b.id ^ (<uint64_t>flags << 20)
    h *= <uint64_t>0xFF51AFD7ED558CCD
    if x is not None:
        h ^= <uint64_t>x.id << 8
    h ^= h >> 29
    return <Py_hash_t>(h * <uint64_t>0xC4CEB9FE1A85EC53 >> 2)
