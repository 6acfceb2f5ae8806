# Conflicts: what is learned from one, and how far to go back (PubGrub's conflict resolution).

cdef bint resolve(Engine engine, Incompatibility conflict) except -1:
    """Learn from a conflict and go back to where it can be avoided. False: there is no solution."""
    cdef Incompatibility cause
    cdef Package p, q
    cdef Py_ssize_t best, position, which
    cdef int previous, level
    cdef object mask
    cdef list terms
    engine.conflicts += 1
    while True:
        terms = conflict.terms()
        best = -1
        which = -1
        previous = 0
        for i in range(len(terms)):
            q, mask = terms[i]
            position = satisfier(engine, q, mask)
            if position > best:
                if best >= 0:
                    previous = max(previous, <int>engine.t_level[best])
                best = position
                which = i
            elif position >= 0:
                previous = max(previous, <int>engine.t_level[position])
        if best < 0:
            engine.failure = conflict
            return False
        p, mask = terms[which]
        level = engine.t_level[best]
        cause = engine.t_cause[best]
        position = satisfier(engine, p, mask | engine.t_removed[best])
        if position >= 0 and position != best:
            previous = max(previous, <int>engine.t_level[position])
        if level == 0 and cause is None:
            engine.failure = conflict
            return False
        if level > 0 and (cause is None or previous < level):
            backtrack(engine, previous)
            learn(engine, conflict, which)
            blame(engine, p)
            if isinstance(conflict, Edge) and (<Edge>conflict).b is not p:
                blame(engine, (<Edge>conflict).b)
            if prune(engine, p, mask, conflict) is not None:
                # cannot happen: the term was not satisfied at that level
                raise AssertionError("a learned incompatibility is not unit")
            return True
        conflict = resolvent(conflict, cause, p, mask)


cdef Incompatibility resolvent(Incompatibility conflict, Incompatibility cause, Package p, object mask):
    """What follows from both: `p` was `mask` in `conflict` because of `cause`."""
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


cdef int learn(Engine engine, Incompatibility conflict, Py_ssize_t which) except -1:
    """Watch a derived incompatibility where it holds the longest; edges are watched already."""
    cdef Py_ssize_t i, position, best = -1, other = -1
    if isinstance(conflict, Edge) or len(conflict.packages) < 2:
        return 0  # a single term holds from level 0 on
    for i in range(len(conflict.packages)):
        if i == which:
            continue
        position = satisfier(engine, conflict.packages[i], conflict.masks[i])
        if position > best or other < 0:
            best = position
            other = i
    if conflict.outside is None:
        conflict.outside = [(<Package>p).everything ^ mask for p, mask in conflict.terms()]
        watched = ()
    else:
        watched = (conflict.watch_1, conflict.watch_2)  # it was derived, and watched, before
    conflict.watch_1 = which
    conflict.watch_2 = other
    for i in (which, other):
        if i not in watched:
            watch_term(conflict.packages[i], conflict)
    return 0


cdef int blame(Engine engine, Package affected) except -1:
    """Packages that keep failing are decided earlier."""
    if not affected.boolean:
        affected.affected += 1
        if affected.affected == _THRESHOLD and not affected.dom & 1 and not affected.chosen:
            engine.heap.push(rank(engine, affected))
    return 0
