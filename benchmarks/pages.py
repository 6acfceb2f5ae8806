"""Project pages and HTTP answers as bytes: the Simple repository API in JSON and HTML."""

from __future__ import annotations

import gzip
import hashlib
import html
import json
from collections.abc import Iterable

from benchmarks.catalog import FileEntry

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
HTML_TYPE = "text/html; charset=utf-8"


def json_page(name: str, versions: Iterable[str], files: Iterable[FileEntry]) -> bytes:
    """The page as JSON. The keys of `FileEntry` are Python's; those of the page have hyphens."""
    entries = []
    for file in files:
        entry = {key.replace("_", "-"): value for key, value in file.items()}
        if "core-metadata" in entry:
            entry["data-dist-info-metadata"] = entry["core-metadata"]
        entries.append(entry)
    page = {
        "meta": {"api-version": "1.4", "_last-serial": 1},
        "name": name,
        "versions": list(versions),
        "files": entries,
        "project-status": {"status": "active"},
        "alternate-locations": [],
    }
    return json.dumps(page, separators=(",", ":")).encode()


def html_page(name: str, files: Iterable[FileEntry]) -> bytes:
    """The page as HTML."""
    lines = [
        "<!DOCTYPE html>",
        '<html><head><meta name="pypi:repository-version" content="1.4">',
        f"<title>Links for {name}</title></head><body><h1>Links for {name}</h1>",
    ]
    for file in files:
        digests = file["hashes"]
        fragment = "".join(f"#{kind}={digest}" for kind, digest in list(digests.items())[:1])
        attributes = ""
        if requires := file.get("requires_python"):
            attributes += f' data-requires-python="{html.escape(requires)}"'
        if file["yanked"] is not False:
            attributes += f' data-yanked="{html.escape(file["yanked"] if isinstance(file["yanked"], str) else "")}"'
        if metadata := file.get("core_metadata"):
            value = "true" if metadata is True else "".join(f"{kind}={digest}" for kind, digest in metadata.items())
            attributes += f' data-dist-info-metadata="{value}" data-core-metadata="{value}"'
        lines.append(f'<a href="{file["url"]}{fragment}"{attributes}>{file["filename"]}</a><br>')
    return "\n".join([*lines, "</body></html>", ""]).encode()


class Answer:
    """A body ready to be sent: plain and compressed, with its entity tag."""

    __slots__ = ("body", "content_type", "etag", "packed")

    def __init__(self, body: bytes, content_type: str, *, compress: bool = True) -> None:
        self.body = body
        self.content_type = content_type.encode()
        self.etag = f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'.encode()
        self.packed = gzip.compress(body, 6, mtime=0) if compress else b""

    def head(self, status: bytes, max_age: int, *, length: int = -1, packed: bool = False) -> bytes:
        """Status line and headers up to the blank line."""
        lines = [
            b"HTTP/1.1 " + status,
            b"ETag: " + self.etag,
            b"Cache-Control: max-age=%d, public" % max_age,
            b"Vary: Accept, Accept-Encoding",
            b"Content-Type: " + self.content_type,
        ]
        if length >= 0:
            lines.append(b"Content-Length: %d" % length)
        if packed:
            lines.append(b"Content-Encoding: gzip")
        return b"\r\n".join(lines) + b"\r\n\r\n"
