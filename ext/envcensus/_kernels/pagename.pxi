# File names and versions as bytes: the common forms. `packaging` reads the rest.

cdef inline Py_ssize_t match_name(const char *p, Py_ssize_t n, const char *project, Py_ssize_t m) noexcept nogil:
    """How many characters at the start of `p` spell the normalized name `project`; -1: none do."""
    cdef Py_ssize_t i = 0, j
    for j in range(m):
        if project[j] == c'-':
            if i >= n or not is_separator(p[i]):
                return -1
            while i < n and is_separator(p[i]):
                i += 1
        else:
            if i >= n or lower(p[i]) != project[j]:
                return -1
            i += 1
    return i


cdef inline Py_ssize_t number_end(const char *p, Py_ssize_t i, Py_ssize_t n) noexcept nogil:
    """The end of the number at `i`, written without leading zeros; -1: there is none."""
    cdef Py_ssize_t start = i
    while i < n and is_digit(p[i]):
        i += 1
    if i == start or (p[start] == c'0' and i > start + 1):
        return -1
    return i


cdef inline bint is_normal(const char *p, Py_ssize_t n) noexcept nogil:
    """Whether a version is spelled as str(packaging.version.Version) spells it; epochs and local parts: not."""
    cdef Py_ssize_t i = number_end(p, 0, n)
    while 0 <= i < n and p[i] == c'.' and i + 1 < n and is_digit(p[i + 1]):
        i = number_end(p, i + 1, n)
    if i < 0:
        return False
    if i < n and (p[i] == c'a' or p[i] == c'b'):
        i = number_end(p, i + 1, n)
    elif i + 1 < n and p[i] == c'r' and p[i + 1] == c'c':
        i = number_end(p, i + 2, n)
    if i >= 0 and i + 5 < n and memcmp(p + i, b".post", 5) == 0:
        i = number_end(p, i + 5, n)
    if i >= 0 and i + 4 < n and memcmp(p + i, b".dev", 4) == 0:
        i = number_end(p, i + 4, n)
    return i == n


cdef inline bint is_pre(const char *p, Py_ssize_t n) noexcept nogil:
    """Whether a normalized version is a pre-release or a development release: only those have these letters."""
    cdef Py_ssize_t i
    for i in range(n):
        if p[i] == c'+':
            return False
        if c'a' <= p[i] <= c'd':
            return True
    return False


cdef inline bint is_plain_tags(const char *p, Py_ssize_t n) noexcept nogil:
    """Whether `p` is three parts of letters, digits, "_" and "." with no empty component."""
    cdef Py_ssize_t i
    cdef int dashes = 0
    cdef bint empty = True
    for i in range(n):
        if p[i] == c'-' or p[i] == c'.':
            if empty:
                return False
            dashes += p[i] == c'-'
            empty = True
        elif is_digit(p[i]):
            if empty and dashes == 0:   # interpreters are identifiers
                return False
            empty = False
        elif c'a' <= p[i] <= c'z' or p[i] == c'_':
            empty = False
        else:
            return False
    return dashes == 2 and not empty


cdef inline bint ends_with(const char *p, Py_ssize_t n, const char *suffix, Py_ssize_t m) noexcept nogil:
    return n > m and memcmp(p + n - m, suffix, m) == 0


cdef inline Py_ssize_t sdist_stem(const char *p, Py_ssize_t n) noexcept nogil:
    """The length of an sdist's name without its suffix; -1: no archive that pip takes for one."""
    if ends_with(p, n, b".tar.gz", 7):
        return n - 7
    if ends_with(p, n, b".zip", 4):
        return n - 4
    if ends_with(p, n, b".tgz", 4) or ends_with(p, n, b".tar", 4) or ends_with(p, n, b".tbz", 4):
        return n - 4
    if ends_with(p, n, b".txz", 4) or ends_with(p, n, b".tlz", 4):
        return n - 4
    if ends_with(p, n, b".tar.bz2", 8):
        return n - 8
    if ends_with(p, n, b".tar.xz", 7) or ends_with(p, n, b".tar.lz", 7):
        return n - 7
    if ends_with(p, n, b".tar.lzma", 9):
        return n - 9
    return -1
