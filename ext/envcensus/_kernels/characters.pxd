# cython: language_level=3
"""Characters that grammars are made of. They are all ASCII, whatever the locale says."""


cdef inline bint is_digit(char c) noexcept nogil:
    return c"0" <= c <= c"9"


cdef inline char lower(char c) noexcept nogil:
    return c + 32 if c"A" <= c <= c"Z" else c


cdef inline bint is_alnum(char c) noexcept nogil:
    return is_digit(c) or c"a" <= lower(c) <= c"z"


cdef inline bint is_word(char c) noexcept nogil:
    return is_alnum(c) or c == c"_"


cdef inline bint is_separator(char c) noexcept nogil:
    """What separates the parts of names and versions, where one is as good as another."""
    return c == c"-" or c == c"_" or c == c"."


cdef inline bint is_space(char c) noexcept nogil:
    """White space as str.isspace has it."""
    return c == c" " or 9 <= c <= 13 or 28 <= c <= 31
