# cython: language_level=3
"""The order of rows: by their keys, byte by byte; equal ones stay as they are. A private part of `scan`."""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcmp

from envcensus._kernels.rows cimport Span, Store


cdef struct Place:
    # What a row is sorted by: the first eight bytes of its key as a number, then the key.
    uint64_t head
    uint32_t row


cdef inline uint64_t head_of(const char *key, int length) noexcept nogil:
    cdef const unsigned char *k = <const unsigned char *>key
    cdef uint64_t head = 0
    cdef int i
    if length >= 8:
        return (
            <uint64_t>k[0] << 56 | <uint64_t>k[1] << 48 | <uint64_t>k[2] << 40 | <uint64_t>k[3] << 32
            | <uint64_t>k[4] << 24 | <uint64_t>k[5] << 16 | <uint64_t>k[6] << 8 | <uint64_t>k[7]
        )
    for i in range(length):
        head |= <uint64_t>k[i] << (56 - 8 * i)
    return head


cdef inline int compare_keys(Store *store, uint32_t left, uint32_t right) noexcept nogil:
    """Whether the key of one row is before (< 0), the same as (0) or behind that of another."""
    cdef Span a = store.rows[left].key
    cdef Span b = store.rows[right].key
    cdef int order = memcmp(store.arena + a.start, store.arena + b.start, min(a.length, b.length))
    return order if order else a.length - b.length


cdef inline bint comes_first(Store *store, const Place *a, const Place *b) noexcept nogil:
    return a.head < b.head or (a.head == b.head and compare_keys(store, a.row, b.row) <= 0)


cdef inline Place *sort(Store *store, Place *places, Place *spare, Py_ssize_t count) noexcept nogil:
    """By key; equal ones stay as they are. The result is in one of the two arrays."""
    cdef Py_ssize_t width = 1
    cdef Py_ssize_t middle, end, left, right, at
    while width < count:
        end = 0
        while end < count:
            left = end
            right = middle = min(left + width, count)
            end = min(middle + width, count)
            for at in range(left, end):
                if right == end or (left < middle and comes_first(store, &places[left], &places[right])):
                    spare[at] = places[left]
                    left += 1
                else:
                    spare[at] = places[right]
                    right += 1
        places, spare = spare, places
        width *= 2
    return places
