"""All rows. A new one is a few lines: what is run, what is emptied before, which bars hold."""

from __future__ import annotations

from benchmarks.room import HERE, Fleet, Room
from benchmarks.rows import Bar, Commands, Row, Side

PIP_SAMPLE = 10  # environments of which pip is timed, where it would take minutes for all


def _small(room: Room) -> Fleet:
    return room.fleet(200, 100)


def _large(room: Room) -> Fleet:
    return room.fleet(1000, 150, hardlink=True, modules=False)


def _thousand(room: Room) -> Fleet:
    return room.fleet(1, 1000)


def _ours(room: Room, *arguments: str) -> Commands:
    return [[*room.ours, *arguments]]


def _empty(room: Room) -> str:
    return room.directory("empty")


def _uv_list(room: Room, fleet: Fleet, cache: str, *arguments: str) -> Commands:
    base = [room.peers.path("uv"), "pip", "list", "--cache-dir", room.cache(cache), *arguments]
    return [[*base, "--python", f"{environment}/bin/python"] for environment in fleet.environments]


def _uv_outdated(room: Room, fleet: Fleet, cache: str) -> Commands:
    return _uv_list(room, fleet, cache, "--outdated", "--index-url", room.index.url)


def _pip_list(room: Room, sites: list[str], *arguments: str) -> Commands:
    return [[room.peers.path("python"), "-m", "pip", "list", *arguments, "--path", site] for site in sites]


def _outdated(room: Room, fleet: Fleet, *arguments: str) -> Commands:
    return _ours(room, "outdated", fleet.path, "-i", room.index.url, *arguments)


def _lower_bound(threads: int, fleet: str) -> Side:
    chosen = {"small": _small, "large": _large}[fleet]
    return Side(
        f"C lower bound, {threads} thread{'s'[: threads - 1]}",
        lambda room: [[room.lower_bound(), "head", str(threads)]],
        start=lambda room: [["/bin/true"]],
        stdin=lambda room: room.listed(fleet, chosen(room).sites),
    )


SCAN = "Scanning"
scan_rows = (
    Row(
        "scan-200-fresh",
        SCAN,
        "names and versions of 200 environments × 100, nothing cached",
        (
            Side(
                "envcensus",
                lambda room: _ours(room, "list", _small(room).path, "--no-cache"),
                start=lambda room: _ours(room, "list", _empty(room), "--no-cache"),
            ),
            _lower_bound(1, "small"),
            _lower_bound(2, "small"),
            Side(
                "uv, its cache emptied",
                lambda room: _uv_list(room, _small(room), "uv-scan-cold"),
                forget=("uv-scan-cold",),
                jobs=2,
                note="a process for each environment, two at a time; reads directory names only",
            ),
            Side(
                "importlib.metadata",
                lambda room: [[room.peers.path("python"), f"{HERE}/importlib_list.py", *_small(room).sites]],
                start=lambda room: [[room.peers.path("python"), f"{HERE}/importlib_list.py"]],
                note="one process for all",
                runs=3,
            ),
            Side(
                "pip",
                lambda room: _pip_list(room, _small(room).sites[:PIP_SAMPLE]),
                scale=200 / PIP_SAMPLE,
                runs=3,
                note=f"{PIP_SAMPLE} environments one after the other, times 20",
            ),
            Side(
                "pipdeptree",
                lambda room: [
                    [room.peers.path("pipdeptree"), "--all", "--path", site] for site in _small(room).sites[:PIP_SAMPLE]
                ],
                scale=200 / PIP_SAMPLE,
                runs=3,
                allowed=(0, 1),
                note=f"{PIP_SAMPLE} environments one after the other, times 20; it reads the requirements too",
            ),
        ),
        (
            Bar("net cpu", 1.5, "C lower bound, 1 thread"),
            Bar("wall", 0.2, "pip"),
        ),
    ),
    Row(
        "scan-200-unchanged",
        SCAN,
        "the same, unchanged since the last run",
        (
            Side(
                "envcensus",
                lambda room: _ours(room, "list", _small(room).path, "--cache-dir", room.cache("scan-warm")),
                start=lambda room: _ours(room, "list", _empty(room), "--cache-dir", room.cache("scan-warm")),
            ),
            Side(
                "uv",
                lambda room: _uv_list(room, _small(room), "uv-scan-warm"),
                jobs=2,
                note="a process for each environment, two at a time, its interpreter cache warm",
            ),
        ),
        (Bar("wall", 0.1, "uv"),),
    ),
    Row(
        "scan-1000-fresh",
        SCAN,
        "names and versions of 1,000 environments × 150, nothing cached",
        (
            Side(
                "envcensus",
                lambda room: _ours(room, "list", _large(room).path, "--no-cache"),
                start=lambda room: _ours(room, "list", _empty(room), "--no-cache"),
            ),
            _lower_bound(1, "large"),
            _lower_bound(2, "large"),
        ),
        (Bar("net cpu", 1.5, "C lower bound, 1 thread"),),
        remark="Equal files share an inode, as installers with a store leave them",
    ),
    Row(
        "scan-1000-unchanged",
        SCAN,
        "the same, unchanged since the last run",
        (
            Side(
                "envcensus",
                lambda room: _ours(room, "list", _large(room).path, "--cache-dir", room.cache("scan-warm-large")),
            ),
            Side(
                "uv",
                lambda room: _uv_list(room, _large(room), "uv-scan-large")[:200],
                jobs=2,
                scale=5,
                runs=3,
                note="the first 200 environments, two at a time, times 5; interpreter cache warm",
            ),
        ),
        (Bar("wall", 0.1, "uv"),),
    ),
    Row(
        "scan-threads",
        SCAN,
        "1,000 environments × 150 on one CPU and on two",
        (
            Side(
                "envcensus, two CPUs",
                lambda room: [["taskset", "-c", "0,1", *_ours(room, "list", _large(room).path, "--no-cache")[0]]],
            ),
            Side(
                "envcensus, one CPU",
                lambda room: [["taskset", "-c", "0", *_ours(room, "list", _large(room).path, "--no-cache")[0]]],
            ),
            _lower_bound(2, "large"),
            _lower_bound(1, "large"),
        ),
    ),
)

OUTDATED = "Outdated"
UV_WARM = "uv revalidates every project on every run"
outdated_rows = (
    Row(
        "outdated-1000-cold",
        OUTDATED,
        "outdated among 1,000 packages, nothing cached",
        (
            Side(
                "envcensus",
                lambda room: _outdated(room, _thousand(room), "--cache-dir", room.cache("cold")),
                forget=("cold",),
            ),
            Side("uv", lambda room: _uv_outdated(room, _thousand(room), "uv-cold"), forget=("uv-cold",)),
            Side(
                "pip",
                lambda room: _pip_list(
                    room, _thousand(room).sites, "--outdated", "--no-cache-dir", "--index-url", room.index.url
                ),
                runs=1,
                note="one run",
            ),
        ),
        (
            Bar("wall", 0.6, "uv"),
            Bar("cpu", 0.6, "uv"),
            Bar("wall", 0.02, "pip"),
            Bar("memory", 50e6),
            Bar("requests", 1000),
        ),
        latency=50,
        memory=True,
    ),
    Row(
        "outdated-1000-warm",
        OUTDATED,
        "the same again, within the TTL",
        (
            Side("envcensus", lambda room: _outdated(room, _thousand(room), "--cache-dir", room.cache("warm"))),
            Side("uv", lambda room: _uv_outdated(room, _thousand(room), "uv-warm"), note=UV_WARM),
        ),
        (Bar("wall", 0.1, "uv"), Bar("cpu", 0.1, "uv"), Bar("requests", 0)),
        latency=50,
        memory=True,
    ),
    Row(
        "outdated-1000-revalidate",
        OUTDATED,
        "the same again, every page revalidated",
        (
            Side(
                "envcensus",
                lambda room: _outdated(room, _thousand(room), "--cache-dir", room.cache("warm"), "--refresh"),
            ),
            Side("uv", lambda room: _uv_outdated(room, _thousand(room), "uv-warm"), note=UV_WARM),
        ),
        (Bar("wall", 0.8, "uv"),),
        latency=50,
    ),
    Row(
        "outdated-200-cold",
        OUTDATED,
        "outdated over 200 environments × 100, nothing cached",
        (
            Side(
                "envcensus",
                lambda room: _outdated(room, _small(room), "--cache-dir", room.cache("cold")),
                forget=("cold",),
            ),
            Side(
                "uv",
                lambda room: _uv_outdated(room, _small(room), "uv-cold"),
                forget=("uv-cold",),
                runs=3,
                note="a process for each environment, one after the other, with one cache for all",
            ),
            Side(
                "uv, two at a time",
                lambda room: _uv_outdated(room, _small(room), "uv-cold"),
                forget=("uv-cold",),
                runs=3,
                jobs=2,
            ),
        ),
        (Bar("wall", 0.1, "uv"), Bar("wall", 0.1, "uv, two at a time")),
        latency=50,
        runs=5,
    ),
    Row(
        "outdated-200-warm",
        OUTDATED,
        "the same again, within the TTL",
        (
            Side("envcensus", lambda room: _outdated(room, _small(room), "--cache-dir", room.cache("warm"))),
            Side(
                "uv",
                lambda room: _uv_outdated(room, _small(room), "uv-warm"),
                runs=3,
                note="a process for each environment, one after the other; " + UV_WARM,
            ),
            Side("uv, two at a time", lambda room: _uv_outdated(room, _small(room), "uv-warm"), runs=3, jobs=2),
        ),
        (Bar("wall", 0.025, "uv"), Bar("wall", 0.025, "uv, two at a time"), Bar("requests", 0)),
        latency=50,
        runs=5,
    ),
)

GROWTH = "Growth"


def _grown(envs: int) -> Side:
    return Side(
        f"envcensus, {envs} environments",
        lambda room: _outdated(
            room,
            room.fleet(envs, 100, distinct=20, hardlink=True, modules=False),
            "--cache-dir",
            room.cache("grown"),
        ),
        forget=("grown",),
    )


growth_rows = (
    Row(
        "growth",
        GROWTH,
        "outdated, nothing cached: ten and a hundred times the environments, the same projects",
        (_grown(20), _grown(200), _grown(2000)),
        (
            Bar("requests", 1.2, "envcensus, 20 environments", "envcensus, 200 environments"),
            Bar("cpu", 10, "envcensus, 200 environments", "envcensus, 2000 environments"),
            Bar("memory", 1.5, "envcensus, 200 environments", "envcensus, 2000 environments"),
        ),
        latency=50,
        memory=True,
        runs=5,
    ),
)

START = "Process start"
start_rows = (
    Row(
        "start",
        START,
        "start and end, nothing done",
        (
            Side("envcensus", lambda room: _ours(room, "--version")),
            Side("python", lambda room: [[room.peers.path("python"), "-c", "pass"]]),
            Side("uv", lambda room: [[room.peers.path("uv"), "--version"]]),
            Side("pip", lambda room: [[room.peers.path("python"), "-m", "pip", "--version"]]),
        ),
        runs=15,
    ),
)

ROWS: tuple[Row, ...] = (*scan_rows, *outdated_rows, *growth_rows, *start_rows)
