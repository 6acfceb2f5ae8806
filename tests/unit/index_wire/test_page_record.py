"""The packed page: what it answers, and that damage is noticed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from envcensus._kernels import page as kernel
from envcensus.model.page import File, ProjectPage

URL = "https://index.example.com/simple/demo/"
TAGS = ["cp311-cp311-manylinux_2_17_x86_64", "cp311-abi3-manylinux_2_17_x86_64", "py3-none-any"]


def target(**options: Any) -> kernel.Target:
    return kernel.Target(**{"python": "3.11.7", "tags": TAGS, **options})


def body(*files: str | dict[str, Any], **fields: Any) -> bytes:
    """A PEP 691 page of files, given as names or as fields that name at least `filename`."""
    listed = []
    for file in files:
        given = {"filename": file} if isinstance(file, str) else file
        listed.append({"url": f"/files/{given['filename']}", "hashes": {}, **given})
    return json.dumps({"meta": {"api-version": "1.4"}, "name": "demo", "files": listed, **fields}).encode()


def record(*files: str | dict[str, Any], **fields: Any) -> bytes:
    return kernel.pack_json(body(*files, **fields), URL)[0]


def latest(*files: str | dict[str, Any], **options: Any) -> tuple[str, str] | None:
    found = kernel.latest(record(*files), target(**options), "demo")
    return found and found[:2]


def test_latest_prefers_version_then_wheel() -> None:
    assert latest("demo-1.0-py3-none-any.whl", "demo-1.2.tar.gz") == ("1.2", "sdist")
    assert latest("demo-1.2.tar.gz", "demo-1.2-py3-none-any.whl") == ("1.2", "wheel")
    assert latest("demo-1.10.tar.gz", "demo-1.9.tar.gz") == ("1.10", "sdist")


def test_latest_skips_what_does_not_fit() -> None:
    assert latest("demo-1.0.tar.gz", "demo-2.0-cp311-cp311-win_amd64.whl") == ("1.0", "sdist")
    assert latest("demo-1.0.tar.gz", {"filename": "demo-2.0.tar.gz", "requires-python": ">=3.12"}) == ("1.0", "sdist")
    assert latest("demo-1.0.tar.gz", {"filename": "demo-2.0.tar.gz", "yanked": "broken"}) == ("1.0", "sdist")
    assert latest("demo-1.0.tar.gz", "demo-2.0rc1.tar.gz", "demo-2.0.dev3.tar.gz") == ("1.0", "sdist")


def test_pre_releases_only_when_asked_for_as_in_pips_list() -> None:
    assert latest("demo-1.0.tar.gz", "demo-2.0rc1.tar.gz", pre=True) == ("2.0rc1", "sdist")
    assert latest("demo-2.0rc1.tar.gz") is None
    assert kernel.why_none(record("demo-2.0rc1.tar.gz"), target()) == "there are only pre-releases"


def test_compressed_tags_and_capitals() -> None:
    assert latest("demo-1.0-py2.py3-none-any.whl") == ("1.0", "wheel")
    assert latest("demo-1.0-CP311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.whl") == ("1.0", "wheel")
    assert latest("demo-1.0-1build-py3-none-any.whl") == ("1.0", "wheel")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"only_binary": ["demo"]}, ("1.0", "wheel")),
        ({"only_binary": [":all:"]}, ("1.0", "wheel")),
        ({"no_binary": [":all:"]}, ("2.0", "sdist")),
        ({"no_binary": ["demo"], "only_binary": [":all:"]}, ("2.0", "sdist")),
        ({"only_binary": ["other"]}, ("2.0", "sdist")),
    ],
)
def test_kinds_of_files(options: dict[str, Any], expected: tuple[str, str]) -> None:
    assert latest("demo-1.0-py3-none-any.whl", "demo-2.0.tar.gz", **options) == expected


def test_upload_time_limit_looks_at_each_file() -> None:
    files = [
        {"filename": "demo-1.0.tar.gz", "upload-time": "2023-01-01T00:00:00Z"},
        {"filename": "demo-2.0-py3-none-any.whl", "upload-time": "2024-06-01T00:00:00.500000Z"},
        {"filename": "demo-2.0.tar.gz", "upload-time": "2024-01-01T00:00:00Z"},
    ]
    limits = {1672531200.0: None, 1672531201.0: "1.0", 1704067201.0: "2.0", 1717200000.0: "2.0", 1800000000.0: "2.0"}
    packed = record(*files)
    for limit, version in limits.items():
        found = kernel.latest(packed, target(uploaded_prior_to=limit))
        assert (found and found[0]) == version
    assert latest(*files, uploaded_prior_to=1717200000.0) == ("2.0", "sdist")
    assert latest(*files, uploaded_prior_to=1717200001.0) == ("2.0", "wheel")
    assert kernel.why_none(packed, target(uploaded_prior_to=1.0)) == "all files were uploaded after the limit"


def test_upload_time_limit_needs_upload_times() -> None:
    packed = record("demo-1.0.tar.gz")
    assert kernel.latest(packed, target(uploaded_prior_to=1e9)) is None
    assert "no upload times" in kernel.why_none(packed, target(uploaded_prior_to=1e9))
    local, _ = kernel.pack(
        ProjectPage(name="demo", files=(File(filename="demo-1.0.zip", url="file:///d/demo-1.0.zip"),))
    )
    assert kernel.latest(local, target(uploaded_prior_to=1e9)) == ("1.0", "sdist", None, False)


def test_latest_gives_the_upload_time_of_the_version() -> None:
    packed = record(
        {"filename": "demo-2.0-py3-none-any.whl", "upload-time": "2024-06-01T00:00:00Z"},
        {"filename": "demo-2.0.tar.gz", "upload-time": "2024-01-01T12:00:00.250000Z", "yanked": True},
    )
    assert kernel.latest(packed, target()) == ("2.0", "wheel", 1704110400.0, False)


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ([], "the index lists no files"),
        (["demo-1.0.exe", "other-1.0.tar.gz"], "the index lists no file that is a release of the project"),
        ([{"filename": "demo-1.0.tar.gz", "yanked": True}], "all files are yanked"),
        (["demo-1.0-cp311-cp311-win32.whl"], "no wheel fits the platform, and there is no sdist"),
        ([{"filename": "demo-1.0.tar.gz", "requires-python": "<3"}], "no version supports Python 3.11.7"),
        (["demo-1.0.tar.gz"], ""),
    ],
)
def test_reasons(files: list[Any], reason: str) -> None:
    packed = record(*files)
    assert kernel.why_none(packed, target()) == reason
    assert (kernel.latest(packed, target()) is None) == bool(reason)


def test_quarantined() -> None:
    packed = record(**{"project-status": {"status": "quarantined", "reason": "malware"}})
    assert kernel.why_none(packed, target()) == "the project is quarantined"
    info = kernel.info(packed)
    assert (info.name, info.status, info.status_reason) == ("demo", "quarantined", "malware")


def test_names_that_are_no_release_are_counted() -> None:
    packed = record(
        "demo-1.0.tar.gz",
        "demo-1.0.egg",
        "demo-not-a-version.tar.gz",
        "demo-1.0-2.0.tar.gz",
        "demo-1.0-py3-none.whl",
        "demo-1.0-py3--any.whl",
        "demo-1.0-x-py3-none-any.whl",
        "de__mo-1.0-py3-none-any.whl",
        "demo-one-py3-none-any.whl",
        "other-1.0.tar.gz",
        "demo_extra-1.0-py3-none-any.whl",
        "demo.whl",
        "",
    )
    info = kernel.info(packed)
    assert kernel.versions(packed) == ["1.0"]
    assert (info.files, info.foreign) == (1, 2)
    assert info.files + info.foreign + info.skipped == 13


def test_project_names_are_normalized() -> None:
    listed = body("Foo.Bar_baz-1.0.tar.gz", "foo_bar_baz-1.1-py3-none-any.whl", "foo-bar--baz-0.9.zip")
    packed, _ = kernel.pack_json(listed, "https://u:p@index.example.com/simple/Foo.bar-baz/index.html?x#y")
    assert kernel.versions(packed) == ["1.1", "1.0", "0.9"]
    packed, _ = kernel.pack_json(listed, "https://index.example.com/elsewhere", "foo_bar.baz")
    assert kernel.versions(packed) == ["1.1", "1.0", "0.9"]


def test_versions_in_order_whatever_their_form() -> None:
    ascending = ["0.dev1", "1.0a1", "1.0rc2.post3", "1.0", "1.0+local.7", "1.0.post1", "1.1", "20240115", "1!0.1"]
    packed = record(*[f"demo-{v}.tar.gz" for v in sorted(ascending)])
    assert kernel.versions(packed) == ascending[::-1]
    offered = kernel.candidates(packed, target())
    assert offered.versions == ascending
    assert offered.usable == 2 ** len(ascending) - 1
    assert offered.pre == 0b111


def test_spellings_of_one_version() -> None:
    packed, files = kernel.pack_json(body("demo-1.0.0.tar.gz", "demo-1.0-py3-none-any.whl", "demo-v1.tar.gz"), URL)
    assert kernel.latest(packed, target()) == ("1.0", "wheel", None, False)
    assert kernel.version_info(packed, "1.0.0.0") == (None, None)
    assert kernel.candidates(packed, target()).versions == ["1.0.0", "1", "1.0"]  # pip takes a wheel, then the later
    assert [f.filename for f in kernel.files(files, "1.0", File)] == ["demo-1.0-py3-none-any.whl"]
    assert [f.filename for f in kernel.files(files, "1.0.0.0", File)] == [
        "demo-1.0.0.tar.gz",
        "demo-1.0-py3-none-any.whl",
        "demo-v1.tar.gz",
    ]


def test_candidates() -> None:
    packed = record(
        {"filename": "demo-1.0-py3-none-any.whl", "core-metadata": {"sha256": "0" * 64}},
        {"filename": "demo-1.1-py3-none-any.whl", "yanked": "oops"},
        {"filename": "demo-1.2-py3-none-any.whl", "requires-python": ">=3.12"},
        "demo-1.3b1.tar.gz",
        {"filename": "demo-1.4-py3-none-any.whl", "yanked": "oops"},
        "demo-1.4.tar.gz",
        "demo-1.5-cp311-cp311-win32.whl",
    )
    offered = kernel.candidates(packed, target())
    assert offered.versions == ["1.0", "1.1", "1.2", "1.3b1", "1.4", "1.5"]
    assert offered.usable == 0b011001
    assert offered.yanked == 0b000010
    assert offered.pre == 0b001000
    assert offered.wheel & offered.usable == 0b000001
    assert offered.metadata & offered.usable == 0b000001
    assert offered.bad_python == 0b000100
    assert offered.unpacked == 0
    assert [offered.table.index(version) for version in offered.versions] == list(range(6))
    assert kernel.candidates(record(), target()).versions == []


def test_texts_of_versions_are_a_sequence() -> None:
    texts = kernel.candidates(record("demo-1.0.tar.gz", "demo-2.0+é.tar.gz", "demo-3.0.tar.gz"), target()).versions
    assert len(texts) == len(list(texts))
    assert (texts[0], texts[-1], "3.0" in texts, "4.0" in texts) == ("1.0", "3.0", True, False)
    assert texts == tuple(texts)
    assert texts != [*texts, "4.0"]
    assert repr(texts) == repr(list(texts))
    for index in (len(texts), -len(texts) - 1):
        with pytest.raises(IndexError):
            texts[index]


def test_version_info() -> None:
    packed = record(
        {"filename": "demo-1.0.tar.gz", "upload-time": "2020-01-01T00:00:00Z", "yanked": "bad"},
        {"filename": "demo-1.0-py3-none-any.whl", "upload-time": "2020-01-02T00:00:00Z"},
        {"filename": "demo-1.1.tar.gz", "yanked": True},
        {"filename": "demo-1!20240115.7+x.tar.gz", "yanked": "café"},
    )
    assert kernel.version_info(packed, "1.0") == (1577836800.0, None)
    assert kernel.version_info(packed, "1") == (1577836800.0, None)
    assert kernel.version_info(packed, "1.1.0") == (None, "")
    assert kernel.version_info(packed, "1!20240115.7+X") == (None, "café")
    assert kernel.version_info(packed, "1.2") is None
    assert kernel.version_info(packed, "not a version") is None


def test_files_come_back_whole() -> None:
    sha, other = "ab" * 32, "cd" * 32
    _, files = kernel.pack_json(
        body(
            {
                "filename": "demo-1.0-py3-none-any.whl",
                "url": "https://user:secret@files.example.com/a/demo-1.0-py3-none-any.whl",
                "hashes": {"sha256": sha, "md5": "00ff"},
                "requires-python": ">=3.8",
                "yanked": "",
                "core-metadata": {"sha256": other},
                "size": 12,
                "upload-time": "2024-01-02T03:04:05.678901+02:00",
            },
            {"filename": "demo-1.0.tar.gz", "url": "../../f/demo-1.0.tar.gz", "core-metadata": False, "yanked": "no"},
            {"filename": "demo-0.9.zip", "url": "dl?id=1", "hashes": {"sha256": "nonsense"}, "core-metadata": True},
        ),
        "https://user:secret@index.example.com/simple/demo/?token=secret",
    )
    assert b"secret" not in files
    assert kernel.files(files, None, File) == [
        File(
            filename="demo-1.0-py3-none-any.whl",
            url="https://files.example.com/a/demo-1.0-py3-none-any.whl",
            hashes={"sha256": sha, "md5": "00ff"},
            requires_python=">=3.8",
            core_metadata={"sha256": other},
            size=12,
            upload_time=1704157445.678901,
        ),
        File(filename="demo-1.0.tar.gz", url="https://index.example.com/f/demo-1.0.tar.gz", yanked="no"),
        File(
            filename="demo-0.9.zip",
            url="https://index.example.com/simple/demo/dl?id=1",
            hashes={"sha256": "nonsense"},
            core_metadata=True,
        ),
    ]
    assert kernel.files(files, "2.0", File) == []
    assert kernel.files(files, "no version", File) == []
    assert [f.filename for f in kernel.files(files, "0.9.0", File)] == ["demo-0.9.zip"]


def test_packing_a_parsed_page_gives_the_same_decisions() -> None:
    packed, files = kernel.pack_json(body("demo-1.0.tar.gz", "demo-1.1-py3-none-any.whl"), URL)
    page = ProjectPage(
        name="Demo", files=tuple(kernel.files(files, None, File)), tracks=("https://a.example.com/demo",)
    )
    again, files_again = kernel.pack(page)
    assert kernel.latest(again, target()) == kernel.latest(packed, target())
    assert kernel.files(files_again, None, File) == list(page.files)
    assert kernel.info(again).tracks == page.tracks


def test_records_are_read_from_any_buffer() -> None:
    packed = record("demo-1.0.tar.gz")
    expected = kernel.latest(packed, target())
    shifted = memoryview(b"x" + packed)[1:]
    assert kernel.latest(shifted, target()) == kernel.latest(bytearray(packed), target()) == expected


def test_damage_is_an_error_or_harmless() -> None:
    """No damaged record leads to a read outside it; truncation is always noticed."""
    packed, files = kernel.pack_json(
        body("demo-1.0.tar.gz", {"filename": "demo-1.1-py3-none-any.whl", "upload-time": "2020-01-01T00:00:00Z"}), URL
    )
    for end in range(len(packed)):
        with pytest.raises(kernel.PageError):
            kernel.latest(packed[:end], target())
    for end in range(len(files)):
        with pytest.raises(kernel.PageError):
            kernel.files(files[:end], None, File)
    judge = target(uploaded_prior_to=1e9)
    for at in range(len(packed)):
        broken = bytearray(packed)
        broken[at] ^= 0xFF
        for ask in (kernel.latest, kernel.candidates, kernel.why_none):
            try:
                ask(broken, judge)
            except kernel.PageError:
                pass
        for look in (kernel.info, kernel.versions, lambda r: kernel.version_info(r, "1.0")):
            try:
                look(broken)
            except kernel.PageError:
                pass
    for at in range(len(files)):
        broken = bytearray(files)
        broken[at] ^= 0xFF
        try:
            kernel.files(broken, "1.0", File)
        except kernel.PageError:
            pass


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (b"", "not valid JSON"),
        (b"[]", "not an object"),
        (b"{}", "no list of files"),
        (b'{"files": null}', "no list of files"),
        (b'{"files": [], "meta": {"api-version": "2.0"}}', "API version 2"),
        (b'{"files": [], "meta": {"api-version": 1}}', "no valid API version"),
        (b'{"files": [', "not valid JSON"),
        (b"[" * 100_000, "JSON|deep"),
        (b'{"files": [' + b'{"a":' * 100_000, "JSON|deep"),
    ],
)
def test_pages_that_cannot_be_used(page: bytes, reason: str) -> None:
    with pytest.raises(kernel.PageError, match=reason) as caught:
        kernel.pack_json(page, URL)
    assert "\n" not in str(caught.value)


def test_malformed_entries_are_counted_and_the_rest_is_read() -> None:
    entries: list[Any] = [
        None,
        7,
        {},
        {"filename": None, "url": "x"},
        {"filename": "demo-1.0.tar.gz", "url": None},
        {"filename": "demo-1.0.tar.gz", "url": ""},
        {"filename": "demo-\ud800.tar.gz", "url": "x"},
        {
            "filename": "demo-2.0.tar.gz",
            "url": "demo-2.0.tar.gz",
            "hashes": None,
            "requires-python": None,
            "yanked": None,
            "size": None,
            "upload-time": None,
            "core-metadata": None,
        },
        {"filename": "demo-2.1.tar.gz", "url": "x", "requires-python": 3, "size": "big", "upload-time": "yesterday"},
    ]
    page = json.dumps({"files": [entry for entry in entries if "\\ud800" not in json.dumps(entry)]}).encode()
    packed, _ = kernel.pack_json(page, URL)
    info = kernel.info(packed)
    assert (info.files, info.skipped) == (2, 6)
    assert kernel.versions(packed) == ["2.1", "2.0"]
