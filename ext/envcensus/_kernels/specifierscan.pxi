# Specifier sets as written, to ranges of version keys.

cdef inline bint next_prefix(Parts *p) noexcept nogil:
    """Turn a release into the first development release of the next one: 1.2 to 1.3.dev0."""
    if p.count > MAX_RELEASE:
        return False
    p.release[p.count - 1] += 1
    p.pre = PRE_NONE
    p.post = False
    p.dev = True
    p.dev_number = 0
    return True


cdef bint compile_cuts(Parts *p, Clause *c) noexcept nogil:
    """Set low and high; False where a cut cannot be packed."""
    cdef uint64_t key = 0
    c.low = 0
    c.high = TOP
    if c.op == OP_EQ_PREFIX or c.op == OP_NE_PREFIX:
        p.dev = True
        p.dev_number = 0
        return encode(p, KEY_VERSION, &c.low) and next_prefix(p) and encode(p, KEY_VERSION, &c.high)
    if not encode(p, KEY_VERSION, &key):
        return False
    if c.op == OP_GE:
        c.low = key
    elif c.op == OP_LE:
        c.high = key + 1
    elif c.op == OP_EQ or c.op == OP_NE:
        c.low = key
        c.high = key + 1
    elif c.op == OP_LT:
        if not (p.dev or p.pre):
            p.dev = True
            p.dev_number = 0
            return encode(p, KEY_VERSION, &c.high)
        c.high = key
    elif c.op == OP_GT:
        if p.dev:
            p.dev_number += 1
            return encode(p, KEY_VERSION, &c.low)
        if p.post:
            p.post_number += 1
            p.dev = True
            p.dev_number = 0
            return encode(p, KEY_VERSION, &c.low)
        return encode(p, KEY_AFTER_POSTS, &c.low)
    else:  # OP_COMPATIBLE
        c.low = key
        p.count -= 1
        return next_prefix(p) and encode(p, KEY_VERSION, &c.high)
    return True


cdef Py_ssize_t scan_operator(const char *s, Py_ssize_t i, Py_ssize_t end, Operator *op) noexcept nogil:
    """The end of the operator at i, or -1."""
    cdef char second = s[i + 1] if i + 1 < end else 0
    if s[i] == c">":
        op[0] = OP_GE if second == c"=" else OP_GT
    elif s[i] == c"<":
        op[0] = OP_LE if second == c"=" else OP_LT
    elif second != c"=":
        return -1
    elif s[i] == c"=":
        if i + 2 < end and s[i + 2] == c"=":
            op[0] = OP_ARBITRARY
            return i + 3
        op[0] = OP_EQ
    elif s[i] == c"!":
        op[0] = OP_NE
    elif s[i] == c"~":
        op[0] = OP_COMPATIBLE
    else:
        return -1
    return i + 2 if second == c"=" else i + 1


cdef Py_ssize_t scan_clause(const char *s, Py_ssize_t i, Py_ssize_t end, Clause *c) noexcept nogil:
    """Compile the specifier at i; its end, or -1."""
    cdef Parts parts
    cdef Py_ssize_t length
    i = scan_operator(s, i, end, &c.op)
    if i < 0:
        return -1
    while i < end and is_space(s[i]):
        i += 1
    c.at = <unsigned int>i
    c.negated = c.op == OP_NE
    c.packed = False
    c.prerelease = False
    if c.op == OP_ARBITRARY:
        while i < end and not (is_space(s[i]) or s[i] == c"," or s[i] == c";" or s[i] == c")"):
            i += 1
        c.length = <unsigned int>i - c.at
        if scan_version(s + c.at, c.length, &parts):
            c.prerelease = parts.pre or parts.dev
        return i
    length = scan_prefix(s + i, end - i, &parts)
    if length == 0 or (parts.big or parts.local_len) and not numbers_fit(s + i, &parts):
        return -1
    c.length = <unsigned int>length
    i += length
    if i + 1 < end and s[i] == c"." and s[i + 1] == c"*":
        if parts.pre or parts.post or parts.dev or parts.local_len or c.op not in (OP_EQ, OP_NE):
            return -1
        c.op = OP_EQ_PREFIX if c.op == OP_EQ else OP_NE_PREFIX
        i += 2
    elif parts.local_len and c.op not in (OP_EQ, OP_NE) or c.op == OP_COMPATIBLE and parts.count < 2:
        return -1
    else:
        c.prerelease = (parts.pre or parts.dev) and c.op != OP_NE
    c.packed = compile_cuts(&parts, c)
    return i


cdef SpecifierSet set_from_span(str text, Py_ssize_t start, Py_ssize_t end, bint line):
    cdef const char *s = <const char *>PyUnicode_DATA(text)
    cdef SpecifierSet self = SpecifierSet.__new__(SpecifierSet)
    cdef Clause clause
    cdef Py_ssize_t i = start
    cdef bint wanted = True  # a specifier, rather than a comma
    if end > 0x7fffffff:
        return None
    self._text = text
    while True:
        while i < end and (s[i] == c" " or s[i] == c"\t" or not line and is_space(s[i])):
            i += 1
        if i == end:
            return self
        if s[i] == c",":
            if line and wanted:
                return None
            wanted = True
            i += 1
            continue
        if not wanted:
            return None
        i = scan_clause(s, i, end, &clause)
        if i < 0 or line and clause.op == OP_ARBITRARY and i < end and s[i] == c",":
            return None  # in a requirement line the text after === may hold commas
        self.add(&clause)
        wanted = False


cdef SpecifierSet set_from_text(object text):
    cdef SpecifierSet self
    if ascii_data(text) != NULL:
        self = set_from_span(text, 0, PyUnicode_GET_LENGTH(text), False)
        if self is not None:
            return self
    return rare_set(text)


cdef SpecifierSet rare_set(object text):
    """What is not ASCII goes to packaging, and so does what is wrong, for its judgement."""
    from packaging.specifiers import InvalidSpecifier
    from packaging.specifiers import SpecifierSet as Rare

    cdef SpecifierSet self
    if not isinstance(text, str):
        raise InvalidSpecifier(f"Invalid specifier: {text!r}")
    text = str.__str__(text)
    column = 1
    for part in text.split(","):
        if part.strip():
            try:
                Rare(part).contains("0")  # parses the version, too
            except (InvalidSpecifier, AssertionError, ValueError):
                column += len(part) - len(part.lstrip())
                shown = repr(part.strip()[:200]) + ("…" if len(part.strip()) > 200 else "")
                raise InvalidSpecifier(f"Invalid specifier at column {column}: {shown}") from None
        column += len(part) + 1
    self = SpecifierSet.__new__(SpecifierSet)
    self._text = text
    self._rare = Rare(text)
    self._named = bool(self._rare.prereleases)
    self._arbitrary = "===" in text
    return self


def specifier_set(text, /):
    """The `SpecifierSet` of a text, shared between equal texts. Raises `packaging.specifiers.InvalidSpecifier`."""
    found = memo.get(text)
    if found is None:
        found = set_from_text(text)
        if len(text) <= MEMO_LENGTH:
            remember(memo, text, found, MEMO_LIMIT)
    return found
