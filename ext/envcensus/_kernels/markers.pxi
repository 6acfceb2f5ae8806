# Markers, and what they are evaluated against.

@cython.final
cdef class MarkerEnvironment:
    """A target environment for markers: variable to text; results of markers are remembered here.

    `values` are those of the specification (`python_version`, `sys_platform`, …) and, for lock files, `extras` and
    `dependency_groups`, sets of names.
    """

    def __cinit__(self, values):
        self.values = dict(values)
        self._memo = {}

    def __reduce__(self):
        return MarkerEnvironment, (self.values,)

    def __eq__(self, other):
        if type(other) is not MarkerEnvironment:
            return NotImplemented
        return self.values == (<MarkerEnvironment>other).values

    __hash__ = None


@cython.final
cdef class Atom:
    """One comparison of a variable with a literal."""

    cdef bint holds(self, object environment, str extra) except -1:
        cdef SpecifierSet specifier
        if self.kind == KIND_EXTRA:
            given = extra
        else:
            given = looked_up(environment, self.variable)
            if self.kind == KIND_SET:
                return in_set(self.value, given) == (self.op == "in")
            if self.kind == KIND_VERSION:
                if self.variable == "python_full_version" and given.endswith("+"):
                    given += "local"  # an untagged build of Python
                specifier = one_specifier(self.op, given) if self.reverse else self.specifier
                if specifier is not None:
                    return satisfied(specifier, self.value if self.reverse else given)
        left, right = (self.value, given) if self.reverse else (given, self.value)
        if self.op == "in":
            return left in right
        if self.op == "not in":
            return left not in right
        if self.op == "!=":
            return left != right
        if self.op == "<" or self.op == ">":
            return False
        return left == right

    def __str__(self):
        literal = f"'{self.value}'" if '"' in self.value else f'"{self.value}"'
        if self.reverse:
            return f"{literal} {self.op} {self.variable}"
        return f"{self.variable} {self.op} {literal}"


cdef bint satisfied(SpecifierSet specifier, object text) except -1:
    version = version_or_none(text)
    return version is not None and specifier.contains(version, True)


cdef bint in_set(str value, object given) except -1:
    if isinstance(given, str):
        return value in canonical(given)
    return value in {canonical(name) for name in given}


cdef object looked_up(object environment, str variable):
    given = environment.get(variable)
    if given is None:
        from packaging.markers import UndefinedEnvironmentName

        raise UndefinedEnvironmentName(variable)
    return given


cdef bint holds(list tree, object environment, str extra) except -1:
    """Whether an expression holds; every comparison is looked at, so that what is undefined always shows."""
    cdef bint any_group = False, group = True, value
    for item in tree:
        if type(item) is Atom:
            value = (<Atom>item).holds(environment, extra)
            group = group and value
        elif type(item) is list:
            value = holds(item, environment, extra)
            group = group and value
        elif item == "or":
            any_group = any_group or group
            group = True
    return any_group or group


cdef str formatted(object tree, bint first):
    if type(tree) is list:
        if len(tree) == 1 and type(tree[0]) is not str:
            return formatted(tree[0], first)
        text = " ".join([formatted(item, False) for item in tree])
        return text if first else f"({text})"
    return str(tree)


cdef set mentioned(list tree, set found):
    for item in tree:
        if type(item) is list:
            mentioned(item, found)
        elif type(item) is Atom and (<Atom>item).kind == KIND_EXTRA:
            found.add((<Atom>item).value)
    return found


cdef Marker marker_of(str text):
    """The marker of a text, remembered; raises packaging's InvalidMarker."""
    found = markers.get(text)
    if found is None:
        found = compile_marker(text)
        keep_marker(text, found)
    return found


cdef int keep_marker(str text, Marker marker) except -1:
    if len(text) <= MEMO_LENGTH:
        remember(markers, text, marker, MEMO_LIMIT)
    return 0


cdef Marker compile_marker(object text):
    cdef Marker self = marker_or_none(text)
    if self is None:
        from packaging.markers import InvalidMarker
        from packaging.markers import Marker as Rare

        self = Marker.__new__(Marker)
        self._rare = judged_by_packaging(Rare, InvalidMarker, text)
        self._text = str.__str__(text)
    return self


cdef Marker marker_or_none(object text):
    """The marker of a common form, else None."""
    cdef const char *s = ascii_data(text)
    cdef Scanner scanner
    cdef Marker self
    if s == NULL:
        return None
    scanner = Scanner.__new__(Scanner)
    scanner.s = s
    scanner.end = PyUnicode_GET_LENGTH(text)
    self = Marker.__new__(Marker)
    self._tree = scanner.expression(0)
    self._text = text
    return None if scanner.failed or scanner.i != scanner.end else self


@cython.final
cdef class Marker:
    """An environment marker, immutable (Dependency specifiers).

    Prints and compares like `packaging.markers.Marker`, but is evaluated for a target environment only: nothing is
    taken from the running Python. Raises `packaging.markers.InvalidMarker`, with the column.

    >>> Marker("python_version>='3.8'").evaluate({"python_version": "3.11"})
    True
    """

    def __cinit__(self):
        self._text = ""

    def __init__(self, text):
        cdef Marker made
        if self._text:
            raise TypeError("Marker is immutable")
        made = compile_marker(text)
        self._text = made._text
        self._tree = made._tree
        self._rare = made._rare

    def __str__(self):
        if self._tree is None:
            try:
                return str(self._rare)
            except ValueError:  # a literal with both kinds of quotes
                return self._text
        return formatted(self._tree, True)

    def __repr__(self):
        return f"<Marker({str(self)!r})>"

    def __hash__(self):
        return hash(str(self))

    def __eq__(self, other):
        if type(other) is not Marker:
            return NotImplemented
        return self is other or str(self) == str(other)

    def __reduce__(self):
        return Marker, (self._text,)

    cdef bint check(self, object environment, str extra) except -1:
        cdef MarkerEnvironment target
        if type(environment) is not MarkerEnvironment:
            return self.check_now(environment, extra)
        target = <MarkerEnvironment>environment
        results = target._memo.get(extra)
        if results is None:
            results = target._memo.setdefault(extra, {})
        found = results.get(self._text)
        if found is None:
            found = self.check_now(target.values, extra)
            target._entries += 1
            if target._entries > RESULTS_LIMIT:
                target._memo.clear()
                target._entries = 0
            results[self._text] = found  # forgotten if another thread emptied the table meanwhile
        return found

    cdef bint check_now(self, object values, str extra) except -1:
        if self._tree is not None:
            return holds(self._tree, values, extra)
        for variable in TARGET:
            looked_up(values, variable)  # packaging would take this host's value
        return self._rare.evaluate({**values, "extra": extra}, "requirement")

    def evaluate(self, environment, extra=None, extras=None):
        """Whether the marker holds in a target environment: a `MarkerEnvironment`, or any mapping, unremembered.

        `extra` is the extra that is being looked at; by default the environment's, else none. With `extras` it is
        enough that the marker holds for one of them, or, if there are none, without any.
        Raises `packaging.markers.UndefinedEnvironmentName` where the environment lacks a variable, and
        `UndefinedComparison` for operators that a variable has not.
        """
        if extras is not None:
            for name in extras:
                if self.check(environment, canonical(name)):
                    return True
            return False if extras else self.check(environment, "")
        if extra is None:
            values = (<MarkerEnvironment>environment).values if type(environment) is MarkerEnvironment else environment
            extra = values.get("extra")
        return self.check(environment, canonical(extra) if extra else "")

    @property
    def extras_mentioned(self):
        """The normalized names that `extra` is compared with, a frozenset."""
        if self._tree is None:
            import re

            found = re.findall(r"""\bextra\b\W*?["']([^"']*)["']|["']([^"']*)["']\W*?\bextra\b""", str(self))
            return frozenset([canonical(left or right) for left, right in found])
        return frozenset(mentioned(self._tree, set()))

    def activation(self, environment):
        """(whether it holds without any extra, the mentioned extras with which it holds, sorted)."""
        extras = [name for name in sorted(self.extras_mentioned) if name and self.check(environment, name)]
        return self.check(environment, ""), tuple(extras)
