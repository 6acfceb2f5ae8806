"""Versions (Version specifiers, formerly PEP 440): scanning, ordered keys, and a `Version` like packaging's.

A version of a common form becomes one ordered, unsigned 64-bit key. The code is prefix-free, so that keys compare
like versions, whatever their number of components:

    release    per component, trailing zeros dropped: 10 + 6 bits (0 to 63), 110 + 10 bits, 1110 + 14 bits,
               1111 + 27 bits (each range starts where the last one ends); the end of the release is a 0
    pre        000 + number: a development release of no pre- or post-release; 001 a, 010 b, 011 rc + number; 1: none
    post       0: none; 1 + number
    dev        0 + number; 1: none
    numbers    as components, without the leading 1

The code is shifted to the top of the word; bit 0 says whether the version is a pre-release. What does not fit in 63
bits, and any version with an epoch or a local label, has a full key: bytes that compare like versions.
Whether a version packs depends on its value alone, so that equal versions have equal keys of the same kind.
"""

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.list cimport PyList_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport Py_EQ, Py_GE, Py_GT, Py_LE, Py_LT, PyObject
from libc.string cimport memcpy

cimport cython


cdef extern from "Python.h":
    object PyUnicode_FromObject(object text)
    ctypedef PyObject *(*vectorcallfunc)(PyObject *, PyObject *const *, size_t, PyObject *) except NULL
    ctypedef struct PyTypeObject:
        vectorcallfunc tp_vectorcall
    Py_ssize_t PyVectorcall_NARGS(size_t nargsf)
    void Py_INCREF(object o)


# Raised with each change of the code above: stored keys of another format are not comparable.
KEY_FORMAT = 1

cdef enum:
    MAX_DIGITS = 4300  # of one number: what int() takes by default, and packaging with it
    SMALL_DIGITS = 18  # fit a 64-bit number


# --- scanning -------------------------------------------------------------------------------------------------------

cdef inline bint is_digit(char c) noexcept nogil:
    return c"0" <= c <= c"9"


cdef inline char lower(char c) noexcept nogil:
    return c + 32 if c"A" <= c <= c"Z" else c


cdef inline bint is_alnum(char c) noexcept nogil:
    return is_digit(c) or c"a" <= lower(c) <= c"z"


cdef inline bint is_separator(char c) noexcept nogil:
    return c == c"." or c == c"-" or c == c"_"


cdef inline bint is_space(char c) noexcept nogil:
    """ASCII white space as str.isspace has it."""
    return c == c" " or 9 <= c <= 13 or 28 <= c <= 31


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


cdef Py_ssize_t scan_prefix(const char *s, Py_ssize_t n, Parts *p) noexcept nogil:
    cdef Py_ssize_t i = 0, j, end
    cdef uint64_t value = 0
    cdef int kind = 0
    cdef Py_ssize_t length
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

    if i + 1 < n and s[i] == c"+" and is_alnum(s[i + 1]):
        p.local_at = i + 1
        end = i + 1
        while True:
            while end < n and is_alnum(s[end]):
                end += 1
            if end + 1 < n and is_separator(s[end]) and is_alnum(s[end + 1]):
                end += 1
                continue
            break
        p.local_len = end - p.local_at
        i = end
    return i


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


cdef bytes full_key(const char *s, const Parts *p, KeyMode mode):
    """epoch, (2 component)…, 1, pre rank [number], post rank [number], dev rank [number], (2 text 1 | 3 number)…"""
    cdef Py_ssize_t bound = 64 + 3 * (p.epoch_len + p.release_end - p.release_at + p.local_len)
    cdef Py_ssize_t at, i, end
    cdef char *buffer
    cdef char *out
    cdef char *trimmed
    cdef bint number
    bound += p.pre_len + p.post_len + p.dev_len
    buffer = <char *>PyMem_Malloc(bound)
    if buffer == NULL:
        raise MemoryError()
    out = write_number(buffer, s, p.epoch_at, p.epoch_len)
    trimmed = out
    at = p.release_at
    while at < p.release_end:
        end = at
        while end < p.release_end and s[end] != c".":
            end += 1
        out[0] = 2
        out = write_number(out + 1, s, at, end - at)
        if out[-1] or out[-2]:  # not the length of a zero
            trimmed = out
        at = end + 1
    out = trimmed
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
        at = p.local_at
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


# --- Version --------------------------------------------------------------------------------------------------------

def _invalid(text):
    """packaging's InvalidVersion for a text, abbreviated where it is long."""
    from packaging.version import InvalidVersion

    shown = repr(text[:200]) + "…" if isinstance(text, str) and len(text) > 200 else repr(text)
    return InvalidVersion(f"Invalid version: {shown}")


cdef bint fill(Version self, object text) except -1:
    """Set the fields from a text; False where it is no version."""
    cdef Parts parts
    cdef const char *s
    cdef Py_ssize_t n
    if not PyUnicode_CheckExact(text) or not PyUnicode_IS_ASCII(text):
        if not isinstance(text, str):
            return False
        text = ascii_text(text)
        if text is None:
            return False
    s = <const char *>PyUnicode_DATA(text)
    n = PyUnicode_GET_LENGTH(text)
    if not pack_plain(s, n, &self._key, &self._normal):
        if not scan_version(s, n, &parts):
            return False
        self._normal = 0
        if not encode(&parts, KEY_VERSION, &self._key):
            self._key = 0
            self._full = full_key(s, &parts, KEY_VERSION)
    self._text = <str>text
    self._made = 1
    return True


cdef Version version_or_none(object text):
    cdef Version self
    if type(text) is Version:
        return <Version>text
    self = Version.__new__(Version)
    return self if fill(self, text) else None


cdef Version version_of(object text):
    cdef Version self = version_or_none(text)
    if self is None:
        raise _invalid(text)
    return self


cdef inline bytes full_of(Version self):
    return self._full if self._key == 0 else full_key_of(self._text)


cdef inline int order(Version a, Version b) except -2:
    cdef bytes x
    cdef bytes y
    if a._key and b._key:
        return (a._key > b._key) - (a._key < b._key)
    x = full_of(a)
    y = full_of(b)
    return (x > y) - (x < y)


cdef inline Parts parts_of(Version self) noexcept:
    """The parts of a version that was scanned before; cheap enough to keep none of them."""
    cdef Parts parts
    scan_version(<const char *>PyUnicode_DATA(self._text), PyUnicode_GET_LENGTH(self._text), &parts)
    return parts


cdef tuple number_tuple(str text):
    return tuple([int(part) for part in text.split(".")])


@cython.final
@cython.freelist(256)
cdef class Version:
    """A version, immutable and ordered (Version specifiers, formerly PEP 440).

    Behaves like `packaging.version.Version` in str, repr, hash, comparisons, attributes and pickling; it compares
    with its own kind only. Raises `packaging.version.InvalidVersion`.

    >>> Version("1.0") == Version("1.0.0")
    True
    >>> Version("1.0rc1") < Version("1.0")
    True
    """

    def __cinit__(self):
        self._text = "0"
        self._key = 0x5000000000000000
        self._normal = 1

    def __init__(self, version):
        if self._made:
            raise TypeError("Version is immutable")
        if type(version) is Version:
            version = (<Version>version)._text
        if not fill(self, version):
            raise _invalid(version)

    def __richcmp__(self, other, int op):
        cdef uint64_t a, b
        cdef int c
        if type(other) is not Version:
            return NotImplemented
        a = (<Version>self)._key
        b = (<Version>other)._key
        if a and b:
            c = (a > b) - (a < b)
        elif op == Py_EQ and (a or b):
            return False
        else:
            c = order(<Version>self, <Version>other)
        if op == Py_LT:
            return c < 0
        if op == Py_EQ:
            return c == 0
        if op == Py_LE:
            return c <= 0
        if op == Py_GT:
            return c > 0
        if op == Py_GE:
            return c >= 0
        return c != 0

    def __hash__(self):
        cdef Py_hash_t value
        if self._key == 0:
            return hash(self._full)
        value = <Py_hash_t>(self._key ^ (self._key >> 29))
        return value if value != -1 else -2

    def __reduce__(self):
        return Version, (str(self),)

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self

    def __repr__(self):
        return f"<Version({str(self)!r})>"

    def __str__(self):
        if self._normal:
            return self._text
        text = self.base_version
        pre = self.pre
        if pre is not None:
            text += f"{pre[0]}{pre[1]}"
        post = self.post
        if post is not None:
            text += f".post{post}"
        dev = self.dev
        if dev is not None:
            text += f".dev{dev}"
        local = self.local
        return text if local is None else f"{text}+{local}"

    @property
    def epoch(self):
        """The epoch, usually 0."""
        cdef Parts p = parts_of(self)
        return int(self._text[p.epoch_at:p.epoch_at + p.epoch_len]) if p.epoch_len else 0

    @property
    def release(self):
        """The numbers of the release, trailing zeros included."""
        cdef Parts p = parts_of(self)
        return number_tuple(self._text[p.release_at:p.release_end])

    @property
    def pre(self):
        """("a", 1), ("b", 1), ("rc", 1) or None."""
        cdef Parts p = parts_of(self)
        if not p.pre:
            return None
        number = int(self._text[p.pre_at:p.pre_at + p.pre_len]) if p.pre_len else 0
        return ("a" if p.pre == PRE_A else "b" if p.pre == PRE_B else "rc", number)

    @property
    def post(self):
        """The number of the post-release or None."""
        cdef Parts p = parts_of(self)
        if not p.post:
            return None
        return int(self._text[p.post_at:p.post_at + p.post_len]) if p.post_len else 0

    @property
    def dev(self):
        """The number of the development release or None."""
        cdef Parts p = parts_of(self)
        if not p.dev:
            return None
        return int(self._text[p.dev_at:p.dev_at + p.dev_len]) if p.dev_len else 0

    @property
    def local(self):
        """The local label, normalized, or None."""
        cdef Parts p = parts_of(self)
        if not p.local_len:
            return None
        text = self._text[p.local_at:p.local_at + p.local_len].lower().replace("-", ".").replace("_", ".")
        return ".".join([str(int(part)) if part.isdigit() else part for part in text.split(".")])

    @property
    def public(self):
        """The version without its local label."""
        return str(self).partition("+")[0]

    @property
    def base_version(self):
        """Epoch and release."""
        epoch = self.epoch
        release = ".".join([str(number) for number in self.release])
        return f"{epoch}!{release}" if epoch else release

    @property
    def is_prerelease(self):
        """Whether it is a pre-release or a development release."""
        cdef Parts p
        if self._key:
            return key_is_prerelease(self._key)
        p = parts_of(self)
        return bool(p.pre or p.dev)

    @property
    def is_postrelease(self):
        """Whether it is a post-release."""
        cdef Parts p = parts_of(self)
        return bool(p.post)

    @property
    def is_devrelease(self):
        """Whether it is a development release."""
        cdef Parts p = parts_of(self)
        return bool(p.dev)

    @property
    def major(self):
        """The first number of the release."""
        return self.release[0]

    @property
    def minor(self):
        """The second number of the release, 0 where there is none."""
        release = self.release
        return release[1] if len(release) > 1 else 0

    @property
    def micro(self):
        """The third number of the release, 0 where there is none."""
        release = self.release
        return release[2] if len(release) > 2 else 0

    @property
    def key(self):
        """The ordered 64-bit key, 0 where the version has none (see `sort_key`)."""
        return self._key


cdef PyObject *construct(PyObject *cls, PyObject *const *args, size_t nargsf, PyObject *names) except NULL:
    """`Version(text)` without the tuple that tp_new and tp_init take."""
    if PyVectorcall_NARGS(nargsf) != 1 or names != NULL:
        return construct_slowly(args, PyVectorcall_NARGS(nargsf), names)
    version = version_of(<object>args[0])
    Py_INCREF(version)
    return <PyObject *>version


cdef PyObject *construct_slowly(PyObject *const *args, Py_ssize_t count, PyObject *names) except NULL:
    """The same with a keyword, or a wrong number of arguments."""
    if names == NULL or count != 0 or <tuple><object>names != ("version",):
        raise TypeError("Version() takes one argument: the version's text")
    version = version_of(<object>args[0])
    Py_INCREF(version)
    return <PyObject *>version


(<PyTypeObject *>Version).tp_vectorcall = construct


def parse(version, /):
    """The `Version` of a text. Raises `packaging.version.InvalidVersion`."""
    return version_of(version)


def parse_many(list versions not None, /):
    """The `Version` of each text, None for each that is none."""
    return [version_or_none(text) for text in versions]


def compare(a, b, /):
    """-1, 0 or 1 as the version with the text `a` sorts before, with or after that of `b`.

    Raises `packaging.version.InvalidVersion`.
    """
    return order(version_of(a), version_of(b))


def sort_key(version, /):
    """The full key: bytes that compare like versions. Raises `packaging.version.InvalidVersion`."""
    return full_of(version_of(version))


def is_valid(text, /):
    """Whether a text is a version."""
    return version_or_none(text) is not None


# --- batches --------------------------------------------------------------------------------------------------------

cdef struct Row:
    uint64_t key
    Py_ssize_t index


cdef Row *radix_sort(Row *rows, Row *spare, Py_ssize_t n) noexcept nogil:
    """Sort by key, stable; returns where the result is (one of the two buffers)."""
    cdef Py_ssize_t counts[8][256]
    cdef Py_ssize_t i, total, here
    cdef int byte, value
    cdef uint64_t key
    cdef Row *swap
    for byte in range(8):
        for value in range(256):
            counts[byte][value] = 0
    for i in range(n):
        key = rows[i].key
        for byte in range(8):
            counts[byte][(key >> (8 * byte)) & 255] += 1
    for byte in range(8):
        if n and counts[byte][(rows[0].key >> (8 * byte)) & 255] == n:
            continue  # all the same
        total = 0
        for value in range(256):
            here = counts[byte][value]
            counts[byte][value] = total
            total += here
        for i in range(n):
            value = (rows[i].key >> (8 * byte)) & 255
            spare[counts[byte][value]] = rows[i]
            counts[byte][value] += 1
        swap = rows
        rows = spare
        spare = swap
    return rows


cdef object text_of(object version):
    return (<Version>version)._text if type(version) is Version else version


cdef list merge_rare(list packed, list rare, list versions):
    """Merge indexes sorted by packed key with (full key, index) pairs: rare versions are few."""
    cdef list merged = []
    cdef Py_ssize_t done = 0, low, high, middle
    rare.sort()
    for full, index in rare:
        low = done
        high = len(packed)
        while low < high:
            middle = (low + high) // 2
            if full_key_of(text_of(versions[packed[middle]])) < full:
                low = middle + 1
            else:
                high = middle
        merged.extend(packed[done:low])
        merged.append(index)
        done = low
    merged.extend(packed[done:])
    return merged


def argsort(list versions not None, /):
    """The indexes that put texts (or `Version`s) in ascending order; equal versions keep their order.

    Raises `packaging.version.InvalidVersion` for the first text that is no version.
    """
    cdef Py_ssize_t n = PyList_GET_SIZE(versions), i, packed = 0
    cdef Row *rows
    cdef Row *sorted_rows
    cdef list rare = []
    cdef list result
    cdef object text
    rows = <Row *>PyMem_Malloc(2 * (n or 1) * sizeof(Row))
    if rows == NULL:
        raise MemoryError()
    try:
        for i in range(n):
            text = versions[i]
            if type(text) is Version:
                rows[packed].key = (<Version>text)._key
                if rows[packed].key == 0:
                    rare.append(((<Version>text)._full, i))
                    continue
            elif not (
                PyUnicode_CheckExact(text)
                and PyUnicode_IS_ASCII(text)
                and pack_key(<const char *>PyUnicode_DATA(text), PyUnicode_GET_LENGTH(text), &rows[packed].key)
            ):
                version = version_of(text)
                if (<Version>version)._key == 0:
                    rare.append(((<Version>version)._full, i))
                    continue
                rows[packed].key = (<Version>version)._key
            rows[packed].index = i
            packed += 1
        with nogil:
            sorted_rows = radix_sort(rows, rows + n, packed)
        result = [sorted_rows[i].index for i in range(packed)]
    finally:
        PyMem_Free(rows)
    return merge_rare(result, rare, versions) if rare else result


def sort(list versions not None, /):
    """The texts (or `Version`s) in ascending order; see `argsort`."""
    return [versions[i] for i in argsort(versions)]
