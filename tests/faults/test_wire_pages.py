"""Hostile and broken pages: bounded memory and time, one honest line, and never an empty page in place of an error."""

from __future__ import annotations

import resource
import subprocess
import sys
import textwrap

import pytest

from envcensus._kernels import page as kernel
from envcensus.index.negotiation import read_page

URL = "https://index.example.com/simple/demo/"
JSON = "application/vnd.pypi.simple.v1+json"

# Each case is an expression for a page's body; the child that reads it has 1.5 GB of address space and 20 s of CPU,
# which a scan that is quadratic in its input, or that builds objects for it, does not do with.
HOSTILE = {
    "deep list": "b'[' * 10**5",
    "deep files": "b'{\"files\":[' + b'{\"x\":[' * 10**5",
    "deep and closed": "b'{\"files\":[],\"x\":' + b'[' * 10**5 + b']' * 10**5 + b'}'",
    "deep reason": "b'{\"files\":[{\"yanked\":' + b'{\"a\":' * 10**5 + b'1' + b'}' * 10**5 + b'}]}'",
    "too many files": "page('demo-1.0.zip' for i in range(400_001))",
    "too many versions": "page(f'demo-1.{i}.zip' for i in range(100_001))",
    "too many tags": "page(f'demo-1.0-py{i}-none-any.whl' for i in range(66_000))",
    "too many variants": "page('demo-1.0.zip', python='>={}', count=100)",
    "too large": "bytes(257 << 20)",
    "not JSON": "b'<html>' * 10**6",
    "unclosed string": "b'{\"files\": [\"' + b'x' * (20 << 20)",
    "backslashes": "b'{\"files\": [], \"x\": \"' + b'\\\\\\\\' * (10 << 20) + b'\"'",
    "only commas": "b'{\"files\": [' + b',' * (10 << 20)",
    "many keys": "b'{' + b'\"files\":[],' * 10**6 + b'}'",
}

CHILD = """
    import json, sys
    from envcensus._kernels import page as kernel

    def page(names, python="", count=0):
        names = [names] * count if count else names
        file = '{"filename": "%s", "url": "%s", "requires-python": "%s"}'
        listed = ",".join(file % (name, name, python.format(i)) for i, name in enumerate(names))
        return ('{"files": [' + listed + "]}").encode()

    body = eval(sys.argv[1])
    try:
        kernel.pack_json(body, "https://index.example.com/simple/demo/")
    except kernel.PageError as error:
        print(error)
    else:
        print("no error")
"""


def confine() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (1536 << 20, 1536 << 20))
    resource.setrlimit(resource.RLIMIT_CPU, (20, 20))


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_pages_are_refused_in_bounded_memory(case: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(CHILD), HOSTILE[case]],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=confine,
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stdout.count("\n") == 1
    assert done.stdout != "no error\n"
    assert len(done.stdout) < 300


@pytest.mark.parametrize(
    "text", ["demo-" + "1" * 600 + ".zip", "demo-1." + "9" * 200 + ".zip", "demo-1.0\0.zip", "demo-.zip"]
)
def test_odd_names_leave_the_rest_intact(text: str) -> None:
    names = [text, "demo-1.0.zip"]
    body = b"".join(f"<a href='/f/{name}'>".encode() for name in names)
    record, files = read_page(body, "text/html", URL, "demo")
    assert "1.0" in kernel.versions(record)
    info = kernel.info(record)
    assert info.files + info.skipped + info.foreign == 2
    assert len(kernel.files(files, None, dict)) == info.files


def test_a_huge_field_costs_its_file_and_no_more() -> None:
    for field in ("filename", "url", "requires-python"):
        huge = {"filename": "demo-1.0.zip", "url": "x", "requires-python": ""} | {field: "demo-" + "1" * 10**6}
        entry = ",".join(f'"{key}": "{value}"' for key, value in huge.items())
        body = f'{{"files": [{{{entry}}}, {{"filename": "demo-2.0.zip", "url": "y"}}]}}'.encode()
        record, _ = read_page(body, JSON, URL, "demo")
        assert kernel.versions(record) == ["2.0"]
        assert kernel.info(record).skipped == 1


def test_a_long_reason_is_cut() -> None:
    body = f'{{"files": [{{"filename": "demo-1.0.zip", "url": "x", "yanked": "{"ä" * 10**6}"}}]}}'.encode()
    record, files = read_page(body, JSON, URL, "demo")
    found = kernel.version_info(record, "1.0")
    assert found is not None
    assert found[1] is not None
    assert found[1].startswith("ää")
    assert found[1].endswith("…")
    assert len(record) < 3000
    assert len(files) < 3000


def test_the_same_file_many_times() -> None:
    entry = '{"filename": "demo-1.0-py3-none-any.whl", "url": "demo-1.0-py3-none-any.whl"}'
    record, _ = read_page(f'{{"files": [{",".join([entry] * 1000)}]}}'.encode(), JSON, URL, "demo")
    assert kernel.versions(record) == ["1.0"]
    assert kernel.latest(record, kernel.Target(python="3.11", tags=["py3-none-any"])) is not None


def test_every_truncation_is_an_error() -> None:
    body = (
        b'{"meta": {"api-version": "1.1"}, "files": [{"filename": "demo-1.0.zip", "url": "demo-1.0.zip", "size": 12,'
        b' "upload-time": "2024-01-01T00:00:00Z", "yanked": "caf\\u00e9", "hashes": {}, "core-metadata": true}]}'
    )
    read_page(body, JSON, URL)
    for end in range(len(body)):
        with pytest.raises(kernel.PageError):
            read_page(body[:end], JSON, URL)


def test_an_error_page_is_no_empty_project() -> None:
    """A proxy's error page in HTML with status 200 has no links: it reads as a project without files, and says so."""
    record, _ = read_page(b"<html><h1>Please log in</h1><a href='/login'>here</a></html>", "text/html", URL, "demo")
    target = kernel.Target(python="3.11", tags=[])
    assert kernel.latest(record, target) is None
    assert kernel.why_none(record, target) == "the index lists no file that is a release of the project"


def test_no_secret_reaches_a_record() -> None:
    listed = [
        "https://user:hunter2@files.example.com/demo-1.0.zip",
        "http://hunter2@files.example.com/demo-1.1.zip",
        "//user:hunter2@files.example.com/demo-1.2.zip",
        "HTTPS://user:hunter2@files.example.com/demo-1.3.zip",
    ]
    page_url = "https://user:hunter2@index.example.com/simple/demo/?token=hunter2#hunter2"
    files = ",".join(f'{{"filename": "demo-1.{i}.zip", "url": "{url}"}}' for i, url in enumerate(listed))
    for packed in (
        read_page(f'{{"files": [{files}]}}'.encode(), JSON, page_url),
        read_page(b"".join(f"<a href='{url}'>".encode() for url in listed), "text/html", page_url),
    ):
        assert kernel.info(packed[0]).files == 4
        assert b"hunter2" not in packed[0] + packed[1]
