"""The records of a snapshot: what a scan found, one JSON record a line (docs/snapshots.md). Pure: bytes and model.

    header, then for each host: host, its environments, what was skipped there; at last a trailer with the counts.

Fields and kinds of records may be added at any time, and a reader passes over what it does not know; a change that
would mislead an old reader makes a new major version. A file without its trailer was cut off.
"""

from __future__ import annotations

import json
from typing import Any, get_args

import msgspec
from msgspec import Struct

from envcensus._kernels.names import canonicalize_name
from envcensus.model.distribution import Distribution, DistributionKind
from envcensus.model.environment import Environment, Kind
from envcensus.model.platform import Platform
from envcensus.model.skipped import Problem, Skipped

FORMAT = "envcensus-snapshot"
VERSION = "1.0"
LINE_LIMIT = 64 << 20  # bytes: an environment of 10,000 distributions with their requirements takes some 20 MB


class SnapshotError(ValueError):
    """A line that is none of ours; the message is one line."""


class UnreadableLineError(SnapshotError):
    """A line that is no record at all."""


class Header(Struct, frozen=True, kw_only=True, tag_field="record", tag="header"):
    """First line."""

    format: str = ""
    version: str = VERSION
    writer: str = ""  # "envcensus 1.2.3"
    written: float = 0.0  # seconds since the epoch


class Host(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="record", tag="host"):
    """What follows, up to the next record of this kind, was found on this host.

    `id` tells hosts of one name apart; it is derived from the machine's own and does not give that away.
    """

    name: str
    id: str = ""
    scanned: float = 0.0  # seconds since the epoch
    roots: tuple[str, ...] = ()
    requires: bool = False  # whether requirements were read
    details: bool = False  # whether installers, REQUESTED and RECORD were looked at
    platform: Platform = Platform()


class Found(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="record", tag="environment"):
    """One environment with what is installed there."""

    environment: Environment
    distributions: tuple[Distribution, ...] = ()
    problems: tuple[Problem, ...] = ()


class NotSeen(Struct, frozen=True, kw_only=True, tag_field="record", tag="skipped"):
    """Something that could not be looked at."""

    skipped: Skipped


class Trailer(Struct, frozen=True, kw_only=True, tag_field="record", tag="trailer"):
    """Last line: the counts of the file."""

    hosts: int
    environments: int
    distributions: int
    skipped: int


Record = Header | Host | Found | NotSeen | Trailer

_decoder = msgspec.json.Decoder(Record)
_encoder = msgspec.json.Encoder()


class _Tag(Struct):
    record: str


_tag = msgspec.json.Decoder(_Tag)
_TAGS = {"header", "host", "environment", "skipped", "trailer"}


def encode(record: Record) -> bytes:
    """`record` as a line.

    Bytes of paths that are not UTF-8 are lone surrogates in our texts: JSON can escape them, so nothing is lost.
    """
    try:
        return _encoder.encode(record) + b"\n"
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(record), separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> Record | None:
    """The record of a line, None for a kind that a later version added. Raises SnapshotError."""
    try:
        record = _decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        found = _decode_leniently(line)
        if found is None:
            return None
        record = found
    return _honest(record) if isinstance(record, Found) else record


def check_header(record: Record | None) -> Header:
    """The header, if it is one that we can read. Raises SnapshotError."""
    if not isinstance(record, Header) or record.format != FORMAT:
        raise SnapshotError("not a snapshot: `envcensus scan -o FILE` writes one")
    major = record.version.partition(".")[0]
    if major != VERSION.partition(".")[0]:
        raise SnapshotError(f"a snapshot of version {record.version[:20]}; this envcensus reads version {VERSION}")
    return record


def _decode_leniently(line: bytes) -> Record | None:
    """The rare forms: escaped surrogates, kinds of records, environments and distributions that we do not know."""
    try:
        if _tag.decode(line).record not in _TAGS:
            return None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass  # perhaps for the surrogates alone
    try:
        raw = json.loads(line)
        if isinstance(raw, dict):
            if isinstance(raw.get("record"), str) and raw["record"] not in _TAGS:
                return None
            _known_kinds(raw)
        record: Record = msgspec.convert(raw, Record)
    except RecursionError:
        raise SnapshotError("a line nested too deeply") from None
    except (ValueError, TypeError) as error:  # msgspec's and json's own are ValueErrors
        raise UnreadableLineError(f"a line that cannot be read: {' '.join(str(error).split())[:200]}") from None
    return record


def _known_kinds(raw: dict[str, Any]) -> None:
    environment = raw.get("environment")
    if isinstance(environment, dict) and environment.get("kind") not in get_args(Kind):
        environment["kind"] = "target"
    distributions = raw.get("distributions")
    for each in distributions if isinstance(distributions, list) else ():
        if isinstance(each, dict) and each.get("kind", "dist-info") not in get_args(DistributionKind):
            each["kind"] = "dist-info"


def _honest(found: Found) -> Found:
    """Names are joined and asked for by their normalized form: never by what somebody only calls so."""
    if all(canonicalize_name(each.normalized) == each.normalized for each in found.distributions):
        return found
    distributions = [
        msgspec.structs.replace(each, normalized=canonicalize_name(each.normalized)) for each in found.distributions
    ]
    return msgspec.structs.replace(found, distributions=tuple(distributions))
