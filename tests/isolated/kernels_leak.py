"""Run by itself: whether the kernels keep memory that they should give back. Exits with 1 if they do.

Every operation is repeated until caches and free lists are full, then again while resident memory is watched.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable

from envcensus._kernels import names, requirement, specifier, version

LIMIT = 24  # bytes that a call may gain: a leak of the smallest object is more


def resident() -> int:
    """Resident memory in bytes (Linux)."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


def refused(call: Callable[[str], object], text: str) -> None:
    """Call with a text that is refused."""
    try:
        call(text)
    except ValueError:
        return
    raise AssertionError(text)


LINE = "flask[async,web]>=2,<3,!=2.5.*,!=2.6 ; python_version >= '3.8' and extra == 'x{}'"
TARGET = requirement.MarkerEnvironment({"python_version": "3.11"})
KEPT: list[version.Version] = []
TABLE = [f"1.{i}" for i in range(200)] + ["1.5+local"]


def parse_versions(i: int) -> None:
    """Versions of both kinds, their attributes, and what is no version."""
    for text in (f"1.{i}", f"1!1.{i}+local.{i}", f"v1.0-rc{i}"):
        found = version.Version(text)
        _ = str(found), hash(found), found.release, found.pre, found.local, found < version.Version("1.5"), found.public
    refused(version.Version, f"x{i}")


def use_specifiers(i: int) -> None:
    """Sets with few and with many specifiers, tables, and what is no set."""
    found = specifier.SpecifierSet(f">=1.{i % 100},<2,!=1.3,!=1.4,~=1.0")
    table = specifier.VersionTable(TABLE)
    _ = found.mask(table), found.filter(TABLE[:5]), str(found), hash(found)
    refused(specifier.SpecifierSet, f">={i}x")


def use_requirements(i: int) -> None:
    """Lines, markers, and what is neither."""
    found = requirement.Requirement(LINE.format(i % 50))
    assert found.marker is not None
    _ = str(found), hash(found), found.marker.activation(TARGET)
    refused(requirement.Requirement, f"a b{i % 50}")


def use_names(i: int) -> None:
    """File names and tags."""
    _ = names.canonicalize_name(f"Foo_{i}"), names.parse_wheel_filename(f"Foo_{i}-1.{i}-py2.py3-none-any.whl")
    _ = names.TagSet(["py3-none-any"]).rank(f"py3.x{i}-none-any")
    refused(names.parse_wheel_filename, f"a{i}.whl")


def sort(i: int) -> None:
    """Sorting, with and without rare versions, and with a bad one."""
    _ = version.sort(TABLE), version.argsort(TABLE[:100])
    refused(lambda text: version.sort([*TABLE[:100], text]), f"x{i}")


def keep(i: int) -> None:
    """A leak, to see that one shows."""
    KEPT.append(version.Version(f"1.{i}"))


def main() -> int:
    """Watch each operation; print and count those that gain too much."""
    leaks = 0
    for operation, calls in (
        (parse_versions, 30_000),
        (use_specifiers, 10_000),
        (use_requirements, 10_000),
        (use_names, 30_000),
        (sort, 3_000),
        *(((keep, 30_000),) if "--leak" in sys.argv else ()),
    ):
        for i in range(calls // 3):
            operation(i)
        gc.collect()
        before = resident()
        for i in range(calls):
            operation(i)
        gc.collect()
        gained = resident() - before
        leaks += gained > LIMIT * calls
        print(f"{operation.__name__}: {gained} bytes over {calls} calls")
    return 1 if leaks else 0


if __name__ == "__main__":
    sys.exit(main())
