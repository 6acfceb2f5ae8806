"""The search of the resolver: PubGrub over version sets that are bit masks.

It knows packages by number and versions by bit: bit 0 of a domain is "absent", bit i + 1 the i-th version in ascending
order. Names, requirement text and policies live in `envcensus.resolver`, which feeds this engine and reads its answer.

A term "package in mask" is satisfied when the package's domain lies inside the mask and contradicted when the two are
disjoint. An incompatibility is a set of terms of which never all may be satisfied. An edge is the incompatibility
"A in V, B not in S[, extra X present]": A's versions V need B in S.
"""

from cpython.mem cimport PyMem_Calloc, PyMem_Free, PyMem_Realloc
from libc.stdint cimport uint64_t

cimport cython

# What `Engine.run` says.
DONE = 0
NEED = 1
FAILED = 2
PAUSED = 3

# Flags of an edge.
NAMES_PRE = 1
PINS = 2

cdef int _THRESHOLD = 2  # conflicts after which a package is decided earlier


# Parts of this module, in files of their own.
include "solverheap.pxi"
include "solverterms.pxi"
include "solveredges.pxi"


@cython.final
@cython.auto_pickle(False)
cdef class Engine:
    """Unit propagation, conflict resolution and decisions. Nothing in here waits: `run` says what it needs."""

    cdef readonly list packages
    cdef _Edges edges
    cdef list t_package
    cdef list t_old
    cdef list t_removed
    cdef list t_cause
    cdef list t_level
    cdef Py_ssize_t head         # first trail entry that is not propagated
    cdef int level
    cdef list fresh              # edges to look at before anything else
    cdef list late               # (level, edge): edges added after their A was decided
    cdef _Heap heap              # of ranks
    cdef readonly Package need_package
    cdef readonly Py_ssize_t need_bit
    cdef readonly Incompatibility failure
    cdef readonly long decisions
    cdef readonly long conflicts
    cdef public bint last_resort  # pre-releases where stable versions were tried and failed; late pins of yanked ones
    cdef readonly bint policy_used
    cdef public long budget      # steps until `run` pauses; -1: no limit
    cdef object reach            # package → how far it may go back in a trade
    cdef readonly bint moved     # something has another place than the answer had
    cdef readonly list trades    # [(package, where it was), …] of each, the one that became older first

    def __init__(self):
        self.packages = []
        self.edges = _Edges()
        self.t_package = []
        self.t_old = []
        self.t_removed = []
        self.t_cause = []
        self.t_level = []
        self.fresh = []
        self.late = []
        self.heap = _Heap()
        self.budget = -1
        self.trades = []

    # -- building ------------------------------------------------------------------------------------------------

    def add_package(self, label, int versions, domain, pre=0, yanked=0, listed=0):
        """A package with so many versions. All masks count from bit 1; bit 0 of `domain` is "absent"."""
        cdef Package p = Package(len(self.packages), label, versions, domain, pre, yanked, listed, False)
        self.packages.append(p)
        return p

    def add_extra(self, label):
        """An extra: absent or present, never decided."""
        cdef Package p = Package(len(self.packages), label, 1, 3, 0, 0, 0, True)
        self.packages.append(p)
        return p

    def add_edge(self, Package a, Py_ssize_t index, Package b, s, Package x=None, int flags=0, reason=None):
        """Version `index` (a bit) of `a` needs `b` in `s`; `s` holds bit 0 where `b` may also be absent."""
        cdef object support
        cdef Py_hash_t hash = edge_hash(a, x, b, s, flags)
        cdef Edge edge = self.edges.find(hash, a, x, b, s, flags)
        if edge is None:
            edge = edge_of(a, bit(index), b, s, x, flags, reason)
            self.edges.add(hash, edge)
            b.incoming.append(edge)
            if flags & 1:
                b.has_pre_edge = True
            if flags & 2:
                b.has_pin_edge = True
            if x is not None:
                x.extra_edges.append(edge)
            support = s & b.dom
            if not support:
                support = s & b.initial
            if support:
                watch(edge, top(support))
        elif edge.v & bit(index):
            return
        else:
            edge.v |= bit(index)
            edge.rest ^= bit(index)
        if a.out[index] is None:
            a.out[index] = [edge]
        else:
            (<list>a.out[index]).append(edge)
        self.fresh.append(edge)
        if a.chosen:
            self.late.append((self.level, edge))

    def exclude(self, Package p, Py_ssize_t index, reason):
        """A version that cannot be used: its metadata is missing or says so."""
        if p.units is None:
            p.units = {}
        p.units[index] = Incompatibility([p], [bit(index)], None, None, reason)
        p.unit_mask |= bit(index)

    def set_loaded(self, Package p, Py_ssize_t index):
        """All edges of this version have been added."""
        p.loaded |= bit(index)

    def run(self):
        """Search until the answer is there (DONE), there is none (FAILED), or a version's edges are needed (NEED)."""
        cdef Incompatibility conflict
        cdef Package p
        cdef Py_ssize_t index, before
        cdef list active
        while True:
            conflict = propagate(self)
            if conflict is not None:
                if not resolve(self, conflict):
                    return FAILED
                continue
            if self.budget >= 0:
                if self.budget == 0:
                    return PAUSED
                self.budget -= 1
            p = next_package(self)
            if p is None:
                before = len(self.t_package)
                conflict = look_again(self)
                if conflict is not None:
                    if not resolve(self, conflict):
                        return FAILED
                    continue
                if len(self.t_package) != before:
                    continue
                return DONE
            active = []
            index = pick(self, p, active)
            if index < 0:
                self.heap.push(rank(self, p))
                if not resolve(self, forbid(self, p, active)):
                    return FAILED
                continue
            if not p.loaded & bit(index) and not p.unit_mask & bit(index):
                self.heap.push(rank(self, p))
                self.need_package = p
                self.need_bit = index
                return NEED
            if not decide(self, p, index):
                return FAILED

    def level_zero(self, Package p):
        """The versions that no decision has excluded: what is left whatever is decided."""
        cdef Py_ssize_t i
        for i in p.entries:
            if <int>self.t_level[i] > 0:
                return self.t_old[i]
        return p.dom

    # -- trades: an answer with one package older and several newer ------------------------------------------------

    def begin_trades(self, reach, set fixed, set kept):
        """Look at the answer. Packages in `fixed` are not to become older, those in `kept` are not to change; others
        may go back to what `reach(package)` gives as a mask."""
        self.reach = reach
        place(self, fixed, kept)

    def look_for_trades(self):
        """Make all trades that what is known allows: [(package, bit), …] whose needs further ones depend on."""
        return look_for_trades(self)

    def refuse(self, Package p, Py_ssize_t index):
        """A version is not to come in by a trade."""
        p.tradable &= ~bit(index)

    def settle(self, bint back=False):
        """Decide as the trades have it, or go back to what was decided before; `run` again."""
        if back:
            go_back(self)
        settle(self)

    # -- looking back --------------------------------------------------------------------------------------------

    def requirers(self, Package p):
        """The edges that ask for `p` in the present state."""
        return [e for e in p.incoming if not (<Edge>e).a.dom & (<Edge>e).rest and (<Edge>e).asked()]

    def needs(self, Package p, Py_ssize_t index):
        """The edges of one version that were loaded."""
        return list(p.out[index] or ())

    def excluded(self, Package p, Py_ssize_t index):
        """The reason given to `exclude`; None where the version was not excluded."""
        inc = None if p.units is None else p.units.get(index)
        return None if inc is None else inc.reason


# The search itself: functions of an engine, which its class would bury.
include "solvertrail.pxi"
include "solverpropagate.pxi"
include "solverconflict.pxi"
include "solverdecide.pxi"
include "solvertrade.pxi"
