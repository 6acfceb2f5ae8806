# Trades: an answer in which one package is older and several are newer. Nothing here decides: places are tried on
# paper, and `settle` hands them to the search, which propagates them as it does its own decisions.

cdef int _TRIED = 3  # newer versions of one package that an attempt looks at

cdef set NOBODY = set()


cdef inline bint asks(Edge e):
    """Whether the extra that an edge depends on is in the answer (or it depends on none)."""
    return e.x is None or e.x.place > 0


cdef inline bint placed(Edge e):
    """Whether an edge speaks of the version that its A has."""
    return e.a.place > 0 and e.v & bit(e.a.place) and asks(e)


cdef inline object above(object mask, Py_ssize_t index):
    return mask >> (index + 1) << (index + 1)


cdef object room(Package p, object mask, Package but=None):
    """What is left of `mask` for those that ask for a package, one of them aside."""
    cdef Edge e
    for e in p.incoming:
        if not mask:
            break
        if e.a is not but and placed(e):
            mask = mask & e.s
    return mask


cdef bint fits(Package p, Py_ssize_t index, set pending):
    """Whether what a version needs is where it needs it, those aside that are still to be moved."""
    cdef Edge e
    for e in p.out[index] or ():
        if asks(e) and not e.s & bit(e.b.place) and e.b not in pending:
            return False
    return True


cdef list held(Package a):
    """The packages that could be newer but for the version of this one."""
    cdef Edge e
    cdef object newer
    cdef list found = []
    for e in a.out[a.place] or ():
        newer = above(e.b.tradable & ~e.s, e.b.place)
        if newer and asks(e) and e.b not in found and room(e.b, newer, a):
            found.append(e.b)
    return found


cdef bint promises(Package a):
    """Whether two could be newer: both of them held, or one by the other."""
    cdef list found = held(a)
    return len(found) > 1 or (len(found) == 1 and len(held(found[0])) > 0)


@cython.final
@cython.auto_pickle(False)
cdef class _Attempt:
    """One package is put to an older version, and others to newer ones: kept where that is a gain, else undone."""

    cdef list moved     # (package, where it was), the one that is older first
    cdef list work      # packages that may be newer now
    cdef set pending    # those of them that must be
    cdef dict wanted    # (package, version) whose needs are not known
    cdef bint waits     # for one of them

    def __init__(self, dict wanted):
        self.wanted = wanted

    cdef bint trade(self, Package a, Py_ssize_t index) except -1:
        """Whether it is a gain. If not and `waits`, more has to be known."""
        cdef Package p
        cdef bint gain
        self.moved = []
        self.waits = False
        gain = self.gather(a, index) and self.lift_all(a) and self.pays()
        if not gain:
            for p, before in self.moved:
                p.place = before
        return gain

    cdef bint gather(self, Package a, Py_ssize_t index) except -1:
        """Move the package, and say who must be newer for that and who may be. False: who must cannot."""
        cdef Edge e
        cdef Py_ssize_t before = a.place
        cdef list must = [], may = []
        self.moved.append((a, before))
        a.place = index
        for e in a.out[index] or ():
            if asks(e) and not e.s & bit(e.b.place) and e.b not in must:
                if not above(e.b.tradable, e.b.place):
                    return False
                must.append(e.b)
        for e in a.out[before] or ():
            if asks(e) and e.b not in must and e.b not in may and above(e.b.tradable, e.b.place):
                may.append(e.b)
        self.pending = set(must)
        self.work = sorted(must, key=_by_id) + sorted(may, key=_by_id)
        return len(self.work) > 0

    cdef bint lift_all(self, Package a) except -1:
        """Make newer who must be and who may be, and who is no longer held by those."""
        cdef Package b
        cdef bint must
        cdef set done = {a}
        cdef Py_ssize_t i = 0
        while i < len(self.work):
            b = self.work[i]
            i += 1
            if b in done:
                continue
            done.add(b)
            must = b in self.pending
            self.pending.discard(b)
            if not self.lift(b) and must:
                return False
        return not self.waits

    cdef bint lift(self, Package b) except -1:
        """Put a package to the newest version that fits."""
        cdef Edge e
        cdef Py_ssize_t index, before = b.place, tried = 0
        cdef object newer = room(b, above(b.tradable, before))
        while newer and tried < _TRIED:
            index = top(newer)
            newer = newer ^ bit(index)
            tried += 1
            if not b.loaded & bit(index):
                self.wanted[b, index] = None
                self.waits = True
                return False
            if fits(b, index, self.pending):
                self.moved.append((b, before))
                b.place = index
                for e in b.out[before] or ():
                    if asks(e) and above(e.b.tradable, e.b.place):
                        self.work.append(e.b)
                return True
        return False

    cdef bint pays(self) except -1:
        """Whether some are newer by more releases than one is older, and all that they need is there."""
        cdef Package p
        cdef Py_ssize_t before, gain = 0
        for p, before in self.moved:
            if not fits(p, p.place, NOBODY):
                return False
            gain += releases(p, before, p.place) - releases(p, p.place, before)
        return gain > 0


cdef inline Py_ssize_t releases(Package p, Py_ssize_t low, Py_ssize_t high):
    """How many stable versions that fit the target come after one version, up to another; 0 where that is older."""
    return (above(p.initial & ~(p.pre | p.yanked), low) & (bit(high + 1) - 1)).bit_count()


def _by_id(Package p):
    return p.id


cdef int place(Engine engine, set fixed, set kept) except -1:
    """Write down where everything is. `fixed` is not made older, and `kept` stays as it is."""
    cdef Package p
    engine.trades = []
    for p in engine.packages:
        p.place = p.home = 0 if p.dom & 1 else top(p.dom)
        if p.place and not p.boolean and p.id and p not in kept and not (p.pre | p.yanked) & bit(p.place):
            p.tradable = engine.level_zero(p) & ~(1 | p.pre | p.yanked | p.unit_mask)
        else:
            p.tradable = 0
        p.back = 0 if not p.tradable or p in fixed else None
        p.quiet = False
    return 0


cdef list look_for_trades(Engine engine):
    """Make all trades that what is known allows: the versions that further ones would need, the nearest first."""
    cdef Package p
    cdef dict near = {}
    cdef dict far = {}
    cdef _Attempt attempt = _Attempt(near)
    cdef list waiting = []
    cdef Py_ssize_t before
    for p in engine.packages:
        if p.tradable and not p.quiet and (p.back is None or p.back) and promises(p):
            if p.back is None:
                p.back = engine.reach(p)
            if trade(p, attempt, far):
                engine.trades.append(attempt.moved)
                for q, before in attempt.moved:
                    stir(q, before)
            elif attempt.waits:
                waiting.append(p)
    for p in engine.packages:
        if p.tradable and not p.quiet:
            before = p.place
            p.quiet = True
            if lift_alone(p, near):
                engine.moved = True
                stir(p, before)
    for p, _ in near:
        p.quiet = False
    for p in waiting:
        p.quiet = False
    engine.moved = engine.moved or len(engine.trades) > 0
    return [*near, *far]


cdef bint trade(Package a, _Attempt attempt, dict wanted) except -1:
    """Make one older, by as little as helps."""
    cdef Py_ssize_t index
    cdef object older = room(a, a.back & a.tradable & (bit(a.place) - 1))
    attempt.waits = False
    while older:
        index = top(older)
        older = older ^ bit(index)
        attempt.waits = not a.loaded & bit(index)
        if attempt.waits:
            wanted[a, index] = None
        elif attempt.trade(a, index):
            return True
        if attempt.waits:
            break
    return False


cdef int stir(Package p, Py_ssize_t before) except -1:
    """A package has moved: who needs it, what it needs, and who needs that are to be looked at."""
    cdef Edge e, other
    p.quiet = False
    for e in p.incoming:
        e.a.quiet = False
    for index in (before, p.place):
        for e in p.out[index] or ():
            e.b.quiet = False
            for other in e.b.incoming:
                other.a.quiet = False
    return 0


cdef bint lift_alone(Package p, dict wanted) except -1:
    """Put a package to a newer version that fits everything as it is."""
    cdef Py_ssize_t index
    cdef object newer = room(p, above(p.tradable, p.place))
    while newer:
        index = top(newer)
        newer = newer ^ bit(index)
        if not p.loaded & bit(index):
            wanted[p, index] = None
            return False
        if fits(p, index, NOBODY):
            p.place = index
            return True
    return False


cdef int go_back(Engine engine) except -1:
    """Write down the answer as it was."""
    cdef Package p
    engine.trades = []
    for p in engine.packages:
        p.place = p.home
    return 0


cdef int settle(Engine engine) except -1:
    """Decide as was written down, for all that the root leads to. `run` sees to it that it holds."""
    cdef Package p
    cdef Edge e
    cdef dict reached = {engine.packages[0]: None}
    cdef list work = [engine.packages[0]]
    cdef object removed
    while work:
        p = work.pop()
        for e in p.out[p.place] or ():
            if asks(e) and e.b.place and not e.b.boolean and e.b not in reached:
                reached[e.b] = None
                work.append(e.b)
    backtrack(engine, 0)
    for p in sorted(reached, key=_by_id):
        if p.chosen or p.id == 0 or not p.dom & bit(p.place):
            continue
        removed = p.dom & ~bit(p.place)
        if removed:
            engine.level += 1
        p.chosen = True
        p.chosen_level = engine.level
        remove(engine, p, removed, None)
    return 0
