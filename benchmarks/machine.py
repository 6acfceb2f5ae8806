"""Facts about the machine and the versions of everything that was measured."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess

from benchmarks.room import HERE, Room


def facts(room: Room) -> dict[str, str]:
    """Name → value, in the order in which they are shown."""
    found = {
        "Processor": f"{_processor()}, {os.cpu_count()} CPUs",
        "Memory": f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB",
        "System": f"{platform.system()} {platform.release().split('-')[0]} {platform.machine()}, {_libc()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "envcensus": _ours(room),
    }
    found |= room.peers.versions
    for library in ("aiohttp", "uvloop", "lmdb", "msgspec", "isal", "packaging"):
        try:
            found[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            pass
    return found


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown"


def _libc() -> str:
    return " ".join(platform.libc_ver()).strip()


def _ours(room: Room) -> str:
    """Our version and, in a clone, the commit."""
    shown = subprocess.run(
        [*room.ours, "--version"], env=room.environment(ours=True), capture_output=True, text=True, check=False
    )
    version = shown.stdout.split()[-1] if shown.returncode == 0 and shown.stdout else "?"
    described = subprocess.run(
        ["git", "-C", HERE, "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    return f"{version} ({described.stdout.strip()})" if described.returncode == 0 else version
