# cython: language_level=3, freethreading_compatible=True
"""Read one directory of installed distributions, without the GIL.

Everything is opened relative to the directory's descriptor. Only regular files are read, of each only a bounded part
of its header; nothing blocks on a FIFO, no device is opened through a symbolic link. What the kernel finds in order
becomes an object at once; anything out of the ordinary is handed to a Python callback, which decides.

`rows` holds what was read, `roworder` sorts it and `rowtext` makes texts of it; `distinfo` reads one entry, `header`
its metadata, `files` opens.
"""

cimport cython
from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.errno cimport ENOENT, errno
from libc.stdint cimport uint32_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcmp, strerror, strlen
from posix.strings cimport strncasecmp
from posix.unistd cimport close, read

from envcensus._kernels.distinfo cimport is_ours, read_entry
from envcensus._kernels.files cimport (
    AT_FDCWD, DIR, closedir, dirent_t, ec_ctime_ns, ec_file_size, ec_mtime_ns, ec_open_dir, ec_open_regular, fdopendir,
    fstat, fstatat, readdir, stat_t,
)
from envcensus._kernels.roworder cimport Place, compare_keys, head_of, sort
from envcensus._kernels.rows cimport (
    ENTRIES_MAX, HEADER_MAX, KIND_DIST, KIND_EGG_DIR, READ_DETAILS, READ_INSTALLER, READ_REQUIRES,
    ROW_BROKEN_LINK, ROW_EMPTY, ROW_LEFTOVER, ROW_MISSING, ROW_NOT_A_FILE, ROW_OVERSIZED, ROW_UNREADABLE, Row,
    Store, clear_span, clear_store, free_store, keep, remember,
)
from envcensus._kernels.rowtext cimport bytes_of, first_line, is_ascii, lines_of, path_of, text_of


cdef extern from "Python.h":
    str PyUnicode_DecodeFSDefaultAndSize(const char *text, Py_ssize_t size)
    bytes PyUnicode_EncodeFSDefault(object text)


# What a scan reads beside names and versions; `rows` says what each word stands for.
DETAILS = READ_DETAILS
REQUIRES = READ_REQUIRES
INSTALLER = READ_INSTALLER

# Flags of a row handed to the callback, likewise.
MISSING = ROW_MISSING
EMPTY = ROW_EMPTY
NOT_A_FILE = ROW_NOT_A_FILE
UNREADABLE = ROW_UNREADABLE
OVERSIZED = ROW_OVERSIZED
BROKEN_LINK = ROW_BROKEN_LINK
LEFTOVER = ROW_LEFTOVER

HEADER_LIMIT = HEADER_MAX

cdef enum:
    TOGETHER_MAX = 16 << 20  # bytes that directories read ahead may hold

KINDS = ("dist-info", "egg-info", "egg-info-file")


cdef int walk(Store *store, DIR *directory, int dirfd, int level, bint egg) noexcept nogil:
    """Read all entries: 0, -1 without memory, 1 where the entry limit stopped it."""
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
            if length > 10 and (
                memcmp(name + length - 10, b".dist-info", 10) == 0
                or strncasecmp(name + length - 10, b".dist-info", 10) == 0
            ):
                if read_entry(store, dirfd, name, length, entry.d_type, KIND_DIST, level) < 0:
                    return -1
                continue
            if strncasecmp(name + length - 9, b".egg-info", 9) == 0:
                if read_entry(store, dirfd, name, length, entry.d_type, KIND_EGG_DIR, level) < 0:
                    return -1
                continue
        if (
            length > 4 and memcmp(name + length - 4, b".pth", 4) == 0
            or length > 9 and memcmp(name + length - 9, b".egg-link", 9) == 0
            or name[0] == b"~"
        ):
            if remember(&store.others, name, length) < 0:
                return -1
        elif egg and length == 8 and strncasecmp(name, b"EGG-INFO", 8) == 0:
            if read_entry(store, dirfd, name, length, entry.d_type, KIND_EGG_DIR, level) < 0:
                return -1


# --- objects ------------------------------------------------------------------------------------------------------

cdef int collect(Store *store, bytes prefix, object make, object odd, int level, list found,
                 list duplicates) except -1:
    """Let the callback decide about the odd rows, sort, and build the objects."""
    cdef Row *row
    cdef Place *block
    cdef Place *places
    cdef Py_ssize_t count = 0
    cdef Py_ssize_t i
    cdef list decided = []
    cdef bytes key
    cdef bint plain = is_ascii(prefix, len(prefix))
    if store.count == 0:
        return 0
    for i in range(<Py_ssize_t>store.count):
        row = &store.rows[i]
        if not row.plain:
            clear_span(&row.key)
            item = build(store, row, path_of(store, row, prefix, plain), make, odd, level)
            if item is not None:
                key = item.normalized.encode("utf-8", "surrogateescape")
                if keep(store, &row.key, key, len(key)) < 0:
                    raise MemoryError
                row.item = len(decided)
                decided.append(item)
    block = <Place *>malloc(2 * store.count * sizeof(Place))
    if block is NULL:
        raise MemoryError
    try:
        for i in range(<Py_ssize_t>store.count):
            row = &store.rows[i]
            if row.key.length >= 0:
                block[count].head = head_of(store.arena + row.key.start, row.key.length)
                block[count].row = <uint32_t>i
                count += 1
        places = sort(store, block, block + count, count)
        for i in range(count):
            row = &store.rows[places[i].row]
            if row.item >= 0:
                item = decided[row.item]
            else:
                item = build(store, row, path_of(store, row, prefix, plain), make, odd, level)
            if (
                i and places[i].head == places[i - 1].head
                and compare_keys(store, places[i].row, places[i - 1].row) == 0
            ):
                duplicates.append((item, found[-1]))
            else:
                found.append(item)
    finally:
        free(block)
    return 0


cdef object build(Store *store, Row *row, str path, object make, object odd, int level):
    """One Distribution, positional as the model's fields are declared, or whatever the callback makes of it."""
    cdef str name
    cdef str key
    cdef str version
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


cdef struct Visit:
    # One directory, and what is found there.
    const char *path
    int level
    bint egg      # the directory is an .egg itself
    bint made
    int error     # errno of opening it
    int status    # of `walk`
    stat_t st     # from before it was read
    Store store


cdef void visit(Visit *place) noexcept nogil:
    cdef DIR *directory = NULL
    cdef int fd = ec_open_dir(place.path)
    place.made = True
    if fd < 0:
        place.error = errno
        return
    if fstat(fd, &place.st) == 0:
        directory = fdopendir(fd)
    if directory is NULL:
        place.error = errno
        close(fd)
        return
    place.status = walk(&place.store, directory, fd, place.level, place.egg)
    place.error = place.store.trouble
    closedir(directory)
    free(place.store.header)  # the next one has its own
    place.store.header = NULL
    place.store.header_room = 0


@cython.final
cdef class Directory:
    """One directory of distributions, opened when it is read.

    Args:
        path: the directory.
        level: 0, or any of DETAILS, REQUIRES and INSTALLER added.
    """

    cdef bytes path
    cdef Visit place

    def __cinit__(self, bytes path not None, int level=0):
        clear_store(&self.place.store)
        self.path = path
        self.place.path = path
        self.place.level = level
        self.place.egg = path.lower().endswith(b".egg")
        self.place.made = False
        self.place.error = self.place.status = 0
        if b"\0" in path:
            self.place.made = True
            self.place.error = ENOENT

    def __dealloc__(self):
        free_store(&self.place.store)

    def read(self, object make not None, object odd not None):
        """Its distributions; once.

        Args:
            make: called for each distribution in order, with positional arguments: name, normalized name, version,
                path, kind, and with a level also installer, requested, editable, location, build, direct_url,
                has_record, requires_python, requires, extras, requires_read.
            odd: called for each other entry with path, kind, flags, whether name and version are in order, name,
                version, direct_url.json (bytes), installer, build tag, requested, has_record, requires_python,
                requires, extras; None drops the entry.

        Returns:
            The distributions in the order of their normalized names, each name once: the first in the directory's own
            order; the others as (other, first) pairs; the names of its `.pth`, `.egg-link` and `~…` entries; its
            (device, inode, mtime_ns, ctime_ns) from before it was read, and whether it was read to its end.

        Raises:
            OSError: the directory cannot be opened, or this process could open no more while it was read.
        """
        cdef Visit *place = &self.place
        cdef bytes prefix = self.path if self.path.endswith(b"/") else self.path + b"/"
        cdef list found = []
        cdef list duplicates = []
        if not place.made:
            with nogil:
                visit(place)
        try:
            if place.error:
                raise OSError(place.error, "cannot open directory", self.path)
            if place.status < 0:
                raise MemoryError
            collect(&place.store, prefix, make, odd, place.level, found, duplicates)
            names = []
            if place.store.others.used:
                names = [
                    PyUnicode_DecodeFSDefaultAndSize(piece, len(piece))
                    for piece in place.store.others.block[:place.store.others.used - 1].split(b"\0")
                ]
            identity = (place.st.st_dev, place.st.st_ino, ec_mtime_ns(&place.st), ec_ctime_ns(&place.st))
            return found, duplicates, names, identity, place.status == 0
        finally:
            free_store(&place.store)
            clear_store(&place.store)


def read_ahead(list directories not None):
    """Read the files of several directories before any is asked for its distributions, without the GIL in between.

    What does not fit in TOGETHER_MAX bytes is left to be read when it is asked for.
    """
    cdef Py_ssize_t count = len(directories)
    cdef Py_ssize_t i
    cdef size_t used = 0
    cdef Directory directory
    cdef Visit **places = <Visit **>malloc((count + 1) * sizeof(Visit *))
    if places is NULL:
        raise MemoryError
    try:
        for i in range(count):
            directory = directories[i]
            places[i] = &directory.place
        with nogil:
            for i in range(count):
                if not places[i].made:
                    visit(places[i])
                    used += places[i].store.room + places[i].store.slots * sizeof(Row)
                if used > TOGETHER_MAX:
                    break
    finally:
        free(places)


def watch(str path not None):
    """The present identity of a path, links followed: (path, device, inode, mtime_ns, ctime_ns, size), the size of a
    directory 0; all zero where there is nothing."""
    cdef stat_t st
    cdef bytes raw
    cdef const char *text
    cdef int missing
    try:
        raw = PyUnicode_EncodeFSDefault(path)
    except UnicodeEncodeError:
        return (path, 0, 0, 0, 0, 0)
    text = raw
    if strlen(text) != <size_t>len(raw):
        return (path, 0, 0, 0, 0, 0)
    with nogil:
        missing = fstatat(AT_FDCWD, text, &st, 0)
    if missing:
        return (path, 0, 0, 0, 0, 0)
    return (path, st.st_dev, st.st_ino, ec_mtime_ns(&st), ec_ctime_ns(&st), ec_file_size(&st))


def unchanged(tuple watches not None):
    """Whether each of some results of `watch` is what it would be now."""
    for known in watches:
        if watch(known[0]) != known:
            return False
    return True


def read_file(bytes path not None, size_t limit=1 << 16):
    """The first `limit` bytes of a regular file, or None where it is something else or cannot be read.

    Opens as the scan does: never blocks, never touches a device.

    Raises:
        OSError: this process can open no more.
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
    if is_ours(-fd):
        raise OSError(-fd, strerror(-fd).decode(), path)
    return result
