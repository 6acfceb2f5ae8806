# Propagation: what follows from a smaller domain. The answer is the incompatibility that cannot be kept, or None.

cdef int watch(Edge edge, Py_ssize_t index) except -1:
    """Let an edge rest on one version of its B: it is looked at again when that one is gone."""
    cdef Package b = edge.b
    if b.watchers[index] is None:
        b.watchers[index] = [edge]
    else:
        (<list>b.watchers[index]).append(edge)
    b.watched |= bit(index)
    return 0


cdef Incompatibility prune(Engine engine, Package p, object mask, Incompatibility cause):
    """Take `mask` from the domain; the cause itself is the conflict where nothing would be left."""
    cdef object removed = p.dom & mask
    if not removed:
        return None
    if removed == p.dom:
        return cause
    remove(engine, p, removed, cause)
    return None


cdef Incompatibility unsupported(Engine engine, Edge e):
    """Nothing of S is left in B: A's versions V are out."""
    if e.x is None or e.x.dom == 2:
        return prune(engine, e.a, e.v, e)
    if e.x.dom == 3 and not e.a.dom & e.rest:
        return prune(engine, e.x, 2, e)
    return None


cdef Incompatibility fire(Engine engine, Edge e):
    """A lies in V: B must lie in S, if the extra is asked for."""
    if e.x is None or e.x.dom == 2:
        return prune(engine, e.b, e.beyond, e)
    if e.x.dom == 3 and not e.b.dom & e.s:
        return prune(engine, e.x, 2, e)
    return None


cdef Incompatibility check(Engine engine, Edge e):
    """What one edge says in the present state."""
    if not e.b.dom & e.s:
        return unsupported(engine, e)
    if not e.a.dom & e.rest:
        return fire(engine, e)
    return None


cdef Incompatibility propagate(Engine engine):
    """Follow the trail to its end."""
    cdef Incompatibility conflict
    cdef Package p
    while True:
        while engine.fresh:
            conflict = check(engine, engine.fresh.pop())
            if conflict is not None:
                return conflict
        if engine.head >= len(engine.t_package):
            return None
        p = engine.t_package[engine.head]
        removed = engine.t_removed[engine.head]
        engine.head += 1
        conflict = follow(engine, p, removed)
        if conflict is not None:
            return conflict


cdef Incompatibility revisit(Engine engine, Package p):
    """The derived incompatibilities that watch a package whose domain became smaller."""
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
        elif inc.packages[inc.watch_2] is p:
            mine = inc.watch_2
            other = inc.watch_1
        else:
            continue  # `learn` has given its watches to others since
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
            watch_term(inc.packages[found], inc)
            continue
        kept.append(inc)
        conflict = prune(engine, inc.packages[other], inc.masks[other], inc)
        if conflict is not None:
            kept.extend(watching[i + 1:])
            p.learned = kept
            return conflict
    p.learned = kept
    return None


cdef Incompatibility follow(Engine engine, Package p, object removed):
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
                watch(e, top(support))
                continue
            watch(e, index)
            conflict = unsupported(engine, e)
            if conflict is not None:
                for rest in edges[i + 1:]:
                    watch(rest, index)
                return conflict
    if not p.dom & 1:
        edges = p.out[top(p.dom)]
        if edges is not None:
            for i in range(len(edges)):
                e = edges[i]
                if not p.dom & e.rest:
                    conflict = fire(engine, e)
                    if conflict is not None:
                        return conflict
        if p.boolean:
            for i in range(len(p.extra_edges)):
                conflict = check(engine, p.extra_edges[i])
                if conflict is not None:
                    return conflict
    if p.learned is not None:
        return revisit(engine, p)
    return None


cdef Incompatibility look_again(Engine engine):
    """Look at everything once more before the answer is given: repairs what backtracking left unpropagated."""
    cdef Package p
    cdef Edge e
    cdef Incompatibility conflict
    for p in engine.packages:
        if p.boolean:
            continue
        if not p.dom & 1 and not p.dom & (p.dom - 1):
            edges = p.out[top(p.dom)]
            for e in edges or ():
                conflict = check(engine, e)
                if conflict is not None:
                    return conflict
    return None
