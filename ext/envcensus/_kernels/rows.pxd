# cython: language_level=3
"""What is kept of one directory while it is read: rows that point into one growing block of text."""

from libc.stdint cimport uint32_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy, memset


cdef enum:
    # What a scan reads beside names and versions.
    READ_DETAILS = 1    # INSTALLER, REQUESTED, RECORD, the build tag in WHEEL
    READ_REQUIRES = 2   # Requires-Python, Requires-Dist, Provides-Extra
    READ_INSTALLER = 4  # INSTALLER alone, which the details have as well

cdef enum:
    # What is wrong with a row.
    ROW_MISSING = 1       # no METADATA and no PKG-INFO
    ROW_EMPTY = 2         # metadata without a Name or a Version
    ROW_NOT_A_FILE = 4    # a FIFO, device, socket or directory in the place of the metadata
    ROW_UNREADABLE = 8    # permission, input/output error
    ROW_OVERSIZED = 16    # the header goes on beyond HEADER_MAX
    ROW_BROKEN_LINK = 32  # the entry is a symbolic link that leads nowhere
    ROW_LEFTOVER = 64     # the entry's name starts with "~"

cdef enum:
    HEADER_MAX = 1 << 20   # bytes of one header that are looked at
    ENTRIES_MAX = 1 << 20  # entries of one directory that are looked at
    ARENA_MAX = 256 << 20  # bytes one directory may hold in memory

cdef enum:
    KIND_DIST = 0
    KIND_EGG_DIR = 1
    KIND_EGG_FILE = 2


cdef struct Span:
    # A piece of the arena; offsets, because the arena moves when it grows. Length -1: absent.
    uint32_t start
    int length


cdef struct Row:
    # (The spans come first, and one after the other: they are cleared together.)
    Span entry
    Span name
    Span version
    Span requires_python
    Span requires  # lines joined by "\n"
    Span extras
    Span direct_url
    Span installer
    Span build  # the Build line of WHEEL
    Span key    # the normalized name; absent until someone has decided about the row
    int kind
    int flags
    bint requested
    bint has_record
    bint agreed  # the metadata is well-formed and says what the entry's name says
    bint plain   # agreed, and nothing else to decide either
    Py_ssize_t item  # where the callback's result is kept


cdef struct Names:
    # Entries' names, each with its NUL.
    char *block
    size_t used
    size_t room


cdef struct Store:
    # All a directory's text and rows, in two growing blocks.
    char *arena
    size_t used
    size_t room
    Row *rows
    size_t count
    size_t slots
    char *header  # the header that is being read
    size_t header_room
    Names others  # .pth, .egg-link and "~…" entries
    int trouble   # errno, where this process could open no more: what was read is not all there is


cdef inline void clear_store(Store *store) noexcept nogil:
    store.arena = store.header = store.others.block = NULL
    store.used = store.room = 0
    store.rows = NULL
    store.count = store.slots = 0
    store.trouble = 0
    store.header_room = store.others.used = store.others.room = 0


cdef inline void free_store(Store *store) noexcept nogil:
    free(store.arena)
    free(store.rows)
    free(store.header)
    free(store.others.block)


cdef inline void clear_span(Span *span) noexcept nogil:
    span.start = 0
    span.length = -1


cdef inline int reserve(Store *store, size_t more) noexcept nogil:
    """Make room for `more` bytes in the arena; -1 without memory or beyond the limit."""
    cdef size_t room = store.room
    cdef char *moved
    if store.used + more <= room:
        return 0
    if store.used + more > ARENA_MAX:
        return -1
    while room < store.used + more:
        room = room * 2 if room else 16384
    moved = <char *>realloc(store.arena, room)
    if moved is NULL:
        return -1
    store.arena = moved
    store.room = room
    return 0


cdef inline int keep(Store *store, Span *span, const char *text, size_t length) noexcept nogil:
    """Copy text into the arena and let `span` point there."""
    if reserve(store, length) < 0:
        return -1
    memcpy(store.arena + store.used, text, length)
    span.start = <uint32_t>store.used
    span.length = <int>length
    store.used += length
    return 0


cdef inline Row *new_row(Store *store) noexcept nogil:
    cdef Row *moved
    cdef Row *row
    cdef size_t slots
    if store.count == store.slots:
        slots = store.slots * 2 if store.slots else 128
        moved = <Row *>realloc(store.rows, slots * sizeof(Row))
        if moved is NULL:
            return NULL
        store.rows = moved
        store.slots = slots
    row = &store.rows[store.count]
    store.count += 1
    row.kind = KIND_DIST
    row.flags = 0
    row.requested = False
    row.has_record = True
    row.agreed = False
    row.plain = False
    row.item = -1
    memset(&row.entry, 0xFF, <size_t>(<char *>&row.kind - <char *>&row.entry))  # no span is there: all lengths are -1
    return row


cdef inline int remember(Names *names, const char *name, size_t length) noexcept nogil:
    cdef char *moved
    if names.used + length + 1 > names.room:
        moved = <char *>realloc(names.block, (names.used + length + 1) * 2)
        if moved is NULL:
            return -1
        names.block = moved
        names.room = (names.used + length + 1) * 2
    memcpy(names.block + names.used, name, length + 1)
    names.used += length + 1
    return 0
