"""The specifier kernel: sizes, errors, and what packaging takes over."""

from __future__ import annotations

import pytest
from packaging.specifiers import InvalidSpecifier
from packaging.specifiers import SpecifierSet as Oracle
from packaging.version import Version as OracleVersion

from envcensus._kernels.specifier import SpecifierSet, VersionTable, specifier_set
from envcensus._kernels.version import Version

MANY = [f"{a}.{b}" for a in range(30) for b in range(40)]


@pytest.mark.parametrize(
    "text", [">=3.4,<12,!=7.*", "~=3.4", "===3.7", "===29.39", "", ">99", "!=0.0,!=1.1,!=2.2,!=3.3"]
)
def test_masks_wider_than_a_machine_word(text: str) -> None:
    table = VersionTable(MANY)
    mask = SpecifierSet(text).mask(table)
    fitting = set(Oracle(text).filter(MANY))
    assert [v for i, v in enumerate(table.versions) if mask >> i & 1] == [v for v in table.versions if v in fitting]
    assert SpecifierSet(text).filter(MANY) == list(Oracle(text).filter(MANY))


def test_a_table_drops_what_is_no_version_and_sorts_the_rest() -> None:
    table = VersionTable(["2.0", "1.0+local", "not a version", " 1.0 ", "10!0", "1.0rc1"])
    assert table.versions == ("1.0rc1", " 1.0 ", "1.0+local", "2.0", "10!0")
    assert table.index("1") == 1
    assert table.index(Version("10!0.0")) == 4
    assert table.index("3") == table.index("nonsense") == -1
    assert SpecifierSet("==1.0").mask(table) == 0b110
    assert SpecifierSet("==1.0+local").mask(table) == 0b100
    assert len(VersionTable([])) == SpecifierSet(">=1").mask(VersionTable([])) == 0


def test_errors_name_the_column() -> None:
    with pytest.raises(InvalidSpecifier, match=r"column 7: '<x'"):
        SpecifierSet(">=1.0,<x")
    with pytest.raises(InvalidSpecifier, match="column 1"):
        SpecifierSet("1.0")
    with pytest.raises(InvalidSpecifier):
        SpecifierSet(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", [">=" + "1" * 1_000_000, ">=1" * 300_000, "\x00" * 1_000_000, "<" * 1_000_000, ">=\ud800"]
)
def test_hostile_texts_are_refused_with_a_short_message(text: str) -> None:
    with pytest.raises(InvalidSpecifier) as caught:
        SpecifierSet(text)
    assert len(str(caught.value)) < 2500


def test_many_specifiers() -> None:
    text = ",".join(f"!={i}.0" for i in range(5000))
    found = SpecifierSet(text)
    assert len(found) == 5000
    assert not found.contains("4999")
    assert found.contains("5000")


def test_other_alphabets_go_to_packaging() -> None:
    found = SpecifierSet("===é,>=1")
    assert str(found) == str(Oracle("===é,>=1"))
    assert found.is_pinned
    assert len(found) == 2
    assert not found.contains("1.0")
    assert SpecifierSet("===é").contains("É")
    assert SpecifierSet("===é").filter(["É", "1.0"]) == ["É"]
    assert SpecifierSet("===é").mask(VersionTable(["1.0"])) == 0
    spaced = SpecifierSet(">=\xa01.0")
    assert spaced.contains("1.0")
    assert spaced.mask(VersionTable(MANY)) == SpecifierSet(">=1.0").mask(VersionTable(MANY))


def test_takes_versions_of_both_kinds_and_keys() -> None:
    found = SpecifierSet(">=1.0")
    assert found.contains(OracleVersion("1.5"))
    assert Version("1.5") in found
    assert found.filter([("a", "0.9"), ("b", OracleVersion("1.1"))], key=lambda pair: pair[1])[0][0] == "b"


def test_policies_combine_as_in_packaging() -> None:
    wanted = SpecifierSet(">=1", prereleases=True)
    assert repr(wanted) == "<SpecifierSet('>=1', prereleases=True)>"
    assert (wanted & SpecifierSet("<2")).prereleases is True
    with pytest.raises(ValueError, match="pre-releases"):
        wanted & SpecifierSet("<2", prereleases=False)


def test_is_immutable_and_shared() -> None:
    found = specifier_set(">=1.0")
    assert specifier_set(">=1.0") is found
    with pytest.raises(TypeError):
        found.__init__("<2")
    assert SpecifierSet(">=1") == SpecifierSet(">=1.0")
    assert SpecifierSet(">=1") != ">=1"
