# Ordered keys of scanned versions: see version.pyx for the code.

# --- packed keys ----------------------------------------------------------------------------------------------------

cdef struct Code:
    uint64_t bits
    int length


cdef inline bint put(Code *code, uint64_t bits, int length) noexcept nogil:
    if code.length + length > 63:
        return False
    code.bits = code.bits << length | bits
    code.length += length
    return True


cdef inline bint put_number(Code *code, uint64_t v, int one) noexcept nogil:
    """Append a number; `one` is 1 for a release component, 0 for the number of a suffix."""
    cdef uint64_t lead = <uint64_t>one
    if v < 64:
        return put(code, lead << 7 | v, 7 + one)
    v -= 64
    if v < 1 << 10:
        return put(code, lead << 12 | <uint64_t>0b10 << 10 | v, 12 + one)
    v -= 1 << 10
    if v < 1 << 14:
        return put(code, lead << 17 | <uint64_t>0b110 << 14 | v, 17 + one)
    v -= 1 << 14
    if v < 1 << 27:
        return put(code, lead << 30 | <uint64_t>0b111 << 27 | v, 30 + one)
    return False


cdef int encode(const Parts *p, KeyMode mode, uint64_t *key) noexcept nogil:
    cdef Code code
    cdef Py_ssize_t i, count = p.count if p.count < MAX_RELEASE else MAX_RELEASE
    cdef bint ok
    if p.big or p.has_epoch or p.local_len:
        return 0
    code.bits = 0
    code.length = 0
    while count > 0 and p.release[count - 1] == 0:
        count -= 1
    for i in range(count):
        if not put_number(&code, p.release[i], 1):
            return 0
    if not put(&code, 0, 1):
        return 0
    if mode == KEY_AFTER_POSTS:
        ok = put(&code, <uint64_t>p.pre, 3) and put_number(&code, p.pre_number, 0) if p.pre else put(&code, 1, 1)
        if not (ok and put(&code, 1, 1)):
            return 0
        key[0] = (code.bits + 1) << (64 - code.length)
        return 1
    if p.pre:
        ok = put(&code, <uint64_t>p.pre, 3) and put_number(&code, p.pre_number, 0)
    elif p.dev and not p.post:
        if not (put(&code, 0, 3) and put_number(&code, p.dev_number, 0)):
            return 0
        key[0] = code.bits << (64 - code.length) | 1
        return 1
    else:
        ok = put(&code, 1, 1)
    ok = ok and (put(&code, 1, 1) and put_number(&code, p.post_number, 0) if p.post else put(&code, 0, 1))
    ok = ok and (put(&code, 0, 1) and put_number(&code, p.dev_number, 0) if p.dev else put(&code, 1, 1))
    if not ok:
        return 0
    key[0] = code.bits << (64 - code.length) | (1 if p.pre or p.dev else 0)
    return 1


cdef inline int pack_plain(const char *s, Py_ssize_t n, uint64_t *key, char *normal) noexcept nogil:
    """`pack_key` for digits and dots only; `normal` is set to 1 where no number has a leading zero."""
    cdef Code code
    cdef Py_ssize_t i = 0, start
    cdef uint64_t v
    cdef int zeros = 0
    code.bits = 0
    code.length = 0
    normal[0] = 1
    while True:
        start = i
        v = 0
        while i < n and is_digit(s[i]):
            v = v * 10 + <uint64_t>(s[i] - c"0")
            i += 1
        if i == start or i - start > SMALL_DIGITS:
            return 0
        if s[start] == c"0" and i - start > 1:
            normal[0] = 0
        if v == 0:
            zeros += 1
        else:
            while zeros:
                if not put(&code, 0b10 << 6, 8):
                    return 0
                zeros -= 1
            if not put_number(&code, v, 1):
                return 0
        if i == n:
            break
        if s[i] != c".":
            return 0
        i += 1
    if not put(&code, 0b0101, 4):  # end of the release, no pre-, no post-, no development release
        return 0
    key[0] = code.bits << (64 - code.length)
    return 1


cdef int pack_key(const char *s, Py_ssize_t n, uint64_t *key) noexcept nogil:
    cdef Parts parts
    cdef char normal
    if pack_plain(s, n, key, &normal):
        return 1
    return scan_version(s, n, &parts) and encode(&parts, KEY_VERSION, key)


# --- full keys ------------------------------------------------------------------------------------------------------

cdef inline char *write_number(char *out, const char *s, Py_ssize_t at, Py_ssize_t length) noexcept nogil:
    """The number of significant digits (two bytes, big endian), then the digits: ordered as numbers."""
    while length and s[at] == c"0":
        at += 1
        length -= 1
    out[0] = <char>(length >> 8)
    out[1] = <char>(length & 255)
    memcpy(out + 2, s + at, length)
    return out + 2 + length


cdef inline char *write_release(char *out, const char *s, const Parts *p) noexcept nogil:
    """(2 component)…, without trailing zeros."""
    cdef Py_ssize_t end, at = p.release_at
    cdef char *trimmed = out
    while at < p.release_end:
        end = at
        while end < p.release_end and s[end] != c".":
            end += 1
        out[0] = 2
        out = write_number(out + 1, s, at, end - at)
        if out[-1] or out[-2]:  # not the length of a zero
            trimmed = out
        at = end + 1
    return trimmed


cdef inline char *write_local(char *out, const char *s, const Parts *p) noexcept nogil:
    """(2 text 1 | 3 number)…"""
    cdef Py_ssize_t i, end, at = p.local_at
    cdef bint number
    while at < p.local_at + p.local_len:
        end = at
        number = True
        while end < p.local_at + p.local_len and not is_separator(s[end]):
            number = number and is_digit(s[end])
            end += 1
        if number:
            out[0] = 3
            out = write_number(out + 1, s, at, end - at)
        else:
            out[0] = 2
            out += 1
            for i in range(at, end):
                out[0] = lower(s[i])
                out += 1
            out[0] = 1
            out += 1
        at = end + 1
    return out


cdef bytes full_key(const char *s, const Parts *p, KeyMode mode):
    """epoch, (2 component)…, 1, pre rank [number], post rank [number], dev rank [number], (2 text 1 | 3 number)…"""
    cdef Py_ssize_t bound = 64 + 3 * (p.epoch_len + p.release_end - p.release_at + p.local_len)
    cdef char *buffer
    cdef char *out
    bound += p.pre_len + p.post_len + p.dev_len
    buffer = <char *>PyMem_Malloc(bound)
    if buffer == NULL:
        raise MemoryError()
    out = write_number(buffer, s, p.epoch_at, p.epoch_len)
    out = write_release(out, s, p)
    out[0] = 1
    out[1] = 1 if not p.pre and p.dev and not p.post else 5 if not p.pre else 1 + p.pre
    if mode == KEY_AFTER_POSTS and not p.pre:
        out[1] = 5
    out += 2
    if p.pre:
        out = write_number(out, s, p.pre_at, p.pre_len)
    if mode == KEY_AFTER_POSTS:
        out[0] = 2
        out[1] = <char>255
        out += 2
    else:
        out[0] = 2 if p.post else 1
        out += 1
        if p.post:
            out = write_number(out, s, p.post_at, p.post_len)
        out[0] = 1 if p.dev else 2
        out += 1
        if p.dev:
            out = write_number(out, s, p.dev_at, p.dev_len)
        out = write_local(out, s, p)
    try:
        return PyBytes_FromStringAndSize(buffer, out - buffer)
    finally:
        PyMem_Free(buffer)


cdef bytes full_key_of(object text):
    cdef Parts parts
    cdef const char *s
    if not isinstance(text, str):
        return None
    text = ascii_text(text)
    if text is None:
        return None
    s = <const char *>PyUnicode_DATA(text)
    if not scan_version(s, PyUnicode_GET_LENGTH(text), &parts):
        return None
    return full_key(s, &parts, KEY_VERSION)


cdef inline object ascii_text(object text):
    """An exact ASCII str, or None: a version is ASCII but for surrounding white space."""
    if not PyUnicode_CheckExact(text):
        text = PyUnicode_FromObject(text)
    if not PyUnicode_IS_ASCII(text):
        text = text.strip()
        if not PyUnicode_IS_ASCII(text):
            return None
    return text
