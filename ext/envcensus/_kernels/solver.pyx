"""The search of the resolver: PubGrub over version sets that are bit masks.

It knows packages by number and versions by bit: bit 0 of a domain is "absent", bit i + 1 the i-th version in ascending
order. Names, requirement text and policies live in `envcensus.resolver`, which feeds this engine and reads its answer.

A term "package in mask" is satisfied when the package's domain lies inside the mask and contradicted when the two are
disjoint. An incompatibility is a set of terms of which never all may be satisfied. An edge is the incompatibility
"A in V, B not in S[, extra X present]": A's versions V need B in S.
"""

cimport cython
from cpython.mem cimport PyMem_Free, PyMem_Realloc

# What `Engine.run` says.
DONE = 0
NEED = 1
FAILED = 2
PAUSED = 3

# Flags of an edge.
NAMES_PRE = 1
PINS = 2

cdef int _THRESHOLD = 3  # conflicts after which a package is decided earlier

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
cdef class _Heap:
    """Numbers, the smallest first."""

    cdef long long *keys
    cdef Py_ssize_t count
    cdef Py_ssize_t room

    def __dealloc__(self):
        PyMem_Free(self.keys)

    cdef int push(self, long long key) except -1:
        cdef Py_ssize_t place = self.count, above
        cdef long long *larger
        if place == self.room:
            larger = <long long *>PyMem_Realloc(self.keys, (2 * place + 64) * sizeof(long long))
            if larger == NULL:
                raise MemoryError()
            self.keys = larger
            self.room = 2 * place + 64
        self.count += 1
        while place:
            above = (place - 1) >> 1
            if self.keys[above] <= key:
                break
            self.keys[place] = self.keys[above]
            place = above
        self.keys[place] = key
        return 0

    cdef long long pop(self) noexcept:
        """The smallest, which is taken away. There must be one."""
        cdef long long smallest = self.keys[0], last
        cdef Py_ssize_t place = 0, below = 1
        self.count -= 1
        last = self.keys[self.count]
        while below < self.count:
            if below + 1 < self.count and self.keys[below + 1] < self.keys[below]:
                below += 1
            if last <= self.keys[below]:
                break
            self.keys[place] = self.keys[below]
            place = below
            below = 2 * place + 1
        self.keys[place] = last
        return smallest


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
    cdef public list preferred      # bits to try first
    cdef list entries               # indexes in the trail, ascending
    cdef list out                   # per bit: edges whose V holds it, or None
    cdef list watchers              # per bit: edges (this package is their B) that rest on it, or None
    cdef object watched             # int: the bits with watchers
    cdef list incoming              # all edges whose B this is
    cdef list learned               # incompatibilities that watch one of this package's terms
    cdef list extra_edges           # of an extra: the edges that depend on it
    cdef dict units                 # bit → incompatibility that excludes it
    cdef object unit_mask
    cdef object loaded              # int: versions whose edges are known
    cdef bint several            # more than one version fits the target
    cdef bint has_pre_edge
    cdef bint has_pin_edge
    cdef readonly bint chosen
    cdef int chosen_level
    cdef readonly int affected      # conflicts that it had a part in

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
        self.learned = []
        self.extra_edges = []
        self.units = {}
        self.unit_mask = 0
        self.loaded = 0
        self.preferred = []

    @property
    def position(self):
        """The decided version's bit; 0 where nothing was decided."""
        return top(self.dom) if self.chosen else 0

    def is_loaded(self, Py_ssize_t index):
        """Whether the edges of a version are known."""
        return self.loaded & bit(index) != 0


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

    def __init__(self, Package a, v, Package b, s, Package x, int flags, reason):
        self.a = a
        self.v = v
        self.rest = a.everything ^ v
        self.b = b
        self.s = s
        self.x = x
        self.flags = flags
        self.reason = reason
        self.beyond = b.everything ^ s
        self.left = self.right = None

    cpdef list terms(self):
        if self.x is None:
            return [(self.a, self.v), (self.b, self.beyond)]
        return [(self.a, self.v), (self.b, self.beyond), (self.x, 2)]

    cdef inline bint asked(self):
        """Whether the extra it depends on is present (or it depends on none)."""
        return self.x is None or self.x.dom == 2


cdef class Engine:
    """Unit propagation, conflict resolution and decisions. Nothing in here waits: `run` says what it needs."""

    cdef readonly list packages
    cdef dict edges              # (a, x, b, s, flags) → Edge
    cdef list t_package
    cdef list t_old
    cdef list t_removed
    cdef list t_cause
    cdef list t_level
    cdef Py_ssize_t head         # first trail entry that is not propagated
    cdef int level
    cdef list fresh              # edges to look at before anything else
    cdef list late               # (level, edge): edges added after their A was decided
    cdef _Heap heap              # of `_key`s
    cdef readonly Package need_package
    cdef readonly Py_ssize_t need_bit
    cdef readonly Incompatibility failure
    cdef readonly long decisions
    cdef readonly long conflicts
    cdef public bint last_resort  # pre-releases where stable versions were tried and failed; late pins of yanked ones
    cdef readonly bint policy_used
    cdef public long budget      # steps until `run` pauses; -1: no limit

    def __init__(self):
        self.packages = []
        self.edges = {}
        self.t_package = []
        self.t_old = []
        self.t_removed = []
        self.t_cause = []
        self.t_level = []
        self.fresh = []
        self.late = []
        self.heap = _Heap()
        self.budget = -1

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
        cdef Edge edge
        cdef object support
        key = (a.id, -1 if x is None else x.id, b.id, s, flags)
        edge = self.edges.get(key)
        if edge is None:
            edge = Edge(a, bit(index), b, s, x, flags, reason)
            self.edges[key] = edge
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
                self._watch(edge, top(support))
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
        p.units[index] = Incompatibility([p], [bit(index)], None, None, reason)
        p.unit_mask |= bit(index)

    def set_loaded(self, Package p, Py_ssize_t index):
        """All edges of this version have been added."""
        p.loaded |= bit(index)

    cdef void _watch(self, Edge edge, Py_ssize_t index):
        cdef Package b = edge.b
        if b.watchers[index] is None:
            b.watchers[index] = [edge]
        else:
            (<list>b.watchers[index]).append(edge)
        b.watched |= bit(index)

    # -- the trail -----------------------------------------------------------------------------------------------

    cdef void _remove(self, Package p, object removed, Incompatibility cause):
        cdef object old = p.dom
        p.entries.append(len(self.t_package))
        self.t_package.append(p)
        self.t_old.append(old)
        self.t_removed.append(removed)
        self.t_cause.append(cause)
        self.t_level.append(self.level)
        p.dom = old ^ removed
        if not p.boolean and not p.chosen and not p.dom & 1:
            if removed & 1 or not p.dom & (p.dom - 1):
                self.heap.push(self._key(p))

    cdef long long _key(self, Package p):
        cdef long long kind = 2
        if self.last_resort and p.yanked and not p.dom & ~p.yanked:
            kind = 3  # others may still pin it
        elif not p.dom & (p.dom - 1) and (p.has_pin_edge or p.several):
            kind = 0  # narrowed to one version
        elif p.affected >= _THRESHOLD:
            kind = 1
        return (kind << 40) + p.id

    cdef void _backtrack(self, int level):
        cdef Package p
        cdef list late
        while self.t_package and <int>self.t_level[len(self.t_level) - 1] > level:
            p = self.t_package.pop()
            p.dom = self.t_old.pop()
            self.t_removed.pop()
            self.t_cause.pop()
            self.t_level.pop()
            p.entries.pop()
            if p.chosen and p.chosen_level > level:
                p.chosen = False
                if not p.dom & 1:
                    self.heap.push(self._key(p))
        self.head = len(self.t_package)
        self.level = level
        if self.late:
            late = []
            for entry in self.late:
                if <int>entry[0] > level:
                    self.fresh.append(entry[1])
                    late.append((level, entry[1]))
                else:
                    late.append(entry)
            self.late = late if level else []

    # -- propagation ---------------------------------------------------------------------------------------------

    cdef Incompatibility _prune(self, Package p, object mask, Incompatibility cause):
        """Take `mask` from the domain; the cause itself is the conflict where nothing would be left."""
        cdef object removed = p.dom & mask
        if not removed:
            return None
        if removed == p.dom:
            return cause
        self._remove(p, removed, cause)
        return None

    cdef Incompatibility _unsupported(self, Edge e):
        """Nothing of S is left in B: A's versions V are out."""
        if e.x is None or e.x.dom == 2:
            return self._prune(e.a, e.v, e)
        if e.x.dom == 3 and not e.a.dom & e.rest:
            return self._prune(e.x, 2, e)
        return None

    cdef Incompatibility _fire(self, Edge e):
        """A lies in V: B must lie in S, if the extra is asked for."""
        if e.x is None or e.x.dom == 2:
            return self._prune(e.b, e.beyond, e)
        if e.x.dom == 3 and not e.b.dom & e.s:
            return self._prune(e.x, 2, e)
        return None

    cdef Incompatibility _check(self, Edge e):
        if not e.b.dom & e.s:
            return self._unsupported(e)
        if not e.a.dom & e.rest:
            return self._fire(e)
        return None

    cdef Incompatibility _propagate(self):
        cdef Incompatibility conflict
        cdef Package p
        while True:
            while self.fresh:
                conflict = self._check(self.fresh.pop())
                if conflict is not None:
                    return conflict
            if self.head >= len(self.t_package):
                return None
            p = self.t_package[self.head]
            removed = self.t_removed[self.head]
            self.head += 1
            conflict = self._entry(p, removed)
            if conflict is not None:
                return conflict

    cdef Incompatibility _entry(self, Package p, object removed):
        """Everything that follows from one trail entry."""
        cdef Incompatibility conflict
        cdef Edge e
        cdef list edges
        cdef Py_ssize_t index, i
        cdef object gone = removed & p.watched
        while gone:
            index = top(gone)
            gone ^= bit(index)
            if p.dom & bit(index):
                continue
            edges = p.watchers[index]
            p.watchers[index] = None
            p.watched ^= bit(index)
            for i in range(len(edges)):
                e = edges[i]
                support = e.s & p.dom
                if support:
                    self._watch(e, top(support))
                    continue
                self._watch(e, index)
                conflict = self._unsupported(e)
                if conflict is not None:
                    for rest in edges[i + 1:]:
                        self._watch(rest, index)
                    return conflict
        if not p.dom & 1:
            edges = p.out[top(p.dom)]
            if edges is not None:
                for i in range(len(edges)):
                    e = edges[i]
                    if not p.dom & e.rest:
                        conflict = self._fire(e)
                        if conflict is not None:
                            return conflict
            if p.boolean:
                for i in range(len(p.extra_edges)):
                    conflict = self._check(p.extra_edges[i])
                    if conflict is not None:
                        return conflict
        if p.learned:
            return self._learned(p)
        return None

    cdef Incompatibility _learned(self, Package p):
        cdef Incompatibility inc, conflict
        cdef list watching = p.learned
        cdef list kept = []
        cdef Py_ssize_t i, j, mine, other, found
        cdef Package q
        for i in range(len(watching)):
            inc = watching[i]
            if inc.packages[inc.watch_1] is p:
                mine = inc.watch_1
                other = inc.watch_2
            else:
                mine = inc.watch_2
                other = inc.watch_1
            if p.dom & inc.outside[mine]:
                kept.append(inc)
                continue
            found = -1
            for j in range(len(inc.packages)):
                if j != mine and j != other:
                    q = inc.packages[j]
                    if q.dom & inc.outside[j]:
                        found = j
                        break
            if found >= 0:
                inc.watch_1 = found
                inc.watch_2 = other
                (<Package>inc.packages[found]).learned.append(inc)
                continue
            kept.append(inc)
            conflict = self._prune(inc.packages[other], inc.masks[other], inc)
            if conflict is not None:
                kept.extend(watching[i + 1:])
                p.learned = kept
                return conflict
        p.learned = kept
        return None

    # -- conflicts -----------------------------------------------------------------------------------------------

    cdef Py_ssize_t _satisfier(self, Package p, object mask):
        """The trail position after which the domain lies inside `mask`; -1: it always did."""
        cdef list entries = p.entries
        cdef Py_ssize_t low = 0, high = len(entries), middle
        cdef object outside = p.everything ^ mask
        if high == 0 or not self.t_old[<Py_ssize_t>entries[0]] & outside:
            return -1
        high -= 1  # the last entry's result is the present domain, which lies inside
        while low < high:
            middle = (low + high) // 2
            if self.t_old[<Py_ssize_t>entries[middle + 1]] & outside:
                low = middle + 1
            else:
                high = middle
        return entries[low]

    cdef bint _resolve(self, Incompatibility conflict):
        """Learn from a conflict and go back to where it can be avoided. False: there is no solution."""
        cdef Incompatibility cause
        cdef Package p, q
        cdef Py_ssize_t best, position, which
        cdef int previous, level
        cdef object mask
        cdef list terms
        self.conflicts += 1
        while True:
            terms = conflict.terms()
            best = -1
            which = -1
            previous = 0
            for i in range(len(terms)):
                q, mask = terms[i]
                position = self._satisfier(q, mask)
                if position > best:
                    if best >= 0:
                        previous = max(previous, <int>self.t_level[best])
                    best = position
                    which = i
                elif position >= 0:
                    previous = max(previous, <int>self.t_level[position])
            if best < 0:
                self.failure = conflict
                return False
            p, mask = terms[which]
            level = self.t_level[best]
            cause = self.t_cause[best]
            position = self._satisfier(p, mask | self.t_removed[best])
            if position >= 0 and position != best:
                previous = max(previous, <int>self.t_level[position])
            if level == 0 and cause is None:
                self.failure = conflict
                return False
            if level > 0 and (cause is None or previous < level):
                self._backtrack(previous)
                self._learn(conflict, which)
                self._count(p)
                if self._prune(p, mask, conflict) is not None:
                    # cannot happen: the term was not satisfied at that level
                    raise AssertionError("a learned incompatibility is not unit")
                return True
            conflict = self._resolvent(conflict, cause, p, mask)

    cdef Incompatibility _resolvent(self, Incompatibility conflict, Incompatibility cause, Package p, object mask):
        cdef dict merged = {}
        cdef Package q
        cdef object other = 0
        for q, term in conflict.terms():
            if q is not p:
                merged[q] = term
        for q, term in cause.terms():
            if q is p:
                other = term
            elif q in merged:
                merged[q] = merged[q] & term
            else:
                merged[q] = term
        mask = mask | other
        if p.initial & ~mask:
            merged[p] = mask
        return Incompatibility(list(merged), list(merged.values()), conflict, cause, None)

    cdef void _learn(self, Incompatibility conflict, Py_ssize_t which):
        """Watch a derived incompatibility; edges are watched already."""
        cdef Py_ssize_t i, position, best = -1, other = -1
        if isinstance(conflict, Edge) or len(conflict.packages) < 2:
            return  # a single term holds from level 0 on
        for i in range(len(conflict.packages)):
            if i == which:
                continue
            position = self._satisfier(conflict.packages[i], conflict.masks[i])
            if position > best or other < 0:
                best = position
                other = i
        conflict.outside = [(<Package>p).everything ^ mask for p, mask in conflict.terms()]
        conflict.watch_1 = which
        conflict.watch_2 = other
        (<Package>conflict.packages[which]).learned.append(conflict)
        (<Package>conflict.packages[other]).learned.append(conflict)

    cdef void _count(self, Package affected):
        """Packages that keep failing are decided earlier."""
        if not affected.boolean:
            affected.affected += 1
            if affected.affected == _THRESHOLD and not affected.dom & 1 and not affected.chosen:
                self.heap.push(self._key(affected))

    # -- decisions -----------------------------------------------------------------------------------------------

    cdef object _permitted(self, Package p, list active):
        """The versions that the pre-release and yank rules allow now; the edges that ask for `p` go to `active`."""
        cdef object candidates = p.dom & ~1
        cdef object matching = p.listed
        cdef bint pre = p.pre_allowed
        cdef bint pins = p.pin_allowed
        cdef Edge e
        for e in p.incoming:
            if not e.a.dom & e.rest and e.asked():
                active.append(e)
                matching = matching & e.s
                if e.flags & 1:
                    pre = True
                if e.flags & 2:
                    pins = True
        if not pre and matching & ~p.pre:
            matching = matching & ~p.pre
            if not self.last_resort or candidates & ~p.pre & ~p.yanked:
                candidates = candidates & ~p.pre
        if not pins or matching & ~p.yanked:
            candidates = candidates & ~p.yanked
        if not candidates and not active:
            # Only a learned incompatibility asks for it so far: those that will may permit what is left.
            return p.dom & ~1
        return candidates

    cdef Py_ssize_t _pick(self, Package p, list active):
        """The bit to try; -1 where the rules leave nothing."""
        cdef object candidates = p.dom & ~1
        cdef object bound = candidates & (p.pre | p.yanked)
        if bound:
            if (
                (candidates & p.pre and (p.has_pre_edge or p.pre_allowed))
                or (candidates & p.yanked and (p.has_pin_edge or p.pin_allowed))
                or bound == candidates
            ):
                candidates = self._permitted(p, active)
            else:
                candidates = candidates ^ bound
        if not candidates:
            return -1
        for index in p.preferred:
            if candidates & bit(index):
                return index
        if p.lowest:
            return top(candidates & -candidates)
        return top(candidates)

    cdef Package _next(self):
        cdef Package p
        cdef long long key, current
        while self.heap.count:
            key = self.heap.pop()
            p = self.packages[<Py_ssize_t>(key & 0xFFFFFFFFFF)]
            if p.chosen or p.dom & 1:
                continue
            current = self._key(p)
            if current > key:
                self.heap.push(current)
                continue
            return p
        return None

    cdef Incompatibility _forbid(self, Package p, list active):
        """What is left of `p` may not be used for those that ask for it."""
        cdef Edge e
        cdef dict terms = {p: p.dom & ~1}
        for e in active:
            terms[e.a] = terms[e.a] & e.v if e.a in terms else e.v
            if e.x is not None:
                terms[e.x] = 2
        self.policy_used = True
        return Incompatibility(list(terms), list(terms.values()), None, None, "policy")

    cdef bint _decide(self, Package p, Py_ssize_t index):
        """Take a version whose edges are known, or drop it where one of them cannot be met."""
        cdef Edge e
        cdef Incompatibility conflict
        cdef list edges = p.out[index]
        if p.unit_mask & bit(index):
            self.heap.push(self._key(p))
            conflict = self._prune(p, bit(index), p.units[index])
            return conflict is None or self._resolve(conflict)
        if edges is not None:
            for e in edges:
                if not e.b.dom & e.s and e.asked():
                    self._count(p)
                    self.heap.push(self._key(p))
                    conflict = self._prune(p, e.v, e)
                    return conflict is None or self._resolve(conflict)
        removed = p.dom & ~bit(index)
        if removed:
            self.level += 1
        p.chosen = True
        p.chosen_level = self.level
        self._remove(p, removed, None)
        self.decisions += 1
        return True

    cdef Incompatibility _scan(self):
        """Look at everything once more before the answer is given: repairs what backtracking left unpropagated."""
        cdef Package p
        cdef Edge e
        cdef Incompatibility conflict
        for p in self.packages:
            if p.boolean:
                continue
            if not p.dom & 1 and not p.dom & (p.dom - 1):
                edges = p.out[top(p.dom)]
                for e in edges or ():
                    conflict = self._check(e)
                    if conflict is not None:
                        return conflict
        return None

    def run(self):
        """Search until the answer is there (DONE), there is none (FAILED), or a version's edges are needed (NEED)."""
        cdef Incompatibility conflict
        cdef Package p
        cdef Py_ssize_t index, before
        cdef list active
        while True:
            conflict = self._propagate()
            if conflict is not None:
                if not self._resolve(conflict):
                    return FAILED
                continue
            if self.budget >= 0:
                if self.budget == 0:
                    return PAUSED
                self.budget -= 1
            p = self._next()
            if p is None:
                before = len(self.t_package)
                conflict = self._scan()
                if conflict is not None:
                    if not self._resolve(conflict):
                        return FAILED
                    continue
                if len(self.t_package) != before:
                    continue
                return DONE
            active = []
            index = self._pick(p, active)
            if index < 0:
                self.heap.push(self._key(p))
                if not self._resolve(self._forbid(p, active)):
                    return FAILED
                continue
            if not p.loaded & bit(index) and not p.unit_mask & bit(index):
                self.heap.push(self._key(p))
                self.need_package = p
                self.need_bit = index
                return NEED
            if not self._decide(p, index):
                return FAILED

    def level_zero(self, Package p):
        """The versions that no decision has excluded: what is left whatever is decided."""
        cdef Py_ssize_t i
        for i in p.entries:
            if <int>self.t_level[i] > 0:
                return self.t_old[i]
        return p.dom

    # -- looking back --------------------------------------------------------------------------------------------

    def requirers(self, Package p):
        """The edges that ask for `p` in the present state."""
        return [e for e in p.incoming if not (<Edge>e).a.dom & (<Edge>e).rest and (<Edge>e).asked()]

    def needs(self, Package p, Py_ssize_t index):
        """The edges of one version that were loaded."""
        return list(p.out[index] or ())

    def excluded(self, Package p, Py_ssize_t index):
        """The reason given to `exclude`; None where the version was not excluded."""
        inc = p.units.get(index)
        return None if inc is None else inc.reason
