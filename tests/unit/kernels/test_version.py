"""The version kernel: what generated texts do not reach."""

from __future__ import annotations

import copy
import random

import pytest
from packaging.version import InvalidVersion
from packaging.version import Version as Oracle

from envcensus._kernels import version as kernel
from envcensus._kernels.version import Version

COMMON = ["1.0.0", "2024.1.15", "20240115", "2.31.0.20240125", "1.0rc1", "1.0.post1", "1.0.dev20240101", "0.dev0"]
RARE = ["1!1.0", "1.0+local", "1.0.dev202401011230", "9999999999.0", "1." * 20 + "1", "2024.1.15.20240115.3"]


@pytest.mark.parametrize("text", COMMON)
def test_common_forms_pack(text: str) -> None:
    assert Version(text).key
    assert Version(text).key & 1 == Oracle(text).is_prerelease


@pytest.mark.parametrize("text", RARE)
def test_rare_forms_keep_a_full_key(text: str) -> None:
    assert Version(text).key == 0
    assert str(Version(text)) == str(Oracle(text))
    for other in COMMON + RARE:
        expected = (Oracle(text) > Oracle(other)) - (Oracle(text) < Oracle(other))
        assert kernel.compare(text, other) == expected


def test_packed_keys_order_like_versions() -> None:
    texts = [
        f"{a}.{b}{suffix}" for a in (0, 1, 63, 64, 20240115) for b in (0, 1, 1088) for suffix in ("", "a1", ".post1")
    ]
    keys = {text: Version(text).key for text in texts}
    assert all(keys.values())
    assert sorted(texts, key=keys.__getitem__) == sorted(texts, key=Oracle)


def test_sorting_many_mixes_both_kinds() -> None:
    chance = random.Random(7)
    texts = [f"{chance.randrange(50)}.{chance.randrange(2000)}.{chance.randrange(9)}" for _ in range(3000)]
    texts += [f"{text}+l{i % 3}" for i, text in enumerate(texts[:40])] + ["1!0.1", "1!0"]
    chance.shuffle(texts)
    assert kernel.sort(texts) == sorted(texts, key=Oracle)
    assert kernel.argsort([]) == []


def test_is_immutable_and_copies_are_the_same() -> None:
    version = Version("1.0")
    with pytest.raises(TypeError):
        version.__init__("2.0")
    with pytest.raises(AttributeError):
        version.epoch = 3  # type: ignore[misc]
    assert copy.copy(version) is version
    assert copy.deepcopy(version) is version
    assert str(version) == "1.0"
    assert Version(version="1.0") == version


def test_does_not_compare_with_other_kinds() -> None:
    assert Version("1.0") != "1.0"
    assert Version("1.0") != Oracle("1.0")
    with pytest.raises(TypeError):
        Version("1.0") < "2.0"  # type: ignore[operator]  # noqa: B015


@pytest.mark.parametrize("bad", [1, None, b"1.0", ["1.0"]])
def test_other_types_are_no_versions(bad: object) -> None:
    with pytest.raises(InvalidVersion):
        Version(bad)  # type: ignore[arg-type]
    with pytest.raises(InvalidVersion):
        kernel.parse(bad)  # type: ignore[arg-type]


def test_wrong_calls_raise() -> None:
    for arguments, names in (((), {}), (("1", "2"), {}), (("1",), {"version": "2"}), ((), {"text": "1"})):
        with pytest.raises(TypeError):
            Version(*arguments, **names)


@pytest.mark.parametrize(
    "text",
    [
        "1" * 1_000_000,
        "1." * 500_000,
        "1+" + "1" * 1_000_000,
        "\x00" * 1_000_000,
        " " * 1_000_000,
        "1.0\ud800",
        "1\x00",
        "é" * 1_000_000,
    ],
)
def test_hostile_texts_are_refused_with_a_short_message(text: str) -> None:
    with pytest.raises(InvalidVersion) as caught:
        Version(text)
    assert len(str(caught.value)) < 2500


def test_long_but_valid_texts_are_read() -> None:
    zeros = "1" + ".0" * 500_000
    assert Version(zeros) == Version("1")
    assert Version(zeros).key == Version("1").key
    local = "1+" + "a." * 300_000 + "a"
    assert Version(local) > Version("1")
    assert Version(" " * 500_000 + "1.5" + "\t" * 500_000) == Version("1.5")


class Text(str):
    """A str subclass with an opinion of its own."""

    __slots__ = ()

    def __str__(self) -> str:
        return "2.0"


def test_subclasses_of_str_count_as_their_characters() -> None:
    assert Version(Text("1.0")) == Version("1.0")
