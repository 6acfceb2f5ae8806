# Many versions at a time.

cdef struct Row:
    uint64_t key
    Py_ssize_t index


cdef Row *radix_sort(Row *rows, Row *spare, Py_ssize_t n) noexcept nogil:
    """Sort by key, stable; returns where the result is (one of the two buffers)."""
    cdef Py_ssize_t counts[8][256]
    cdef Py_ssize_t i, total, here
    cdef int byte, value
    cdef uint64_t key
    cdef Row *swap
    for byte in range(8):
        for value in range(256):
            counts[byte][value] = 0
    for i in range(n):
        key = rows[i].key
        for byte in range(8):
            counts[byte][(key >> (8 * byte)) & 255] += 1
    for byte in range(8):
        if n and counts[byte][(rows[0].key >> (8 * byte)) & 255] == n:
            continue  # all the same
        total = 0
        for value in range(256):
            here = counts[byte][value]
            counts[byte][value] = total
            total += here
        for i in range(n):
            value = (rows[i].key >> (8 * byte)) & 255
            spare[counts[byte][value]] = rows[i]
            counts[byte][value] += 1
        swap = rows
        rows = spare
        spare = swap
    return rows


cdef object text_of(object version):
    return (<Version>version)._text if type(version) is Version else version


cdef list merge_rare(list packed, list rare, list versions):
    """Merge indexes sorted by packed key with (full key, index) pairs: rare versions are few."""
    cdef list merged = []
    cdef Py_ssize_t done = 0, low, high, middle
    rare.sort()
    for full, index in rare:
        low = done
        high = len(packed)
        while low < high:
            middle = (low + high) // 2
            if full_key_of(text_of(versions[packed[middle]])) < full:
                low = middle + 1
            else:
                high = middle
        merged.extend(packed[done:low])
        merged.append(index)
        done = low
    merged.extend(packed[done:])
    return merged


def argsort(list versions not None, /):
    """The indexes that put texts (or `Version`s) in ascending order; equal versions keep their order.

    Raises `packaging.version.InvalidVersion` for the first text that is no version.
    """
    cdef Py_ssize_t n = PyList_GET_SIZE(versions), i, packed = 0
    cdef Row *rows
    cdef Row *sorted_rows
    cdef list rare = []
    cdef list result
    cdef object text
    rows = <Row *>PyMem_Malloc(2 * (n or 1) * sizeof(Row))
    if rows == NULL:
        raise MemoryError()
    try:
        for i in range(n):
            text = versions[i]
            if type(text) is Version:
                rows[packed].key = (<Version>text)._key
                if rows[packed].key == 0:
                    rare.append(((<Version>text)._full, i))
                    continue
            elif not (
                PyUnicode_CheckExact(text)
                and PyUnicode_IS_ASCII(text)
                and pack_key(<const char *>PyUnicode_DATA(text), PyUnicode_GET_LENGTH(text), &rows[packed].key)
            ):
                version = version_of(text)
                if (<Version>version)._key == 0:
                    rare.append(((<Version>version)._full, i))
                    continue
                rows[packed].key = (<Version>version)._key
            rows[packed].index = i
            packed += 1
        with nogil:
            sorted_rows = radix_sort(rows, rows + n, packed)
        result = [sorted_rows[i].index for i in range(packed)]
    finally:
        PyMem_Free(rows)
    return merge_rare(result, rare, versions) if rare else result


def sort(list versions not None, /):
    """The texts (or `Version`s) in ascending order; see `argsort`."""
    return [versions[i] for i in argsort(versions)]
