"""Specifier sets (Version specifiers, formerly PEP 440), compiled to ranges of version keys.

Every operator but === is one range on the version line, or what is outside one: between two versions there are no
gaps to test for. The ends are cuts: just below a version, or just above it and its local or post-releases. On a
project's sorted versions a cut is found by bisection, so that a set becomes a bit mask in a few comparisons.
Sets that are not ASCII (=== allows any text) go to packaging whole.
"""

from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.string cimport memcpy

from envcensus._kernels.characters cimport is_space
from envcensus._kernels.memo cimport remember
from envcensus._kernels.version cimport (
    KEY_AFTER_POSTS,
    KEY_VERSION,
    MAX_RELEASE,
    PRE_NONE,
    Parts,
    PyUnicode_DATA,
    PyUnicode_GET_LENGTH,
    Version,
    ascii_data,
    encode,
    full_key,
    full_key_of,
    key_is_prerelease,
    numbers_fit,
    pack_key,
    scan_prefix,
    scan_version,
    version_of,
    version_or_none,
)

cimport cython

from envcensus._kernels.version import argsort

cdef enum:
    MEMO_LIMIT = 16384  # sets
    MEMO_LENGTH = 1024  # longer texts are not remembered

cdef uint64_t TOP = <uint64_t>-1  # above every key
cdef tuple OPERATORS = (">=", "<=", "==", "!=", "<", ">", "~=", "===", "==", "!=")
cdef dict memo = {}


# Parts of this module, in files of their own.
include "specifierscan.pxi"


# --- SpecifierSet ---------------------------------------------------------------------------------------------------

cdef inline bint within(const Clause *c, uint64_t key) noexcept nogil:
    return (c.low <= key < c.high) != (c.negated or c.op == OP_NE_PREFIX)


@cython.final
@cython.freelist(64)
cdef class SpecifierSet:
    """A set of version specifiers, immutable; a version must satisfy all of them.

    Behaves like `packaging.specifiers.SpecifierSet`. `prereleases` sets the policy: None is the default of the
    specification (pre-releases only where one is named or nothing else fits).
    Raises `packaging.specifiers.InvalidSpecifier`, with the column.

    >>> SpecifierSet(">=1.0,!=1.5").contains("1.4")
    True
    """

    def __cinit__(self):
        self._text = ""
        self._clauses = self._few
        self._room = 2

    def __init__(self, text="", prereleases=None):
        cdef SpecifierSet made
        cdef Py_ssize_t i
        if self._count or self._rare is not None:
            raise TypeError("SpecifierSet is immutable")
        made = set_from_text(text)
        self._text = made._text
        self._rare = made._rare
        self._named = made._named
        self._arbitrary = made._arbitrary
        self._policy = 0 if prereleases is None else 1 if prereleases else 2
        for i in range(made._count):
            self.add(&made._clauses[i])

    def __dealloc__(self):
        if self._clauses != self._few:
            PyMem_Free(self._clauses)

    cdef bint add(self, const Clause *clause) except -1:
        cdef Clause *larger
        if self._count == self._room:
            larger = <Clause *>PyMem_Malloc(2 * self._room * sizeof(Clause))
            if larger == NULL:
                raise MemoryError()
            memcpy(larger, self._clauses, self._count * sizeof(Clause))
            if self._clauses != self._few:
                PyMem_Free(self._clauses)
            self._clauses = larger
            self._room *= 2
        self._clauses[self._count] = clause[0]
        self._count += 1
        self._named |= clause.prerelease
        self._arbitrary |= clause.op == OP_ARBITRARY
        return True

    cdef str version_text(self, const Clause *c):
        return self._text[c.at:c.at + c.length]

    cdef str clause_text(self, const Clause *c):
        """An operator and its version, as written."""
        cdef str text = <str>OPERATORS[<int>c.op] + self.version_text(c)
        return text + ".*" if c.op == OP_EQ_PREFIX or c.op == OP_NE_PREFIX else text

    cdef tuple full_cuts(self, const Clause *c):
        """Low and high as full keys; None is no end."""
        cdef Version version = version_of(self.version_text(c))
        cdef Parts parts
        cdef const char *s = <const char *>PyUnicode_DATA(version._text)
        cdef bytes full = full_key_of(version._text)
        cdef str base
        scan_version(s, PyUnicode_GET_LENGTH(version._text), &parts)
        if c.op == OP_GE:
            return full, None
        if c.op == OP_LE:
            return None, full + b"\xff"  # above its local versions
        if c.op == OP_EQ or c.op == OP_NE:
            return full, full + (b"\x01" if parts.local_len else b"\xff")
        if c.op == OP_LT:
            return None, full if version.is_prerelease else full_key_of(str(version) + ".dev0")
        if c.op == OP_GT:
            if parts.dev:
                return full_key_of(str(version).rpartition(".dev")[0] + f".dev{version.dev + 1}"), None
            if parts.post:
                return full_key_of(str(version).rpartition(".post")[0] + f".post{version.post + 1}.dev0"), None
            return full_key(s, &parts, KEY_AFTER_POSTS), None
        numbers = list(version.release)
        if c.op == OP_COMPATIBLE:
            numbers.pop()
        else:
            full = full_key_of(version.base_version + ".dev0")
        numbers[-1] += 1
        base = ".".join([str(number) for number in numbers])
        return full, full_key_of(f"{version.epoch}!{base}.dev0")

    cdef bint match(self, uint64_t key, bytes full, object text) except -1:
        """Whether a version satisfies all clauses. `text` is compared by ===, and gives the full key if needed."""
        cdef Py_ssize_t i
        cdef Clause *c
        cdef bint inside
        for i in range(self._count):
            c = &self._clauses[i]
            if c.op == OP_ARBITRARY:
                if str(text).lower() != self.version_text(c).lower():
                    return False
            elif key and c.packed:
                if not within(c, key):
                    return False
            else:
                if full is None:
                    full = full_key_of(str(text))
                    if full is None:
                        return False
                low, high = self.full_cuts(c)
                inside = (low is None or low <= full) and (high is None or full < high)
                if inside == (c.negated or c.op == OP_NE_PREFIX):
                    return False
        return True

    @property
    def prereleases(self):
        """True where pre-releases are wanted, as a specifier names one or by choice; False by choice; else None."""
        if self._policy:
            return self._policy == 1
        return True if self._named else None

    @property
    def is_pinned(self):
        """Whether a specifier is == or === without a wildcard."""
        cdef Py_ssize_t i
        if self._rare is not None:
            return any(s.operator in ("==", "===") and not s.version.endswith(".*") for s in self._rare)
        for i in range(self._count):
            if self._clauses[i].op == OP_EQ or self._clauses[i].op == OP_ARBITRARY:
                return True
        return False

    @property
    def specs(self):
        """(operator, version) of each specifier, in the order given."""
        cdef Py_ssize_t i
        cdef list found = []
        if self._rare is not None:
            return tuple([(s.operator, s.version) for s in self._rare])
        for i in range(self._count):
            operator = OPERATORS[<int>self._clauses[i].op]
            found.append((operator, self.clause_text(&self._clauses[i])[len(operator):]))
        return tuple(found)

    cdef list canonical(self):
        """(text, operator, comparable version) of each distinct specifier, by text."""
        cdef list found = []
        seen = set()
        for operator, version in sorted(self.specs, key="".join):
            comparable = version
            if operator == "~=":
                comparable = str(version_of(version))
            elif operator != "===" and not version.endswith(".*"):
                comparable = version_of(version)
            if (operator, comparable) not in seen:
                seen.add((operator, comparable))
                found.append((operator + version, operator, comparable))
        return found

    def __str__(self):
        if self._count == 1:
            return self.clause_text(&self._clauses[0])
        if self._count == 2 and self._clauses[0].op != self._clauses[1].op:  # no two can be the same
            first = self.clause_text(&self._clauses[0])
            second = self.clause_text(&self._clauses[1])
            return f"{first},{second}" if first < second else f"{second},{first}"
        return ",".join([text for text, _, _ in self.canonical()])

    def __repr__(self):
        policy = f", prereleases={self._policy == 1}" if self._policy else ""
        return f"<SpecifierSet({str(self)!r}{policy})>"

    def __hash__(self):
        return hash(tuple([(operator, version) for _, operator, version in self.canonical()]))

    def __eq__(self, other):
        if type(other) is not SpecifierSet:
            return NotImplemented
        mine = [item[1:] for item in self.canonical()]
        return mine == [item[1:] for item in (<SpecifierSet>other).canonical()]

    def __len__(self):
        return self._count if self._rare is None else len(self._rare)

    def __bool__(self):
        return self._count != 0 or self._rare is not None

    def __and__(self, other):
        if type(self) is not SpecifierSet or type(other) is not SpecifierSet:
            return NotImplemented
        mine, theirs = (<SpecifierSet>self)._policy, (<SpecifierSet>other)._policy
        if mine and theirs and mine != theirs:
            raise ValueError("cannot combine sets that want and do not want pre-releases")
        policy = mine or theirs
        text = ",".join([operator + version for operator, version in (<SpecifierSet>self).specs + other.specs])
        return SpecifierSet(text, None if policy == 0 else policy == 1)

    def __reduce__(self):
        return SpecifierSet, (str(self), None if self._policy == 0 else self._policy == 1)

    def __contains__(self, version):
        return self.contains(version)

    def contains(self, version, prereleases=None, installed=None):
        """Whether one version (text, `Version`, or packaging's) is in the set.

        A pre-release is, unless `prereleases` is False; `installed` lets it in all the same. A text that is no
        version satisfies only === and the empty set.
        """
        cdef Version parsed = version_or_none(version)
        if parsed is None and not isinstance(version, str):
            version = str(version)
            parsed = version_or_none(version)
        if prereleases is None and self._policy:
            prereleases = self._policy == 1
        if parsed is not None and parsed.is_prerelease:
            if installed:
                prereleases = True
            elif prereleases is False:
                return False
        if self._rare is not None:
            return self._rare.contains(str(version), prereleases=True)
        if parsed is None:
            return not self._count or self._arbitrary and self.match(0, None, version)
        return self.match(parsed._key, parsed._full, version)

    def filter(self, iterable, prereleases=None, key=None):
        """The items whose version is in the set, as a list; `key` gives an item's version.

        By default pre-releases are kept only where one is named, or where no final version fits.
        """
        cdef list finals = []
        cdef list all_fitting = []
        cdef uint64_t packed
        cdef bytes full
        cdef Version parsed
        cdef const char *s
        cdef bint pre, fits, any_final = False
        if prereleases is None:
            prereleases = self.prereleases
        for item in iterable:
            version = item if key is None else key(item)
            s = ascii_data(version)
            full = None
            if s != NULL and pack_key(s, PyUnicode_GET_LENGTH(version), &packed):
                pre = key_is_prerelease(packed)
            else:
                parsed = version_or_none(version)
                if parsed is None and not isinstance(version, str):
                    parsed = version_or_none(str(version))
                if parsed is None:
                    # nobody knows whether this is a pre-release: it is kept with the finals, and counts as none
                    if not self._count and self._rare is None or self._arbitrary and self.contains(version, True):
                        finals.append(item)
                        all_fitting.append(item)
                    continue
                packed = parsed._key
                full = parsed._full
                pre = parsed.is_prerelease
            if self._rare is not None:
                fits = self._rare.contains(str(version), prereleases=True)
            else:
                fits = self.match(packed, full, version)
            if fits:
                all_fitting.append(item)
                if not pre:
                    any_final = True
                    finals.append(item)
        if prereleases is None:
            return finals if any_final else all_fitting
        return all_fitting if prereleases else finals

    cdef tuple bounds(self, VersionTable table):
        """Start and stop of the versions that satisfy all but the holes, and the holes: (start, stop) each."""
        cdef Py_ssize_t start = 0, stop = table._count, low, high, i
        cdef Clause *c
        cdef list holes = None
        for i in range(self._count):
            c = &self._clauses[i]
            if c.op == OP_ARBITRARY:
                continue
            if c.packed:
                low = 0 if c.low == 0 else below(table, c.low, self, c, True)
                high = table._count if c.high == TOP else below(table, c.high, self, c, False)
            else:
                cut_low, cut_high = self.full_cuts(c)
                low = 0 if cut_low is None else below_full(table, cut_low)
                high = table._count if cut_high is None else below_full(table, cut_high)
            if c.negated or c.op == OP_NE_PREFIX:
                if low < high:
                    if holes is None:
                        holes = []
                    holes.append((low, high))
            else:
                start = max(start, low)
                stop = min(stop, high)
        return start, stop, holes

    def mask(self, VersionTable table not None):
        """Bit i is set where `table.versions[i]` satisfies the set, whatever the policy on pre-releases."""
        if self._rare is not None or self._arbitrary:
            return self.mask_one_by_one(table)
        cdef object start, stop, low, high, one = 1  # Python's integers: C's would overflow when shifted
        start, stop, holes = self.bounds(table)
        if start >= stop:
            return 0
        found = (one << stop) - (one << start)
        if holes is not None:
            for low, high in holes:
                found &= ~((one << high) - (one << low))
        return found

    cdef object mask_one_by_one(self, VersionTable table):
        """`mask` where === or a text that is not ASCII needs each version looked at."""
        cdef Py_ssize_t i
        cdef object one = 1  # a C integer would overflow when shifted
        cdef object found = 0
        for i in range(table._count):
            if self.contains(table.versions[i], True):
                found |= one << i
        return found


include "versiontexts.pxi"
include "versiontable.pxi"
