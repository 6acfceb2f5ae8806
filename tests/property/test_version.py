"""The version kernel agrees with packaging on generated and mutated texts."""

from __future__ import annotations

import operator
import pickle

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from packaging.version import InvalidVersion
from packaging.version import Version as Oracle

from envcensus._kernels import version as kernel

from .strategies import MUTATED_VERSIONS, versions

FIELDS = [
    "epoch",
    "release",
    "pre",
    "post",
    "dev",
    "local",
    "public",
    "base_version",
    "is_prerelease",
    "is_postrelease",
    "is_devrelease",
    "major",
    "minor",
    "micro",
]


@given(st.one_of(MUTATED_VERSIONS, st.text(max_size=20)))
@example("1.0a-")
@example("1.0.-1")
@example("0.0.0.dev0")
def test_accepts_and_reads_what_packaging_does(text: str) -> None:
    try:
        expected = Oracle(text)
    except InvalidVersion:
        with pytest.raises(InvalidVersion, match="Invalid version"):
            kernel.Version(text)
        with pytest.raises(InvalidVersion, match="Invalid version"):
            kernel.parse(text)
        return
    found = kernel.Version(text)
    assert str(found) == str(expected)
    assert repr(found) == repr(expected)
    for field in FIELDS:
        assert getattr(found, field) == getattr(expected, field), field
    again = pickle.loads(pickle.dumps(found))
    assert again == found
    assert str(again) == str(found)


@given(versions(), versions())
@example("1!1.0", "1.0")
@example("0!1.0", "1")
@example("1.0.0.0.0.0.0.0.0.1", "1")
@example("1.99999999999999999999999", "1.99999999999999999999998")
def test_the_first_difference_is_that_of_the_releases(one: str, other: str) -> None:
    a, b = Oracle(one), Oracle(other)
    width = max(len(a.release), len(b.release))
    padded = [each.release + (0,) * (width - len(each.release)) for each in (a, b)]
    expected = next((place for place in range(width) if padded[0][place] != padded[1][place]), -1)
    expected = -2 if a.epoch != b.epoch else expected
    assert kernel.first_difference(kernel.Version(one), kernel.Version(other)) == expected


@given(st.lists(versions(), min_size=2, max_size=6))
def test_order_and_hash_agree(texts: list[str]) -> None:
    oracles = [Oracle(text) for text in texts]
    ours = [kernel.Version(text) for text in texts]
    for a, x in zip(texts, oracles, strict=True):
        for b, y in zip(texts, oracles, strict=True):
            left, right = kernel.Version(a), kernel.Version(b)
            for compare in (operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge):
                assert compare(left, right) == compare(x, y), (compare, a, b)
            assert kernel.compare(a, b) == (x > y) - (x < y)
            full_left, full_right = kernel.sort_key(a), kernel.sort_key(b)
            assert (full_left > full_right) - (full_left < full_right) == (x > y) - (x < y)
            if x == y:
                assert hash(left) == hash(right)
                assert left.key == right.key
    assert kernel.sort(texts) == sorted(texts, key=Oracle)  # both are stable
    assert [texts[i] for i in kernel.argsort(ours)] == sorted(texts, key=Oracle)
