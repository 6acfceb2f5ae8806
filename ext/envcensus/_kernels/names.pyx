"""Names (Names and Normalization), file names of wheels and sdists, and platform compatibility tags.

A compressed tag set ("py2.py3-none-any") is never expanded: its three parts are matched one by one against the
parts that a target supports, so that a hostile file name costs no more than its length.
"""

from envcensus._kernels.characters cimport is_alnum, is_separator
from envcensus._kernels.entry cimport normalize
from envcensus._kernels.memo cimport remember
from envcensus._kernels.version cimport PyUnicode_GET_LENGTH, Version, ascii_data, version_or_none

cimport cython


cdef extern from "Python.h":
    object PyUnicode_New(Py_ssize_t size, Py_UCS4 maxchar)
    void *PyUnicode_DATA(object text)

cdef enum:
    MEMO_LIMIT = 8192  # tag texts
    MEMO_LENGTH = 256  # longer ones are not remembered


# --- names ----------------------------------------------------------------------------------------------------------

cdef inline bint is_plain(char c) noexcept nogil:
    """A character that normalization keeps, wherever it stands."""
    return not (is_separator(c) or c"A" <= c <= c"Z")


cdef object canonical_span(const char *s, Py_ssize_t n):
    cdef Py_ssize_t i, length = 0
    for i in range(n):
        if s[i] < 0:
            return None
        length += not (is_separator(s[i]) and i and is_separator(s[i - 1]))
    name = PyUnicode_New(length, 127)
    if length:  # (the empty text is shared: not to be written to)
        normalize(s, n, <char *>PyUnicode_DATA(name))
    return name


cdef object canonical(object name):
    cdef const char *s = ascii_data(name)
    cdef Py_ssize_t n, i = 0
    if s == NULL:
        from packaging.utils import canonicalize_name as rare

        return rare(name)
    n = PyUnicode_GET_LENGTH(name)
    while i < n and (is_plain(s[i]) or s[i] == c"-" and not (i and s[i - 1] == c"-")):
        i += 1
    return name if i == n else canonical_span(s, n)


def canonicalize_name(str name not None, /):
    """The normalized form of a project or extra name: lower case, runs of ``-``, ``_`` and ``.`` a single ``-``.

    >>> canonicalize_name("Zope.Interface")
    'zope-interface'
    """
    return canonical(name)


def is_valid_name(text, /):
    """Whether a text is a valid project name: ASCII letters and digits, inside also ``-``, ``_`` and ``.``."""
    cdef const char *s = ascii_data(text)
    cdef Py_ssize_t i, n
    if s == NULL:
        return False
    n = PyUnicode_GET_LENGTH(text)
    for i in range(n):
        if not (is_alnum(s[i]) or is_separator(s[i])):
            return False
    return n > 0 and not is_separator(s[0]) and not is_separator(s[n - 1])


# --- file names -----------------------------------------------------------------------------------------------------

def _invalid_wheel(filename, reason):
    from packaging.utils import InvalidWheelFilename

    shown = repr(filename[:300]) + ("…" if len(filename) > 300 else "")
    return InvalidWheelFilename(f"Invalid wheel filename ({reason}): {shown}")


def _invalid_sdist(filename, reason):
    from packaging.utils import InvalidSdistFilename

    shown = repr(filename[:300]) + ("…" if len(filename) > 300 else "")
    return InvalidSdistFilename(f"Invalid sdist filename ({reason}): {shown}")


cdef bint is_wheel_name(str name) except -1:
    """Letters and digits of any alphabet, ``_`` and ``.``; no two underscores in a row (Binary distribution format)."""
    if not name or "__" in name:
        return False
    rest = name.replace("_", "").replace(".", "")
    return not rest or rest.isalnum()


cdef tuple build_of(str text):
    """(number, rest) of a build tag, None where it does not start with an ASCII digit."""
    cdef Py_ssize_t i = 0
    while i < len(text) and u"0" <= text[i] <= u"9":
        i += 1
    if i == 0 or i > 4300:
        return None
    return int(text[:i]), text[i:].partition("\n")[0]


cdef bint are_tags(str text) except -1:
    """Whether a compressed tag set has three parts without empty members, and identifiers for interpreters."""
    parts = text.split("-")
    if len(parts) != 3 or not all([all(part.split(".")) for part in parts]):
        return False
    return all([interpreter.isidentifier() for interpreter in parts[0].split(".")])


def parse_wheel_filename(str filename not None, /):
    """(normalized name, version, build tag, tags) of a wheel's file name.

    The build tag is () or (number, text); the tags are the compressed set in lower case, as `TagSet.rank` takes it.
    Raises `packaging.utils.InvalidWheelFilename`.

    >>> parse_wheel_filename("Foo_Bar-1.0-1a-py2.py3-none-any.whl")
    ('foo-bar', <Version('1.0')>, (1, 'a'), 'py2.py3-none-any')
    """
    cdef Version version
    cdef tuple build = ()
    if not filename.endswith(".whl"):
        raise _invalid_wheel(filename, "the extension is not .whl")
    dashes = filename.count("-")
    if dashes != 4 and dashes != 5:
        raise _invalid_wheel(filename, "wrong number of parts")
    parts = filename[:-4].split("-", dashes - 2)
    if not is_wheel_name(parts[0]):
        raise _invalid_wheel(filename, "invalid project name")
    version = version_or_none(parts[1])
    if version is None:
        raise _invalid_wheel(filename, "invalid version")
    if dashes == 5:
        build = build_of(parts[2])
        if build is None:
            raise _invalid_wheel(filename, "the build number does not start with a digit")
    tags = parts[dashes - 2]
    if not are_tags(tags):
        raise _invalid_wheel(filename, "invalid tags")
    return canonical(parts[0]), version, build, tags.lower()


def parse_sdist_filename(str filename not None, /):
    """(normalized name, version) of an sdist's file name. Raises `packaging.utils.InvalidSdistFilename`.

    >>> parse_sdist_filename("foo-1.0.tar.gz")
    ('foo', <Version('1.0')>)
    """
    cdef Version version
    if filename.endswith(".tar.gz"):
        stem = filename[:-7]
    elif filename.endswith(".zip"):
        stem = filename[:-4]
    else:
        raise _invalid_sdist(filename, "the extension is not .tar.gz or .zip")
    name, dash, rest = stem.rpartition("-")
    if not dash:
        raise _invalid_sdist(filename, "no dash between name and version")
    if not name:
        raise _invalid_sdist(filename, "empty project name")
    version = version_or_none(rest)
    if version is None:
        raise _invalid_sdist(filename, "invalid version")
    return canonical(name), version


# --- tags -----------------------------------------------------------------------------------------------------------

cdef list known_numbers(dict numbers, str part):
    """The numbers of the members of a compressed part that are known, each once."""
    cdef list found = []
    number = numbers.get(part)
    if number is not None:
        return [number]
    for member in part.split("."):
        number = numbers.get(member)
        if number is not None and number not in found:
            found.append(number)
            if len(found) == len(numbers):
                break
    return found


@cython.final
cdef class TagSet:
    """The tags that a target supports, the most preferred first (Platform compatibility tags).

    Takes texts like "cp311-cp311-manylinux_2_17_x86_64", or packaging's `Tag`s. Raises ValueError for a text that is
    not three parts.
    """

    def __cinit__(self, tags):
        cdef list texts = []
        cdef list triples = []
        cdef dict row
        self._interpreters = {}
        self._abis = {}
        self._platforms = {}
        self._memo = {}
        for tag in tags:
            text = str(tag).lower()
            parts = text.split("-")
            if len(parts) != 3:
                raise ValueError(f"not a tag: {text[:200]!r}")
            texts.append(text)
            triples.append((
                self._interpreters.setdefault(parts[0], len(self._interpreters)),
                self._abis.setdefault(parts[1], len(self._abis)),
                self._platforms.setdefault(parts[2], len(self._platforms)),
            ))
        self.tags = tuple(texts)
        self._ranks = [None] * (len(self._interpreters) * len(self._abis))
        for rank, (interpreter, abi, platform) in enumerate(triples):
            at = interpreter * len(self._abis) + abi
            row = self._ranks[at]
            if row is None:
                self._ranks[at] = row = {}
            row.setdefault(platform, rank)

    def __len__(self):
        return len(self.tags)

    def __reduce__(self):
        return TagSet, (self.tags,)

    cdef Py_ssize_t rank_of(self, str text) except -2:
        cdef Py_ssize_t best = -1
        parts = text.lower().split("-", 3)
        if len(parts) != 3:
            return -1
        interpreters = known_numbers(self._interpreters, parts[0])
        if not interpreters:
            return -1
        abis = known_numbers(self._abis, parts[1])
        if not abis:
            return -1
        platforms = known_numbers(self._platforms, parts[2])
        for interpreter in interpreters:
            for abi in abis:
                row = self._ranks[interpreter * len(self._abis) + abi]
                if row is None:
                    continue
                for platform in platforms:
                    rank = row.get(platform)
                    if rank is not None and (best < 0 or rank < best):
                        best = rank
        return best

    def rank(self, str text not None, /):
        """The index of the most preferred supported tag in a compressed tag set, -1 where none is supported."""
        found = self._memo.get(text)
        if found is None:
            found = self.rank_of(text)
            if len(text) <= MEMO_LENGTH:
                remember(self._memo, text, found, MEMO_LIMIT)
        return found
