"""Requirements and markers for other kernels."""

from envcensus._kernels.specifier cimport SpecifierSet


cdef class MarkerEnvironment:
    cdef readonly dict values  # marker variable to text
    cdef dict _memo            # extra to {marker text: bool}
    cdef Py_ssize_t _entries


cdef class Atom:
    cdef str variable          # as in the specification, underscores only
    cdef str op
    cdef str value             # the literal
    cdef char kind
    cdef char reverse          # the literal stands on the left
    cdef SpecifierSet specifier  # of a version comparison whose literal is on the right, else None
    cdef bint holds(self, object environment, str extra) except -1


cdef class Marker:
    cdef str _text
    cdef list _tree            # Atom, "and", "or" and lists of them, as written; None: see _rare
    cdef object _rare          # packaging's Marker, else None
    cdef bint check(self, object environment, str extra) except -1
    cdef bint check_now(self, object values, str extra) except -1


cdef class Requirement:
    cdef readonly str name         # as written
    cdef readonly str normalized
    cdef readonly tuple extras     # as written, each once
    cdef readonly SpecifierSet specifier
    cdef readonly str url          # or None
    cdef readonly Marker marker    # or None
    cdef tuple comparable(self)
