"""Rows of the resolver."""

from __future__ import annotations

from benchmarks import deep_tree
from benchmarks.room import Room
from benchmarks.rows import Bar, Commands, Row, Side
from benchmarks.suites.common import (
    ours,
)

RESOLVE = "Resolution"


def _deep_requirements(room: Room) -> str:
    return room.listed("deep.in", deep_tree.make_tree(room.tree).roots)


def _resolve(room: Room, cache: str) -> Commands:
    requirements = _deep_requirements(room)
    return ours(room, "resolve", "-r", requirements, "-i", room.index.url, "--cache-dir", room.cache(cache))


def _uv_compile(room: Room, cache: str) -> Commands:
    base = [room.peers.path("uv"), "pip", "compile", "-q", "--cache-dir", room.cache(cache)]
    return [[*base, "--index-url", room.index.url, _deep_requirements(room)]]


ROWS = (
    Row(
        "resolve-deep-cold",
        RESOLVE,
        "a made-up tree of 2,000 projects, 14 layers deep, nothing cached",
        (
            Side("envcensus", lambda room: _resolve(room, "resolve-cold"), forget=("resolve-cold",)),
            Side("uv", lambda room: _uv_compile(room, "uv-resolve-cold"), forget=("uv-resolve-cold",)),
        ),
        (Bar("wall", 0.5, "uv"), Bar("requests", 1.4, "uv")),
        latency=50,
        memory=True,
        runs=5,
    ),
    Row(
        "resolve-deep-warm",
        RESOLVE,
        "the same again",
        (
            Side("envcensus", lambda room: _resolve(room, "resolve-warm")),
            Side("uv", lambda room: _uv_compile(room, "uv-resolve-warm")),
        ),
        (Bar("wall", 0.6, "uv"), Bar("memory", 0.5, "uv")),
        latency=50,
        memory=True,
    ),
)
