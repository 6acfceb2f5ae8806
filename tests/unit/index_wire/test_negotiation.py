from __future__ import annotations

import pytest

from envcensus._kernels import page as kernel
from envcensus.index.negotiation import ACCEPT, PageError, charset_of, format_of, read_page

URL = "https://index.example.com/simple/demo/"


def test_json_is_asked_for_first() -> None:
    preferences = [part.partition(";q=") for part in ACCEPT.split(", ")]
    assert preferences[0] == ("application/vnd.pypi.simple.v1+json", "", "")
    assert [float(weight) for _, _, weight in preferences[1:]] == [0.2, 0.01]


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/vnd.pypi.simple.v1+json", "json"),
        ("Application/Vnd.PyPI.Simple.V1+JSON; charset=utf-8", "json"),
        ("application/vnd.pypi.simple.latest+json", "json"),
        ("application/vnd.pypi.simple.v1+html", "html"),
        ("text/html;charset=UTF-8", "html"),
    ],
)
def test_formats(content_type: str, expected: str) -> None:
    assert format_of(content_type) == expected


@pytest.mark.parametrize(
    ("content_type", "reason"),
    [
        ("", "no Content-Type"),
        ("application/json", "Content-Type is application/json"),
        ("text/plain\r\nX-Evil: 1", r"Content-Type is text/plain\?\?x-evil: 1"),
        ("application/vnd.pypi.simple.v2+json", "API version 2"),
        ("application/octet-stream", "is no index page"),
    ],
)
def test_anything_else_is_no_page(content_type: str, reason: str) -> None:
    with pytest.raises(PageError, match=reason) as caught:
        read_page(b"{}", content_type, URL)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("text/html", "utf-8"),
        ("text/html; charset=ISO-8859-1", "iso-8859-1"),
        ('text/html; boundary=x; Charset="latin1"', "latin1"),
        ("text/html; charset=", "utf-8"),
    ],
)
def test_charsets(content_type: str, expected: str) -> None:
    assert charset_of(content_type) == expected


def test_dispatch() -> None:
    json = b'{"files": [{"filename": "demo-1.0.zip", "url": "demo-1.0.zip"}]}'
    assert kernel.versions(read_page(json, "application/vnd.pypi.simple.v1+json", URL)[0]) == ["1.0"]
    assert kernel.versions(read_page(b"<a href=demo-1.1.zip>", "text/html", URL)[0]) == ["1.1"]
    assert kernel.versions(read_page(b"<a href=demo-1.1.zip>", "text/html", URL, "other")[0]) == []
