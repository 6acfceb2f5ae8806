"""What a METADATA text states."""

from __future__ import annotations

import pytest

from envcensus.index.core_metadata import only_extra, parse_metadata

TEXT = b"""Metadata-Version: 2.2
Name: Some.Thing
Version: 1.0
Requires-Python: >=3.8
Requires-Dist: a<2
Requires-Dist: b[x] ;
  extra == "y"
Provides-Extra: y

Requires-Dist: not-this
"""


@pytest.mark.parametrize("text", [TEXT, TEXT.replace(b"\n", b"\r\n"), TEXT.partition(b"\n\n")[0]])
def test_the_header_alone_is_read(text: bytes) -> None:
    metadata = parse_metadata(text)
    assert metadata is not None
    assert metadata.requires == ("a<2", 'b[x] ; extra == "y"')
    assert (metadata.base, metadata.of_extra("y"), metadata.of_extra("z")) == (("a<2",), ('b[x] ; extra == "y"',), ())
    assert (metadata.name, metadata.version, metadata.requires_python) == ("Some.Thing", "1.0", ">=3.8")
    assert metadata.extras == ("y",)


@pytest.mark.parametrize("text", [b"", b"Version: 1\n", b"Name: a\n\nVersion: 1\n", b"\xff\xfe\x00"])
def test_metadata_without_name_or_version_says_nothing(text: bytes) -> None:
    assert parse_metadata(text) is None


@pytest.mark.parametrize(
    ("line", "extra"),
    [
        ("a ; extra == 'X.y'", "x-y"),
        ('a ; (os_name == "nt" and python_version < "3") and "x" == extra', "x"),
        ("a ; extra == 'x' or os_name == 'nt'", ""),
        ("a ; extra == 'x' and extra == 'y'", ""),
        ("a ; extra != 'x'", ""),
        ("a ; os_name == 'nt'", ""),
        ("extra", ""),
    ],
)
def test_lines_of_one_extra(line: str, extra: str) -> None:
    assert only_extra(line) == extra
