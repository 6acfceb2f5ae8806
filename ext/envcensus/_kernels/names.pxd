"""Names and tags for other kernels."""

from libc.stdint cimport int32_t

# The normalized form of s[0:n]; None where the text is not ASCII.
cdef object canonical_span(const char *s, Py_ssize_t n)
# The normalized form of a str: the same object where it is normalized already.
cdef object canonical(object name)


cdef class TagSet:
    cdef readonly tuple tags      # in order of preference, lower case
    cdef dict _interpreters       # text to number, likewise the others
    cdef dict _abis
    cdef dict _platforms
    cdef list _ranks              # [interpreter * abis + abi]: {platform number: rank} or None
    cdef dict _memo
    cdef Py_ssize_t rank_of(self, str text) except -2
