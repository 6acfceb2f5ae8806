"""The first lines of a metadata file, which the kernel takes by a short way where they are as usual."""

from __future__ import annotations

import email
from pathlib import Path

import pytest

from envcensus._kernels.scan import REQUIRES, Directory
from envcensus.model.distribution import Distribution

_PAD = "X-Pad: " + "x" * 60 + "\n"

STARTS = {
    "usual": "Metadata-Version: 2.1\nName: some-thing\nVersion: 1.0\n",
    "no version of its own first": "Name: some-thing\nVersion: 1.0\n",
    "version before name": "Metadata-Version: 2.1\nVersion: 1.0\nName: some-thing\n",
    "something between": "Metadata-Version: 2.1\nName: some-thing\nSummary: Version: 9\nVersion: 1.0\n",
    "no blanks": "Metadata-Version:2.1\nName:some-thing\nVersion:1.0\n",
    "many blanks": "Metadata-Version: \t2.1\nName: \t some-thing  \nVersion:   1.0 \t\n",
    "carriage returns": "Metadata-Version: 2.1\r\nName: some-thing\r\nVersion: 1.0\r\n",
    "other case": "metadata-version: 2.1\nNAME: some-thing\nversion: 1.0\n",
    "case of the second alone": "Metadata-Version: 2.1\nname: some-thing\nVersion: 1.0\n",
    "twice: the first counts": "Metadata-Version: 2.1\nName: some-thing\nVersion: 1.0\nName: other\nVersion: 2.0\n",
    "a name twice before the version": "Metadata-Version: 2.1\nName: some-thing\nName: other\nVersion: 1.0\n",
    "no end of line": "Metadata-Version: 2.1\nName: some-thing\nVersion: 1.0",
    "across the first block": "Metadata-Version: 2.1\n" + _PAD * 20 + "Name: some-thing\nVersion: 1.0\n",
    "name at the end of the first block": "Metadata-Version: 2.1\nName: some-thing\n" + _PAD * 40 + "Version: 1.0\n",
}


def _read(where: Path, text: str, level: int = 0) -> tuple[list[Distribution], list[tuple[object, ...]]]:
    entry = where / "some_thing-1.0.dist-info"
    entry.mkdir()
    (entry / "METADATA").write_bytes(text.encode())
    odd: list[tuple[object, ...]] = []
    found = Directory(bytes(where), level).read(Distribution, lambda *said: odd.append(said))[0]
    return found, odd


@pytest.mark.parametrize("level", [0, REQUIRES])
@pytest.mark.parametrize("text", STARTS.values(), ids=list(STARTS))
def test_name_and_version_are_what_email_reads(tmp_path: Path, text: str, level: int) -> None:
    said = email.message_from_string(text + "Requires-Dist: other\n\nName: body\n" if text[-1] == "\n" else text)
    found, odd = _read(tmp_path, text + "Requires-Dist: other\n\nName: body\n" if text[-1] == "\n" else text, level)
    assert odd == []
    assert [(each.name, each.version) for each in found] == [(said["Name"].strip(), said["Version"].strip())]
    assert list(found[0].requires) == (said.get_all("Requires-Dist", []) if level else [])


@pytest.mark.parametrize(
    ("text", "name", "version"),
    [
        ("Metadata-Version: 2.1\nName:\nVersion: 1.0\n", "", "1.0"),
        ("Metadata-Version: 2.1\n\nName: some-thing\nVersion: 1.0\n", None, None),
        ("Metadata-Version: 2.1\nName: some-thing\n\nVersion: 1.0\n", "some-thing", None),
        ("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n", "other", "1.0"),
        ("Metadata-Version: 2.1\nName: some_\u00e9\nVersion: 1.0\n", "some_\u00e9", "1.0"),
        ("Metadata-Version: 2.1\nName: -some-thing\nVersion: 1.0\n", "-some-thing", "1.0"),
        ("Metadata-Version: 2.1\nName: some-thing-\nVersion: 1.0\n", "some-thing-", "1.0"),
        ("Metadata-Version: 2.1\nName: some-thing\nVersion: 1.0 beta\n", "some-thing", "1.0 beta"),
        ("Metadata-Version: 2.1\nName: some-thing\nVersion", "some-thing", None),
        ("Metadata-Version: 2.1", None, None),
    ],
)
def test_what_is_not_in_order_is_for_the_callback(
    tmp_path: Path, text: str, name: str | None, version: str | None
) -> None:
    found, odd = _read(tmp_path, text)
    assert found == []
    assert [(each[4], each[5]) for each in odd] == [(name, version)]
    assert odd[0][3] is False


def test_names_come_in_the_order_of_their_bytes(tmp_path: Path) -> None:
    # Shorter and longer than the eight bytes that are compared at once, and differing before, at and behind them.
    stems = ["a", "b", "ab", "abcdefg", "abcdefgh", "abcdefgha", "abcdefghb", "abcdefgi", "abcdefg0"]
    stems += [f"{stem}{number}" for stem in ("x", "longer-than-eight-", "abcdefgh") for number in range(40)]
    for stem in stems:
        entry = tmp_path / f"{stem.replace('-', '_')}-1.dist-info"
        entry.mkdir()
        (entry / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {stem}\nVersion: 1\n")
    found = Directory(bytes(tmp_path)).read(Distribution, lambda *_: None)[0]
    assert [each.normalized for each in found] == sorted({*stems})
    assert [each.path for each in found] == [f"{tmp_path}/{n.replace('-', '_')}-1.dist-info" for n in sorted({*stems})]
