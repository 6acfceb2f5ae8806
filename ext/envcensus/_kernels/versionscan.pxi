# Versions as spans of their text (Version specifiers, "Public version identifiers" and Appendix B).

cdef inline Py_ssize_t digits(const char *s, Py_ssize_t i, Py_ssize_t n, uint64_t *value, bint *big) noexcept nogil:
    """The end of the digits at i; their value, or `big` where it needs more than 18 digits."""
    cdef uint64_t v = 0
    cdef Py_ssize_t significant
    while i < n and s[i] == c"0":
        i += 1
    significant = i
    while i < n and is_digit(s[i]):
        if i - significant < SMALL_DIGITS:
            v = v * 10 + <uint64_t>(s[i] - c"0")
        i += 1
    if i - significant > SMALL_DIGITS:
        big[0] = True
    value[0] = v
    return i


cdef inline bint word(const char *s, Py_ssize_t i, Py_ssize_t n, const char *letters, Py_ssize_t length) noexcept nogil:
    """Whether the lower-case letters stand at i, in any case."""
    cdef Py_ssize_t k
    if n - i < length:
        return False
    for k in range(length):
        if lower(s[i + k]) != letters[k]:
            return False
    return True


cdef inline Py_ssize_t pre_word(const char *s, Py_ssize_t i, Py_ssize_t n, int *kind) noexcept nogil:
    """The length of the pre-release word at i, 0 if there is none."""
    cdef char c
    if i >= n:
        return 0
    c = lower(s[i])
    if c == c"a":
        kind[0] = PRE_A
        return 5 if word(s, i, n, b"alpha", 5) else 1
    if c == c"b":
        kind[0] = PRE_B
        return 4 if word(s, i, n, b"beta", 4) else 1
    kind[0] = PRE_RC
    if c == c"c":
        return 1
    if c == c"r":
        return 2 if word(s, i, n, b"rc", 2) else 0
    if c == c"p":
        if word(s, i, n, b"preview", 7):
            return 7
        return 3 if word(s, i, n, b"pre", 3) else 0
    return 0


cdef inline Py_ssize_t post_word(const char *s, Py_ssize_t i, Py_ssize_t n) noexcept nogil:
    """The length of the post-release word at i, 0 if there is none."""
    if word(s, i, n, b"post", 4):
        return 4
    if word(s, i, n, b"rev", 3):
        return 3
    return 1 if word(s, i, n, b"r", 1) else 0


cdef inline Py_ssize_t suffix_number(
    const char *s, Py_ssize_t i, Py_ssize_t n, Py_ssize_t *at, Py_ssize_t *length, uint64_t *value, bint *big
) noexcept nogil:
    """The end of an optional separator and an optional number after a suffix word."""
    if i < n and is_separator(s[i]):
        i += 1
    at[0] = i
    i = digits(s, i, n, value, big)
    length[0] = i - at[0]
    return i


cdef inline Py_ssize_t scan_suffixes(const char *s, Py_ssize_t i, Py_ssize_t n, Parts *p) noexcept nogil:
    """The end of the pre-, post- and development release after a release."""
    cdef int kind = 0
    cdef Py_ssize_t j, length
    j = i + 1 if i < n and is_separator(s[i]) else i
    length = pre_word(s, j, n, &kind)
    if length:
        p.pre = kind
        i = suffix_number(s, j + length, n, &p.pre_at, &p.pre_len, &p.pre_number, &p.big)

    if i + 1 < n and s[i] == c"-" and is_digit(s[i + 1]):
        p.post = True
        p.post_at = i + 1
        i = digits(s, i + 1, n, &p.post_number, &p.big)
        p.post_len = i - p.post_at
    else:
        j = i + 1 if i < n and is_separator(s[i]) else i
        length = post_word(s, j, n)
        if length:
            p.post = True
            i = suffix_number(s, j + length, n, &p.post_at, &p.post_len, &p.post_number, &p.big)

    j = i + 1 if i < n and is_separator(s[i]) else i
    if word(s, j, n, b"dev", 3):
        p.dev = True
        i = suffix_number(s, j + 3, n, &p.dev_at, &p.dev_len, &p.dev_number, &p.big)
    return i


cdef inline Py_ssize_t scan_local(const char *s, Py_ssize_t i, Py_ssize_t n, Parts *p) noexcept nogil:
    """The end of the local label at i, i itself where there is none."""
    if i + 1 >= n or s[i] != c"+" or not is_alnum(s[i + 1]):
        return i
    p.local_at = i + 1
    i += 1
    while True:
        while i < n and is_alnum(s[i]):
            i += 1
        if i + 1 >= n or not is_separator(s[i]) or not is_alnum(s[i + 1]):
            break
        i += 1
    p.local_len = i - p.local_at
    return i


cdef Py_ssize_t scan_prefix(const char *s, Py_ssize_t n, Parts *p) noexcept nogil:
    cdef Py_ssize_t i = 0, j
    cdef uint64_t value = 0
    p.epoch_len = p.pre_len = p.post_len = p.dev_len = p.local_len = 0
    p.epoch_at = p.pre_at = p.post_at = p.dev_at = p.local_at = 0
    p.pre = PRE_NONE
    p.post = p.dev = p.big = p.has_epoch = False
    p.pre_number = p.post_number = p.dev_number = 0
    p.count = 0
    if i < n and lower(s[i]) == c"v":
        i += 1
    if i >= n or not is_digit(s[i]):
        return 0
    j = i
    i = digits(s, i, n, &value, &p.big)
    if i < n and s[i] == c"!":
        p.epoch_at = j
        p.epoch_len = i - j
        p.has_epoch = p.big or value != 0
        i += 1
        if i >= n or not is_digit(s[i]):
            return 0
        j = i
        i = digits(s, i, n, &value, &p.big)
    p.release_at = j
    p.release[0] = value
    p.count = 1
    while i + 1 < n and s[i] == c"." and is_digit(s[i + 1]):
        i = digits(s, i + 1, n, &value, &p.big)
        if p.count < MAX_RELEASE:
            p.release[p.count] = value
        elif value:
            p.big = True
        p.count += 1
    p.release_end = i
    return scan_local(s, scan_suffixes(s, i, n, p), n, p)


cdef int scan_version(const char *s, Py_ssize_t n, Parts *p) noexcept nogil:
    cdef Py_ssize_t start = 0, length
    while start < n and is_space(s[start]):
        start += 1
    while n > start and is_space(s[n - 1]):
        n -= 1
    length = scan_prefix(s + start, n - start, p)
    if length == 0 or length != n - start:
        return 0
    if start:
        p.epoch_at += start
        p.release_at += start
        p.release_end += start
        p.pre_at += start
        p.post_at += start
        p.dev_at += start
        p.local_at += start
    return 1 if not p.big and p.local_len <= MAX_DIGITS or numbers_fit(s, p) else 0


cdef bint numbers_fit(const char *s, const Parts *p) noexcept nogil:
    """Whether every number has at most MAX_DIGITS digits: converting more would take quadratic time."""
    cdef Py_ssize_t i, run = 0
    cdef bint number = True
    if max(p.epoch_len, p.pre_len, p.post_len, p.dev_len) > MAX_DIGITS:
        return False
    for i in range(p.release_at, p.release_end):
        run = 0 if s[i] == c"." else run + 1
        if run > MAX_DIGITS:
            return False
    run = 0
    for i in range(p.local_at, p.local_at + p.local_len):
        if is_separator(s[i]):
            run = 0
            number = True
        else:
            number = number and is_digit(s[i])
            run = run + 1 if number else 0
            # a run of digits that turns into letters is text: look at its end
            if run > MAX_DIGITS and (i + 1 == p.local_at + p.local_len or is_separator(s[i + 1])):
                return False
    return True
