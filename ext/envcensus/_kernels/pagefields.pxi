# The values of a file's fields, as the scanner meets them.

cdef extern from *:
    """
    #define EC_ONES 0x0101010101010101ULL
    #define EC_HIGHS 0x8080808080808080ULL
    """
    const uint64_t ONES "EC_ONES"
    const uint64_t HIGHS "EC_HIGHS"


cdef inline bint all_hex(const char *p) noexcept nogil:
    """Whether 64 characters are digits or letters from a to f."""
    cdef uint64_t w, ok = HIGHS
    cdef int i
    for i in range(8):
        memcpy(&w, p + 8 * i, 8)
        ok &= ~w & (
            ((w + ONES * (0x80 - c'0')) & ~(w + ONES * (0x7F - c'9')))
            | ((w + ONES * (0x80 - c'a')) & ~(w + ONES * (0x7F - c'f')))
        )
    return ok == HIGHS


cdef bint hashes(Json *s, const char **sha) noexcept nogil:
    """Read {} or {"sha256": "64 digits"}."""
    cdef Slice text
    sha[0] = NULL
    # without white space, as large indexes write it
    if s.end - s.p >= 77 and memcmp(s.p, b'{"sha256":"', 11) == 0:
        if memcmp(s.p + 75, b'"}', 2) == 0 and all_hex(s.p + 11):
            sha[0] = s.p + 11
            s.p += 77
            return True
        return False
    if not punctuation(s, c'{'):
        return False
    if s.p < s.end and s.p[0] == c'}':
        s.p += 1
        return True
    if not plain(s, &text) or text.n != 6 or memcmp(text.p, b"sha256", 6) != 0:
        return False
    if not punctuation(s, c':') or s.end - s.p < 67 or s.p[0] != c'"' or s.p[65] != c'"' or not all_hex(s.p + 1):
        return False
    sha[0] = s.p + 1
    s.p += 66
    return close(s, c'}')


cdef inline int two(const char *p) noexcept nogil:
    """The number that two digits make, negative for anything else."""
    cdef unsigned int a = <unsigned char>p[0] - c'0', b = <unsigned char>p[1] - c'0'
    return <int>(a * 10 + b) if a <= 9 and b <= 9 else -100_000


cdef bint common_time(Slice t, double *out) noexcept nogil:
    """2024-01-02T03:04:05Z or with microseconds, as indexes write it (PEP 700)."""
    cdef int year, month, day, hour, minute, second, i, micro = 0
    cdef int64_t days
    if not (t.n == 20 or t.n == 27) or t.p[t.n - 1] != c'Z':
        return False
    if t.p[4] != c'-' or t.p[7] != c'-' or t.p[10] != c'T' or t.p[13] != c':' or t.p[16] != c':':
        return False
    year = two(t.p) * 100 + two(t.p + 2)
    month = two(t.p + 5)
    day = two(t.p + 8)
    hour = two(t.p + 11)
    minute = two(t.p + 14)
    second = two(t.p + 17)
    # days beyond the 28th depend on the month: leave the doubtful ones to the calendar
    if not (1970 <= year and 1 <= month <= 12 and 1 <= day <= 31 and 0 <= hour <= 23 and 0 <= minute <= 59):
        return False
    if not 0 <= second <= 59 or (day > 30 and (month == 4 or month == 6 or month == 9 or month == 11)):
        return False
    if day > 28 and month == 2:
        return False
    if t.n == 27:
        if t.p[19] != c'.':
            return False
        for i in range(20, 26):
            if not is_digit(t.p[i]):
                return False
            micro = micro * 10 + (t.p[i] - c'0')
    # days since 1970-01-01, counting years from March
    if month <= 2:
        year -= 1
        month += 12
    days = 365 * <int64_t>year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day - 719469
    out[0] = <double>((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000 + micro) / 1e6
    return True


cdef enum Metadata:
    META_ABSENT     # or null
    META_NO
    META_YES


cdef bint metadata(Json *s, Metadata *state, const char **sha) noexcept nogil:
    """Read the value of core-metadata: a truth value, null or hashes."""
    sha[0] = NULL
    if s.p >= s.end:
        return False
    if s.p[0] == c'f':
        state[0] = META_NO
        return word(s, b"false", 5)
    if s.p[0] == c'{':
        state[0] = META_YES
        return hashes(s, sha)
    if s.p[0] == c't':
        state[0] = META_YES
        return word(s, b"true", 4)
    state[0] = META_ABSENT
    return word(s, b"null", 4)


cdef bint size_of(Json *s, int64_t *out) noexcept nogil:
    cdef const char *start = s.p
    cdef int64_t value = 0
    if s.p < s.end and s.p[0] == c'n':
        out[0] = -1
        return word(s, b"null", 4)
    while s.p < s.end and is_digit(s.p[0]):
        if s.p - start > 15:
            return False
        value = value * 10 + (s.p[0] - c'0')
        s.p += 1
    if s.p == start or (start[0] == c'0' and s.p - start > 1):
        return False
    out[0] = value
    return s.p < s.end and (s.p[0] == c',' or s.p[0] == c'}' or s.p[0] <= c' ')
