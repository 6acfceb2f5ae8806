"""Version keys for other kernels: `from envcensus._kernels.version cimport pack_key, key_is_prerelease`."""

from libc.stdint cimport uint64_t


cdef enum:
    MAX_RELEASE = 8  # components whose numbers are kept; longer releases take the full key

cdef enum PreKind:
    PRE_NONE = 0
    PRE_A = 1
    PRE_B = 2
    PRE_RC = 3

# A version as spans of its text and, where they fit, numbers (Version specifiers, "Public version identifiers").
ctypedef struct Parts:
    Py_ssize_t epoch_at, epoch_len      # digits; length 0: none
    Py_ssize_t release_at, release_end  # digits and dots
    Py_ssize_t count                    # components of the release, trailing zeros included
    uint64_t release[8]
    int pre
    Py_ssize_t pre_at, pre_len          # digits; length 0: an implied 0
    uint64_t pre_number
    bint post
    Py_ssize_t post_at, post_len
    uint64_t post_number
    bint dev
    Py_ssize_t dev_at, dev_len
    uint64_t dev_number
    Py_ssize_t local_at, local_len      # without the plus sign; length 0: none
    bint big                            # a number or the release is too large for the fields above
    bint has_epoch                      # an epoch other than 0

cdef enum KeyMode:
    KEY_VERSION = 0
    KEY_AFTER_POSTS = 1  # the cut above the version and all its post-releases

# 1 and the ordered key where the text is a version of a common form; 0 where it needs the full key or is no version.
cdef int pack_key(const char *s, Py_ssize_t n, uint64_t *key) noexcept nogil

# 1 where s[0:n], without surrounding white space, is a version.
cdef int scan_version(const char *s, Py_ssize_t n, Parts *parts) noexcept nogil

# The length of the longest version at the start of s[0:n], 0 if there is none.
cdef Py_ssize_t scan_prefix(const char *s, Py_ssize_t n, Parts *parts) noexcept nogil

cdef int encode(const Parts *parts, KeyMode mode, uint64_t *key) noexcept nogil

# Whether every number has few enough digits to be converted; asked for where `parts.big` or a local label is set.
cdef bint numbers_fit(const char *s, const Parts *parts) noexcept nogil

# The complete comparison key (bytes, ordered as bytes) of a text, None where it is no version.
cdef bytes full_key_of(object text)
cdef bytes full_key(const char *s, const Parts *parts, KeyMode mode)


cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)
    bint PyUnicode_CheckExact(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    void *PyUnicode_DATA(object text)


cdef inline const char *ascii_data(object text) noexcept:
    """The characters of an exact ASCII str, NULL for anything else. The str must outlive the pointer."""
    if PyUnicode_CheckExact(text) and PyUnicode_IS_ASCII(text):
        return <const char *>PyUnicode_DATA(text)
    return NULL


cdef inline bint key_is_prerelease(uint64_t key) noexcept nogil:
    return key & 1


cdef class Version:
    cdef str _text        # ASCII; as given
    cdef uint64_t _key    # 0: see _full
    cdef bytes _full      # the full key of a version that cannot be packed
    cdef char _normal     # _text is the normalized spelling
    cdef char _made

# Raises packaging's InvalidVersion where the text is no version.
cdef Version version_of(object text)
# None where it is none.
cdef Version version_or_none(object text)
