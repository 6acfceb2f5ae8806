"""Names, file names and tags agree with packaging on generated and mutated texts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from packaging import utils as oracle
from packaging.tags import InvalidTag, Tag, parse_tag

from envcensus._kernels import names as kernel

from .strategies import (
    ABIS,
    INTERPRETERS,
    MUTATED_NAMES,
    MUTATED_SDISTS,
    MUTATED_WHEELS,
    PLATFORMS,
    compressed_tags,
)

TAGS = st.lists(
    st.tuples(st.sampled_from(INTERPRETERS), st.sampled_from(ABIS), st.sampled_from(PLATFORMS)).map("-".join),
    max_size=12,
)


@given(st.one_of(MUTATED_NAMES, st.text(max_size=12)))
def test_names_agree(name: str) -> None:
    found = kernel.canonicalize_name(name)
    assert found == oracle.canonicalize_name(name)
    assert kernel.canonicalize_name(found) == found
    try:
        oracle.canonicalize_name(name, validate=True)
    except oracle.InvalidName:
        assert not kernel.is_valid_name(name)
    else:
        assert kernel.is_valid_name(name)


@given(MUTATED_WHEELS)
def test_wheel_filenames_agree(filename: str) -> None:
    expected: object
    found: object
    try:
        name, version, build, tags = oracle.parse_wheel_filename(filename)
        expected = (name, str(version), build, tags)
    except oracle.InvalidWheelFilename:
        expected = None
    try:
        ours = kernel.parse_wheel_filename(filename)
        found = (ours[0], str(ours[1]), ours[2], parse_tag(ours[3]))
    except oracle.InvalidWheelFilename:
        found = None
    assert found == expected


@given(MUTATED_SDISTS)
def test_sdist_filenames_agree(filename: str) -> None:
    expected: object
    found: object
    try:
        name, version = oracle.parse_sdist_filename(filename)
        expected = (name, str(version))
    except oracle.InvalidSdistFilename:
        expected = None
    try:
        ours = kernel.parse_sdist_filename(filename)
        found = (ours[0], str(ours[1]))
    except oracle.InvalidSdistFilename:
        found = None
    assert found == expected


@given(TAGS, st.lists(compressed_tags(), max_size=4))
def test_ranks_are_those_of_the_expanded_tags(tags: list[str], texts: list[str]) -> None:
    supported = kernel.TagSet(tags)
    order = [Tag(*tag.split("-")) for tag in tags]
    for text in texts * 2:  # the second time from memory
        try:
            ranks = [order.index(tag) for tag in parse_tag(text) if tag in order]
        except InvalidTag:
            continue  # no file has it: parse_wheel_filename refuses it
        assert supported.rank(text) == min(ranks, default=-1)
