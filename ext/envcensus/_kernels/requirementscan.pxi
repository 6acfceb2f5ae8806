# Requirements of the common forms (Dependency specifiers, "Grammar").

cdef inline Py_ssize_t identifier(const char *s, Py_ssize_t i, Py_ssize_t end) noexcept nogil:
    """The end of the name at i, i itself where there is none."""
    cdef Py_ssize_t start = i
    if i == end or not is_alnum(s[i]):
        return start
    while i < end and (is_word(s[i]) or s[i] == c"." or s[i] == c"-"):
        i += 1
    while s[i - 1] == c"." or s[i - 1] == c"-":
        i -= 1
    return i


cdef Py_ssize_t scan_extras(const char *s, Py_ssize_t i, Py_ssize_t end, Requirement self) except -2:
    """The end of the list of extras whose bracket was before i; -1 where packaging has to look."""
    cdef Py_ssize_t start
    cdef list found = []
    i = skip(s, i, end)
    if i < end and s[i] == c"]":
        return i + 1
    while True:
        start = i
        i = identifier(s, i, end)
        if i == start:
            return -1
        name = piece(s, start, i)
        if name not in found:
            found.append(name)
            if len(found) > 1000:
                return -1
        i = skip(s, i, end)
        if i == end:
            return -1
        if s[i] == c"]":
            self.extras = tuple(found)
            return i + 1
        if s[i] != c",":
            return -1
        i = skip(s, i + 1, end)


cdef Py_ssize_t scan_url(const char *s, Py_ssize_t i, Py_ssize_t end, Requirement self) except -2:
    """The end of the URL after the "@" before i; -1 where there is none."""
    cdef Py_ssize_t start = skip(s, i, end)
    i = start
    while i < end and s[i] != c" " and s[i] != c"\t":
        i += 1
    if i == start:
        return -1
    self.url = piece(s, start, i)
    self.specifier = nothing
    return skip(s, i, end)


cdef Py_ssize_t scan_versions(str text, const char *s, Py_ssize_t i, Py_ssize_t end, Requirement self) except -2:
    """The end of the specifiers at i, in parentheses or not, or none; -1 where packaging has to look."""
    cdef const char *close
    cdef Py_ssize_t start = i
    if i < end and s[i] == c"(":
        close = <const char *>memchr(s + i, c")", end - i)
        if close == NULL:
            return -1
        self.specifier = set_from_span(text, start + 1, close - s, True)
        i = skip(s, close - s + 1, end)
    else:
        close = <const char *>memchr(s + i, c";", end - i)
        i = end if close == NULL else close - s
        self.specifier = nothing if i == start else set_from_span(text, start, i, True)
    return -1 if self.specifier is None else i


cdef bint scan_marker(const char *s, Py_ssize_t i, Py_ssize_t end, Requirement self) except -1:
    """Whether what is left is a marker of a common form."""
    cdef Py_ssize_t start = skip(s, i, end)
    while end > start and (s[end - 1] == c" " or s[end - 1] == c"\t"):
        end -= 1
    text = piece(s, start, end)
    self.marker = markers.get(text)
    if self.marker is None:
        self.marker = marker_or_none(text)
        if self.marker is not None:
            keep_marker(text, self.marker)
    return self.marker is not None


cdef Requirement requirement_or_none(object text):
    """The requirement of a common form, else None."""
    cdef const char *s = ascii_data(text)
    cdef Py_ssize_t end, i, start
    cdef Requirement self
    if s == NULL:
        return None
    end = PyUnicode_GET_LENGTH(text)
    self = Requirement.__new__(Requirement)
    start = skip(s, 0, end)
    i = identifier(s, start, end)
    if i == start:
        return None
    self.name = piece(s, start, i)
    self.normalized = canonical(self.name)
    i = skip(s, i, end)
    if i < end and s[i] == c"[":
        i = scan_extras(s, i + 1, end, self)
        if i < 0:
            return None
        i = skip(s, i, end)
    if i < end and s[i] == c"@":
        i = scan_url(s, i + 1, end, self)
    else:
        i = scan_versions(text, s, i, end, self)
    if i < 0:
        return None
    if i == end:
        return self
    return self if s[i] == c";" and scan_marker(s, i + 1, end, self) else None
