"""Requirements and markers (Dependency specifiers, formerly PEP 508).

The scanner takes what metadata holds almost always: ASCII, spaces and tabs, literals without escapes. Whatever it
does not take, right or wrong, goes to packaging, whose judgement and whose message stand. Markers are compiled to
comparisons with their specifiers ready, and remembered by text; their results are remembered per environment.
"""

from libc.string cimport memchr, memcpy

from envcensus._kernels.names cimport canonical
from envcensus._kernels.specifier cimport SpecifierSet, set_from_span, set_from_text
from envcensus._kernels.version cimport PyUnicode_DATA, PyUnicode_GET_LENGTH, ascii_data, version_or_none

cimport cython


cdef extern from "Python.h":
    object PyUnicode_New(Py_ssize_t size, Py_UCS4 maxchar)

cdef enum:
    MEMO_LIMIT = 16384       # markers, requirements; a full table is emptied
    RESULTS_LIMIT = 65536    # marker results of one environment
    MEMO_LENGTH = 1024       # longer texts are not remembered
    MAX_LENGTH = 65536       # of a text that is handed to packaging
    MAX_DEPTH = 32           # of parentheses

cdef enum Kind:
    KIND_TEXT
    KIND_VERSION
    KIND_EXTRA
    KIND_SET

cdef dict markers = {}
cdef dict requirements = {}

cdef dict VARIABLES = {
    name: name
    for name in (
        "python_version", "python_full_version", "os_name", "sys_platform", "platform_release", "platform_system",
        "platform_version", "platform_machine", "platform_python_implementation", "implementation_name",
        "implementation_version", "extra", "extras", "dependency_groups",
    )
}
VARIABLES["python_implementation"] = "platform_python_implementation"
VARIABLES["os.name"] = "os_name"
VARIABLES["sys.platform"] = "sys_platform"
VARIABLES["platform.version"] = "platform_version"
VARIABLES["platform.machine"] = "platform_machine"
VARIABLES["platform.python_implementation"] = "platform_python_implementation"

cdef frozenset VERSIONS = frozenset(
    ("implementation_version", "platform_release", "python_full_version", "python_version")
)
cdef frozenset SETS = frozenset(("extras", "dependency_groups"))
cdef frozenset TARGET = frozenset(VARIABLES.values()) - SETS - {"extra"}


# --- errors and rare forms ------------------------------------------------------------------------------------------

cdef str shown(str text):
    return repr(text[:200]) + ("…" if len(text) > 200 else "")


cdef object judged_by_packaging(make, invalid, object text):
    """`make(text)` of packaging, or `invalid` with the reason and the column."""
    import warnings

    if not isinstance(text, str):
        raise invalid(f"not a text: {text!r}")
    text = str.__str__(text)
    if len(text) > MAX_LENGTH:
        raise invalid(f"longer than {MAX_LENGTH} characters: {shown(text)}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes in literals
            return make(text)
    except invalid as error:
        cause = error.__cause__
        span = getattr(cause, "span", None)
        if span is None:
            column = specifier_column(text, cause)
            where = f" at column {column}" if column else ""
            reason = str(error)[:300]
        else:
            where = f" at column {span[0] + 1}"
            reason = cause.message
        raise invalid(f"{reason}{where}: {shown(text)}") from None
    except (RecursionError, ValueError, AssertionError, MemoryError) as error:
        raise invalid(f"{type(error).__name__}: {shown(text)}") from None


cdef object specifier_column(str text, cause):
    """The column of the specifier that packaging quotes in its error, 0 where it is not found."""
    quoted = str(cause).partition("Invalid specifier: ")[2]
    at = text.find(quoted[1:-1]) if len(quoted) > 2 else -1
    return at + 1


# --- markers: scanning ----------------------------------------------------------------------------------------------

cdef inline bint is_word(char c) noexcept nogil:
    return c"a" <= c <= c"z" or c"A" <= c <= c"Z" or c"0" <= c <= c"9" or c == c"_"


cdef inline Py_ssize_t skip(const char *s, Py_ssize_t i, Py_ssize_t end) noexcept nogil:
    while i < end and (s[i] == c" " or s[i] == c"\t"):
        i += 1
    return i


cdef str piece(const char *s, Py_ssize_t start, Py_ssize_t end):
    """s[start:end], ASCII, as a str."""
    text = PyUnicode_New(end - start, 127)
    if end > start + 1:  # shorter ones are shared
        memcpy(PyUnicode_DATA(text), s + start, end - start)
        return text
    return chr(s[start]) if end > start else ""


cdef class Scanner:
    """Reads a marker from s[i:end]; `failed` is set where packaging has to look."""

    cdef const char *s
    cdef Py_ssize_t i, end
    cdef bint failed

    cdef bint keyword(self, const char *letters, Py_ssize_t length) noexcept:
        """Step over a word that stands alone."""
        cdef Py_ssize_t k
        if self.end - self.i < length or self.i and is_word(self.s[self.i - 1]):
            return False
        for k in range(length):
            if self.s[self.i + k] != letters[k]:
                return False
        if self.i + length < self.end and is_word(self.s[self.i + length]):
            return False
        self.i += length
        return True

    cdef list expression(self, int depth):
        """marker = atom (("and" | "or") atom)*"""
        cdef list items = [self.atom(depth)]
        while not self.failed:
            if self.keyword(b"and", 3):
                items.append("and")
            elif self.keyword(b"or", 2):
                items.append("or")
            else:
                break
            items.append(self.atom(depth))
        return items

    cdef object atom(self, int depth):
        """atom = "(" marker ")" | operand operator operand"""
        cdef object found
        self.i = skip(self.s, self.i, self.end)
        if self.i < self.end and self.s[self.i] == c"(":
            if depth == MAX_DEPTH:
                self.failed = True
                return None
            self.i += 1
            found = self.expression(depth + 1)
            if self.failed or self.i == self.end or self.s[self.i] != c")":
                self.failed = True
                return None
            self.i += 1
        else:
            found = self.comparison()
        self.i = skip(self.s, self.i, self.end)
        return found

    cdef Atom comparison(self):
        left_variable, left = self.operand()
        op = self.operator()
        right_variable, right = self.operand()
        if self.failed or left_variable == right_variable:
            self.failed = True
            return None
        if left_variable:
            return self.compiled(left, op, right, False)
        return self.compiled(right, op, left, True)

    cdef tuple operand(self):
        """(is a variable, text)"""
        cdef Py_ssize_t start
        cdef char quote
        self.i = start = skip(self.s, self.i, self.end)
        if self.failed or start == self.end:
            self.failed = True
            return False, ""
        quote = self.s[start]
        if quote == c'"' or quote == c"'":
            self.i += 1
            while self.i < self.end and self.s[self.i] != quote:
                if self.s[self.i] == c"\\" or self.s[self.i] < 32 and self.s[self.i] != c"\t":
                    break
                self.i += 1
            if self.i == self.end or self.s[self.i] != quote:
                self.failed = True
                return False, ""
            self.i += 1
            return False, piece(self.s, start + 1, self.i - 1)
        while self.i < self.end and (is_word(self.s[self.i]) or self.s[self.i] == c"."):
            self.i += 1
        name = VARIABLES.get(piece(self.s, start, self.i))
        if name is None or start and is_word(self.s[start - 1]):
            self.failed = True
        return True, name

    cdef str operator(self):
        cdef char first, second
        self.i = skip(self.s, self.i, self.end)
        if self.failed or self.end - self.i < 2:
            self.failed = True
            return ""
        if self.keyword(b"in", 2):
            return "in"
        if self.keyword(b"not", 3):
            first = self.s[self.i] if self.i < self.end else 0
            self.i = skip(self.s, self.i, self.end)
            if (first == c" " or first == c"\t") and self.keyword(b"in", 2):
                return "not in"
            self.failed = True
            return ""
        first = self.s[self.i]
        second = self.s[self.i + 1]
        if second == c"=" and (first == c"=" or first == c"~" or first == c"!" or first == c"<" or first == c">"):
            self.i += 2
            if self.i < self.end and self.s[self.i] == c"=" and first == c"=":
                self.failed = True  # ===
            return piece(self.s, self.i - 2, self.i)
        if first == c"<" or first == c">":
            self.i += 1
            return "<" if first == c"<" else ">"
        self.failed = True
        return ""

    cdef Atom compiled(self, str variable, str op, str value, bint reverse):
        cdef Atom atom = Atom.__new__(Atom)
        atom.variable = variable
        atom.op = op
        atom.value = value
        atom.reverse = reverse
        atom.kind = KIND_TEXT
        if variable in VERSIONS:
            atom.kind = KIND_VERSION
            if not reverse:
                atom.specifier = one_specifier(op, value)
        elif variable == "extra":
            atom.kind = KIND_EXTRA
            atom.value = canonical(value)
        elif variable in SETS:
            atom.kind = KIND_SET
            atom.value = canonical(value)
            if not reverse or op != "in" and op != "not in":
                self.failed = True
        if op == "~=" and atom.specifier is None:
            self.failed = True  # undefined, unless the environment's value makes it a specifier
        return atom


cdef SpecifierSet one_specifier(str op, str value):
    """The specifier of an operator and a text, None where they make none (a text comparison, then)."""
    cdef SpecifierSet found
    cdef str text = op + value
    if "," in value or op == "in" or op == "not in" or ascii_data(text) == NULL:
        return None
    found = set_from_span(text, 0, PyUnicode_GET_LENGTH(text), False)
    return found if found is not None and found._count == 1 else None


# --- markers --------------------------------------------------------------------------------------------------------

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
        if len(text) <= MEMO_LENGTH:
            if len(markers) >= MEMO_LIMIT:
                markers.clear()
            markers[text] = found
    return found


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


# --- requirements ---------------------------------------------------------------------------------------------------

cdef inline bint is_alnum(char c) noexcept nogil:
    return c"a" <= c <= c"z" or c"A" <= c <= c"Z" or c"0" <= c <= c"9"


cdef inline Py_ssize_t identifier(const char *s, Py_ssize_t i, Py_ssize_t end) noexcept nogil:
    """The end of the name at i, i itself where there is none."""
    cdef Py_ssize_t start = i
    if i == end or not is_alnum(s[i]):
        return start
    while i < end and (is_word(s[i]) or s[i] == c"." or s[i] == c"-"):
        i += 1
    while s[i - 1] == c"." or s[i - 1] == c"-":
        i -= 1
    return i


cdef Py_ssize_t scan_extras(const char *s, Py_ssize_t i, Py_ssize_t end, Requirement self) except -2:
    """The end of the list of extras whose bracket was before i; -1 where packaging has to look."""
    cdef Py_ssize_t start
    cdef list found = []
    i = skip(s, i, end)
    if i < end and s[i] == c"]":
        return i + 1
    while True:
        start = i
        i = identifier(s, i, end)
        if i == start:
            return -1
        name = piece(s, start, i)
        if name not in found:
            found.append(name)
            if len(found) > 1000:
                return -1
        i = skip(s, i, end)
        if i == end:
            return -1
        if s[i] == c"]":
            self.extras = tuple(found)
            return i + 1
        if s[i] != c",":
            return -1
        i = skip(s, i + 1, end)


cdef Requirement requirement_or_none(object text):
    """The requirement of a common form, else None."""
    cdef const char *s = ascii_data(text)
    cdef const char *close
    cdef Py_ssize_t end, i, start
    cdef Requirement self
    if s == NULL:
        return None
    end = PyUnicode_GET_LENGTH(text)
    self = Requirement.__new__(Requirement)
    start = skip(s, 0, end)
    i = identifier(s, start, end)
    if i == start:
        return None
    self.name = piece(s, start, i)
    self.normalized = canonical(self.name)
    i = skip(s, i, end)
    if i < end and s[i] == c"[":
        i = scan_extras(s, i + 1, end, self)
        if i < 0:
            return None
        i = skip(s, i, end)
    if i < end and s[i] == c"@":
        start = i = skip(s, i + 1, end)
        while i < end and s[i] != c" " and s[i] != c"\t":
            i += 1
        if i == start:
            return None
        self.url = piece(s, start, i)
        self.specifier = nothing
        i = skip(s, i, end)
    else:
        start = i
        if i < end and s[i] == c"(":
            close = <const char *>memchr(s + i, c")", end - i)
            if close == NULL:
                return None
            self.specifier = set_from_span(text, start + 1, close - s, True)
            i = skip(s, close - s + 1, end)
        else:
            close = <const char *>memchr(s + i, c";", end - i)
            i = end if close == NULL else close - s
            self.specifier = nothing if i == start else set_from_span(text, start, i, True)
        if self.specifier is None:
            return None
    if i == end:
        return self
    if s[i] != c";":
        return None
    start = skip(s, i + 1, end)
    while end > start and (s[end - 1] == c" " or s[end - 1] == c"\t"):
        end -= 1
    marker_text = piece(s, start, end)
    self.marker = markers.get(marker_text)
    if self.marker is None:
        if marker_or_none(marker_text) is None:
            return None
        self.marker = marker_of(marker_text)
    return self


cdef Requirement requirement_of(object text):
    """Raises packaging's InvalidRequirement, with the column."""
    cdef Requirement self = requirement_or_none(text)
    if self is not None:
        return self
    from packaging.requirements import InvalidRequirement
    from packaging.requirements import Requirement as Rare

    rare = judged_by_packaging(Rare, InvalidRequirement, text)
    self = Requirement.__new__(Requirement)
    self.name = rare.name
    self.normalized = canonical(rare.name)
    self.extras = tuple(sorted(rare.extras))
    self.url = rare.url
    try:
        self.specifier = set_from_text(str(rare.specifier))
    except (ValueError, AssertionError) as error:
        raise InvalidRequirement(f"{str(error)[:300]}: {shown(str(text))}") from None
    if rare.marker is not None:
        try:
            self.marker = marker_of(str(rare.marker))
        except ValueError:  # a literal with both kinds of quotes cannot be printed
            self.marker = Marker.__new__(Marker)
            self.marker._rare = rare.marker
            self.marker._text = str.__str__(text).partition(";")[2].strip()
    return self


@cython.final
@cython.freelist(64)
cdef class Requirement:
    """One requirement, immutable (Dependency specifiers).

    Prints, compares and hashes like `packaging.requirements.Requirement`. `specifier` is empty where there is none;
    `url` and `marker` are None then. Raises `packaging.requirements.InvalidRequirement`, with the column.

    >>> Requirement("Flask[async] >= 2; extra == 'web'").normalized
    'flask'
    """

    def __cinit__(self):
        self.extras = ()

    def __init__(self, text):
        cdef Requirement made
        if self.name is not None:
            raise TypeError("Requirement is immutable")
        made = requirement_of(text)
        self.name = made.name
        self.normalized = made.normalized
        self.extras = made.extras
        self.specifier = made.specifier
        self.url = made.url
        self.marker = made.marker

    @property
    def normalized_extras(self):
        """The normalized names of the extras, each once, in the order given."""
        return tuple(dict.fromkeys([canonical(name) for name in self.extras]))

    def __str__(self):
        extras = f"[{','.join(sorted(self.extras))}]" if self.extras else ""
        text = f"{self.name}{extras}{self.specifier}"
        if self.url is not None:
            text += f" @ {self.url}"
        if self.marker is not None:
            text += f"{' ' if self.url is not None else ''}; {self.marker}"
        return text

    def __repr__(self):
        return f"<Requirement({str(self)!r})>"

    cdef tuple comparable(self):
        return self.normalized, frozenset(self.normalized_extras), self.specifier, self.url, self.marker

    def __hash__(self):
        return hash(self.comparable())

    def __eq__(self, other):
        if type(other) is not Requirement:
            return NotImplemented
        return self.comparable() == (<Requirement>other).comparable()

    def __reduce__(self):
        return Requirement, (str(self),)


cdef SpecifierSet nothing = SpecifierSet()


def parse(text, /):
    """The `Requirement` of a text, shared between equal texts. Raises `packaging.requirements.InvalidRequirement`."""
    found = requirements.get(text)
    if found is None:
        found = requirement_of(text)
        if len(text) <= MEMO_LENGTH:
            if len(requirements) >= MEMO_LIMIT:
                requirements.clear()
            requirements[text] = found
    return found


def parse_many(list texts not None, /):
    """The `Requirement` of each text, None for each that is none."""
    cdef list found = []
    for text in texts:
        try:
            found.append(parse(text))
        except ValueError:
            found.append(None)
    return found
