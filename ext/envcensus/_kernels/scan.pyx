# cython: language_level=3, freethreading_compatible=True
"""Read one directory of installed distributions, without the GIL.

Everything is opened relative to the directory's descriptor. Only regular files are read, of each only a bounded part
of its header; nothing blocks on a FIFO, no device is opened through a symbolic link. What the kernel finds in order
becomes an object at once; anything out of the ordinary is handed to a Python callback, which decides.

Core Metadata says how headers look; the reading rules (first header wins, a line that is no header ends them) are
those of `email.parser`, which `importlib.metadata` and pip use.
"""

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.errno cimport ELOOP, ENOENT, ENOTDIR, ENXIO, errno
from libc.stdint cimport uint32_t
from libc.stdlib cimport free, malloc, qsort, realloc
from libc.string cimport memchr, memcmp, memcpy, strlen
from posix.strings cimport strncasecmp
from posix.unistd cimport close, read

from envcensus._kernels.entry cimport is_name, is_plain_version, normalize
from envcensus._kernels.files cimport (
    AT_FDCWD, AT_SYMLINK_NOFOLLOW, DIR, DT_DIR, F_OK, closedir, dirent_t, ec_ctime_ns, ec_is_broken_link, ec_mtime_ns,
    ec_open_dir, ec_open_regular, faccessat, fdopendir, fstat, fstatat, readdir, stat_t,
)


cdef extern from "Python.h":
    str PyUnicode_DecodeFSDefaultAndSize(const char *text, Py_ssize_t size)


# What a scan reads beside names and versions.
DETAILS = 1   # INSTALLER, REQUESTED, RECORD, the build tag in WHEEL
REQUIRES = 2  # Requires-Python, Requires-Dist, Provides-Extra
INSTALLER = 4  # INSTALLER alone, which the details have as well

# Flags of a row handed to the callback.
MISSING = 1       # no METADATA and no PKG-INFO
EMPTY = 2         # metadata without a Name or a Version
NOT_A_FILE = 4    # a FIFO, device, socket or directory in the place of the metadata
UNREADABLE = 8    # permission, input/output error
OVERSIZED = 16    # the header goes on beyond HEADER_LIMIT
BROKEN_LINK = 32  # the entry is a symbolic link that leads nowhere
LEFTOVER = 64     # the entry's name starts with "~"

HEADER_LIMIT = 1 << 20   # bytes of one header that are looked at
ENTRY_LIMIT = 1 << 20    # entries of one directory that are looked at
ARENA_LIMIT = 256 << 20  # bytes one directory may hold in memory

cdef enum:
    READ_DETAILS = 1
    READ_REQUIRES = 2
    READ_INSTALLER = 4
    ROW_MISSING = 1
    ROW_EMPTY = 2
    ROW_NOT_A_FILE = 4
    ROW_UNREADABLE = 8
    ROW_OVERSIZED = 16
    ROW_BROKEN_LINK = 32
    ROW_LEFTOVER = 64
    FIRST_READ = 4096    # with requirements: most headers are shorter
    SHORT_READ = 1024    # without: Name and Version are at the top
    HEADER_MAX = 1 << 20
    ENTRIES_MAX = 1 << 20
    ARENA_MAX = 256 << 20
    SMALL_FILE_MAX = 1 << 16  # of direct_url.json
    KIND_DIST = 0
    KIND_EGG_DIR = 1
    KIND_EGG_FILE = 2

KINDS = ("dist-info", "egg-info", "egg-info-file")


cdef struct Span:
    # A piece of the arena; offsets, because the arena moves when it grows. Length -1: absent.
    uint32_t start
    int length


cdef struct Row:
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


cdef struct Store:
    # All a directory's text and rows, in two growing blocks.
    char *arena
    size_t used
    size_t room
    Row *rows
    size_t count
    size_t slots
    char *header
    size_t header_room
    Span paths   # names of .pth files, joined by NUL
    Span links   # names of .egg-link files, joined by NUL
    Span leftovers


cdef inline void clear_span(Span *span) noexcept nogil:
    span.start = 0
    span.length = -1


cdef int reserve(Store *store, size_t more) noexcept nogil:
    # Make room for `more` bytes in the arena; -1 without memory or beyond the limit.
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


cdef int keep(Store *store, Span *span, const char *text, size_t length) noexcept nogil:
    # Copy text into the arena and let `span` point there.
    if reserve(store, length) < 0:
        return -1
    memcpy(store.arena + store.used, text, length)
    span.start = <uint32_t>store.used
    span.length = <int>length
    store.used += length
    return 0


cdef Row *new_row(Store *store) noexcept nogil:
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
    clear_span(&row.entry)
    clear_span(&row.name)
    clear_span(&row.version)
    clear_span(&row.requires_python)
    clear_span(&row.requires)
    clear_span(&row.extras)
    clear_span(&row.direct_url)
    clear_span(&row.installer)
    clear_span(&row.build)
    clear_span(&row.key)
    return row


# --- headers ------------------------------------------------------------------------------------------------------

cdef inline bint is_blank(char c) noexcept nogil:
    return c == b" " or c == b"\t" or c == b"\r"


cdef int keep_value(Store *store, Span *span, const char *start, const char *end) noexcept nogil:
    while start < end and is_blank(start[0]):
        start += 1
    while end > start and is_blank(end[-1]):
        end -= 1
    return keep(store, span, start, end - start)


cdef int append_line(Store *store, char **lines, size_t *used, size_t *room, const char *start, const char *end,
                     char separator) noexcept nogil:
    # Collect repeated headers in a block of their own: spans of the arena cannot grow.
    cdef size_t length
    cdef size_t wanted
    cdef char *moved
    while start < end and is_blank(start[0]):
        start += 1
    while end > start and is_blank(end[-1]):
        end -= 1
    length = end - start
    if used[0] + length + 1 > room[0]:
        wanted = (used[0] + length + 1) * 2
        moved = <char *>realloc(lines[0], wanted)
        if moved is NULL:
            return -1
        lines[0] = moved
        room[0] = wanted
    if used[0]:
        lines[0][used[0]] = separator
        used[0] += 1
    memcpy(lines[0] + used[0], start, length)
    used[0] += length
    return 0


cdef inline bint is_header(const char *line, const char *end) noexcept nogil:
    # As email.feedparser: printable characters up to a colon.
    while line < end:
        if line[0] == b":":
            return True
        if line[0] < 33 or line[0] > 126:
            return False
        line += 1
    return False


cdef struct Header:
    # State of reading one header: where the next line starts, and the repeated fields so far.
    size_t position
    bint done
    char last  # the repeated field a continuation line belongs to
    char *requires
    size_t requires_used
    size_t requires_room
    char *extras
    size_t extras_used
    size_t extras_room


cdef int read_lines(Store *store, Row *row, Header *state, size_t filled, bint at_end, int level) noexcept nogil:
    # Take in all complete lines of store.header[:filled]. -1 without memory.
    cdef const char *line
    cdef const char *stop
    cdef const char *newline
    cdef const char *limit = store.header + filled
    cdef char first
    while not state.done:
        line = store.header + state.position
        newline = <const char *>memchr(line, b"\n", limit - line) if line < limit else NULL
        if newline is NULL:
            if not at_end:
                return 0
            state.done = True
            if line >= limit:
                return 0
            newline = limit
        stop = newline
        state.position = newline - store.header + 1
        if stop > line and stop[-1] == b"\r":
            stop -= 1
        if stop == line:  # the blank line before the body
            state.done = True
            return 0
        first = line[0]
        if first == b" " or first == b"\t":
            if state.last == b"r" and append_line(
                store, &state.requires, &state.requires_used, &state.requires_room, line, stop, b" "
            ) < 0:
                return -1
            continue
        state.last = 0
        if first == b"N" or first == b"n":
            if row.name.length < 0 and stop - line >= 5 and strncasecmp(line, b"Name:", 5) == 0:
                if keep_value(store, &row.name, line + 5, stop) < 0:
                    return -1
                if row.version.length >= 0 and not level & READ_REQUIRES:
                    state.done = True
                continue
        elif first == b"V" or first == b"v":
            if row.version.length < 0 and stop - line >= 8 and strncasecmp(line, b"Version:", 8) == 0:
                if keep_value(store, &row.version, line + 8, stop) < 0:
                    return -1
                if row.name.length >= 0 and not level & READ_REQUIRES:
                    state.done = True
                continue
        elif level & READ_REQUIRES:
            if first == b"R" or first == b"r":
                if stop - line >= 14 and strncasecmp(line, b"Requires-Dist:", 14) == 0:
                    state.last = b"r"
                    if append_line(store, &state.requires, &state.requires_used, &state.requires_room,
                                   line + 14, stop, b"\n") < 0:
                        return -1
                    continue
                if (row.requires_python.length < 0 and stop - line >= 16
                        and strncasecmp(line, b"Requires-Python:", 16) == 0):
                    if keep_value(store, &row.requires_python, line + 16, stop) < 0:
                        return -1
                    continue
            elif (first == b"P" or first == b"p") and stop - line >= 15 and strncasecmp(
                line, b"Provides-Extra:", 15
            ) == 0:
                if append_line(store, &state.extras, &state.extras_used, &state.extras_room,
                               line + 15, stop, b"\n") < 0:
                    return -1
                continue
        if not is_header(line, stop):
            state.done = True
    return 0


cdef int read_header(Store *store, Row *row, int fd, int level) noexcept nogil:
    # Read as much of a metadata file as its header needs. 0, or -1 without memory.
    cdef Header state
    cdef size_t filled = 0
    cdef size_t want = FIRST_READ if level & READ_REQUIRES else SHORT_READ
    cdef ssize_t got
    cdef char *moved
    cdef int result = 0
    state.position = 0
    state.done = False
    state.last = 0
    state.requires = NULL
    state.requires_used = state.requires_room = 0
    state.extras = NULL
    state.extras_used = state.extras_room = 0
    while not state.done:
        if filled + want > store.header_room:
            moved = <char *>realloc(store.header, filled + want)
            if moved is NULL:
                result = -1
                break
            store.header = moved
            store.header_room = filled + want
        got = read(fd, store.header + filled, want)
        if got < 0:
            row.flags |= ROW_UNREADABLE
            break
        filled += got
        result = read_lines(store, row, &state, filled, got == 0, level)
        if result < 0 or got == 0:
            break
        if filled >= HEADER_MAX and not state.done:
            row.flags |= ROW_OVERSIZED
            break
        want = filled if filled < HEADER_MAX - filled else HEADER_MAX - filled
        if want == 0:
            want = FIRST_READ
    if result == 0 and state.requires_used:
        result = keep(store, &row.requires, state.requires, state.requires_used)
    if result == 0 and state.extras_used:
        result = keep(store, &row.extras, state.extras, state.extras_used)
    free(state.requires)
    free(state.extras)
    return result


# --- one entry ----------------------------------------------------------------------------------------------------

cdef inline int failure_flag(int error) noexcept nogil:
    if error == ENOENT or error == ENOTDIR:
        return ROW_MISSING
    if error == ENXIO or error == ELOOP:
        return ROW_NOT_A_FILE
    return ROW_UNREADABLE


cdef int read_metadata(Store *store, Row *row, int dirfd, char *path, size_t length, unsigned char type,
                       int level) noexcept nogil:
    # Read METADATA or PKG-INFO below the entry `path[:length]`, or the entry itself where it is a file.
    cdef int fd
    cdef int second
    if row.kind == KIND_EGG_DIR and type != DT_DIR:
        # An egg-info file, or a file system that does not tell, or a link.
        fd = ec_open_regular(dirfd, path)
        if fd >= 0:
            row.kind = KIND_EGG_FILE
            second = read_header(store, row, fd, level)
            close(fd)
            return second
        if fd != -ENXIO:
            row.flags |= failure_flag(-fd)
            return 0
    if row.kind == KIND_DIST:
        memcpy(path + length, b"/METADATA", 10)
    else:
        memcpy(path + length, b"/PKG-INFO", 10)
    fd = ec_open_regular(dirfd, path)
    if fd == -ENOENT:
        # importlib.metadata looks for either name in either kind.
        memcpy(path + length, b"/PKG-INFO" if row.kind == KIND_DIST else b"/METADATA", 10)
        fd = ec_open_regular(dirfd, path)
    if fd < 0:
        if fd == -ENOTDIR and row.kind == KIND_EGG_DIR:
            row.flags |= ROW_NOT_A_FILE  # neither a file nor a directory
        else:
            row.flags |= failure_flag(-fd)
        if fd == -ENOENT or fd == -ENOTDIR:
            path[length] = 0
            if ec_is_broken_link(dirfd, path):
                row.flags |= ROW_BROKEN_LINK
        return 0
    second = read_header(store, row, fd, level)
    close(fd)
    return second


cdef int read_small(Store *store, Span *span, int dirfd, const char *path, int *unreadable) noexcept nogil:
    # A small file as a whole, its first SMALL_FILE_MAX bytes at most; an absent one leaves the span as it is.
    cdef int fd = ec_open_regular(dirfd, path)
    cdef ssize_t got
    if fd < 0:
        if fd != -ENOENT and fd != -ENOTDIR:
            unreadable[0] = 1
        return 0
    if reserve(store, SMALL_FILE_MAX) < 0:
        close(fd)
        return -1
    got = read(fd, store.arena + store.used, SMALL_FILE_MAX)
    close(fd)
    if got < 0:
        unreadable[0] = 1
        return 0
    span.start = <uint32_t>store.used
    span.length = <int>got
    store.used += got
    return 0


cdef int read_build(Store *store, Span *span, int dirfd, const char *path, int *unreadable) noexcept nogil:
    # The value of the line "Build:" of a WHEEL file.
    cdef Span whole
    cdef const char *line
    cdef const char *limit
    cdef const char *newline
    clear_span(&whole)
    if read_small(store, &whole, dirfd, path, unreadable) < 0:
        return -1
    if whole.length <= 0:
        return 0
    line = store.arena + whole.start
    limit = line + whole.length
    while line < limit:
        newline = <const char *>memchr(line, b"\n", limit - line)
        if newline is NULL:
            newline = limit
        if newline - line > 6 and strncasecmp(line, b"Build:", 6) == 0:
            span.start = <uint32_t>(line + 6 - store.arena)
            span.length = <int>(newline - line - 6)
            return 0
        line = newline + 1
    store.used = whole.start  # nothing of it is needed
    return 0


cdef bint agrees(Store *store, Row *row) noexcept nogil:
    # Whether the metadata are well-formed and the entry's name says the same: "name-version.dist-info",
    # "name-version[-pyX.Y].egg-info" or "name.egg-info".
    cdef const char *entry = store.arena + row.entry.start
    cdef const char *name = store.arena + row.name.start
    cdef const char *version = store.arena + row.version.start
    cdef const char *dash
    cdef char left[256]
    cdef char right[256]
    cdef int stem = row.entry.length - (10 if row.kind == KIND_DIST else 9)
    cdef int length
    if stem < 1 or row.name.length > 255 or row.version.length > 255:
        return False  # (stem: the EGG-INFO of an .egg directory)
    if not is_name(name, row.name.length) or not is_plain_version(version, row.version.length):
        return False
    dash = <const char *>memchr(entry, b"-", stem)
    length = <int>(dash - entry) if dash is not NULL else stem
    if normalize(entry, length, left) != normalize(name, row.name.length, right):
        return False
    if memcmp(left, right, normalize(name, row.name.length, right)):
        return False
    if dash is NULL:
        return row.kind != KIND_DIST
    length = stem - length - 1
    if length < row.version.length or memcmp(dash + 1, version, row.version.length):
        return False
    if length == row.version.length:
        return True
    return row.kind != KIND_DIST and length > row.version.length + 3 and memcmp(
        dash + 1 + row.version.length, b"-py", 3
    ) == 0


cdef int keep_key(Store *store, Row *row) noexcept nogil:
    # The normalized name; the name's own text where that is normalized already.
    cdef char key[256]
    cdef int length = normalize(store.arena + row.name.start, row.name.length, key)
    if length == row.name.length and memcmp(key, store.arena + row.name.start, length) == 0:
        row.key = row.name
        return 0
    return keep(store, &row.key, key, length)


cdef int read_entry(Store *store, int dirfd, const char *entry, size_t length, unsigned char type, int kind,
                    int level) noexcept nogil:
    cdef Row *row = new_row(store)
    cdef char path[288]  # NAME_MAX is 255
    cdef int unreadable = 0
    cdef stat_t st
    if row is NULL or length > 255:
        return -1 if row is NULL else 0
    row.kind = kind
    if keep(store, &row.entry, entry, length) < 0:
        return -1
    if entry[0] == b"~":
        row.flags |= ROW_LEFTOVER
        return 0
    memcpy(path, entry, length + 1)
    if read_metadata(store, row, dirfd, path, length, type, level) < 0:
        return -1
    if row.kind != KIND_EGG_FILE and not row.flags & (ROW_MISSING | ROW_BROKEN_LINK):
        if kind == KIND_DIST:
            memcpy(path + length, b"/direct_url.json", 17)
            # Few have one, and asking costs less than a failing open.
            if fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 and read_small(
                store, &row.direct_url, dirfd, path, &unreadable
            ) < 0:
                return -1
        if level & (READ_DETAILS | READ_INSTALLER):
            memcpy(path + length, b"/INSTALLER", 11)
            if read_small(store, &row.installer, dirfd, path, &unreadable) < 0:
                return -1
        if level & READ_DETAILS:
            memcpy(path + length, b"/WHEEL", 7)
            if read_build(store, &row.build, dirfd, path, &unreadable) < 0:
                return -1
            memcpy(path + length, b"/REQUESTED", 11)
            row.requested = faccessat(dirfd, path, F_OK, 0) == 0
            memcpy(path + length, b"/RECORD", 8)
            row.has_record = kind != KIND_DIST or faccessat(dirfd, path, F_OK, 0) == 0
    if unreadable:
        row.flags |= ROW_UNREADABLE
    if row.name.length <= 0 or row.version.length <= 0:
        if not row.flags:
            row.flags |= ROW_EMPTY
    elif not row.flags and agrees(store, row):
        row.agreed = True
        if keep_key(store, row) < 0:
            return -1
        # (requires.txt of an egg-info directory is the callback's to read)
        row.plain = row.direct_url.length < 0 and (kind == KIND_DIST or not level & READ_REQUIRES)
    return 0


cdef int remember(Store *store, char **block, size_t *used, size_t *room, const char *name,
                  size_t length) noexcept nogil:
    # Collect a file name, NUL-terminated.
    cdef char *moved
    if used[0] + length + 1 > room[0]:
        moved = <char *>realloc(block[0], (used[0] + length + 1) * 2)
        if moved is NULL:
            return -1
        block[0] = moved
        room[0] = (used[0] + length + 1) * 2
    memcpy(block[0] + used[0], name, length + 1)
    used[0] += length + 1
    return 0


cdef struct Names:
    char *block
    size_t used
    size_t room


cdef int walk(Store *store, Names *others, DIR *directory, int dirfd, int level, bint egg) noexcept nogil:
    # Read all entries: 0, -1 without memory, 1 where the entry limit stopped it.
    cdef dirent_t *entry
    cdef const char *name
    cdef size_t length
    cdef long seen = 0
    while True:
        entry = readdir(directory)
        if entry is NULL:
            return 0
        seen += 1
        if seen > ENTRIES_MAX:
            return 1
        name = entry.d_name
        length = strlen(name)
        if length > 9 and (name[length - 1] | 32) == b"o":
            # importlib.metadata compares the suffix without regard to case
            if length > 10 and strncasecmp(name + length - 10, b".dist-info", 10) == 0:
                if read_entry(store, dirfd, name, length, entry.d_type, KIND_DIST, level) < 0:
                    return -1
                continue
            if strncasecmp(name + length - 9, b".egg-info", 9) == 0:
                if read_entry(store, dirfd, name, length, entry.d_type, KIND_EGG_DIR, level) < 0:
                    return -1
                continue
        if length > 4 and memcmp(name + length - 4, b".pth", 4) == 0:
            if remember(store, &others.block, &others.used, &others.room, name, length) < 0:
                return -1
        elif length > 9 and memcmp(name + length - 9, b".egg-link", 9) == 0:
            if remember(store, &others.block, &others.used, &others.room, name, length) < 0:
                return -1
        elif name[0] == b"~":
            if remember(store, &others.block, &others.used, &others.room, name, length) < 0:
                return -1
        elif egg and length == 8 and strncasecmp(name, b"EGG-INFO", 8) == 0:
            if read_entry(store, dirfd, name, length, entry.d_type, KIND_EGG_DIR, level) < 0:
                return -1


# --- objects ------------------------------------------------------------------------------------------------------

cdef inline str text_of(Store *store, Span *span):
    # Undecodable bytes become surrogates, as os.fsdecode does it.
    if span.length < 0:
        return None
    return (store.arena + span.start)[:span.length].decode("utf-8", "surrogateescape")


cdef inline object bytes_of(Store *store, Span *span):
    if span.length < 0:
        return None
    return PyBytes_FromStringAndSize(store.arena + span.start, span.length)


cdef tuple lines_of(Store *store, Span *span):
    if span.length <= 0:
        return ()
    return tuple(text_of(store, span).split("\n"))


cdef str first_line(Store *store, Span *span):
    cdef str text
    if span.length <= 0:
        return ""
    text = text_of(store, span).strip()
    return text.partition("\n")[0].strip()[:200]


cdef struct Place:
    # What a row is sorted by.
    const char *key
    int length
    uint32_t row


cdef int compare_places(const void *left, const void *right) noexcept nogil:
    cdef const Place *a = <const Place *>left
    cdef const Place *b = <const Place *>right
    cdef int order = memcmp(a.key, b.key, a.length if a.length < b.length else b.length)
    if order:
        return order
    if a.length != b.length:
        return -1 if a.length < b.length else 1
    return -1 if a.row < b.row else 1


cdef int collect(Store *store, bytes prefix, object make, object odd, int level, list found,
                 list duplicates) except -1:
    # Let the callback decide about the odd rows, sort, and build the objects.
    cdef Row *row
    cdef Place *places
    cdef Py_ssize_t count = 0
    cdef Py_ssize_t i
    cdef list decided = []
    cdef bytes key
    if store.count == 0:
        return 0
    for i in range(<Py_ssize_t>store.count):
        row = &store.rows[i]
        if not row.plain:
            clear_span(&row.key)
            item = build(store, row, prefix, make, odd, level)
            if item is not None:
                key = item.normalized.encode("utf-8", "surrogateescape")
                if keep(store, &row.key, key, len(key)) < 0:
                    raise MemoryError
                row.item = len(decided)
                decided.append(item)
    places = <Place *>malloc(store.count * sizeof(Place))
    if places is NULL:
        raise MemoryError
    try:
        for i in range(<Py_ssize_t>store.count):
            row = &store.rows[i]
            if row.key.length >= 0:
                places[count].key = store.arena + row.key.start
                places[count].length = row.key.length
                places[count].row = <uint32_t>i
                count += 1
        qsort(places, count, sizeof(Place), compare_places)
        for i in range(count):
            row = &store.rows[places[i].row]
            item = decided[row.item] if row.item >= 0 else build(store, row, prefix, make, odd, level)
            if i and places[i].length == places[i - 1].length and memcmp(
                places[i].key, places[i - 1].key, places[i].length
            ) == 0:
                duplicates.append((item, found[-1]))
            else:
                found.append(item)
    finally:
        free(places)
    return 0


cdef object build(Store *store, Row *row, bytes prefix, object make, object odd, int level):
    # One Distribution, positional as the model's fields are declared, or whatever the callback makes of it.
    cdef char buffer[4608]
    cdef int size = <int>len(prefix)
    cdef str name
    cdef str key
    cdef str version
    cdef str path
    if size + row.entry.length <= 4608:
        memcpy(buffer, <const char *>prefix, size)
        memcpy(buffer + size, store.arena + row.entry.start, row.entry.length)
        path = PyUnicode_DecodeFSDefaultAndSize(buffer, size + row.entry.length)
    else:
        whole = prefix + bytes_of(store, &row.entry)
        path = PyUnicode_DecodeFSDefaultAndSize(whole, len(whole))
    if not row.plain:
        return odd(
            path, KINDS[row.kind], row.flags, row.agreed, text_of(store, &row.name), text_of(store, &row.version),
            bytes_of(store, &row.direct_url), first_line(store, &row.installer), first_line(store, &row.build),
            row.requested, row.has_record,
            text_of(store, &row.requires_python) or "", lines_of(store, &row.requires), lines_of(store, &row.extras),
        )
    name = text_of(store, &row.name)
    key = name if row.key.start == row.name.start else text_of(store, &row.key)
    version = text_of(store, &row.version)
    if level == 0:
        return make(name, key, version, path, KINDS[row.kind])
    return make(
        name, key, version, path, KINDS[row.kind], first_line(store, &row.installer), row.requested, False, "",
        first_line(store, &row.build), "", row.has_record, text_of(store, &row.requires_python) or "",
        lines_of(store, &row.requires),
        lines_of(store, &row.extras), bool(level & READ_REQUIRES),
    )


def scan_directory(bytes path not None, object make not None, object odd not None, int level=0):
    """Read the distributions of one directory.

    Args:
        path: the directory.
        make: called for each distribution in order, with positional arguments: name, normalized name, version, path,
            kind, and with a `level` also installer, requested, editable, location, build, direct_url, has_record,
            requires_python, requires, extras, requires_read.
        odd: called for each other entry with path, kind, flags, whether name and version are in order, name, version,
            direct_url.json (bytes), installer, build tag, requested, has_record, requires_python, requires, extras;
            None drops the entry.
        level: 0, or any of DETAILS, REQUIRES and INSTALLER added.

    Returns:
        The distributions in the order of their normalized names, each name once: the first in the directory's own
        order; the others as (other, first) pairs; the names of its `.pth`, `.egg-link` and `~…` entries; its
        (device, inode, mtime_ns, ctime_ns) from before it was read, and whether it was read to its end.

    Raises:
        OSError: the directory cannot be opened.
    """
    cdef Store store
    cdef Names others
    cdef DIR *directory
    cdef stat_t st
    cdef int fd
    cdef int status = 0
    cdef int error = 0
    cdef bint egg
    cdef const char *raw = path
    cdef bytes prefix = path if path.endswith(b"/") else path + b"/"
    cdef list found = []
    cdef list duplicates = []
    if b"\0" in path:
        raise OSError(ENOENT, "embedded NUL", path)
    egg = path.lower().endswith(b".egg")
    store.arena = NULL
    store.used = store.room = 0
    store.rows = NULL
    store.count = store.slots = 0
    store.header = NULL
    store.header_room = 0
    others.block = NULL
    others.used = others.room = 0
    with nogil:
        fd = ec_open_dir(raw)
        if fd < 0:
            error = errno
        elif fstat(fd, &st) < 0:
            error = errno
            close(fd)
        else:
            directory = fdopendir(fd)
            if directory is NULL:
                error = errno
                close(fd)
            else:
                status = walk(&store, &others, directory, fd, level, egg)
                closedir(directory)
    try:
        if error:
            raise OSError(error, "cannot open directory", path)
        if status < 0:
            raise MemoryError
        collect(&store, prefix, make, odd, level, found, duplicates)
        names = []
        if others.used:
            names = [
                PyUnicode_DecodeFSDefaultAndSize(piece, len(piece))
                for piece in others.block[:others.used - 1].split(b"\0")
            ]
        return found, duplicates, names, (st.st_dev, st.st_ino, ec_mtime_ns(&st), ec_ctime_ns(&st)), status == 0
    finally:
        free(store.arena)
        free(store.rows)
        free(store.header)
        free(others.block)


def read_file(bytes path not None, size_t limit=1 << 16):
    """The first `limit` bytes of a regular file, or None where it is something else or cannot be read.

    Opens as the scan does: never blocks, never touches a device.
    """
    cdef const char *raw = path
    cdef int fd
    cdef ssize_t got
    cdef size_t filled = 0
    cdef bytes result
    cdef char *buffer
    if b"\0" in path:
        return None
    buffer = <char *>malloc(limit + 1)
    if buffer is NULL:
        raise MemoryError
    with nogil:
        fd = ec_open_regular(AT_FDCWD, raw)
        if fd >= 0:
            while filled < limit:
                got = read(fd, buffer + filled, limit - filled)
                if got <= 0:
                    break
                filled += got
            close(fd)
    result = PyBytes_FromStringAndSize(buffer, filled) if fd >= 0 else None
    free(buffer)
    return result
