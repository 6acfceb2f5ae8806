"""The specifier kernel agrees with packaging on generated and mutated texts, versions and projects."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from packaging.specifiers import InvalidSpecifier
from packaging.specifiers import SpecifierSet as Oracle
from packaging.version import Version as OracleVersion

from envcensus._kernels.specifier import SpecifierSet, VersionTable, specifier_set
from envcensus._kernels.version import Version

from .strategies import MUTATED_SETS, MUTATED_VERSIONS, specifier_sets, versions

POLICIES = st.sampled_from([None, None, True, False])


def oracle_or_none(text: str) -> Oracle | None:
    try:
        found = Oracle(text)
        found.contains("0")  # reads the versions, too
    except (InvalidSpecifier, AssertionError):
        return None
    return found


@given(st.one_of(MUTATED_SETS, st.text(alphabet="0.*,<>=!~ ", max_size=12)))
@example("==1.0.*+l")
@example("~=1")
def test_accepts_and_prints_what_packaging_does(text: str) -> None:
    expected = oracle_or_none(text)
    if expected is None:
        with pytest.raises(InvalidSpecifier, match="column"):
            SpecifierSet(text)
        return
    found = SpecifierSet(text)
    assert str(found) == str(expected)
    assert found.prereleases == expected.prereleases
    assert len(found) == len(Oracle(text))  # printing drops duplicates
    assert found.is_pinned == any(s.operator in ("==", "===") and not s.version.endswith(".*") for s in expected)
    assert pickle.loads(pickle.dumps(found)) == found
    assert specifier_set(text) == found


@given(specifier_sets(), specifier_sets())
def test_equality_and_hash_agree(a: str, b: str) -> None:
    assert (SpecifierSet(a) == SpecifierSet(b)) == (Oracle(a) == Oracle(b))
    spaced = SpecifierSet(a.replace(",", " , "))
    assert SpecifierSet(a) == spaced
    assert hash(SpecifierSet(a)) == hash(spaced)
    assert str(SpecifierSet(a) & SpecifierSet(b)) == str(Oracle(a) & Oracle(b))


@given(specifier_sets(), st.lists(MUTATED_VERSIONS, min_size=1, max_size=8), POLICIES, POLICIES, POLICIES)
def test_contains_and_filter_agree(
    text: str, items: list[str], own: bool | None, policy: bool | None, installed: bool | None
) -> None:
    found, expected = SpecifierSet(text, own), Oracle(text, own)
    assert found.filter(items, policy) == list(expected.filter(items, policy))
    for item in items:
        assert found.contains(item, policy, installed) == expected.contains(item, policy, installed), item


@st.composite
def near(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A specifier set, and versions around those it names: where ranges end."""
    text = draw(specifier_sets())
    named = [s.version.removesuffix(".*") for s in Oracle(text) if s.operator != "==="] or ["1.0"]
    suffixes = st.sampled_from(
        ["", ".0", ".1", "a0", "rc9", ".dev0", ".dev3", ".post0", ".post0.dev0", ".post9", "+l", "+1", "+l.1", ".0.1"]
    )
    found = draw(st.lists(st.tuples(st.sampled_from(named), suffixes).map("".join), max_size=12))
    found += draw(st.lists(versions(), max_size=3))
    return text, [v for v in found if oracle_or_none(f"=={v}") is not None]


@given(near())
def test_masks_agree_around_the_ends_of_ranges(case: tuple[str, list[str]]) -> None:
    text, texts = case
    assume(texts)
    expected = Oracle(text)
    table = VersionTable(texts)
    assert list(table.versions) == sorted(texts, key=OracleVersion)
    found = SpecifierSet(text)
    mask = found.mask(table)
    for i, version in enumerate(table.versions):
        fits = expected.contains(version, prereleases=True)
        assert bool(mask >> i & 1) == fits, version
        assert found.contains(version, prereleases=True) == fits, version
        assert found.contains(Version(version), True) == expected.contains(OracleVersion(version), True)
        assert table.versions[table.index(version)] in [v for v in texts if OracleVersion(v) == OracleVersion(version)]
