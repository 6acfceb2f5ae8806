"""From an environment to its target: which Python and which wheel tags a decision is made for.

The tags are those `packaging.tags` gives for the environment's Python on this host's platform. Computing them
costs some 20 ms of imports and ELF reading, so they are kept in the cache: a warm run imports no packaging.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

import msgspec

from envcensus._kernels.page import Target
from envcensus.model.platform import Platform
from envcensus.model.profile import Profile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envcensus.model.environment import Environment

# A Python whose files name no micro version is taken as fully patched: Requires-Python bounds on micro versions
# exclude old patch levels, hardly ever new ones.
_PATCHED = 99


class TagCache(Protocol):
    """Where tag lists are kept between runs."""

    def get(self, key: bytes) -> bytes | None:
        """The value stored under `key`."""

    def put(self, key: bytes, value: bytes) -> None:
        """Keep `value` under `key`."""


def profile_of(environment: Environment, *, pre: bool = False, uploaded_prior_to: float | None = None) -> Profile:
    """The profile decisions about `environment` depend on. An unknown Python is taken to be the running one."""
    python = environment.python
    if not python:
        python = ".".join(map(str, _running_python()))
    elif python.count(".") < 2:
        python = f"{python}.{_PATCHED}"
    return Profile(
        python=python,
        implementation=environment.implementation or "cpython",
        free_threaded=environment.free_threaded,
        platforms=environment.platform.tags if environment.platform else (),
        pre=pre,
        uploaded_prior_to=uploaded_prior_to,
    )


def tags_of(profile: Profile, cache: TagCache | None = None) -> list[str]:
    """The wheel tags of `profile`, the preferred first, from `cache` where they are known."""
    parts = [profile.python, profile.implementation, str(profile.free_threaded), *_platform(profile)]
    if profile.abis:
        parts += ["abi", *profile.abis]
    key = "\0".join(parts).encode()
    text = cache.get(key) if cache is not None else None
    if text is None:
        text = "\n".join(_tags(profile)).encode()
        if cache is not None:
            cache.put(key, text)
    return text.decode().split("\n")


def target_of(profile: Profile, cache: TagCache | None = None) -> Target:
    """Compile `profile`, taking its wheel tags from `cache` where they are known."""
    return Target(
        python=profile.python,
        tags=tags_of(profile, cache),
        pre=profile.pre,
        uploaded_prior_to=profile.uploaded_prior_to,
        only_binary=profile.only_binary,
        no_binary=profile.no_binary,
    )


def marker_environment(profile: Profile, platform: Platform | None = None) -> dict[str, str]:
    """The values of environment markers for `profile` (Dependency specifiers, "Environment Markers") on `platform`,
    by default this host."""
    host = platform or _this_platform()
    implementation = profile.implementation
    return {
        "implementation_name": implementation,
        "implementation_version": profile.python,
        "os_name": host.os_name,
        "platform_machine": host.machine,
        "platform_python_implementation": {"cpython": "CPython", "pypy": "PyPy"}.get(implementation, implementation),
        "platform_release": host.release,
        "platform_system": host.system,
        "platform_version": host.version,
        "python_full_version": profile.python,
        "python_version": ".".join(profile.python.split(".")[:2]),
        "sys_platform": host.sys_platform,
    }


def this_platform(cache: TagCache | None = None) -> Platform:
    """This host, for those who will decide about its environments elsewhere; its tags from `cache` where it has
    them."""
    key = "\0".join(("", *_host())).encode()
    text = cache.get(key) if cache is not None else None
    if text is None:
        from packaging import tags

        text = "\n".join(tags.platform_tags()).encode()
        if cache is not None:
            cache.put(key, text)
    return msgspec.structs.replace(_this_platform(), tags=tuple(text.decode().split("\n")))


def _this_platform() -> Platform:
    import sys

    system = os.uname()
    return Platform(
        os_name=os.name,
        sys_platform=sys.platform,
        system=system.sysname,
        machine=system.machine,
        release=system.release,
        version=system.version,
    )


def _running_python() -> tuple[int, int, int]:
    import sys

    return sys.version_info[:3]


def _platform(profile: Profile) -> tuple[str, ...]:
    """What `packaging.tags.platform_tags` looks at, as a cache key: machine and C library."""
    return profile.platforms or _host()


def _host() -> tuple[str, ...]:
    """System, machine and C library."""
    system = os.uname()
    try:
        libc = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (ValueError, OSError):  # musl, macOS
        libc = system.release
    return (system.sysname, system.machine, libc)


def _tags(profile: Profile) -> Iterator[str]:
    """Wheel tags of `profile` in order of preference (PEP 425), as `packaging.tags.sys_tags` gives them inside."""
    from packaging import tags

    numbers = [int(part) for part in profile.python.split(".")[:2]]
    nodot = "".join(map(str, numbers))
    platforms = list(profile.platforms) or list(tags.platform_tags())
    if profile.implementation == "cpython":
        abis = profile.abis or (f"cp{nodot}t" if profile.free_threaded else f"cp{nodot}",)
        found = tags.cpython_tags(numbers, abis=abis, platforms=platforms)
        interpreter = f"cp{nodot}"
    elif profile.implementation == "pypy":
        found = tags.generic_tags(f"pp{nodot}", abis=profile.abis or (f"pypy{nodot}_pp73",), platforms=platforms)
        interpreter = "pp3"
    else:
        found = tags.generic_tags(f"{profile.implementation}{nodot}", abis=profile.abis, platforms=platforms)
        interpreter = None
    for tag in (*found, *tags.compatible_tags(numbers, interpreter=interpreter, platforms=platforms)):
        yield str(tag)
