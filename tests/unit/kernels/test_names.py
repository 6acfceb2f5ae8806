"""Names, file names and tags: hostile lengths and wrong calls."""

from __future__ import annotations

import pickle

import pytest
from packaging.utils import InvalidSdistFilename, InvalidWheelFilename

from envcensus._kernels.names import (
    TagSet,
    canonicalize_name,
    is_valid_name,
    parse_sdist_filename,
    parse_wheel_filename,
)


def test_a_normalized_name_is_not_copied() -> None:
    name = "".join(["zope", "-interface"])
    assert canonicalize_name(name) is name
    assert canonicalize_name("") == ""
    assert canonicalize_name("_" * 1_000_000) == "-"


@pytest.mark.parametrize("bad", [None, 1, b"name"])
def test_names_are_texts(bad: object) -> None:
    with pytest.raises(TypeError):
        canonicalize_name(bad)  # type: ignore[arg-type]
    assert not is_valid_name(bad)


def test_a_hostile_compressed_tag_set_is_not_expanded() -> None:
    many = ".".join(f"cp{i}" for i in range(100_000))
    text = f"{many}.py3-{many}.none-{many}.any"  # 10 ** 15 tags
    supported = TagSet(["cp311-cp311-linux_x86_64", "py3-none-any"])
    assert supported.rank(text) == 1
    assert supported.rank("py3." * 300_000 + "py3-none-any") == 1
    assert parse_wheel_filename(f"foo-1.0-{text}.whl")[3] == text


@pytest.mark.parametrize("text", ["", "-", "--", "---", "py3-none", "py3-none-any-x", "any", "é-é-é", "\ud800-a-b"])
def test_what_is_no_tag_is_not_supported(text: str) -> None:
    assert TagSet(["py3-none-any"]).rank(text) == -1


def test_the_first_of_equal_tags_counts() -> None:
    supported = TagSet(["PY3-none-any", "cp311-none-any", "py3-none-any"])
    assert supported.rank("cp311.py3-none-any") == 0
    assert len(pickle.loads(pickle.dumps(supported))) == 3
    with pytest.raises(ValueError, match="not a tag"):
        TagSet(["py3-none"])


def test_memory_of_tags_is_bounded() -> None:
    supported = TagSet(["py3-none-any"])
    for i in range(20_000):
        assert supported.rank(f"py3.x{i}-none-any") == 0


@pytest.mark.parametrize("size", [1, 1_000_000])
def test_hostile_filenames_are_refused_with_a_short_message(size: int) -> None:
    for text in (
        "-" * size + ".whl",
        "a" * size,
        f"a-{'1' * 5000}-py3-none-any.whl",
        f"a-1-{'1' * 5000}-py3-none-any.whl",
    ):
        with pytest.raises(InvalidWheelFilename) as caught:
            parse_wheel_filename(text)
        assert len(str(caught.value)) < 1000
    for text in ("-" * size + ".zip", "a" * size, "a-\x00.zip"):
        with pytest.raises(InvalidSdistFilename) as sdist:
            parse_sdist_filename(text)
        assert len(str(sdist.value)) < 1000
