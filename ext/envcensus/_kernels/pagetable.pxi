# Tables that number texts, and buffers that grow.

cdef struct Slot:
    uint64_t hash
    const char *text
    uint32_t length
    int32_t value           # -1: free


cdef struct Table:
    Slot *slots
    uint64_t seed           # keeps untrusted texts from choosing collisions
    uint32_t mask
    uint32_t used


cdef struct Buffer:
    char *data
    Py_ssize_t used
    Py_ssize_t room


cdef inline int table_init(Table *t, uint32_t size, uint64_t seed) except -1:
    cdef uint32_t i
    t.slots = <Slot *>malloc(size * sizeof(Slot))
    if t.slots == NULL:
        raise MemoryError
    t.seed = seed
    t.mask = size - 1
    t.used = 0
    for i in range(size):
        t.slots[i].value = -1
    return 0


cdef inline int table_grow(Table *t) except -1:
    cdef Table bigger
    cdef uint32_t i, j
    table_init(&bigger, (t.mask + 1) * 4, t.seed)
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


cdef inline Slot *table_find(Table *t, const char *p, Py_ssize_t n) except NULL:
    """The slot of a text, free (value -1, text already set) when it is new; the caller then sets the value."""
    cdef uint64_t h = hash_text(p, n, t.seed)
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


cdef inline int reserve(Buffer *b, Py_ssize_t n) except -1:
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
    if n == 0:
        return 0
    if b.used + n > b.room:
        reserve(b, n)
    memcpy(b.data + b.used, p, n)
    b.used += n
    return 0


cdef inline char *paste(char *at, const void *p, Py_ssize_t n) noexcept nogil:
    if n:
        memcpy(at, p, n)
    return at + n


cdef int32_t intern(Table *t, const char *p, Py_ssize_t n) except -1:
    """The number of a text, counted from 0 in the order of first sight."""
    cdef Slot *s = table_find(t, p, n)
    if s.value < 0:
        if t.used >= MAX_IDS:
            raise PageError("the page names too many different tags, Requires-Python values or reasons")
        s.value = t.used
        t.used += 1
    return s.value
