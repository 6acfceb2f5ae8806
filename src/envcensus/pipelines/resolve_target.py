"""The target of a resolution: marker environment and wheel tags, for this Python and host or for others."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from envcensus.errors import UsageError
from envcensus.model.profile import Profile
from envcensus.pipelines.buckets import Bucket
from envcensus.pipelines.targets import marker_environment, tags_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envcensus.cache.store import NoStore, Store

_IMPLEMENTATIONS = {"cp": "cpython", "pp": "pypy", "py": "cpython", "jy": "jython", "ip": "ironpython"}
_MACHINES = ("x86_64", "aarch64", "arm64", "i686", "ppc64le", "s390x", "armv7l", "amd64", "riscv64")


class ResolveTarget(Struct, frozen=True):
    """What decisions are made for."""

    environment: dict[str, str]
    tags: tuple[str, ...]


def target_for(
    store: Store | NoStore,
    *,
    python: str | None = None,
    platforms: Sequence[str] = (),
    implementation: str | None = None,
    abis: Sequence[str] = (),
) -> ResolveTarget:
    """The target that the options name; by default this process's Python on this host. Raises UsageError."""
    version = _python(python) if python else ".".join(map(str, sys.version_info[:3]))
    name = _IMPLEMENTATIONS.get(implementation or "", implementation or sys.implementation.name)
    profile = Profile(python=version, implementation=name, platforms=tuple(_expanded(platforms)), abis=tuple(abis))
    of_all = structs.replace(profile, implementation="py") if implementation == "py" else profile  # what fits every one
    with Bucket(store, "profiles") as cache:
        tags = tuple(tags_of(of_all, cache))
    environment = marker_environment(structs.replace(profile, platforms=()))
    if platforms:
        environment.update(_platform_markers(platforms[0]))
    return ResolveTarget(environment, tags)


def _python(text: str) -> str:
    """A full version: 3.12 and 312 are 3.12.0, as for pip and uv; an answer for that holds for later ones, too."""
    if re.fullmatch(r"[23]\d{1,2}", text):
        text = f"{text[0]}.{text[1:]}"
    if not re.fullmatch(r"\d+(\.\d+){0,2}", text):
        raise UsageError(f"not a Python version: {text}", remedy="write 3.12 or 3.12.1")
    return text + ".0" * (2 - text.count("."))


def _expanded(platforms: Sequence[str]) -> list[str]:
    """Platform tags with those they imply: older macOS tags, as in pip, and older manylinux tags and aliases (PEP 600),
    of which pip knows those of manylinux2014 and manylinux2010 alone."""
    found: list[str] = []
    for platform in platforms:
        glibc = re.fullmatch(r"manylinux_(\d+)_(\d+)_(\w+)", platform)
        alias = re.fullmatch(r"manylinux(1|2010|2014)_(\w+)", platform)
        if alias:
            minor = {"1": 5, "2010": 12, "2014": 17}[alias[1]]
            found += _manylinux(minor, alias[2])
        elif glibc and glibc[1] == "2":
            found += _manylinux(int(glibc[2]), glibc[3])
        elif mac := re.fullmatch(r"macosx_(\d+)_(\d+)_(\w+)", platform):
            from packaging.tags import mac_platforms

            arch = mac[3] if mac[3] in ("x86_64", "arm64") else "x86_64"
            found += list(mac_platforms((int(mac[1]), int(mac[2])), arch))
        else:
            found.append(platform)
    return list(dict.fromkeys(found))


def _manylinux(minor: int, machine: str) -> list[str]:
    aliases = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
    tags = []
    for number in range(minor, 4, -1):
        tags.append(f"manylinux_2_{number}_{machine}")
        if number in aliases:
            tags.append(f"{aliases[number]}_{machine}")
    return [*tags, f"linux_{machine}"]


def _platform_markers(platform: str) -> dict[str, str]:
    """What a platform tag says about the marker environment."""
    machine = next((m for m in _MACHINES if platform.endswith(m)), os.uname().machine)
    if platform.startswith("win"):
        return _markers("nt", "win32", "Windows", "x86" if platform == "win32" else machine.upper())
    if platform.startswith("macosx"):
        return _markers("posix", "darwin", "Darwin", machine)
    return _markers("posix", "linux", "Linux", machine)


def _markers(name: str, sys_platform: str, system: str, machine: str) -> dict[str, str]:
    return {
        "os_name": name,
        "sys_platform": sys_platform,
        "platform_system": system,
        "platform_machine": machine,
        "platform_release": "",
        "platform_version": "",
    }
