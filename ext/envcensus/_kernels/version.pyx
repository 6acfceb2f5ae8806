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

from envcensus._kernels.characters cimport is_alnum, is_digit, is_separator, is_space, lower

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


# Parts of this module, in files of their own.
include "versionscan.pxi"
include "versionkeys.pxi"


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


def compare(a, b, /):
    """-1, 0 or 1 as the version with the text `a` sorts before, with or after that of `b`.

    Raises `packaging.version.InvalidVersion`.
    """
    return order(version_of(a), version_of(b))


def first_difference(Version a not None, Version b not None, /):
    """The place of the first number in which the releases of two versions differ, trailing zeros aside.

    -1 where they are the same, -2 where the epochs differ.

    >>> first_difference(Version("1.2.3"), Version("1.3")), first_difference(Version("1.0"), Version("1"))
    (1, -1)
    """
    cdef Parts p = parts_of(a)
    cdef Parts q = parts_of(b)
    cdef Py_ssize_t i
    if (p.has_epoch or q.has_epoch) and a.epoch != b.epoch:
        return -2
    if p.big or q.big:
        mine, theirs = a.release, b.release
        width = max(len(mine), len(theirs))
        pairs = zip(mine + (0,) * (width - len(mine)), theirs + (0,) * (width - len(theirs)), strict=True)
        return next((place for place, (old, new) in enumerate(pairs) if old != new), -1)
    for i in range(max(p.count, q.count)):
        if (p.release[i] if i < p.count else 0) != (q.release[i] if i < q.count else 0):
            return i
    return -1


def sort_key(version, /):
    """The full key: bytes that compare like versions. Raises `packaging.version.InvalidVersion`."""
    return full_of(version_of(version))


include "versionsort.pxi"
