"""Specifier sets for other kernels."""

from libc.stdint cimport uint32_t, uint64_t


cdef enum Operator:
    OP_GE
    OP_LE
    OP_EQ
    OP_NE
    OP_LT
    OP_GT
    OP_COMPATIBLE
    OP_ARBITRARY
    OP_EQ_PREFIX
    OP_NE_PREFIX

# One specifier: the versions with low <= key < high, or all others where it is negated (!=).
ctypedef struct Clause:
    Operator op
    unsigned int at, length  # of the version in the set's text, without a trailing ".*"
    bint packed              # low and high are set; else the full keys are needed
    bint negated
    bint prerelease          # it names a pre-release, which lets pre-releases in
    uint64_t low, high


cdef class Texts:
    cdef uint32_t *_ends       # and the texts behind them
    cdef Py_ssize_t _count
    cdef char *room(self, Py_ssize_t count, Py_ssize_t size) except NULL
    cdef str at(self, Py_ssize_t i)


cdef class VersionTable:
    cdef readonly object versions  # texts, ascending: a tuple, or Texts
    cdef uint64_t *_keys          # 0: see _full
    cdef dict _full               # index to full key
    cdef Py_ssize_t _count
    cdef bytes full(self, Py_ssize_t i)


cdef class SpecifierSet:
    cdef str _text           # holds the clauses' versions; not the whole of it need be specifiers
    cdef Clause _few[2]
    cdef Clause *_clauses    # _few or a block of its own
    cdef Py_ssize_t _count
    cdef Py_ssize_t _room
    cdef char _arbitrary     # whether there is a ===
    cdef char _named         # whether a clause names a pre-release
    cdef char _policy        # 0: by default; 1: pre-releases wanted; 2: not wanted
    cdef object _rare        # packaging's SpecifierSet where the text is not ASCII, else None
    cdef bint add(self, const Clause *clause) except -1
    cdef bint match(self, uint64_t key, bytes full, object text) except -1
    cdef str version_text(self, const Clause *clause)
    cdef str clause_text(self, const Clause *clause)
    cdef tuple full_cuts(self, const Clause *clause)
    cdef list canonical(self)
    cdef tuple bounds(self, VersionTable table)
    cdef object mask_one_by_one(self, VersionTable table)

# The table of versions in ascending order, and of their keys, which now belong to it: PyMem_Malloc made them.
cdef VersionTable table_of(Texts texts, uint64_t *keys)
# The set of the specifiers in text[start:end], or None where that is no list of them. `line` stands for the rules
# of a requirement line: only spaces and tabs, no empty items but a last one.
cdef SpecifierSet set_from_span(str text, Py_ssize_t start, Py_ssize_t end, bint line)
# Raises packaging's InvalidSpecifier.
cdef SpecifierSet set_from_text(object text)
