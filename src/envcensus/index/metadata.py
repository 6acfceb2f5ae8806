"""Core metadata of one version, by the cheapest way that can be trusted.

The metadata file beside a distribution (PEP 658, 714), its hash checked; else the tail of a wheel by range requests;
else the whole wheel, its hash checked; else what an sdist states for certain. Nothing is ever built here.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
from collections.abc import Mapping
from typing import IO

from envcensus.index import local, places
from envcensus.index.credentials import has_origin, origin_of, split_credentials
from envcensus.index.faults import RequestFailed
from envcensus.index.metadata_question import MetadataFetched, MetadataWant, Way
from envcensus.index.metadata_text import MOST_METADATA, MetadataError, NeedsBuild, read_sdist
from envcensus.index.remote_zip import TAIL, Missing, Parts, read_wheel
from envcensus.index.transport import Response, Tally, Transport
from envcensus.model.page import File
from envcensus.runtime.refusals import refusal

MOST_RANGES = 4  # directory in two pieces, the member, and one more
# Only what nobody can collide counts as a check; the strongest one given is used.
_HASHES = ("sha512", "sha384", "sha256", "sha3_256", "blake2b")
_PLAIN = {"Accept": "*/*", "Accept-Encoding": "identity"}

_NOT_THERE = (403, 404, 410)  # object stores answer 403 for what they do not have


class MetadataClient:
    """Reads the metadata of single versions over one transport."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._no_ranges: set[str] = set()  # origins that answer range requests with the whole file

    async def fetch(self, want: MetadataWant) -> MetadataFetched:
        """Try the files in their order until one tells."""
        tally = Tally()
        reason, outcome, sha256 = "no file to read it from", "failed", ""
        for file in want.files:
            try:
                if want.whole:
                    metadata, way = await self._file(file, tally)
                elif want.digest and (body := await self._checked(file, tally)) is not None:
                    sha256 = hashlib.sha256(body).hexdigest()
                    wheel = file.filename.endswith(".whl")
                    metadata, way = await asyncio.to_thread(_read_body, body, file, wheel=wheel)
                else:
                    metadata, way = await self._read(file, tally)
            except NeedsBuild as error:
                reason, outcome = f"{file.filename} {error}", "needs-build"
            except (MetadataError, RequestFailed, local.LocalError) as error:
                reason, outcome = f"{file.filename}: {error}", "failed"
            else:
                return self._answer(
                    want, tally, outcome="found", metadata=metadata, way=way, filename=file.filename, sha256=sha256
                )
        return self._answer(want, tally, outcome=outcome, reason=reason, sha256=sha256)

    def _answer(self, want: MetadataWant, tally: Tally, **rest: object) -> MetadataFetched:
        return MetadataFetched(
            name=want.name,
            version=want.version,
            requests=tally.requests,
            retries=tally.retries,
            received=tally.received,
            **rest,  # type: ignore[arg-type]
        )

    async def _read(self, file: File, tally: Tally) -> tuple[bytes, Way]:
        """The metadata of one file and how it was got. Raises MetadataError, RequestFailed or LocalError."""
        _check_address(file.url)
        wheel = file.filename.endswith(".whl")
        if file.core_metadata is not False:
            found = await self._metadata_file(file, tally)
            if found is not None:
                return found, "metadata-file"
        if file.url.startswith("file:"):
            return await asyncio.to_thread(_read_local, file, wheel=wheel)
        if wheel:
            found = await self._by_range(file, tally)
            if found is not None:
                return found, "range"
        body = await self._whole(file.url, tally)
        # Unpacking may take a while, and the other answers' deadlines must not suffer from it.
        return await asyncio.to_thread(_read_body, body, file, wheel=wheel)

    async def _file(self, file: File, tally: Tally) -> tuple[bytes, Way]:
        """The file itself, its hash checked. Raises MetadataError, RequestFailed or LocalError."""
        _check_address(file.url)
        if file.url.startswith("file:"):
            body = local.read_file(_local_path(file.url), self._transport.limits.max_file)
            if body is None:
                raise MetadataError("is not there any more")
        else:
            body = await self._whole(file.url, tally)
        check_hash(body, file.hashes, "the file")
        return body, "whole"

    async def _checked(self, file: File, tally: Tally) -> bytes | None:
        """The file itself, its hash checked; None where it is too large for that. Raises as `_file` does."""
        try:
            return (await self._file(file, tally))[0]
        except RequestFailed as error:
            if error.too_large:
                return None
            raise

    async def _metadata_file(self, file: File, tally: Tally) -> bytes | None:
        """The file that the index keeps beside the distribution; None where it is not there after all."""
        hashes = file.core_metadata if isinstance(file.core_metadata, dict) else {}
        url = file.url + ".metadata"
        if url.startswith("file:"):
            body = local.read_file(_local_path(url), MOST_METADATA)
        else:
            response = await self._transport.get(url, {"Accept": "*/*"}, tally, cap=MOST_METADATA)
            if response.status not in (200, *_NOT_THERE):
                raise RequestFailed(f"{origin_of(response.url)} answered {response.status}")
            body = response.body if response.status == 200 else None
        if body is not None:
            check_hash(body, hashes, "the metadata file")
        return body

    async def _by_range(self, file: File, tally: Tally) -> bytes | None:
        """The metadata from a wheel's tail; None where the server does not do ranges."""
        origin = str(origin_of(split_credentials(file.url)[0]))
        if origin in self._no_ranges:
            return None
        start = max(0, file.size - TAIL) if file.size else None
        wanted = f"bytes={start}-{file.size - 1}" if start is not None and file.size else f"bytes=-{TAIL}"
        first = await self._range(file.url, wanted, tally)
        placed = _placed(first)
        if placed is None:
            if first.status in (401, *_NOT_THERE):
                raise RequestFailed(f"{origin_of(first.url)} answered {first.status}")
            if first.status in (200, 206):  # others may speak of this file alone
                self._no_ranges.add(origin)
            return None
        at, size = placed
        if file.size not in (None, size):
            return None  # not what the index speaks of: its hash will tell
        parts = Parts(size)
        parts.add(at, first.body)
        for _ in range(MOST_RANGES):
            try:
                return read_wheel(parts, file.filename)
            except Missing as missing:
                lacking = missing
            if not await self._add(parts, lacking, size, file.url, tally):
                self._no_ranges.add(origin)
                return None
        raise MetadataError("the wheel's directory is scattered over the file")

    async def _add(self, parts: Parts, lacking: Missing, size: int, url: str, tally: Tally) -> bool:
        """Whether the server sent what is lacking of a wheel of so many bytes."""
        end = min(lacking.end, size)
        response = await self._range(url, f"bytes={lacking.start}-{end - 1}", tally)
        if _placed(response) != (lacking.start, size):
            return False
        parts.add(lacking.start, response.body)
        return True

    async def _range(self, url: str, wanted: str, tally: Tally) -> Response:
        # A server that does not know ranges sends the whole wheel: the connection is dropped after this much of it.
        return await self._transport.get(url, {**_PLAIN, "Range": wanted}, tally, partial=True)

    async def _whole(self, url: str, tally: Tally) -> bytes:
        response = await self._transport.get(url, _PLAIN, tally, cap=self._transport.limits.max_file)
        if response.status != 200:
            raise RequestFailed(f"{origin_of(response.url)} answered {response.status}")
        return response.body


def _read_local(file: File, *, wheel: bool) -> tuple[bytes, Way]:
    path = _local_path(file.url)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise MetadataError(f"cannot be read: {refusal(error)}") from None
    with open(descriptor, "rb") as stream:
        _check_stream(stream, file.hashes)
        if wheel:
            return read_wheel(stream, file.filename), "wheel"
        return read_sdist(stream, file.filename), "sdist"


def _read_body(body: bytes, file: File, *, wheel: bool) -> tuple[bytes, Way]:
    check_hash(body, file.hashes, "the file")
    stream = io.BytesIO(body)
    return (read_wheel(stream, file.filename), "wheel") if wheel else (read_sdist(stream, file.filename), "sdist")


def _placed(response: Response) -> tuple[int, int] | None:
    """Start and total size of a 206's body (RFC 9110, 14.4), None for anything else or inconsistent."""
    if response.status != 206:
        return None
    unit, _, rest = response.headers.get("Content-Range", "").strip().partition(" ")
    span, _, total = rest.partition("/")
    first, _, last = span.partition("-")
    if unit.lower() != "bytes" or not all(_is_number(part) for part in (first, last, total)):
        return None
    start, end, size = int(first), int(last) + 1, int(total)
    return (start, size) if end - start == len(response.body) and end <= size else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def check_hash(body: bytes, hashes: Mapping[str, str], what: str) -> None:
    """Compare with the strongest known hash; no hash at all is no objection. Raises MetadataError."""
    for name in _HASHES:
        expected = hashes.get(name)
        if expected is not None:
            if hashlib.new(name, body).hexdigest() != expected.lower():
                raise MetadataError(f"{what} does not match its {name}")
            return


def _check_stream(stream: IO[bytes], hashes: Mapping[str, str]) -> None:
    name = next((name for name in _HASHES if name in hashes), None)
    if name is not None:
        digest = hashlib.file_digest(stream, name).hexdigest()  # type: ignore[arg-type]
        stream.seek(0)
        if digest != hashes[name].lower():
            raise MetadataError(f"the file does not match its {name}")


def _check_address(url: str) -> None:
    if not url.startswith("file:") and not has_origin(url):
        raise MetadataError("its address is neither http, https nor a file")


def _local_path(url: str) -> str:
    try:
        return places.path_of(url.partition("#")[0])
    except ValueError as error:
        raise MetadataError(str(error)) from None
