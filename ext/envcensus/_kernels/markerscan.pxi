# Markers as written, to lists as packaging makes them (Dependency specifiers, "Environment markers").

cdef inline Py_ssize_t skip(const char *s, Py_ssize_t i, Py_ssize_t end) noexcept nogil:
    while i < end and (s[i] == c" " or s[i] == c"\t"):
        i += 1
    return i


cdef str piece(const char *s, Py_ssize_t start, Py_ssize_t end):
    """s[start:end], ASCII, as a str."""
    text = PyUnicode_New(end - start, 127)
    if end > start + 1:  # shorter ones are shared
        memcpy(PyUnicode_DATA(text), s + start, end - start)
        return text
    return chr(s[start]) if end > start else ""


cdef class Scanner:
    """Reads a marker from s[i:end]; `failed` is set where packaging has to look."""

    cdef const char *s
    cdef Py_ssize_t i, end
    cdef bint failed

    cdef bint keyword(self, const char *letters, Py_ssize_t length) noexcept:
        """Step over a word that stands alone."""
        cdef Py_ssize_t k
        if self.end - self.i < length or self.i and is_word(self.s[self.i - 1]):
            return False
        for k in range(length):
            if self.s[self.i + k] != letters[k]:
                return False
        if self.i + length < self.end and is_word(self.s[self.i + length]):
            return False
        self.i += length
        return True

    cdef list expression(self, int depth):
        """marker = atom (("and" | "or") atom)*"""
        cdef list items = [self.atom(depth)]
        while not self.failed:
            if self.keyword(b"and", 3):
                items.append("and")
            elif self.keyword(b"or", 2):
                items.append("or")
            else:
                break
            items.append(self.atom(depth))
        return items

    cdef object atom(self, int depth):
        """atom = "(" marker ")" | operand operator operand"""
        cdef object found
        self.i = skip(self.s, self.i, self.end)
        if self.i < self.end and self.s[self.i] == c"(":
            if depth == MAX_DEPTH:
                self.failed = True
                return None
            self.i += 1
            found = self.expression(depth + 1)
            if self.failed or self.i == self.end or self.s[self.i] != c")":
                self.failed = True
                return None
            self.i += 1
        else:
            found = self.comparison()
        self.i = skip(self.s, self.i, self.end)
        return found

    cdef Atom comparison(self):
        left_variable, left = self.operand()
        op = self.operator()
        right_variable, right = self.operand()
        if self.failed or left_variable == right_variable:
            self.failed = True
            return None
        if left_variable:
            return self.compiled(left, op, right, False)
        return self.compiled(right, op, left, True)

    cdef tuple operand(self):
        """(is a variable, text)"""
        cdef Py_ssize_t start
        cdef char quote
        self.i = start = skip(self.s, self.i, self.end)
        if self.failed or start == self.end:
            self.failed = True
            return False, ""
        quote = self.s[start]
        if quote == c'"' or quote == c"'":
            self.i += 1
            while self.i < self.end and self.s[self.i] != quote:
                if self.s[self.i] == c"\\" or self.s[self.i] < 32 and self.s[self.i] != c"\t":
                    break
                self.i += 1
            if self.i == self.end or self.s[self.i] != quote:
                self.failed = True
                return False, ""
            self.i += 1
            return False, piece(self.s, start + 1, self.i - 1)
        while self.i < self.end and (is_word(self.s[self.i]) or self.s[self.i] == c"."):
            self.i += 1
        name = VARIABLES.get(piece(self.s, start, self.i))
        if name is None or start and is_word(self.s[start - 1]):
            self.failed = True
        return True, name

    cdef str operator(self):
        cdef char first, second
        self.i = skip(self.s, self.i, self.end)
        if self.failed or self.end - self.i < 2:
            self.failed = True
            return ""
        if self.keyword(b"in", 2):
            return "in"
        if self.keyword(b"not", 3):
            first = self.s[self.i] if self.i < self.end else 0
            self.i = skip(self.s, self.i, self.end)
            if (first == c" " or first == c"\t") and self.keyword(b"in", 2):
                return "not in"
            self.failed = True
            return ""
        first = self.s[self.i]
        second = self.s[self.i + 1]
        if second == c"=" and (first == c"=" or first == c"~" or first == c"!" or first == c"<" or first == c">"):
            self.i += 2
            if self.i < self.end and self.s[self.i] == c"=" and first == c"=":
                self.failed = True  # ===
            return piece(self.s, self.i - 2, self.i)
        if first == c"<" or first == c">":
            self.i += 1
            return "<" if first == c"<" else ">"
        self.failed = True
        return ""

    cdef Atom compiled(self, str variable, str op, str value, bint reverse):
        cdef Atom atom = Atom.__new__(Atom)
        atom.variable = variable
        atom.op = op
        atom.value = value
        atom.reverse = reverse
        atom.kind = KIND_TEXT
        if variable in VERSIONS:
            atom.kind = KIND_VERSION
            if not reverse:
                atom.specifier = one_specifier(op, value)
        elif variable == "extra":
            atom.kind = KIND_EXTRA
            atom.value = canonical(value)
        elif variable in SETS:
            atom.kind = KIND_SET
            atom.value = canonical(value)
            if not reverse or op != "in" and op != "not in":
                self.failed = True
        if op == "~=" and atom.specifier is None:
            self.failed = True  # undefined, unless the environment's value makes it a specifier
        return atom


cdef SpecifierSet one_specifier(str op, str value):
    """The specifier of an operator and a text, None where they make none (a text comparison, then)."""
    cdef SpecifierSet found
    cdef str text = op + value
    if "," in value or op == "in" or op == "not in" or ascii_data(text) == NULL:
        return None
    found = set_from_span(text, 0, PyUnicode_GET_LENGTH(text), False)
    return found if found is not None and found._count == 1 else None
