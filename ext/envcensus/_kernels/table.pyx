# cython: language_level=3, freethreading_compatible=True
"""Lay out a table of plain text: printable ASCII, so that a character is a column and nothing has to be escaped.

Such are nearly all tables there are, and a listing is little else: done cell by cell in Python it was a fifth of the
time that an unchanged fleet takes.
"""

from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset


cdef extern from *:
    """
    #if PY_VERSION_HEX < 0x030C0000
    #include <structmember.h>
    #define Py_T_OBJECT_EX T_OBJECT_EX
    #endif

    /* Where objects of a type keep the value of a slot, as the type's own descriptor says; 0 where it has no such slot.
       The descriptor of another type says nothing. */
    static Py_ssize_t ec_slot(PyObject *type, PyObject *descriptor) {
        PyMemberDescrObject *member = (PyMemberDescrObject *)descriptor;
        if (!Py_IS_TYPE(descriptor, &PyMemberDescr_Type) || member->d_common.d_type != (PyTypeObject *)type) return 0;
        return member->d_member->type == Py_T_OBJECT_EX ? member->d_member->offset : 0;
    }
    static PyObject *ec_slot_value(PyObject *record, Py_ssize_t offset) {
        return *(PyObject **)((char *)record + offset);
    }
    """
    Py_ssize_t ec_slot(object type, object descriptor)
    void *ec_slot_value(object record, Py_ssize_t offset)

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    const char *PyUnicode_DATA(object text)
    str PyUnicode_FromStringAndSize(const char *text, Py_ssize_t size)


cdef struct Cell:
    const char *text
    Py_ssize_t length


cdef bint take(object text, Cell *cell) except -1:
    """Whether a cell is plain; where its characters are."""
    cdef Py_ssize_t i
    if not isinstance(text, str):
        raise TypeError("a cell is no text")
    if not PyUnicode_IS_ASCII(text):
        return False
    cell.text = PyUnicode_DATA(text)
    cell.length = PyUnicode_GET_LENGTH(text)
    for i in range(cell.length):
        if cell.text[i] < 32 or cell.text[i] == 127:
            return False
    return True


cdef char *put_line(char *at, const Cell *cells, const Py_ssize_t *sizes, Py_ssize_t count) noexcept:
    """One row, without the blanks at its end."""
    cdef char *start = at
    cdef Py_ssize_t i
    for i in range(count):
        if i:
            at[0] = c" "
            at += 1
        memcpy(at, cells[i].text, cells[i].length)
        at += cells[i].length
        if cells[i].length < sizes[i] and i < count - 1:
            memset(at, c" ", sizes[i] - cells[i].length)
            at += sizes[i] - cells[i].length
    while at > start and at[-1] == c" ":
        at -= 1
    return at


def gather(object records not None, str field not None):
    """The values of one field of each record, as a list.

    Records of a type that keeps the field in a slot, as those of the model do, are asked without a look-up for each.
    """
    cdef list found = []
    cdef object kind = None
    cdef Py_ssize_t offset = 0
    cdef void *value
    for record in records:
        if type(record) is not kind:
            kind = type(record)
            offset = ec_slot(kind, getattr(kind, field, None))
        value = ec_slot_value(record, offset) if offset else NULL
        found.append(getattr(record, field) if value is NULL else <object>value)
    return found


cdef char *put_rule(char *at, const Py_ssize_t *sizes, Py_ssize_t count) noexcept:
    """The dashes below the titles."""
    cdef char *start = at
    cdef Py_ssize_t i
    for i in range(count):
        if i:
            at[0] = c" "
            at += 1
        memset(at, c"-", sizes[i])
        at += sizes[i]
    while at > start and at[-1] == c" ":
        at -= 1
    return at


cdef Py_ssize_t take_column(str title, list column, Cell *cells, Py_ssize_t step, Py_ssize_t *size) except -2:
    """Take in a title and the cells below it, each `step` behind the one before. The characters of them all, -1 where
    one is not plain; `size` takes those of the longest.
    """
    cdef Py_ssize_t i
    cdef Py_ssize_t total = 0
    size[0] = 0
    for i in range(len(column) + 1):
        if not take(column[i - 1] if i else title, cells):
            return -1
        total += cells.length
        if cells.length > size[0]:
            size[0] = cells.length
        cells += step
    return total


def lay_out(list titles not None, list columns not None, Py_ssize_t width=-1, Py_ssize_t widest=500):
    """The lines of a table, one blank between its columns: titles, dashes, rows; no blanks at the end of a line.

    Args:
        titles: of the columns, at least one.
        columns: lists of texts, all of the same length.
        width: columns there are on the terminal; -1: any number.
        widest: characters to which cells are padded at most. A longer one sticks out: a single name of a megabyte
            would make each row of its table as long.

    Returns:
        The lines, joined; None where a cell is not plain, or where the table is wider than `width`.
    """
    cdef Py_ssize_t count = len(titles)
    cdef Py_ssize_t rows
    cdef Py_ssize_t i, length
    cdef Py_ssize_t total = 0
    cdef Py_ssize_t line = 0
    cdef Py_ssize_t *sizes
    cdef Cell *cells
    cdef list column
    cdef char *buffer = NULL
    cdef char *at
    if not count or len(columns) != count:
        raise ValueError("as many titles as columns, and at least one")
    rows = len(columns[0]) + 1
    sizes = <Py_ssize_t *>malloc(count * sizeof(Py_ssize_t))
    cells = <Cell *>malloc(count * rows * sizeof(Cell))
    try:
        if sizes is NULL or cells is NULL:
            raise MemoryError
        for i in range(count):
            column = columns[i]
            if len(column) != rows - 1:
                raise ValueError("columns of different lengths")
            length = take_column(titles[i], column, &cells[i], count, &sizes[i])
            if length < 0:
                return None
            total += length
            if sizes[i] > widest:
                if width >= 0:
                    return None
                sizes[i] = widest
            line += sizes[i] + 1
        if 0 <= width < line - 1:
            return None
        buffer = <char *>malloc(total + (rows + 1) * line)
        if buffer is NULL:
            raise MemoryError
        at = put_line(buffer, cells, sizes, count)
        at[0] = c"\n"
        at = put_rule(at + 1, sizes, count)
        for i in range(1, rows):
            at[0] = c"\n"
            at = put_line(at + 1, &cells[i * count], sizes, count)
        return PyUnicode_FromStringAndSize(buffer, at - buffer)
    finally:
        free(sizes)
        free(cells)
        free(buffer)
