# cython: language_level=3
"""What rows point to, as Python's own texts. A private part of `scan`."""

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy

from envcensus._kernels.rows cimport Row, Span, Store


cdef extern from "Python.h":
    str PyUnicode_DecodeFSDefaultAndSize(const char *text, Py_ssize_t size)
    str PyUnicode_New(Py_ssize_t size, uint32_t largest)
    char *PyUnicode_1BYTE_DATA(object text)


cdef inline bint is_ascii(const char *text, Py_ssize_t length) noexcept nogil:
    cdef uint64_t some = 0
    cdef uint64_t eight
    while length >= 8:
        memcpy(&eight, text, 8)
        some |= eight
        text += 8
        length -= 8
    while length:
        some |= <unsigned char>text[0]
        text += 1
        length -= 1
    return some & 0x8080808080808080ULL == 0


cdef inline str text_of(Store *store, Span *span):
    """Undecodable bytes become surrogates, as os.fsdecode does it."""
    cdef const char *start = store.arena + span.start
    cdef str text
    if span.length < 0:
        return None
    if not is_ascii(start, span.length):
        return start[:span.length].decode("utf-8", "surrogateescape")
    text = PyUnicode_New(span.length, 127)  # what most texts are, without looking at each character again
    memcpy(PyUnicode_1BYTE_DATA(text), start, span.length)
    return text


cdef inline str path_of(Store *store, Row *row, bytes prefix, bint plain):
    """The path of a row's entry. `plain`: the prefix is ASCII."""
    cdef const char *entry = store.arena + row.entry.start
    cdef Py_ssize_t size = len(prefix)
    cdef str text
    if plain and is_ascii(entry, row.entry.length):
        text = PyUnicode_New(size + row.entry.length, 127)
        memcpy(PyUnicode_1BYTE_DATA(text), <const char *>prefix, size)
        memcpy(PyUnicode_1BYTE_DATA(text) + size, entry, row.entry.length)
        return text
    whole = prefix + entry[:row.entry.length]
    return PyUnicode_DecodeFSDefaultAndSize(whole, len(whole))


cdef inline object bytes_of(Store *store, Span *span):
    if span.length < 0:
        return None
    return PyBytes_FromStringAndSize(store.arena + span.start, span.length)


cdef inline tuple lines_of(Store *store, Span *span):
    if span.length <= 0:
        return ()
    return tuple(text_of(store, span).split("\n"))


cdef inline str first_line(Store *store, Span *span):
    cdef str text
    if span.length <= 0:
        return ""
    text = text_of(store, span).strip()
    return text.partition("\n")[0].strip()[:200]
