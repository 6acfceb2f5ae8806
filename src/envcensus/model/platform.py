"""What decisions need to know about the host that an environment is on, when that is another one."""

from __future__ import annotations

from msgspec import Struct


class Platform(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, repr_omit_defaults=True):
    """Values of environment markers (Dependency specifiers, "Environment Markers") and the platform's wheel tags."""

    os_name: str = ""
    sys_platform: str = ""
    system: str = ""  # platform_system
    machine: str = ""
    release: str = ""
    version: str = ""
    tags: tuple[str, ...] = ()  # platform tags, most specific first
