"""Eggs and other archives on `sys.path`, compared with what `importlib.metadata` says about them."""

from __future__ import annotations

import importlib.metadata
import io
import os
import stat
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest

from envcensus._kernels.scan import HEADER_LIMIT
from envcensus.inventory import discover, scan
from envcensus.model.listing import Listing

PKG_INFO = "Metadata-Version: 1.0\nName: My.Egg\nVersion: 1.0\nRequires-Python: >=3\n"


def listing(path: Path, **options: Any) -> Listing:
    (result,) = scan(discover([str(path)]), **options)
    assert isinstance(result, Listing)
    assert not result.skipped
    return result


def pack(files: dict[str, str], method: int = zipfile.ZIP_DEFLATED, comment: bytes = b"") -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        archive.comment = comment
    return held.getvalue()


def put(venv: Any, raw: bytes, name: str = "My.Egg-1.0-py3.11.egg") -> Path:
    path: Path = venv.site / name
    path.write_bytes(raw)
    (venv.site / "easy-install.pth").write_text(f"./{name}\n")
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
@pytest.mark.parametrize(("before", "comment"), [(b"", b""), (b"#!/usr/bin/env python\n", b"a comment")])
@pytest.mark.parametrize("name", ["My.Egg-1.0-py3.11.egg", "lib.zip"])
def test_agreement(make_venv: Any, method: int, before: bytes, comment: bytes, name: str) -> None:
    venv = make_venv()
    files = {
        "EGG-INFO/PKG-INFO": PKG_INFO,
        "EGG-INFO/requires.txt": "six\n\n[x]\nattrs>=1\n",
        "EGG-INFO/top_level.txt": "my_egg\n",
        "my_egg/x.dist-info/METADATA": "Name: below\nVersion: 1\n",
        "other-2.0.dist-info/METADATA": "Name: other\nVersion: 2.0\nRequires-Dist: six\n\nbody",
        "old-3.0.egg-info/PKG-INFO": "Name: old\nVersion: 3.0\n",
    }
    path = put(venv, before + pack(files, method, comment), name)
    expected = sorted(
        (d.metadata["Name"], d.version, tuple(d.requires or ()))
        for d in importlib.metadata.distributions(path=[str(path)])
    )
    result = listing(venv.path, requires=True)
    assert sorted((d.name, d.version, d.requires) for d in result.distributions) == expected
    assert len(expected) == (3 if name.endswith(".egg") else 2)
    assert not result.problems
    assert [d.requires for d in listing(venv.path).distributions] == [()] * len(expected)


def test_the_first_on_the_path_counts(make_venv: Any) -> None:
    venv = make_venv()
    venv.add("my_egg", "2.0")
    put(venv, pack({"EGG-INFO/PKG-INFO": PKG_INFO}))
    result = listing(venv.path)
    assert [(d.name, d.version) for d in result.distributions] == [("my_egg", "2.0")]
    assert [problem.code for problem in result.problems] == ["duplicate"]


def test_a_wheel_is_not_looked_into(make_venv: Any) -> None:
    venv = make_venv()
    put(venv, pack({"x-1.0.dist-info/METADATA": "Name: x\nVersion: 1.0\n"}), "x-1.0-py3-none-any.whl")
    assert not listing(venv.path).distributions


WHOLE = pack({"EGG-INFO/PKG-INFO": PKG_INFO})


def altered(at: int, text: bytes, raw: bytes = WHOLE) -> bytes:
    at %= len(raw)
    return raw[:at] + text + raw[at + len(text) :]


@pytest.mark.parametrize(
    ("raw", "codes"),
    [
        (b"", []),
        (b"no archive at all", []),
        (WHOLE[:-8], []),
        (altered(-10, b"\xff\xff\xff\x7f"), []),  # a directory larger than the file
        (altered(-6, b"\xff\xff\xff\xff"), ["unreadable"]),  # that begins elsewhere
        (altered(len(WHOLE) - 22 - 46 - 17, b"XX"), []),
        (altered(8, b"\x63"), []),  # the method is the directory's
        (altered(30 + 17, b"\xff\xff\xff"), ["unreadable"]),
        (pack({"EGG-INFO/PKG-INFO": "Name: x\n"}), ["no-metadata"]),
        (pack({"x-1.0.dist-info/PKG-INFO": "Name: x\nVersion: 2\n"}), ["version-mismatch"]),
        (pack({"EGG-INFO/PKG-INFO": PKG_INFO + "x" * (HEADER_LIMIT + 1)}), ["oversized"]),
        (pack({"EGG-INFO/PKG-INFO": PKG_INFO + "X: " + "\0" * (64 << 20)}), ["oversized"]),
        (pack({"EGG-INFO/requires.txt": "six"}), ["invalid-name", "no-metadata"]),
    ],
)
def test_damaged_and_hostile(make_venv: Any, raw: bytes, codes: list[str]) -> None:
    venv = make_venv()
    put(venv, raw)
    result = listing(venv.path, requires=True)
    assert sorted(problem.code for problem in result.problems if problem.code != "invalid-name") == [
        code for code in codes if code != "invalid-name"
    ]


def test_millions_of_entries_are_read_in_part(make_venv: Any) -> None:
    venv = make_venv()
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", *[0] * 9, 11, *[0] * 6) + b"x.dist-info"
    directory = entry * 100_000
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, len(directory), 0, 0)
    put(venv, directory + end)
    assert not listing(venv.path).distributions
    names = b"".join(
        struct.pack("<4s6H3L5H2L", b"PK\1\2", *[0] * 9, 25, *[0] * 6) + b"p%05d-1.dist-info/METADATA" % number
        for number in range(5000)
    )
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, len(names), 0, 0)
    put(venv, names + end)
    assert len(listing(venv.path).problems) < 5000


@pytest.mark.parametrize("kind", ["fifo", "loop", "device"])
def test_what_is_no_file(make_venv: Any, kind: str) -> None:
    venv = make_venv()
    path = put(venv, b"")
    path.unlink()
    if kind == "fifo":
        os.mkfifo(path)
        assert stat.S_ISFIFO(path.stat().st_mode)
    else:
        path.symlink_to("/dev/zero" if kind == "device" else path.name)
    result = listing(venv.path)
    assert not result.distributions
    assert not result.problems
