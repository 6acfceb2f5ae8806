# cython: language_level=3
"""The head of a METADATA or PKG-INFO file.

Core Metadata says how headers look; the reading rules (first header wins, a line that is no header ends them) are
those of `email.parser`, which `importlib.metadata` and pip use.
"""

from libc.stdlib cimport free, realloc
from libc.string cimport memchr, memcmp, memcpy, memset
from posix.strings cimport strncasecmp

from envcensus._kernels.files cimport ec_is_regular, pread
from envcensus._kernels.rows cimport (
    HEADER_MAX, READ_REQUIRES, ROW_NOT_A_FILE, ROW_OVERSIZED, ROW_UNREADABLE, Row, Span, Store, keep,
)


cdef enum:
    FIRST_READ = 4096  # bytes, with requirements: most headers are shorter
    SHORT_READ = 1024  # without: Name and Version are at the top


cdef struct Lines:
    # Repeated headers, in a block of their own: spans of the arena cannot grow.
    char *block
    size_t used
    size_t room


cdef struct Header:
    # State of reading one header: where the next line starts, and the repeated fields so far.
    size_t position
    bint done
    char last  # the repeated field a continuation line belongs to
    Lines requires
    Lines extras


cdef inline void strip(const char **start, const char **end) noexcept nogil:
    while start[0] < end[0] and (start[0][0] == b" " or start[0][0] == b"\t" or start[0][0] == b"\r"):
        start[0] += 1
    while end[0] > start[0] and (end[0][-1] == b" " or end[0][-1] == b"\t" or end[0][-1] == b"\r"):
        end[0] -= 1


cdef inline int keep_value(Store *store, Span *span, const char *start, const char *end) noexcept nogil:
    strip(&start, &end)
    return keep(store, span, start, end - start)


cdef inline int append_line(Lines *lines, const char *start, const char *end, char separator) noexcept nogil:
    cdef size_t length
    cdef size_t wanted
    cdef char *moved
    strip(&start, &end)
    length = end - start
    if lines.used + length + 1 > lines.room:
        wanted = (lines.used + length + 1) * 2
        moved = <char *>realloc(lines.block, wanted)
        if moved is NULL:
            return -1
        lines.block = moved
        lines.room = wanted
    if lines.used:
        lines.block[lines.used] = separator
        lines.used += 1
    memcpy(lines.block + lines.used, start, length)
    lines.used += length
    return 0


cdef inline bint is_header(const char *line, const char *end) noexcept nogil:
    """As email.feedparser: printable characters up to a colon."""
    while line < end:
        if line[0] == b":":
            return True
        if line[0] < 33 or line[0] > 126:
            return False
        line += 1
    return False


cdef inline const char *line_of(const char *line, const char *limit, const char *word, size_t length) noexcept nogil:
    """The end of a whole line that starts with `word`; NULL where it does not."""
    if <size_t>(limit - line) <= length or memcmp(line, word, length):
        return NULL
    return <const char *>memchr(line + length, b"\n", limit - line - length)


cdef inline int read_start(Store *store, Row *row, Header *state, size_t filled, int level) noexcept nogil:
    """The three lines that nearly all files start with, spelled as usual; what is not so is left to `read_lines`.
    -1 without memory.
    """
    cdef const char *line = store.header
    cdef const char *limit = line + filled
    cdef const char *end = line_of(line, limit, b"Metadata-Version:", 17)
    if end is NULL:
        return 0
    line = end + 1
    end = line_of(line, limit, b"Name:", 5)
    if end is not NULL:
        if keep_value(store, &row.name, line + 5, end) < 0:
            return -1
        line = end + 1
        end = line_of(line, limit, b"Version:", 8)
        if end is not NULL:
            if keep_value(store, &row.version, line + 8, end) < 0:
                return -1
            line = end + 1
            state.done = not level & READ_REQUIRES
    state.position = line - store.header
    return 0


cdef inline bint is_field(const char *line, const char *end, const char *word, size_t length) noexcept nogil:
    return <size_t>(end - line) >= length and strncasecmp(line, word, length) == 0


cdef inline int take_field(Store *store, Row *row, Header *state, const char *line, const char *end,
                           int level) noexcept nogil:
    """Keep a header that is looked for, and has not been seen: 1, 0 for any other line, -1 without memory."""
    cdef char first = line[0] | 32
    if first == b"n":
        if row.name.length < 0 and is_field(line, end, b"Name:", 5):
            return 1 if keep_value(store, &row.name, line + 5, end) == 0 else -1
    elif first == b"v":
        if row.version.length < 0 and is_field(line, end, b"Version:", 8):
            return 1 if keep_value(store, &row.version, line + 8, end) == 0 else -1
    elif level & READ_REQUIRES:
        if first == b"r":
            if is_field(line, end, b"Requires-Dist:", 14):
                state.last = b"r"
                return 1 if append_line(&state.requires, line + 14, end, b"\n") == 0 else -1
            if row.requires_python.length < 0 and is_field(line, end, b"Requires-Python:", 16):
                return 1 if keep_value(store, &row.requires_python, line + 16, end) == 0 else -1
        elif first == b"p" and is_field(line, end, b"Provides-Extra:", 15):
            return 1 if append_line(&state.extras, line + 15, end, b"\n") == 0 else -1
    return 0


cdef inline int read_lines(Store *store, Row *row, Header *state, size_t filled, bint at_end, int level) noexcept nogil:
    """Take in all complete lines of store.header[:filled]. -1 without memory."""
    cdef const char *line
    cdef const char *stop
    cdef const char *newline
    cdef const char *limit = store.header + filled
    cdef int taken
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
        if line[0] == b" " or line[0] == b"\t":
            if state.last == b"r" and append_line(&state.requires, line, stop, b" ") < 0:
                return -1
            continue
        state.last = 0
        taken = take_field(store, row, state, line, stop, level)
        if taken < 0:
            return -1
        if not taken and not is_header(line, stop):
            state.done = True
        elif row.name.length >= 0 and row.version.length >= 0 and not level & READ_REQUIRES:
            state.done = True
    return 0


cdef inline int room_for(Store *store, size_t size) noexcept nogil:
    """Let store.header hold `size` bytes. -1 without memory."""
    cdef char *moved
    if size > store.header_room:
        moved = <char *>realloc(store.header, size)
        if moved is NULL:
            return -1
        store.header = moved
        store.header_room = size
    return 0


cdef inline int read_header(Store *store, Row *row, int fd, int level) noexcept nogil:
    """Read as much of a metadata file as its header needs. 0, or -1 without memory.

    What `fd` is gets asked only where its first block does not hold all that is looked for. That saves a system call
    for each distribution. (A device whose first bytes read like metadata passes for a file; only the superuser can
    make one, and it is opened and read in part, as any other.)
    """
    cdef Header state
    cdef size_t filled = 0
    cdef size_t want = FIRST_READ if level & READ_REQUIRES else SHORT_READ
    cdef ssize_t got
    cdef int result = 0
    cdef bint regular = False
    memset(&state, 0, sizeof(Header))
    while not state.done:
        result = room_for(store, filled + want)
        if result < 0:
            break
        got = pread(fd, store.header + filled, want, filled)
        if got > 0:
            filled += got
            if filled == <size_t>got:  # the first block
                result = read_start(store, row, &state, filled, level)
                if result < 0:
                    break
        if got >= 0:
            result = read_lines(store, row, &state, filled, got == 0, level)
            if result < 0:
                break
        if not regular and (not state.done or row.name.length < 0 or row.version.length < 0):
            regular = ec_is_regular(fd)
            if not regular:
                row.flags |= ROW_NOT_A_FILE
                row.name.length = row.version.length = row.requires_python.length = -1
                state.requires.used = state.extras.used = 0
                break
        if got < 0:
            row.flags |= ROW_UNREADABLE
            break
        if got == 0:
            break
        if filled >= HEADER_MAX and not state.done:
            row.flags |= ROW_OVERSIZED
            break
        want = filled if filled < HEADER_MAX - filled else HEADER_MAX - filled
        if want == 0:
            want = FIRST_READ
    if result == 0 and state.requires.used:
        result = keep(store, &row.requires, state.requires.block, state.requires.used)
    if result == 0 and state.extras.used:
        result = keep(store, &row.extras, state.extras.block, state.extras.used)
    free(state.requires.block)
    free(state.extras.block)
    return result
