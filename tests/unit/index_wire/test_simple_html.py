"""PEP 503 pages, as indexes write them and as nobody should."""

from __future__ import annotations

from json import dumps

import pytest

from envcensus._kernels import page as kernel
from envcensus.model.page import File
from tests.support.pages import read_html, read_json

URL = "https://index.example.com/simple/demo/"
SHA = "0123456789abcdef" * 4


def files(html: str, **options: str) -> list[File]:
    return list(read_html(html.encode(), URL, **options).files)


def test_all_attributes() -> None:
    html = f"""<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.4">
      <meta name="pypi:project-status" content="archived">
      <meta name="pypi:project-status-reason" content="done &amp; dusted">
      <meta name="pypi:tracks" content="https://a.example.com/demo/">
      <meta name="pypi:tracks" content="https://b.example.com/demo/">
      <meta name="pypi:alternate-locations" content="https://c.example.com/demo/">
      <title>Links for <a></title></head><body>
      <h1>Links</h1><a href="../../p/demo-1.0-py3-none-any.whl#sha256={SHA}" data-requires-python="&gt;=3.8,&lt;4"
      data-yanked="it&#39;s &quot;bad&quot;" data-core-metadata="sha256={SHA}">demo-1.0-py3-none-any.whl</a><br/>
      <A HREF='https://f.example.com/demo-2.0.tar.gz#md5=AAFF' DATA-DIST-INFO-METADATA=true rel=internal>x</A>
      <a href=/demo-0.9.zip?download=1#egg=demo-0.9>demo</a></body></html>"""
    page = read_html(html.encode(), URL)
    assert page.status == "archived"
    assert page.status_reason == "done & dusted"
    assert page.tracks == ("https://a.example.com/demo/", "https://b.example.com/demo/")
    assert page.alternates == ("https://c.example.com/demo/",)
    assert list(page.files) == [
        File(
            filename="demo-2.0.tar.gz",
            url="https://f.example.com/demo-2.0.tar.gz",
            hashes={"md5": "AAFF"},
            core_metadata=True,
        ),
        File(
            filename="demo-1.0-py3-none-any.whl",
            url="https://index.example.com/p/demo-1.0-py3-none-any.whl",
            hashes={"sha256": SHA},
            requires_python=">=3.8,<4",
            yanked='it\'s "bad"',
            core_metadata={"sha256": SHA},
        ),
        File(filename="demo-0.9.zip", url="https://index.example.com/demo-0.9.zip?download=1"),
    ]


@pytest.mark.parametrize(
    ("html", "names"),
    [
        ("", []),
        ("<a href='demo-1.0.tar.gz'", ["demo-1.0.tar.gz"]),
        ("<a href='demo-1.0.tar.gz", []),
        ("<a href=demo-1.0.tar.gz>", ["demo-1.0.tar.gz"]),
        ("<a>demo-1.0.tar.gz</a>", []),
        ("<!-- <a href='demo-1.0.tar.gz'> -->", []),
        ("<!-- --><a href='demo-1.0.tar.gz'>", ["demo-1.0.tar.gz"]),
        ("<!--><a href='demo-1.0.tar.gz'>", ["demo-1.0.tar.gz"]),
        ("<!-- <a href='demo-1.0.tar.gz'>", []),
        ("<script>'<a href=demo-1.0.tar.gz>'</script>", []),
        ("<style></style ><a href='demo-1.0.tar.gz'>", ["demo-1.0.tar.gz"]),
        ("<title>", []),
        ("< a href='demo-1.0.tar.gz'>", []),
        ("<abbr href='demo-1.0.tar.gz'>", []),
        ("<a data-x='>' href='demo-1.0.tar.gz'>", ["demo-1.0.tar.gz"]),
        ("<a href='demo%2D1.0%2Btag.tar.gz'>", ["demo-1.0+tag.tar.gz"]),
        ("<a href='demo-1.0.tar.gz/'>", ["demo-1.0.tar.gz"]),
        ("<a href='..%2Fdemo-1.0.tar.gz'>", ["demo-1.0.tar.gz"]),
        ("<a href=' demo-1.0.tar.gz\n'>", ["demo-1.0.tar.gz"]),
        ("<a href='#'><a href='?'><a href='/'><a href='demo-1.0.tar.gz'>", ["demo-1.0.tar.gz"]),
        ("<" * 1000 + "a href=demo-1.0.tar.gz>", ["demo-1.0.tar.gz"]),
    ],
)
def test_markup(html: str, names: list[str]) -> None:
    assert [file.filename for file in files(html)] == names


def test_yanked_as_in_pip() -> None:
    html = "<a href=demo-1.tar.gz data-yanked><a href=demo-2.tar.gz data-yanked=''><a href=demo-3.tar.gz data-yanked=x>"
    assert [file.yanked for file in files(html)] == ["x", "", None]


def test_base_element() -> None:
    html = "<base href='//u:secret@cdn.example.com/f/?x'><base href='/no/'>"
    html += "<a href='demo-1.tar.gz'><a href='/demo-2.tar.gz'>"
    found = files(html)
    assert [file.url for file in found] == [
        "https://cdn.example.com/demo-2.tar.gz",
        "https://cdn.example.com/f/demo-1.tar.gz",
    ]


def test_encodings() -> None:
    html = "<a href='demo-1.0.tar.gz' data-yanked='caf\u00e9'>"
    assert read_html(html.encode("latin-1"), URL, charset="ISO-8859-1").files[0].yanked == "caf\u00e9"
    assert read_html(html.encode("utf-16"), URL, charset="utf-16").files[0].yanked == "caf\u00e9"
    assert read_html(html.encode("latin-1"), URL).files[0].yanked == "caf\ufffd"
    with pytest.raises(kernel.PageError, match="unknown character encoding"):
        read_html(html.encode(), URL, charset="rot13")
    with pytest.raises(kernel.PageError, match="unknown character encoding"):
        read_html(html.encode(), URL, charset="no-such\x00thing")


def test_future_version_is_refused() -> None:
    with pytest.raises(kernel.PageError, match="API version 2"):
        files("<meta name='pypi:repository-version' content='2.0'>")
    assert files("<meta name='pypi:repository-version' content='1.99'>") == []


def test_hostile_markup_takes_linear_time() -> None:
    """Each of these took quadratic time in one parser or another; here a megabyte is nothing."""
    for unit in ("<", "<!--", "<a ", "<a href='", "</", "<script>", "<a x=", "<!", "<?", "&amp", "<a" + " b" * 99):
        html = (unit * (1_000_000 // len(unit))).encode()
        assert read_html(html, URL).files == ()


def test_both_forms_say_the_same() -> None:
    html = f"<a href='/f/demo-1.0.zip#sha256={SHA}' data-requires-python='&gt;3' data-yanked='no'>"
    file = {"filename": "demo-1.0.zip", "url": "/f/demo-1.0.zip", "requires-python": ">3", "yanked": "no"}
    json = dumps({"files": [{**file, "hashes": {"sha256": SHA}}]})
    assert read_html(html.encode(), URL) == read_json(json.encode(), URL)
