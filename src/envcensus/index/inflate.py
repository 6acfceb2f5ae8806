"""Response bodies, decompressed under a cap."""

from __future__ import annotations

from isal import isal_zlib

# Pages compress 5 to 20 times, most of it hashes; DEFLATE can do a thousand. Up to FREE_BYTES any ratio will do.
HIGHEST_RATIO = 200
FREE_BYTES = 1 << 20
_GZIP = 31  # wbits: a gzip header and trailer around the stream


class BodyError(Exception):
    """A body that cannot be used; the text is one sentence without secrets."""


class LargeBody(BodyError):
    """Larger than the reader is ready to take."""


class TruncatedBody(BodyError):
    """A body that ended too early: worth asking again."""


def inflate(body: bytes | bytearray, encoding: str, cap: int) -> bytes:
    """Undo Content-Encoding `encoding` (empty, "identity" or "gzip": we ask for no other).

    Never makes more than `cap` bytes, nor more than HIGHEST_RATIO times the input beyond FREE_BYTES.
    Raises BodyError.
    """
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        if len(body) > cap:
            raise BodyError(f"the answer is larger than {cap} bytes")
        return bytes(body)
    if encoding not in ("gzip", "x-gzip"):
        raise BodyError(f"the answer is encoded as {encoding[:20]!r}, which was not asked for")
    limit = min(cap, max(FREE_BYTES, HIGHEST_RATIO * len(body)))
    whole = b""
    rest = bytes(body)
    while rest:  # RFC 1952: a gzip file is one member or several
        stream = isal_zlib.decompressobj(wbits=_GZIP)
        try:
            part = stream.decompress(rest, limit - len(whole) + 1)
        except isal_zlib.error:  # type: ignore[misc]  # the stub declares it as an instance
            raise BodyError("the answer is not valid gzip") from None
        whole = whole + part if whole else part
        if len(whole) > limit:
            raise BodyError(f"the answer expands beyond {limit} bytes: a decompression bomb?")
        if not stream.eof:
            raise TruncatedBody("the answer's gzip stream ends too early")
        rest = stream.unused_data.lstrip(b"\0")  # padding is allowed
    if not body:
        raise TruncatedBody("the answer's gzip stream is empty")
    return whole
