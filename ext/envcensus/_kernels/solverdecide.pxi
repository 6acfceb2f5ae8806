# Decisions: which package is next, and which of its versions.

cdef object permitted(Engine engine, Package p, list active):
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
        if not engine.last_resort or candidates & ~p.pre & ~p.yanked:
            candidates = candidates & ~p.pre
    if not pins or matching & ~p.yanked:
        candidates = candidates & ~p.yanked
    if not candidates and not active:
        # Only a learned incompatibility asks for it so far: those that will may permit what is left.
        return p.dom & ~1
    return candidates


cdef Py_ssize_t pick(Engine engine, Package p, list active) except -2:
    """The bit to try; -1 where the rules leave nothing."""
    cdef object candidates = p.dom & ~1
    cdef object bound = candidates & p.bound
    if bound:
        if (
            (candidates & p.pre and (p.has_pre_edge or p.pre_allowed))
            or (candidates & p.yanked and (p.has_pin_edge or p.pin_allowed))
            or bound == candidates
        ):
            candidates = permitted(engine, p, active)
        else:
            candidates = candidates ^ bound
    if not candidates:
        return -1
    if p.preferred is not None:
        for index in p.preferred:
            if candidates & bit(index):
                return index
    if p.lowest:
        return top(candidates & -candidates)
    return top(candidates)


cdef Package next_package(Engine engine):
    """The package to decide now; None where all are decided."""
    cdef Package p
    cdef long long key, current
    while engine.heap.count:
        key = engine.heap.pop()
        p = engine.packages[<Py_ssize_t>(key & 0xFFFFFFFFFF)]
        if p.chosen or p.dom & 1:
            continue
        current = rank(engine, p)
        if current > key:
            engine.heap.push(current)
            continue
        return p
    return None


cdef Incompatibility forbid(Engine engine, Package p, list active):
    """What is left of `p` may not be used for those that ask for it."""
    cdef Edge e
    cdef dict terms = {p: p.dom & ~1}
    for e in active:
        terms[e.a] = terms[e.a] & e.v if e.a in terms else e.v
        if e.x is not None:
            terms[e.x] = 2
    engine.policy_used = True
    return Incompatibility(list(terms), list(terms.values()), None, None, "policy")


cdef bint decide(Engine engine, Package p, Py_ssize_t index) except -1:
    """Take a version whose edges are known, or drop it where one of them cannot be met."""
    cdef Edge e
    cdef Incompatibility conflict
    cdef list edges = p.out[index]
    if p.unit_mask & bit(index):
        engine.heap.push(rank(engine, p))
        conflict = prune(engine, p, bit(index), p.units[index])
        return conflict is None or resolve(engine, conflict)
    if edges is not None:
        for e in edges:
            if not e.b.dom & e.s and e.asked():
                blame(engine, p)
                engine.heap.push(rank(engine, p))
                conflict = prune(engine, p, e.v, e)
                return conflict is None or resolve(engine, conflict)
    removed = p.dom & ~bit(index)
    if removed:
        engine.level += 1
    p.chosen = True
    p.chosen_level = engine.level
    remove(engine, p, removed, None)
    engine.decisions += 1
    return True
