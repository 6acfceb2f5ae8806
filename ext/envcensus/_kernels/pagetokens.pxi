# The tokens of JSON (RFC 8259), refused where there is any doubt.

cdef extern from *:
    """
    /* How many of the characters at p are plain: no quote, backslash or control character, and ASCII. */
    #if defined(__SSE2__)
    #include <emmintrin.h>
    static inline const char *ec_plain(const char *p, const char *end) {
        const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\\\'), low = _mm_set1_epi8(0x20);
        while (end - p >= 16) {
            __m128i w = _mm_loadu_si128((const __m128i *)p);
            /* as signed numbers, control characters and bytes beyond ASCII are both below 0x20 */
            int odd = _mm_movemask_epi8(_mm_or_si128(_mm_cmplt_epi8(w, low),
                _mm_or_si128(_mm_cmpeq_epi8(w, quote), _mm_cmpeq_epi8(w, slash))));
            if (odd) return p + __builtin_ctz(odd);
            p += 16;
        }
        return p;
    }
    #else
    static inline const char *ec_plain(const char *p, const char *end) {
        while (p < end && *p != '"' && *p != '\\\\' && (signed char)*p >= 0x20) p++;
        return p;
    }
    #endif
    """
    const char *ec_plain(const char *p, const char *end) noexcept nogil


cdef struct Json:
    const char *p       # where the scan is
    const char *end
    bint high           # bytes beyond ASCII were seen: the body must be checked to be UTF-8
    bint escaped        # the last string has escapes


cdef inline void space(Json *s) noexcept nogil:
    while s.p < s.end and (s.p[0] == c' ' or s.p[0] == c'\n' or s.p[0] == c'\r' or s.p[0] == c'\t'):
        s.p += 1


cdef inline bint punctuation(Json *s, char c) noexcept nogil:
    """Go past `c` and the white space around it."""
    if s.p < s.end and s.p[0] != c:
        space(s)
    if s.p >= s.end or s.p[0] != c:
        return False
    s.p += 1
    if s.p < s.end and s.p[0] <= c' ':
        space(s)
    return True


cdef inline bint string(Json *s, Slice *out) noexcept nogil:
    """Read a string; sets `escaped`. Control characters and broken escapes are refused."""
    cdef char c
    cdef int i
    if s.p >= s.end or s.p[0] != c'"':
        return False
    s.p += 1
    out.p = s.p
    s.escaped = False
    while True:
        s.p = ec_plain(s.p, s.end)
        if s.p >= s.end:
            return False
        c = s.p[0]
        if c == c'"':
            out.n = s.p - out.p
            s.p += 1
            return True
        if c == c'\\':
            s.escaped = True
            if s.end - s.p < 6:
                return False
            c = s.p[1]
            if c == c'u':
                for i in range(2, 6):
                    c = s.p[i]
                    if not (is_digit(c) or c'a' <= lower(c) <= c'f'):
                        return False
                if (s.p[2] | 32) == c'd' and s.p[3] >= c'8':
                    return False    # surrogates: pairs are rare, lone ones no text
                s.p += 6
            elif c == c'"' or c == c'\\' or c == c'/' or c == c'n' or c == c't' or c == c'r' or c == c'b' or c == c'f':
                s.p += 2
            else:
                return False
        elif c & 0x80:
            s.high = True
            s.p += 1
        elif c < 0x20:
            return False
        else:
            s.p += 1


cdef inline bint plain(Json *s, Slice *out) noexcept nogil:
    """Read a string without escapes."""
    return string(s, out) and not s.escaped


cdef inline bint word(Json *s, const char *text, Py_ssize_t n) noexcept nogil:
    if s.end - s.p < n or memcmp(s.p, text, n) != 0:
        return False
    s.p += n
    return True


cdef inline bint digits(Json *s) noexcept nogil:
    cdef const char *start = s.p
    while s.p < s.end and is_digit(s.p[0]):
        s.p += 1
    return s.p > start


cdef bint number(Json *s) noexcept nogil:
    """Go past a number (RFC 8259, 6)."""
    if s.p < s.end and s.p[0] == c'-':
        s.p += 1
    if s.p < s.end and s.p[0] == c'0':
        s.p += 1
    elif not digits(s):
        return False
    if s.p < s.end and s.p[0] == c'.':
        s.p += 1
        if not digits(s):
            return False
    # exponents can overflow, which parsers take in different ways
    return s.p >= s.end or not (s.p[0] == c'e' or s.p[0] == c'E')


cdef bint skip(Json *s, int depth) noexcept nogil:
    """Go past any value."""
    cdef Slice text
    cdef char c
    if s.p >= s.end or depth > MAX_DEPTH:
        return False
    c = s.p[0]
    if c == c'"':
        return string(s, &text)
    if c == c't':
        return word(s, b"true", 4)
    if c == c'f':
        return word(s, b"false", 5)
    if c == c'n':
        return word(s, b"null", 4)
    if c == c'{':
        punctuation(s, c'{')
        if s.p < s.end and s.p[0] == c'}':
            s.p += 1
            return True
        while True:
            if not (string(s, &text) and punctuation(s, c':') and skip(s, depth + 1)):
                return False
            if not punctuation(s, c','):
                break
        return close(s, c'}')
    if c == c'[':
        punctuation(s, c'[')
        if s.p < s.end and s.p[0] == c']':
            s.p += 1
            return True
        while True:
            if not skip(s, depth + 1):
                return False
            if not punctuation(s, c','):
                break
        return close(s, c']')
    return number(s)


cdef inline bint close(Json *s, char c) noexcept nogil:
    space(s)
    if s.p >= s.end or s.p[0] != c:
        return False
    s.p += 1
    return True
