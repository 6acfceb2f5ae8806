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
