# cython: language_level=3
"""One `.dist-info` or `.egg-info` entry: what its files say, and whether its name says the same."""

from libc.errno cimport ELOOP, EMFILE, ENFILE, ENOENT, ENOMEM, ENOTDIR, ENXIO
from libc.stdint cimport uint32_t
from libc.string cimport memchr, memcmp, memcpy
from posix.strings cimport strncasecmp
from posix.unistd cimport close, read

from envcensus._kernels.entry cimport fold, is_plain_version, same_folded
from envcensus._kernels.files cimport (
    AT_SYMLINK_NOFOLLOW, DT_DIR, F_OK, ec_is_broken_link, ec_open_entry, ec_open_regular, faccessat, fstatat, stat_t,
)
from envcensus._kernels.header cimport read_header
from envcensus._kernels.rows cimport (
    KIND_DIST, KIND_EGG_DIR, KIND_EGG_FILE, READ_DETAILS, READ_INSTALLER, READ_REQUIRES, ROW_BROKEN_LINK, ROW_EMPTY,
    ROW_LEFTOVER, ROW_MISSING, ROW_NOT_A_FILE, ROW_UNREADABLE, Row, Span, Store, clear_span, keep, new_row, reserve,
)


cdef enum:
    SMALL_FILE_MAX = 1 << 16  # bytes of direct_url.json, INSTALLER and WHEEL


cdef inline bint is_ours(int error) noexcept nogil:
    # Whether it is this process that cannot open any more, whatever there is to open.
    return error == EMFILE or error == ENFILE or error == ENOMEM


cdef inline int failure_flag(Store *store, int error) noexcept nogil:
    if is_ours(error):
        store.trouble = error
    if error == ENOENT or error == ENOTDIR:
        return ROW_MISSING
    if error == ENXIO or error == ELOOP:
        return ROW_NOT_A_FILE
    return ROW_UNREADABLE


cdef inline int read_metadata(Store *store, Row *row, int dirfd, char *path, size_t length, unsigned char type,
                              int level) noexcept nogil:
    """Read METADATA or PKG-INFO below the entry `path[:length]`, or the entry itself where it is a file."""
    cdef int fd
    cdef int result
    if row.kind == KIND_EGG_DIR and type != DT_DIR:
        # An egg-info file, or a file system that does not tell, or a link.
        fd = ec_open_regular(dirfd, path)
        if fd >= 0:
            row.kind = KIND_EGG_FILE
            result = read_header(store, row, fd, level)
            close(fd)
            return result
        if fd != -ENXIO:
            row.flags |= failure_flag(store, -fd)
            return 0
    if row.kind == KIND_DIST:
        memcpy(path + length, b"/METADATA", 10)
    else:
        memcpy(path + length, b"/PKG-INFO", 10)
    fd = ec_open_entry(dirfd, path)
    if fd == -ENOENT:
        # importlib.metadata looks for either name in either kind.
        memcpy(path + length, b"/PKG-INFO" if row.kind == KIND_DIST else b"/METADATA", 10)
        fd = ec_open_entry(dirfd, path)
    if fd < 0:
        if fd == -ENOTDIR and row.kind == KIND_EGG_DIR:
            row.flags |= ROW_NOT_A_FILE  # neither a file nor a directory
        else:
            row.flags |= failure_flag(store, -fd)
        if fd == -ENOENT or fd == -ENOTDIR:
            path[length] = 0
            if ec_is_broken_link(dirfd, path):
                row.flags |= ROW_BROKEN_LINK
        return 0
    result = read_header(store, row, fd, level)
    close(fd)
    return result


cdef inline int read_small(Store *store, Span *span, int dirfd, const char *path, int *unreadable) noexcept nogil:
    """A small file as a whole, its first SMALL_FILE_MAX bytes at most; an absent one leaves the span as it is."""
    cdef int fd = ec_open_regular(dirfd, path)
    cdef ssize_t got
    if fd < 0:
        if failure_flag(store, -fd) != ROW_MISSING:
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


cdef inline int read_build(Store *store, Span *span, int dirfd, const char *path, int *unreadable) noexcept nogil:
    """The value of the line "Build:" of a WHEEL file."""
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


cdef inline bint agrees(Store *store, Row *row, char *key, int *key_length) noexcept nogil:
    """Whether the metadata are well-formed and the entry's name says the same: "name-version.dist-info",
    "name-version[-pyX.Y].egg-info" or "name.egg-info". `key` takes the normalized name.
    """
    cdef const char *entry = store.arena + row.entry.start
    cdef const char *name = store.arena + row.name.start
    cdef const char *version = store.arena + row.version.start
    cdef const char *dash
    cdef char said[256]
    cdef int stem = row.entry.length - (10 if row.kind == KIND_DIST else 9)
    cdef int length
    if stem < 1 or row.name.length > 255 or row.version.length > 255:
        return False  # (stem: the EGG-INFO of an .egg directory)
    key_length[0] = fold(name, row.name.length, key)
    if key_length[0] == 0 or not is_plain_version(version, row.version.length):
        return False
    dash = <const char *>memchr(entry, b"-", stem)
    length = <int>(dash - entry) if dash is not NULL else stem
    if length != row.name.length or not same_folded(entry, name, length):
        if fold(entry, length, said) != key_length[0] or memcmp(said, key, key_length[0]):
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


cdef inline int keep_key(Store *store, Row *row, const char *key, int length) noexcept nogil:
    """The normalized name; the name's own text where that is normalized already."""
    if length == row.name.length and memcmp(key, store.arena + row.name.start, length) == 0:
        row.key = row.name
        return 0
    return keep(store, &row.key, key, length)


cdef inline int read_entry(Store *store, int dirfd, const char *entry, size_t length, unsigned char type, int kind,
                           int level) noexcept nogil:
    """Take in `entry`: 0, or -1 without memory."""
    cdef Row *row
    cdef char path[288]  # NAME_MAX is 255
    cdef char key[256]
    cdef int key_length = 0
    cdef int unreadable = 0
    cdef stat_t st
    if length > 255:
        return 0
    row = new_row(store)
    if row is NULL:
        return -1
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
    elif not row.flags and agrees(store, row, key, &key_length):
        row.agreed = True
        if keep_key(store, row, key, key_length) < 0:
            return -1
        # (requires.txt of an egg-info directory is the callback's to read)
        row.plain = row.direct_url.length < 0 and (kind == KIND_DIST or not level & READ_REQUIRES)
    return 0
