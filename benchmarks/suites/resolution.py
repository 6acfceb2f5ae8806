"""Rows of the resolver."""

from __future__ import annotations

import functools

from benchmarks import deep_tree, served
from benchmarks.room import Room
from benchmarks.rows import Bar, Commands, Row, Side
from benchmarks.suites.common import ours

RESOLVE = "Resolution"
GROWTH = (100, 400, 1000, 2000, 4000)  # projects of the deep tree
PYTHON_OPTION = ("--python-version", "3.11")  # what the recorded trees were recorded for


def deep_requirements(room: Room, projects: int = 0) -> str:
    """A requirements file with the roots of the deep tree; 0 projects: of the one that is always served."""
    size = projects or room.tree
    return room.listed(f"deep-{size}.in", deep_tree.make_tree(size).roots)


@functools.cache
def _roots(tree: str) -> tuple[str, ...]:
    return tuple(served.roots(tree))


def _recorded_requirements(room: Room, tree: str) -> str:
    return room.listed(f"{tree}.in", list(_roots(tree)))


def _resolve(room: Room, requirements: str, cache: str, *more: str) -> Commands:
    return ours(room, "resolve", "-r", requirements, "-i", room.index.url, "--cache-dir", room.cache(cache), *more)


def _uv_compile(room: Room, requirements: str, cache: str, *more: str) -> Commands:
    base = [room.peers.path("uv"), "pip", "compile", "-q", "--cache-dir", room.cache(cache), *more]
    return [[*base, "--index-url", room.index.url, requirements]]


def _deep(projects: int, cache: str, *, cold: bool, name: str = "") -> tuple[Side, Side]:
    """Ours and uv on a deep tree; 0 projects: on the one that is always served."""
    forget = (lambda cache: (cache,)) if cold else (lambda _: ())
    mine, theirs = f"resolve-{cache}", f"uv-resolve-{cache}"
    return (
        Side(
            f"envcensus{name}",
            lambda room: _resolve(room, deep_requirements(room, projects), mine),
            forget=forget(mine),
        ),
        Side(
            f"uv{name}",
            lambda room: _uv_compile(room, deep_requirements(room, projects), theirs),
            forget=forget(theirs),
        ),
    )


def _pip_resolve(room: Room, requirements: str, cache: str) -> Commands:
    base = [room.peers.path("python"), "-m", "pip", "install", "-q", "--dry-run", "--ignore-installed"]
    return [[*base, "--cache-dir", room.cache(cache), "--index-url", room.index.url, "-r", requirements]]


def _recorded(tree: str, *, cold: bool, cache: str = "") -> tuple[Side, Side]:
    """Ours and uv on a recorded tree."""
    kept = cache or f"{tree}-{'cold' if cold else 'warm'}"
    mine, theirs = f"resolve-{kept}", f"uv-resolve-{kept}"
    python = PYTHON_OPTION
    return (
        Side(
            "envcensus",
            lambda room: _resolve(room, _recorded_requirements(room, tree), mine, *python),
            forget=(mine,) if cold else (),
        ),
        Side(
            "uv",
            lambda room: _uv_compile(room, _recorded_requirements(room, tree), theirs, *python),
            forget=(theirs,) if cold else (),
        ),
    )


def _pair(key: str, tree: str, title: str, cold: tuple[Bar, ...], warm: tuple[Bar, ...]) -> tuple[Row, Row]:
    """A recorded tree with nothing cached, and again."""
    index = f"recorded:{tree}"
    return (
        Row(
            f"resolve-{key}-cold",
            RESOLVE,
            f"{title}, nothing cached",
            _recorded(tree, cold=True),
            cold,
            latency=50,
            memory=True,
            runs=5,
            served=index,
        ),
        Row(
            f"resolve-{key}-warm",
            RESOLVE,
            "the same again",
            _recorded(tree, cold=False),
            warm,
            latency=50,
            memory=True,
            served=index,
        ),
    )


def _beside_pip(*, cold: bool) -> Row:
    """A recorded tree that pip finishes in seconds. pip resolves for the Python that it runs with."""
    tree = "snap-jupyter"
    key = f"resolve-pip-{'cold' if cold else 'warm'}"
    cache = key.removeprefix("resolve-")
    sequential = Side(
        "envcensus, sequential",
        lambda room: ours(
            room,
            *("resolve", "-r", _recorded_requirements(room, tree), "-i", room.index.url, *PYTHON_OPTION),
            *("--no-cache", "--concurrency", "1"),
        ),
        runs=1,
        note="one run with one connection, one process and no cache",
    )
    return Row(
        key,
        RESOLVE,
        "jupyter beside pip, nothing cached" if cold else "the same again",
        (
            *_recorded(tree, cold=cold, cache=cache),
            Side(
                "pip",
                lambda room: _pip_resolve(room, _recorded_requirements(room, tree), "pip-resolve"),
                forget=("pip-resolve",) if cold else (),
                runs=1,
                note="one run of pip install --dry-run" + ("" if cold else ", with the cache that the last one left"),
            ),
            *((sequential,) if cold else ()),
        ),
        (Bar("wall", 0.2, "pip"),),
        latency=50,
        memory=True,
        runs=3,
        served=f"recorded:{tree}",
    )


def _grown(projects: int) -> Row:
    return Row(
        f"resolve-growth-{projects:04}",
        RESOLVE,
        f"a made-up tree of {projects:,} projects",
        (
            *_deep(projects, f"{projects}-cold", cold=True),
            *_deep(projects, f"{projects}-warm", cold=False, name=", warm"),
        ),
        latency=50,
        memory=True,
        runs=3,
        served=f"tree:{projects}",
        remark="a point of the curve of cost over tree size",
    )


ROWS = (
    Row(
        "resolve-deep-cold",
        RESOLVE,
        "a made-up tree of 2,000 projects, 14 layers deep, nothing cached",
        _deep(0, "cold", cold=True),
        (Bar("wall", 0.5, "uv"), Bar("requests", 1.4, "uv")),
        latency=50,
        memory=True,
        runs=5,
    ),
    Row(
        "resolve-deep-warm",
        RESOLVE,
        "the same again",
        _deep(0, "warm", cold=False),
        (Bar("wall", 0.6, "uv"), Bar("memory", 0.5, "uv")),
        latency=50,
        memory=True,
    ),
    *_pair(
        "airflow",
        "snap-airflow-all",
        "apache-airflow[all]: 700 pins",
        (Bar("wall", 0.3, "uv"), Bar("requests", 1.1, "uv")),
        (Bar("wall", 0.5, "uv"), Bar("memory", 0.5, "uv")),
    ),
    *_pair(
        "synthetic",
        "synth-2000x20",
        "a synthetic tree of 2,000 projects",
        (Bar("wall", 0.5, "uv"),),
        (Bar("wall", 0.6, "uv"),),
    ),
    *_pair(
        "boto3",
        "snap-boto3-urllib3",
        "boto3 beside an old urllib3: some 3,000 versions to go back through",
        (Bar("wall", 1, "uv"),),
        (Bar("wall", 1, "uv"),),
    ),
    *_pair(
        "jupyter",
        "snap-jupyter",
        "jupyter: 97 pins",
        (Bar("wall", 0.8, "uv"),),
        (Bar("wall", 3, "uv"),),
    ),
    _beside_pip(cold=True),
    _beside_pip(cold=False),
    *map(_grown, GROWTH),
)
