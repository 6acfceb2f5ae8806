# The trail: what was taken from which domain, by what, at which level; and the way back.

cdef long long rank(Engine engine, Package p) except -1:
    """What is decided first has the smallest: by class, then in the order of discovery."""
    cdef long long kind = 2
    if engine.last_resort and p.yanked and not p.dom & ~p.yanked:
        kind = 3  # others may still pin it
    elif not p.dom & (p.dom - 1) and (p.has_pin_edge or (p.several and p.affected)):
        kind = 0  # pinned; or narrowed to one version, and a conflict was about it
    elif p.affected >= _THRESHOLD:
        kind = 1
    return (kind << 40) + p.id


cdef int remove(Engine engine, Package p, object removed, Incompatibility cause) except -1:
    """Make a domain smaller by `removed`, which is part of it; None as the cause: decided."""
    cdef object old = p.dom
    p.entries.append(len(engine.t_package))
    engine.t_package.append(p)
    engine.t_old.append(old)
    engine.t_removed.append(removed)
    engine.t_cause.append(cause)
    engine.t_level.append(engine.level)
    p.dom = old ^ removed
    if not p.boolean and not p.chosen and not p.dom & 1:
        if removed & 1 or not p.dom & (p.dom - 1):
            engine.heap.push(rank(engine, p))
    return 0


cdef int backtrack(Engine engine, int level) except -1:
    """Undo everything above a level. Edges that came later than their A was decided are looked at again."""
    cdef Package p
    cdef list late
    while engine.t_package and <int>engine.t_level[len(engine.t_level) - 1] > level:
        p = engine.t_package.pop()
        p.dom = engine.t_old.pop()
        engine.t_removed.pop()
        engine.t_cause.pop()
        engine.t_level.pop()
        p.entries.pop()
        if p.chosen and p.chosen_level > level:
            p.chosen = False
            if not p.dom & 1:
                engine.heap.push(rank(engine, p))
    engine.head = len(engine.t_package)
    engine.level = level
    if engine.late:
        late = []
        for entry in engine.late:
            if <int>entry[0] > level:
                engine.fresh.append(entry[1])
                late.append((level, entry[1]))
            else:
                late.append(entry)
        engine.late = late if level else []
    return 0


cdef Py_ssize_t satisfier(Engine engine, Package p, object mask) except -2:
    """The trail position after which the domain lies inside `mask`; -1: it always did."""
    cdef list entries = p.entries
    cdef Py_ssize_t low = 0, high = len(entries), middle
    cdef object outside = p.everything ^ mask
    if high == 0 or not engine.t_old[<Py_ssize_t>entries[0]] & outside:
        return -1
    high -= 1  # the last entry's result is the present domain, which lies inside
    while low < high:
        middle = (low + high) // 2
        if engine.t_old[<Py_ssize_t>entries[middle + 1]] & outside:
            low = middle + 1
        else:
            high = middle
    return entries[low]
