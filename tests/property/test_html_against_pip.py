"""What a page of links says, against pip's own reading of the same bytes."""

from __future__ import annotations

import html
from typing import Any
from urllib.parse import unquote, urlsplit

from hypothesis import given
from hypothesis import strategies as st
from pip._internal.index.collector import IndexContent, parse_links
from pip._internal.models.link import Link, _ensure_quoted_url

from tests.support.pages import read_html

URL = "http://index.example.com/simple/demo-x/"
SHA = "0123456789abcdef" * 4
FILES = tuple(f"demo_x-{version}-py3-none-any.whl" for version in ("1.0", "1.1", "2.0+local.1", "3!1"))

folders = st.sampled_from(
    [
        *("", "./", "../", "../../files/", "/", "/files/", "/my files/", "dateien-\u00fc/", "a%20b/", "a%2Fb/", "x;y/"),
        *("http://files.example.com/", "https://files.example.com/a%20b/", "//files.example.com/x/", "../../a//b/"),
        *("http://files.example.com/my files/", "https://files.example.com:8443/\u00fc/", "~x/", "a'b/", "{x}/"),
    ]
)
queries = st.sampled_from(["", "", "", "?x=1", "?x=a b", "?x=1&y=%20", "?x=/a/b"])
fragments = st.sampled_from(
    ["", f"#sha256={SHA}", f"#sha512={SHA * 2}", "#md5=00ff", "#egg=demo-x", f"#egg=x&sha256={SHA}", "#", "#sha256="]
)
pythons = st.sampled_from([None, "", ">=3.8", ">=3.8, <4", "<4,>=3", "\u22653.8", "!=3.0.*", ">3 & <4"])
yanks = st.sampled_from([None, None, "", "broken", '<b>it\'s "bad"</b> & worse', "\u00fc\n x"])
metadata = st.sampled_from([None, None, "true", f"sha256={SHA}", f"sha512={SHA * 2}"])
spaces = st.sampled_from([" ", "\n", "\t ", " \r\n"])


@st.composite
def attributes(draw: st.DrawFn, name: str, value: str | None) -> str:
    """One attribute in any of the ways it may be written."""
    if value is None:
        return ""
    escaped = draw(st.sampled_from([html.escape(value), html.escape(value).replace("&#x27;", "&apos;")]))
    if draw(st.booleans()):
        escaped = escaped.replace("=", "&#61;").replace("a", "&#x61;")
    if draw(st.booleans()) and "'" not in escaped:
        quoted = f"'{escaped}'"
    elif escaped and draw(st.booleans()) and not set(escaped) & set(" \t\r\n\f\"'=<>`"):
        quoted = escaped + " "
    else:
        quoted = f'"{escaped}"'
    spelled = draw(st.sampled_from([name, name.upper(), name.title()]))
    return draw(spaces) + spelled + draw(st.sampled_from(["=", " = ", "=\n"])) + quoted


@st.composite
def anchors(draw: st.DrawFn) -> str:
    href = draw(folders) + draw(st.sampled_from(FILES)) + draw(queries) + draw(fragments)
    parts = [
        draw(attributes("href", href)),
        draw(attributes("data-requires-python", draw(pythons))),
        draw(attributes("data-yanked", draw(yanks))),
        draw(attributes("data-core-metadata", draw(metadata))),
        draw(attributes("data-dist-info-metadata", draw(metadata))),
        draw(attributes("data-gpg-sig", draw(st.sampled_from([None, "true"])))),
        draw(attributes("rel", draw(st.sampled_from([None, "internal"])))),
    ]
    tag = draw(st.sampled_from(["a", "A"]))
    text = draw(st.sampled_from(["demo", "", "<b>x</b>", "&lt;a href=x&gt;"]))
    return f"<{tag}{''.join(draw(st.permutations(parts)))}>{text}</{tag}>"


between = st.sampled_from(
    ["", "<br>", "\n", "<!-- <a href='demo_x-9-py3-none-any.whl'> -->", "<p title='<a>'>", "<h1>Links</h1>", "<img/>"]
)
bases = st.sampled_from(
    [None, None, None, "", "http://cdn.example.com/f/", "http://cdn.example.com/f/page.html", "https://cdn.example.com"]
)


@st.composite
def pages(draw: st.DrawFn) -> str:
    base = draw(bases)
    head = "" if base is None else f"<base href='{base}'>"
    body = "".join(draw(between) + anchor for anchor in draw(st.lists(anchors(), max_size=5)))
    return f"<!DOCTYPE html><html><head>{head}<title>Links</title></head><body>{body}</body></html>"


def pips(link: Link) -> dict[str, Any]:
    """A link as pip has it, in our words."""
    kept = {"sha512", "sha384", "sha256", "sha224", "sha1", "md5"}
    digests = {name: value for name, value in link._hashes.items() if name in kept and value.isalnum()}
    if len(digests.get("sha256", SHA)) != 64:
        del digests["sha256"]
    found = link.metadata_file_data
    return {
        "filename": link.filename,
        "url": link.url_without_fragment.replace(" ", "%20"),  # of a query: pip leaves that to its HTTP library
        "hashes": digests,
        "requires_python": link.requires_python or "",
        "yanked": link.yanked_reason,
        "core_metadata": False if found is None else found.hashes or True,
    }


@given(page=pages(), charset=st.sampled_from(["utf-8", "utf-16"]))
def test_a_page_of_links_is_pips(page: str, charset: str) -> None:
    body = page.encode(charset)
    expected = [pips(link) for link in parse_links(IndexContent(body, "text/html", charset, URL, False))]
    found = read_html(body, URL, "demo-x", charset).files
    for file in found:
        parts = urlsplit(file.url)
        assert file.url.isascii()
        assert file.url.isprintable()
        assert " " not in file.url, "what cannot be asked for as it is"
        assert unquote(parts.path).endswith(file.filename)

    def key(row: dict[str, Any]) -> str:
        return str(sorted(row.items(), key=str))

    ours = [
        {
            "filename": file.filename,
            "url": _ensure_quoted_url(file.url),
            "hashes": file.hashes,
            "requires_python": file.requires_python,
            "yanked": file.yanked,
            "core_metadata": file.core_metadata,
        }
        for file in found
    ]
    assert sorted(ours, key=key) == sorted(expected, key=key)
