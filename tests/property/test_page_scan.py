"""The scanner of usual pages against the reader of any JSON: the same records, or the same refusal."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from envcensus._kernels import page as kernel
from envcensus._kernels.pagepack import epoch_of, pack_any_json, pack_json, scans

URL = "https://index.example.com/simple/demo/"
SHA = "0123456789abcdef" * 4


def outcome(read: Any, body: bytes) -> tuple[bytes, bytes] | type[kernel.PageError]:
    try:
        packed: tuple[bytes, bytes] = read(body, URL)
    except kernel.PageError:
        return kernel.PageError
    return packed


def same(body: bytes) -> None:
    assert outcome(pack_json, body) == outcome(pack_any_json, body)


def usual(**fields: Any) -> dict[str, Any]:
    """A file as the large indexes describe it."""
    name = fields.get("filename", "demo-1.0-py3-none-any.whl")
    return {
        "core-metadata": {"sha256": SHA},
        "data-dist-info-metadata": {"sha256": SHA},
        "filename": name,
        "hashes": {"sha256": SHA},
        "provenance": None,
        "requires-python": ">=3.8",
        "size": 12345,
        "upload-time": "2024-01-02T03:04:05.678901Z",
        "url": f"https://files.example.com/ab/cd/{name}",
        "yanked": False,
        **fields,
    }


def page(*files: Any, **fields: Any) -> dict[str, Any]:
    return {
        "alternate-locations": [],
        "files": list(files),
        "meta": {"_last-serial": 7, "api-version": "1.4"},
        "name": "demo",
        "project-status": {"status": "active"},
        "versions": ["1.0"],
        **fields,
    }


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (" ,\n\t", " :\r\n ")])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_usual_pages_take_the_fast_way(separators: tuple[str, str], ascii_only: bool) -> None:
    pages = [
        page(usual()),
        page(),
        page(usual(yanked='a "reason"\n'), usual(yanked="d\u00e9j\u00e0 vu"), usual(yanked=""), usual(yanked=True)),
        page(usual(**{"core-metadata": False}), usual(**{"core-metadata": True}), usual(hashes={})),
        page(usual(**{"core-metadata": None, "dist-info-metadata": {"sha256": SHA}})),
        page(usual(**{"requires-python": None, "size": None, "upload-time": None, "yanked": None})),
        page(usual(filename="demo-2.0rc1.tar.gz"), **{"project-status": {"status": "archived", "reason": "n\u00f6"}}),
        page(usual(), meta={"api-version": "1.0", "tracks": ["https://a.example.com/x"]}),
        page(usual(), **{"alternate-locations": ["https://a.example.com/x", 7]}),
        {"files": [usual(**{"x": [1, -2.5, {"y": [[], {}, "z", None, True]}]})]},
    ]
    for number, one in enumerate(pages):
        body = json.dumps(one, separators=separators, ensure_ascii=ascii_only).encode()
        assert scans(body, URL), number
        same(body)


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-5, 10**20), st.floats(), st.text(max_size=8))
ANY = st.recursive(SCALARS, lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=5), x, max_size=3))
HASHES: st.SearchStrategy[dict[str, str]] = st.one_of(
    st.just({}),
    st.just({"sha256": SHA}),
    st.dictionaries(st.sampled_from(["sha256", "md5", "x=y"]), st.sampled_from([SHA, SHA.upper(), "00", "", "g" * 64])),
)
SPECIAL = [b'"', b"\\", b"{", b"]", b",", b"\x80", b"0", b" "]
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "filename": st.sampled_from(
        [
            "demo-1.0-py3-none-any.whl",
            "demo-1.1.tar.gz",
            "demo-1.1-cp311-cp311-linux_x86_64.whl",
            "demo-2!1.0+x.zip",
            "demo-d\u00e9j\u00e0.zip",
            'demo-"1".zip',
            "",
        ]
    ),
    "url": st.sampled_from(
        [
            "https://files.example.com/demo-1.0-py3-none-any.whl",
            "/f/demo-1.1.tar.gz",
            "../x",
            "https://u:p@files.example.com/a@b",
            "//u@h/x",
            "http:\\x",
        ]
    ),
    "hashes": HASHES,
    "requires-python": st.sampled_from([">=3.8", "", "<4,>=3", "\u2265 3"]),
    "size": st.integers(0, 10**17),
    "upload-time": st.one_of(
        st.datetimes().map(lambda t: t.isoformat() + "Z"),
        st.sampled_from(
            ["2024-02-30T00:00:00Z", "2024-02-29T00:00:00.000000Z", "2024-01-01", "0001-01-01T00:00:00Z", "x"]
        ),
    ),
    "yanked": st.sampled_from([True, False, "", "why", 'a\\"b', "\u2028", "\U0001f40d"]),
    "core-metadata": st.one_of(st.booleans(), HASHES),
    "dist-info-metadata": st.one_of(st.booleans(), HASHES),
    "provenance": st.none(),
}


@st.composite
def files(draw: st.DrawFn) -> Any:
    file = usual()
    for field in draw(st.lists(st.sampled_from(sorted(FIELDS)), max_size=4)):
        choice = draw(st.integers(0, 9))
        if choice == 0:
            file.pop(field, None)
        elif choice == 1:
            file[field] = draw(ANY)
        else:
            file[field] = draw(FIELDS[field])
    return dict(draw(st.permutations(list(file.items()))))


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    one = page(*draw(st.lists(files(), max_size=5)))
    for field in draw(st.lists(st.sampled_from([*one, "extra"]), max_size=2)):
        one[field] = draw(ANY)
    return json.dumps(one, ensure_ascii=draw(st.booleans())).encode("utf-8", "replace")


@given(body=bodies())
def test_same_records_for_any_fields(body: bytes) -> None:
    same(body)


@given(body=bodies(), data=st.data())
@example(body=b'{"files":[],"x":"\xff"}', data=None)
@example(body=b'{"files":[]}x', data=None)
@example(body=b'{"files":[],}', data=None)
@example(body=b'{"files":[],"x":01}', data=None)
@example(body=b'{"files":[],"x":1.}', data=None)
@example(body=b'{"files":[],"x":-}', data=None)
@example(body=b'{"files":[],"x":1e5}', data=None)
@example(body=b'{"files":[],"x":1e999}', data=None)
@example(body=b'{"files":[],"x":"\\ud800"}', data=None)
@example(body=b'{"files":[],"x":"\\x"}', data=None)
@example(body=b'{"files":[],"x":"\x01"}', data=None)
@example(body=b'{"files":[],"files":[]}', data=None)
@example(body=b'\xef\xbb\xbf{"files":[]}', data=None)
@example(body=b'{"files":[],"x":' + b"[" * 31 + b"]" * 31 + b"}", data=None)
@example(body=b'{"files":[],"x":' + b"[" * 100 + b"]" * 100 + b"}", data=None)
@example(body=b'{"files":[],"project-status":7}', data=None)
@example(body=b'{"files":[],"project-status":{"status":7}}', data=None)
@example(body=b'{"files":[],"project-status":"status"}', data=None)
@example(body=b'{"files":[],"meta":[1,2]}', data=None)
@example(body=b'{"files":[],"alternate-locations":{"a":1}}', data=None)
def test_same_verdict_on_broken_bodies(body: bytes, data: st.DataObject | None) -> None:
    """Bytes changed, cut out, doubled or cut off."""
    if data is not None:
        at = data.draw(st.integers(0, len(body)))
        until = data.draw(st.integers(at, min(len(body), at + 12)))
        put = data.draw(
            st.one_of(st.binary(max_size=3), st.sampled_from([b'"', b"\\", b"{", b"]", b",", b"\x80", b"0", b" "]))
        )
        body = body[:at] + put + body[until:]
        if data.draw(st.integers(0, 9)) == 0:
            body = body[:at]
    same(body)


@given(when=st.datetimes(), form=st.sampled_from(["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%fZ"]))
def test_times(when: Any, form: str) -> None:
    text = when.strftime(form)
    body = json.dumps(page(usual(**{"upload-time": text}))).encode()
    same(body)
    assert scans(body, URL)
    stamp = epoch_of(text)
    record, _ = pack_json(body, URL)
    found = kernel.version_info(record, "1.0")
    assert found is not None
    assert found[0] == (float(int(stamp)) if stamp is not None and 1 <= stamp < 2**32 - 1 else None)
