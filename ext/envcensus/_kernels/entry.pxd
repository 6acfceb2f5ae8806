# cython: language_level=3
"""Names and versions as the entries of a site directory spell them."""

from libc.string cimport memcmp

from envcensus._kernels.characters cimport is_alnum, is_digit, is_separator, lower


cdef extern from *:
    """
    #define EC_NONE 0, 0, 0, 0, 0, 0, 0, 0
    /* What a character of a project's name becomes in the normalized form; 0 where names cannot hold it. */
    static const char ec_folded[256] = {
        EC_NONE, EC_NONE, EC_NONE, EC_NONE, EC_NONE,
        0, 0, 0, 0, 0, '-', '-', 0,
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 0, 0, 0, 0, 0, 0,
        0, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
        'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 0, 0, 0, 0, '-',
        0, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
        'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 0, 0, 0, 0, 0,
    };
    """
    const char *ec_folded


cdef inline int fold(const char *text, int length, char *out) noexcept nogil:
    """As `normalize`, of any text: 0 where it is no name by the grammar (Names and Normalization)."""
    cdef int i
    cdef int n = 0
    cdef char last = b"-"
    cdef char c
    for i in range(length):
        c = ec_folded[<unsigned char>text[i]]
        if c == b"-":
            if last == b"-":
                if n == 0:
                    return 0
                continue
        elif c == 0:
            return 0
        out[n] = c
        n += 1
        last = c
    return n if last != b"-" else 0


cdef inline Py_ssize_t normalize(const char *text, Py_ssize_t length, char *out) noexcept nogil:
    """The normalized form of a valid name; `out` holds at least `length` bytes. Returns the length written."""
    cdef Py_ssize_t i
    cdef Py_ssize_t n = 0
    for i in range(length):
        if not is_separator(text[i]):
            out[n] = lower(text[i])
        elif n and out[n - 1] == b"-":
            continue
        else:
            out[n] = b"-"
        n += 1
    return n


cdef inline bint same_folded(const char *a, const char *b, int length) noexcept nogil:
    """Whether two names of one length become the same, letter by letter."""
    cdef int i
    for i in range(length):
        if ec_folded[<unsigned char>a[i]] != ec_folded[<unsigned char>b[i]]:
            return False
    return True


cdef inline int digits(const char *text, int at, int length) noexcept nogil:
    while at < length and is_digit(text[at]):
        at += 1
    return at


cdef inline bint is_plain_version(const char *text, int length) noexcept nogil:
    """Whether a version is certainly valid (PEP 440, the normalized spelling); the callback judges all others."""
    cdef int at = 0
    cdef int end
    while True:
        end = digits(text, at, length)
        if end == at:
            return False
        at = end
        if at + 1 < length and text[at] == b"." and is_digit(text[at + 1]):
            at += 1
            continue
        break
    if at < length and (text[at] == b"a" or text[at] == b"b" or text[at] == b"r"):
        at += 1
        if text[at - 1] == b"r":
            if at >= length or text[at] != b"c":
                return False
            at += 1
        end = digits(text, at, length)
        if end == at:
            return False
        at = end
    if at + 5 < length and memcmp(text + at, b".post", 5) == 0:
        end = digits(text, at + 5, length)
        if end == at + 5:
            return False
        at = end
    if at + 4 < length and memcmp(text + at, b".dev", 4) == 0:
        end = digits(text, at + 4, length)
        if end == at + 4:
            return False
        at = end
    if at < length and text[at] == b"+":
        if at + 1 == length or not is_alnum(text[length - 1]):
            return False
        while at < length:
            at += 1  # over "+" or "."
            end = at
            while end < length and (b"a" <= text[end] <= b"z" or is_digit(text[end])):
                end += 1
            if end == at or (end < length and text[end] != b"."):
                return False
            at = end
    return at == length
