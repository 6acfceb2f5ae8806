"""Texts as they occur in metadata, in all spellings, and broken ones: shared by the property tests."""

from __future__ import annotations

from hypothesis import strategies as st

# Numbers around the edges of the packed key's ranges, and dates.
NUMBERS = st.one_of(
    st.integers(0, 12).map(str),
    st.sampled_from(["63", "64", "1087", "1088", "17471", "17472", "134235199", "134235200"]),
    st.sampled_from(
        ["00", "007", "2024", "20240115", "999999999999999999", "1000000000000000000", "18446744073709551616"]
    ),
)
SEPARATORS = st.sampled_from(["", ".", "-", "_"])
SPACES = st.sampled_from(["", "", "", " ", "  ", "\t"])


@st.composite
def releases(draw: st.DrawFn, minimum: int = 1) -> str:
    """A release segment."""
    return ".".join(draw(st.lists(NUMBERS, min_size=minimum, max_size=6)))


@st.composite
def public_versions(draw: st.DrawFn, minimum: int = 1) -> str:
    """A valid version without a local label, in any spelling."""
    text = draw(st.sampled_from(["", "", "", "v", "V"]))
    if draw(st.integers(0, 9)) == 0:
        text += draw(NUMBERS) + "!"
    text += draw(releases(minimum))
    if draw(st.booleans()):
        word = draw(st.sampled_from(["a", "b", "c", "rc", "alpha", "beta", "pre", "preview", "RC", "Alpha"]))
        text += draw(SEPARATORS) + word + draw(st.one_of(st.just(""), st.tuples(SEPARATORS, NUMBERS).map("".join)))
    if draw(st.integers(0, 2)) == 0:
        word = draw(st.sampled_from(["post", "rev", "r", "POST"]))
        post = draw(SEPARATORS) + word + draw(st.one_of(st.just(""), st.tuples(SEPARATORS, NUMBERS).map("".join)))
        text += draw(st.sampled_from([post, "-" + draw(NUMBERS)]))
    if draw(st.integers(0, 2)) == 0:
        text += draw(SEPARATORS) + draw(st.sampled_from(["dev", "DEV"])) + draw(st.one_of(st.just(""), NUMBERS))
    return text


LOCALS = st.lists(
    st.one_of(NUMBERS, st.sampled_from(["a", "B", "ubuntu", "1a", "a1", "deadbeef"])), min_size=1, max_size=3
)


@st.composite
def versions(draw: st.DrawFn) -> str:
    """A valid version in any spelling."""
    text = draw(public_versions())
    if draw(st.integers(0, 5)) == 0:
        text += "+" + draw(st.sampled_from([".", "-", "_"])).join(draw(LOCALS))
    return text


@st.composite
def mutated(draw: st.DrawFn, base: st.SearchStrategy[str], alphabet: str) -> str:
    """A text with up to three characters inserted, replaced or removed."""
    text = draw(base)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        insert = draw(st.sampled_from([*alphabet, ""]))
        text = text[:at] + insert + text[at + draw(st.integers(0, 1)) :]
    return text


MUTATED_VERSIONS = mutated(versions(), "0019.-_+!*vabcrdepost \t\n\x00\x1f\x85 éſK٣\ud800")


@st.composite
def specifiers(draw: st.DrawFn) -> str:
    """One valid specifier."""
    kind = draw(st.integers(0, 9))
    space = draw(SPACES)
    if kind == 0:
        return "~=" + space + draw(public_versions(minimum=2))
    if kind == 1:
        return draw(st.sampled_from(["==", "!="])) + space + draw(releases()) + ".*"
    if kind == 2:
        return draw(st.sampled_from(["==", "!="])) + space + draw(versions())
    if kind == 3:
        return "===" + space + draw(st.one_of(versions(), st.sampled_from(["", "foobar", "1.0-X", "é"])))
    return draw(st.sampled_from(["<", "<=", ">", ">=", "==", "!="])) + space + draw(public_versions())


@st.composite
def specifier_sets(draw: st.DrawFn) -> str:
    """A valid specifier set, most often of one or two specifiers."""
    parts = draw(st.lists(specifiers(), max_size=4))
    return draw(st.sampled_from([",", ", ", " , ", ",,"])).join(parts)


MUTATED_SETS = mutated(specifier_sets(), "01.*,<>=!~+ -v;()\t\n\x00\x1c\xa0é\ud800")

NAMES = st.text(alphabet="aZ09._-", max_size=12)
MUTATED_NAMES = mutated(NAMES, "aZ-_. \n\x00éßİſ٣\ud800")

# Small alphabets, so that sets and file names meet.
INTERPRETERS = ("cp311", "cp310", "py3", "py2", "py311")
ABIS = ("cp311", "abi3", "none", "cp310")
PLATFORMS = ("any", "linux_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64", "win_amd64")


@st.composite
def compressed_tags(draw: st.DrawFn) -> str:
    """A compressed tag set of known and unknown members."""
    parts = [
        draw(st.lists(st.sampled_from((*known, "CP311", "other", "")), min_size=1, max_size=4))
        for known in (INTERPRETERS, ABIS, PLATFORMS)
    ]
    return "-".join(".".join(part) for part in parts)


@st.composite
def wheel_filenames(draw: st.DrawFn) -> str:
    """A wheel's file name, mostly valid."""
    name = draw(st.sampled_from(["foo", "Foo_Bar", "foo.bar", "foo__bar", "a", "é", ""]))
    build = draw(st.sampled_from(["", "", "", "-1", "-2a_b", "-x"]))
    return f"{name}-{draw(versions()).replace('-', '_')}{build}-{draw(compressed_tags())}.whl"


MUTATED_WHEELS = mutated(wheel_filenames(), "-_.1a\n é\x00")
MUTATED_SDISTS = mutated(
    st.tuples(NAMES, versions(), st.sampled_from([".tar.gz", ".zip", ".tar.bz2", ".TAR.GZ"])).map(
        lambda parts: f"{parts[0]}-{parts[1]}{parts[2]}"
    ),
    "-_.1a\n é\x00",
)

VERSION_VARIABLES = ("python_version", "python_full_version", "implementation_version", "platform_release")
TEXT_VARIABLES = (
    "os_name",
    "os.name",
    "sys_platform",
    "sys.platform",
    "platform_system",
    "platform_machine",
    "platform.machine",
    "platform_version",
    "platform_python_implementation",
    "python_implementation",
    "implementation_name",
)
LITERALS = st.one_of(
    st.sampled_from(["3.8", "3.11", "3.11.7", "3.*", "3.11.*", "2.7 3.11", "3.12rc1", "3.11.7+", ">3", "6.1.0", ""]),
    st.sampled_from(["linux", "win32", "posix", "cpython", "x86_64", "#1 SMP", "it's", "é", "\\x33", "Foo, bar"]),
    st.sampled_from(["Web_Server", "web", "a.b"]),
)
OPERATORS = st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "~=", "===", "in", "not in", "not  in"])


@st.composite
def comparisons(draw: st.DrawFn) -> str:
    """One comparison of a marker, now and then of two literals or two variables."""
    variable = draw(
        st.sampled_from((*VERSION_VARIABLES, *TEXT_VARIABLES, "extra", "extra", "extras", "dependency_groups"))
    )
    literal = draw(LITERALS)
    quoted = f'"{literal}"' if "'" in literal or draw(st.booleans()) else f"'{literal}'"
    sides = [variable, quoted]
    if draw(st.integers(0, 2)) == 0:
        sides.reverse()
    if draw(st.integers(0, 30)) == 0:
        sides = [sides[0], sides[0]]
    op = draw(OPERATORS)
    space = " " if op.isalpha() or "n" in op else draw(SPACES)
    return f"{sides[0]}{space}{op}{space}{sides[1]}"


MARKERS = st.recursive(
    comparisons(),
    lambda inner: st.tuples(inner, st.sampled_from([" and ", " or ", "\tand  "]), inner, st.booleans()).map(
        lambda parts: f"({''.join(parts[:3])})" if parts[3] else "".join(parts[:3])
    ),
    max_leaves=5,
)
MUTATED_MARKERS = mutated(MARKERS, "()'\"=<>~! \t\nandorti._é\\\x00")


@st.composite
def requirements(draw: st.DrawFn) -> str:
    """A requirement line, most often valid."""
    text = draw(SPACES) + draw(st.sampled_from(["requests", "Zope.Interface", "a", "foo_", "foo-bar", "0x10c", "é"]))
    text += draw(SPACES)
    if draw(st.integers(0, 2)) == 0:
        extras = draw(st.lists(st.sampled_from(["security", "Web_Server", "a", "a.b"]), max_size=3))
        text += "[" + draw(SPACES) + draw(st.sampled_from([",", ", ", " ,"])).join(extras) + "]" + draw(SPACES)
    kind = draw(st.integers(0, 5))
    if kind == 0:
        text += (
            "@" + draw(SPACES) + draw(st.sampled_from(["https://example.com/a.whl", "file:///x", "git+ssh://a@b/c#d"]))
        )
        text += draw(st.sampled_from(["", " "]))
    elif kind == 1:
        text += f"({draw(specifier_sets())})"
    elif kind != 2:
        text += draw(specifier_sets())
    if draw(st.booleans()):
        text += draw(SPACES) + ";" + draw(SPACES) + draw(MARKERS)
    return text + draw(SPACES)


MUTATED_REQUIREMENTS = mutated(requirements(), "[]();,@=<>~! \t\n._-aé\\\x00\ud800")
