# cython: language_level=3
"""Tables of what was worked out before. Their keys come from strangers, so none may grow for ever."""


cdef inline int remember(dict memo, object key, object value, Py_ssize_t limit) except -1:
    """Note a value; a full table is emptied, which costs less than knowing what was used last."""
    if len(memo) >= limit:
        memo.clear()
    memo[key] = value
    return 0
