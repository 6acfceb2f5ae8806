"""Requirements and markers (Dependency specifiers, formerly PEP 508).

The scanner takes what metadata holds almost always: ASCII, spaces and tabs, literals without escapes. Whatever it
does not take, right or wrong, goes to packaging, whose judgement and whose message stand. Markers are compiled to
comparisons with their specifiers ready, and remembered by text; their results are remembered per environment.
"""

from libc.string cimport memchr, memcpy

from envcensus._kernels.characters cimport is_alnum, is_word
from envcensus._kernels.memo cimport remember
from envcensus._kernels.names cimport canonical, canonical_span
from envcensus._kernels.specifier cimport SpecifierSet, set_from_span, set_from_text
from envcensus._kernels.version cimport PyUnicode_DATA, PyUnicode_GET_LENGTH, ascii_data, version_or_none

cimport cython


cdef extern from "Python.h":
    object PyUnicode_New(Py_ssize_t size, Py_UCS4 maxchar)

cdef enum:
    MEMO_LIMIT = 16384       # markers, requirements
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
cdef dict known_names = {}
cdef SpecifierSet nothing = SpecifierSet()

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


# Parts of this module, in files of their own.
include "markerscan.pxi"
include "markers.pxi"
include "requirementscan.pxi"


# --- requirements ---------------------------------------------------------------------------------------------------

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
            # What packaging prints is not quoted again: a backslash would be halved, and both kinds of quotes clash.
            printed = str(rare.marker)
            self.marker = None if "\\" in printed else marker_of(printed)
        except ValueError:
            pass
        if self.marker is None:
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


def leading_names(tuple texts not None, /):
    """The normalized name of what each text requires, without a look at the rest.

    "" for a text that brings nothing unless somebody asks for an extra, as far as that is told at a glance, and for one
    that does not begin with a name.

    >>> leading_names(("Flask[async] >= 2", "pytest; extra == 'test'"))
    ('flask', '')
    """
    return tuple([leading_name(text) for text in texts])


cdef object leading_name(str text):
    cdef const char *s = ascii_data(text)
    cdef Py_ssize_t start, end, length = PyUnicode_GET_LENGTH(text)
    if s == NULL:
        try:
            return requirement_of(text).normalized
        except ValueError:
            return ""
    if memchr(s, c";", length) != NULL and "extra ==" in text and " or " not in text:
        return ""
    start = skip(s, 0, length)
    end = identifier(s, start, length)
    if end == start:
        return ""
    name = canonical_span(s + start, end - start)
    if len(known_names) >= MEMO_LIMIT:
        known_names.clear()
    return known_names.setdefault(name, name)  # one object for each, with its hash: it is looked for again and again


def holding(
    tuple texts not None, tuple names not None, dict installed not None, MarkerEnvironment environment not None,
    dict known not None, /,
):
    """The requirements among `texts` that are about a key of `installed` and hold without any extra: (key, Requirement)
    each, without those that are none.

    `names` is what `leading_names` says of `texts`; `known` remembers what was read, for one environment of markers.
    """
    cdef Py_ssize_t i
    cdef list found = []
    if len(texts) != len(names):
        raise ValueError("a name for each text")
    for i in range(len(names)):
        name = names[i]
        if name in installed:
            text = texts[i]
            requirement = known.get(text, known)
            if requirement is known:
                requirement = parse_holding(text, environment)
                remember(known, text, requirement, RESULTS_LIMIT)
            if requirement is not None:
                found.append((name, requirement))
    return found


cdef Requirement parse_holding(object text, MarkerEnvironment environment):
    """The requirement, None where it does not hold without an extra, or is none."""
    cdef Requirement found
    try:
        found = parse(text)
        if found.marker is None or found.marker.check(environment, ""):
            return found
    except ValueError:
        pass
    return None


def parse(text, /):
    """The `Requirement` of a text, shared between equal texts. Raises `packaging.requirements.InvalidRequirement`."""
    found = requirements.get(text)
    if found is None:
        found = requirement_of(text)
        if len(text) <= MEMO_LENGTH:
            remember(requirements, text, found, MEMO_LIMIT)
    return found


def parse_anew(text, /):
    """The same, without remembering it: for callers that ask once for each text."""
    return requirement_of(text)
