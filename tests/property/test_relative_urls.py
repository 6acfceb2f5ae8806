"""Where files are: relative URLs of a page, resolved all at once, are what `urllib.parse.urljoin` makes of each."""

from __future__ import annotations

import json
from urllib.parse import urljoin

from hypothesis import example, given
from hypothesis import strategies as st

from envcensus._kernels.page import files, pack_json
from envcensus.model.page import File

BASES = ("http://127.0.0.1:8080/simple/a/", "http://127.0.0.1/root/simple/a/?x=1", "http://127.0.0.1/a")
SEGMENTS = ("..", ".", "", "files", "a;b", "c%20d", ".hidden", "..d", "x?y=/z", "deep/er", " ")
NAMES = tuple(f"a-{number}-py3-none-any.whl" for number in range(1, 5))

folders = st.lists(st.sampled_from(SEGMENTS), max_size=4).map(lambda parts: "/".join([*parts, ""]))
STARTS = ("", "../../files/", "/files/", "../", "files/a-", "x/", "http://127.0.0.1/f/", "//127.0.0.2/")
shared = st.sampled_from(STARTS)


def encoded(url: str) -> str:
    """The spaces of a URL's path as they are asked for; a host is left as it is."""
    path = url.find("/", url.find("://") + 3)
    return url if path < 0 else url[:path] + url[path:].replace(" ", "%20")


@example(BASES[0], "", ["//"])
@example(BASES[0], "", ["// /"])
@given(st.sampled_from(BASES), shared, st.lists(st.one_of(st.just(""), folders), min_size=1, max_size=4))
def test_as_urljoin(base: str, before: str, between: list[str]) -> None:
    urls = {name: before + part + name for name, part in zip(NAMES, between, strict=False)}
    page = {
        "meta": {"api-version": "1.0"},
        "name": "a",
        "files": [{"filename": name, "url": url, "hashes": {}} for name, url in urls.items()],
    }
    packed = pack_json(json.dumps(page).encode(), base, "a")[1]
    found = {file.filename: file.url for file in files(packed, None, File)}
    absolute = {name: url if "://" in url else urljoin(base, url) for name, url in urls.items()}
    absolute = {name: encoded(url) for name, url in absolute.items()}
    assert found == absolute
