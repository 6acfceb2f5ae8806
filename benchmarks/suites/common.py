"""The commands and fleets that rows share."""

from __future__ import annotations

from benchmarks.room import HERE, Fleet, Room
from benchmarks.rows import Commands


class Environment(Fleet):
    """A fleet of one environment, which is at its path and not below it."""

    @property
    def environments(self) -> list[str]:
        """The one."""
        return [self.path]


PIP_SAMPLE = 10  # environments of which pip is timed, where it would take minutes for all


def small(room: Room) -> Fleet:
    return room.fleet(200, 100)


def large(room: Room) -> Fleet:
    return room.fleet(1000, 150, hardlink=True, modules=False)


def one_of_small(room: Room) -> Environment:
    """The first environment of the small fleet, as a fleet of its own."""
    return Environment(small(room).environments[0])


def thousand(room: Room) -> Fleet:
    return room.fleet(1, 1000)


def ours(room: Room, *arguments: str) -> Commands:
    return [[*room.ours, *arguments]]


def one_cpu(commands: Commands) -> Commands:
    """The same commands, with a single CPU to run on."""
    return [["taskset", "-c", "0", *command] for command in commands]


def empty(room: Room) -> str:
    return room.directory("empty")


def uv_list(room: Room, fleet: Fleet, cache: str, *arguments: str) -> Commands:
    base = [room.peers.path("uv"), "pip", "list", "--cache-dir", room.cache(cache), *arguments]
    return [[*base, "--python", f"{environment}/bin/python"] for environment in fleet.environments]


def uv_outdated(room: Room, fleet: Fleet, cache: str) -> Commands:
    return uv_list(room, fleet, cache, "--outdated", "--index-url", room.index.url)


def pip_list(room: Room, sites: list[str], *arguments: str) -> Commands:
    return [[room.peers.path("python"), "-m", "pip", "list", *arguments, "--path", site] for site in sites]


def pipdeptree(room: Room, sites: list[str]) -> Commands:
    return [[room.peers.path("pipdeptree"), "--all", "--path", site] for site in sites]


def importlib_list(room: Room, sites: list[str]) -> Commands:
    return [[room.peers.path("python"), f"{HERE}/importlib_list.py", *sites]]


def outdated(room: Room, fleet: Fleet, *arguments: str) -> Commands:
    return ours(room, "outdated", fleet.path, "-i", room.index.url, *arguments)
