# cython: language_level=3, freethreading_compatible=True
"""Pack the distributions of an environment for the listing cache, and make them again.

A record is mostly the names of the entries, because name and version follow from them: about 45 bytes each, where a
general encoding takes 300. Layout of one distribution, integers little-endian:

    u8 flags · u8 kind · u16 folder · text entry · text name · text key · text version
    · with MORE: u8 marks · text installer, location, build, direct_url, requires_python · list requires, extras

A text is u16 length and UTF-8; 0xffff announces a u32 length. Texts whose flag says that they follow from the entry
are left out. A list is u32 count and its texts.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint16_t, uint32_t
from libc.stdlib cimport free, realloc
from libc.string cimport memchr, memcpy

from envcensus._kernels.entry cimport normalize
from envcensus._kernels.memo cimport remember

from envcensus._kernels import scan


cdef extern from "Python.h":
    str PyUnicode_DecodeUTF8(const char *text, Py_ssize_t size, const char *errors)


cdef tuple KINDS = scan.KINDS

cdef enum:
    NAME_FOLLOWS = 1     # the name is what the entry says
    KEY_IS_NAME = 2      # the normalized name is the name
    KEY_FOLLOWS = 4      # it is the name in lower case with "-" for each run of separators
    VERSION_FOLLOWS = 8  # the version is what the entry says
    MORE = 16
    REQUESTED = 1
    EDITABLE = 2
    HAS_RECORD = 4
    REQUIRES_READ = 8
    LONG = 0xFFFF


cdef struct Buffer:
    char *data
    size_t used
    size_t room


cdef int put(Buffer *out, const char *data, size_t length) except -1:
    cdef char *moved
    if out.used + length > out.room:
        moved = <char *>realloc(out.data, (out.used + length) * 2)
        if moved is NULL:
            raise MemoryError
        out.data = moved
        out.room = (out.used + length) * 2
    memcpy(out.data + out.used, data, length)
    out.used += length
    return 0


cdef int put_text(Buffer *out, str text) except -1:
    cdef bytes raw = text.encode("utf-8", "surrogateescape")
    cdef Py_ssize_t length = PyBytes_GET_SIZE(raw)
    cdef uint16_t short_length = LONG
    cdef uint32_t long_length
    if length < LONG:
        short_length = <uint16_t>length
        put(out, <char *>&short_length, 2)
    else:
        long_length = <uint32_t>length
        put(out, <char *>&short_length, 2)
        put(out, <char *>&long_length, 4)
    return put(out, PyBytes_AS_STRING(raw), length)


cdef int put_texts(Buffer *out, tuple texts) except -1:
    cdef uint32_t count = <uint32_t>len(texts)
    put(out, <char *>&count, 4)
    for text in texts:
        put_text(out, text)
    return 0


cdef str normalized(str name):
    cdef char out[256]
    cdef bytes raw = name.encode("utf-8", "surrogateescape")
    if PyBytes_GET_SIZE(raw) > 255:
        return None
    return PyUnicode_DecodeUTF8(out, normalize(PyBytes_AS_STRING(raw), PyBytes_GET_SIZE(raw), out), b"surrogateescape")


cdef int suffix_length(int kind) noexcept nogil:
    return 10 if kind == 0 else 9  # ".dist-info", ".egg-info"


cdef unsigned char marks_of(object item) except? 0:
    return (
        (REQUESTED if item.requested else 0) | (EDITABLE if item.editable else 0)
        | (HAS_RECORD if item.has_record else 0) | (REQUIRES_READ if item.requires_read else 0)
    )


cdef int put_distribution(Buffer *out, object item, uint16_t folder, str entry) except -1:
    cdef int kind = KINDS.index(item.kind)
    cdef int flags = 0
    cdef str name = item.name
    cdef str key = item.normalized
    cdef str version = item.version
    cdef unsigned char marks = marks_of(item)
    cdef unsigned char head[2]
    said, _, rest = entry[:-suffix_length(kind)].partition("-")
    if said == name:
        flags |= NAME_FOLLOWS
    if key == name:
        flags |= KEY_IS_NAME
    elif key == normalized(name):
        flags |= KEY_FOLLOWS
    if rest == version:
        flags |= VERSION_FOLLOWS
    if (marks != HAS_RECORD or item.installer or item.build or item.direct_url or item.location
            or item.requires_python or item.requires or item.extras):
        flags |= MORE
    head[0] = <unsigned char>flags
    head[1] = <unsigned char>kind
    put(out, <char *>head, 2)
    put(out, <char *>&folder, 2)
    put_text(out, entry)
    if not flags & NAME_FOLLOWS:
        put_text(out, name)
    if not flags & (KEY_IS_NAME | KEY_FOLLOWS):
        put_text(out, key)
    if not flags & VERSION_FOLLOWS:
        put_text(out, version)
    if flags & MORE:
        put(out, <char *>&marks, 1)
        put_text(out, item.installer)
        put_text(out, item.location)
        put_text(out, item.build)
        put_text(out, item.direct_url)
        put_text(out, item.requires_python)
        put_texts(out, item.requires)
        put_texts(out, item.extras)
    return 0


def pack(distributions, list folders not None):
    """The bytes of some distributions; each path must be an entry of one of `folders`, which grows as needed.

    Raises:
        ValueError: more than 65,535 folders.
    """
    cdef Buffer out
    cdef str path
    cdef dict places = {known: number for number, known in enumerate(folders)}
    out.data = NULL
    out.used = out.room = 0
    try:
        for item in distributions:
            path = item.path
            parent, _, entry = path.rpartition("/")
            number = places.setdefault(parent, len(folders))
            if number == len(folders):
                folders.append(parent)
                if number >= LONG:
                    raise ValueError("too many folders")
            put_distribution(&out, item, number, entry)
        return PyBytes_FromStringAndSize(out.data, out.used)
    finally:
        free(out.data)


cdef struct Cursor:
    const char *at
    const char *end


cdef int need(Cursor *cursor, size_t length) except -1:
    if <size_t>(cursor.end - cursor.at) < length:
        raise ValueError("truncated record")
    return 0


cdef Py_ssize_t take_length(Cursor *cursor) except -1:
    """The length of the text that follows, checked against what is there."""
    cdef uint16_t short_length
    cdef uint32_t length
    need(cursor, 2)
    memcpy(&short_length, cursor.at, 2)
    cursor.at += 2
    length = short_length
    if short_length == LONG:
        need(cursor, 4)
        memcpy(&length, cursor.at, 4)
        cursor.at += 4
    need(cursor, length)
    return length


cdef str take_text(Cursor *cursor):
    cdef Py_ssize_t length = take_length(cursor)
    cdef str text = PyUnicode_DecodeUTF8(cursor.at, length, b"surrogateescape") if length else ""
    cursor.at += length
    return text


cdef tuple take_texts(Cursor *cursor):
    cdef uint32_t count
    need(cursor, 4)
    memcpy(&count, cursor.at, 4)
    cursor.at += 4
    if not count:
        return ()
    if count > <size_t>(cursor.end - cursor.at):
        raise ValueError("impossible count")
    return tuple([take_text(cursor) for _ in range(count)])


cdef enum:
    MEMO_LIMIT = 16384   # lists of texts
    MEMO_LENGTH = 2048   # bytes; longer ones are not remembered

cdef dict lists = {}  # bytes of a list to its texts: environments hold the same distributions


cdef tuple take_shared(Cursor *cursor):
    """`take_texts`, with one object for equal lists."""
    cdef Cursor ahead = cursor[0]
    cdef uint32_t count
    cdef uint32_t _
    cdef bytes raw
    need(&ahead, 4)
    memcpy(&count, ahead.at, 4)
    ahead.at += 4
    if not count:
        cursor[0] = ahead
        return ()
    for _ in range(count):
        ahead.at += take_length(&ahead)
    if ahead.at - cursor.at > MEMO_LENGTH:
        return take_texts(cursor)
    raw = PyBytes_FromStringAndSize(cursor.at, ahead.at - cursor.at)
    found = lists.get(raw)
    if found is None:
        found = take_texts(cursor)
        remember(lists, raw, found, MEMO_LIMIT)
    cursor[0] = ahead
    return found


cdef str joined(bytes prefix, const char *entry, Py_ssize_t length):
    """The path of an entry."""
    cdef char buffer[4608]
    cdef Py_ssize_t size = PyBytes_GET_SIZE(prefix)
    if size + length > 4608:
        return (prefix + entry[:length]).decode("utf-8", "surrogateescape")
    memcpy(buffer, PyBytes_AS_STRING(prefix), size)
    memcpy(buffer + size, entry, length)
    return PyUnicode_DecodeUTF8(buffer, size + length, b"surrogateescape")


cdef object take_distribution(Cursor *cursor, list prefixes, object make):
    cdef unsigned char flags, kind
    cdef uint16_t folder
    cdef Py_ssize_t length, stem, raw_length
    cdef const char *entry
    cdef const char *dash
    cdef const char *raw_name
    cdef char key_buffer[256]
    cdef str name, key, version, path
    need(cursor, 4)
    flags = <unsigned char>cursor.at[0]
    kind = <unsigned char>cursor.at[1]
    memcpy(&folder, cursor.at + 2, 2)
    cursor.at += 4
    if kind >= len(KINDS) or folder >= len(prefixes):
        raise ValueError("not a record")
    length = take_length(cursor)
    entry = cursor.at
    cursor.at += length
    path = joined(prefixes[folder], entry, length)
    stem = max(length - suffix_length(kind), 0)
    dash = <const char *>memchr(entry, b"-", stem)
    if flags & NAME_FOLLOWS:
        raw_name = entry
        raw_length = stem if dash is NULL else dash - entry
    else:
        raw_length = take_length(cursor)
        raw_name = cursor.at
        cursor.at += raw_length
    name = PyUnicode_DecodeUTF8(raw_name, raw_length, b"surrogateescape")
    if flags & KEY_IS_NAME:
        key = name
    elif flags & KEY_FOLLOWS:
        if raw_length > 255:
            raise ValueError("not a record")
        key = PyUnicode_DecodeUTF8(key_buffer, normalize(raw_name, raw_length, key_buffer), b"surrogateescape")
    else:
        key = take_text(cursor)
    if not flags & VERSION_FOLLOWS:
        version = take_text(cursor)
    elif dash is NULL:
        version = ""
    else:
        version = PyUnicode_DecodeUTF8(dash + 1, entry + stem - dash - 1, b"surrogateescape")
    if flags & MORE:
        return take_more(cursor, name, key, version, path, KINDS[kind], make)
    return make(name, key, version, path, KINDS[kind])


cdef object take_more(Cursor *cursor, str name, str key, str version, str path, str kind, object make):
    """The rest of a distribution that has other details than most have."""
    cdef unsigned char marks
    need(cursor, 1)
    marks = <unsigned char>cursor.at[0]
    cursor.at += 1
    installer = take_text(cursor)
    location = take_text(cursor)
    build = take_text(cursor)
    direct_url = take_text(cursor)
    requires_python = take_text(cursor)
    requires = take_shared(cursor)
    extras = take_shared(cursor)
    return make(
        name, key, version, path, kind, installer, bool(marks & REQUESTED), bool(marks & EDITABLE), location,
        build, direct_url, bool(marks & HAS_RECORD), requires_python, requires, extras, bool(marks & REQUIRES_READ),
    )


def unpack(bytes record not None, list folders not None, object make not None):
    """The distributions of a record, as `pack` was given them.

    Args:
        folders: the list that `pack` left.
        make: called with the fields of a Distribution by position.

    Raises:
        ValueError: not a record.
    """
    cdef Cursor cursor
    cdef list prefixes = [known.encode("utf-8", "surrogateescape") + b"/" for known in folders]
    cdef list found = []
    cursor.at = PyBytes_AS_STRING(record)
    cursor.end = cursor.at + PyBytes_GET_SIZE(record)
    while cursor.at < cursor.end:
        found.append(take_distribution(&cursor, prefixes, make))
    return found
