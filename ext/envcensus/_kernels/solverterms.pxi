# What the search knows: packages, and sets of terms that must not all hold.

# Bits as Python integers: shifting C integers would overflow silently at 64 versions. Those that were needed are kept;
# the list never grows, and each place gets the same value whoever fills it: several threads may search.
cdef list BITS = [None] * 4096
cdef object ONE = 1


cdef inline object bit(Py_ssize_t i):
    if i >= 4096:
        return ONE << i
    found = BITS[i]
    if found is None:
        found = BITS[i] = ONE << i
    return found


cdef object bit_length = int.bit_length


cdef inline Py_ssize_t top(object mask):
    """The highest bit of a mask that is not empty."""
    return <Py_ssize_t>bit_length(mask) - 1


@cython.final
@cython.auto_pickle(False)
cdef class Package:
    """One package: its domain, and who watches it."""

    cdef readonly int id
    cdef readonly object label
    cdef readonly object dom        # int: what is still possible
    cdef readonly object everything  # int: all bits that exist
    cdef readonly object initial    # int: the domain before any decision
    cdef readonly bint boolean      # an extra: {absent, present}, never decided
    cdef readonly object pre        # int: pre-releases
    cdef readonly object yanked     # int: yanked versions
    cdef readonly object listed     # int: everything an index would offer for the target, yanked included
    cdef public bint pre_allowed    # whatever the requirements say
    cdef public bint pin_allowed    # a constraint pins it
    cdef public bint lowest         # decide the oldest version instead of the newest
    cdef public list preferred      # bits to try first, or None
    cdef list entries               # indexes in the trail, ascending
    cdef list out                   # per bit: edges whose V holds it, or None
    cdef list watchers              # per bit: edges (this package is their B) that rest on it, or None
    cdef object watched             # int: the bits with watchers
    cdef list incoming              # all edges whose B this is
    cdef list learned               # incompatibilities that watch one of this package's terms, or None
    cdef list extra_edges           # of an extra: the edges that depend on it, else None
    cdef dict units                 # bit → incompatibility that excludes it, or None
    cdef object unit_mask
    cdef object loaded              # int: versions whose edges are known
    cdef object bound               # int: versions that the pre-release and yank rules are about
    cdef bint several            # more than one version fits the target
    cdef bint has_pre_edge
    cdef bint has_pin_edge
    cdef readonly bint chosen
    cdef int chosen_level
    cdef readonly int affected      # conflicts that it had a part in
    # While trades are looked for:
    cdef Py_ssize_t place           # the bit of its version, 0 where it has none
    cdef Py_ssize_t home            # where the answer had it
    cdef object tradable            # int: versions that it may have
    cdef bint quiet                 # nothing came of it, and nothing near has moved since
    cdef object back                # int: those of them that it may go back to; None: not asked so far

    def __init__(self, int id, label, int versions, domain, pre, yanked, listed, bint boolean):
        self.id = id
        self.label = label
        cdef object fitting = domain & ~1
        self.dom = self.initial = domain
        self.several = fitting & (fitting - 1) != 0
        self.everything = (bit(versions + 1)) - 1
        self.boolean = boolean
        self.pre = pre
        self.yanked = yanked
        self.listed = listed
        self.entries = []
        self.out = [None] * (versions + 1)
        self.watchers = [None] * (versions + 1)
        self.watched = 0
        self.incoming = []
        self.extra_edges = [] if boolean else None
        self.unit_mask = 0
        self.loaded = 0
        self.bound = pre | yanked

    @property
    def position(self):
        """The decided version's bit; 0 where nothing was decided."""
        return top(self.dom) if self.chosen else 0


cdef class Incompatibility:
    """Terms that must not all hold. `left` and `right` are what it was derived from, `reason` is the caller's."""

    cdef readonly list packages
    cdef readonly list masks
    cdef list outside    # for each term: everything that is not in its mask
    cdef readonly Incompatibility left
    cdef readonly Incompatibility right
    cdef readonly object reason
    cdef Py_ssize_t watch_1
    cdef Py_ssize_t watch_2

    def __init__(self, list packages, list masks, left=None, right=None, reason=None):
        self.packages = packages
        self.masks = masks
        self.outside = None
        self.left = left
        self.right = right
        self.reason = reason

    cpdef list terms(self):
        """[(package, mask), …]"""
        return list(zip(self.packages, self.masks, strict=True))


@cython.final
@cython.auto_pickle(False)
cdef class Edge(Incompatibility):
    """A in V needs B in S, if extra X is present."""

    cdef readonly Package a
    cdef readonly object v
    cdef object rest     # everything of A that is not in V
    cdef readonly Package b
    cdef readonly object s
    cdef readonly Package x
    cdef readonly int flags
    cdef object beyond   # everything of B that is not in S

    cpdef list terms(self):
        if self.x is None:
            return [(self.a, self.v), (self.b, self.beyond)]
        return [(self.a, self.v), (self.b, self.beyond), (self.x, 2)]

    cdef inline bint asked(self):
        """Whether the extra it depends on is present (or it depends on none)."""
        return self.x is None or self.x.dom == 2


cdef Edge edge_of(Package a, object v, Package b, object s, Package x, int flags, object reason):
    cdef Edge edge = Edge.__new__(Edge)
    edge.a = a
    edge.v = v
    edge.rest = a.everything ^ v
    edge.b = b
    edge.s = s
    edge.x = x
    edge.flags = flags
    edge.reason = reason
    edge.beyond = b.everything ^ s
    return edge


cdef inline int watch_term(Package p, Incompatibility learned) except -1:
    if p.learned is None:
        p.learned = []
    p.learned.append(learned)
    return 0
