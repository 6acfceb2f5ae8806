"""A made-up package index: 1,500 projects, their releases, files and metadata, each a pure function of the name.

The fleet (what is installed) and the index server (what could be installed) both read it, so that they agree
without exchanging anything.
"""

from __future__ import annotations

import functools
import os
import random
import re
import sys
from collections.abc import Iterator
from typing import NotRequired, TypedDict

PROJECTS = 1500


def _words() -> dict[str, list[str]]:
    """The sections of words.txt."""
    with open(os.path.join(os.path.dirname(__file__), "words.txt"), encoding="utf-8") as file:
        sections = file.read().split("[")[1:]
    return {title: words.split() for title, _, words in (section.partition("]") for section in sections)}


FIRST, SECOND, WORDS = _words().values()
PYTHON = f"cp3{sys.version_info.minor}"
INTERPRETERS = list(dict.fromkeys(["cp39", "cp310", "cp311", "cp312", "cp313", "cp314", PYTHON]))
PLATFORMS = [
    "manylinux_2_17_x86_64.manylinux2014_x86_64",
    "manylinux_2_17_aarch64.manylinux2014_aarch64",
    "musllinux_1_2_x86_64",
    "macosx_10_9_x86_64",
    "macosx_11_0_arm64",
    "win_amd64",
]
MARKERS = [
    "",
    "",
    "",
    ' ; python_version < "3.9"',
    ' ; python_version >= "3.8"',
    " ; sys_platform == 'win32'",
    ' ; extra == "test"',
    " ; extra == 'docs'",
    ' ; (python_version < "3.11" and platform_system != "Windows") or extra == "all"',
    ' ; implementation_name == "cpython" and platform_machine == "x86_64"',
]
LICENCES = ["MIT License", "Apache Software License", "BSD License"]


class FileEntry(TypedDict):
    """One file of a project, with the keys of the Simple repository API (JSON)."""

    filename: str
    url: str
    hashes: dict[str, str]
    size: int
    yanked: bool | str
    requires_python: NotRequired[str]
    upload_time: NotRequired[str]
    core_metadata: NotRequired[dict[str, str] | bool]


def _names() -> Iterator[str]:
    """Names in order of popularity: short ones first, then every pair, spread evenly."""
    yield from FIRST
    pairs = [f"{first}-{second}" for first in FIRST for second in SECOND]
    random.Random("names").shuffle(pairs)
    yield from pairs


NAMES: tuple[str, ...] = tuple(name for name, _ in zip(_names(), range(PROJECTS), strict=False))


def module_of(name: str) -> str:
    """The importable spelling of a name, also used in file names."""
    return name.replace("-", "_")


def spelling_of(name: str) -> str:
    """The name as the project's own metadata spells it: a fifth differ from the normalized form."""
    choice = random.Random("spelling:" + name).random()
    if choice < 0.08:
        return name.title()
    if choice < 0.15:
        return name.replace("-", "_")
    return name.replace("-", ".") if choice < 0.20 else name


@functools.cache
def versions_of(name: str) -> tuple[str, ...]:
    """10 to 80 releases, oldest first, with pre-, post- and calendar releases among them."""
    rng = random.Random("versions:" + name)
    calendar = rng.random() < 0.08
    major, minor, patch = (rng.randint(2018, 2022), 1, 0) if calendar else (rng.choice([0, 0, 1, 1, 2, 4]), 0, 0)
    found: list[str] = []
    for _ in range(rng.randint(10, 70)):
        base = f"{major}.{minor}" if patch == 0 and rng.random() < 0.15 else f"{major}.{minor}.{patch}"
        kind = rng.random()
        if kind < 0.08:
            found.append(base + rng.choice([".dev1", "a1", "b1", "b2", "rc1"]))
        found.append(base)
        if kind > 0.97:
            found.append(base + ".post1")
        step = rng.random()
        if step < 0.60:
            patch += 1
        elif step < 0.93 and not (calendar and minor == 12):
            minor, patch = minor + 1, 0
        else:
            major, minor, patch = major + 1, int(calendar), 0
    return tuple(dict.fromkeys(found))


def installed_version(rng: random.Random, name: str) -> str:
    """The version an environment holds: half of them the newest, the rest spread behind it, a few local builds."""
    versions = versions_of(name)
    behind = 0 if rng.random() < 0.45 else int(abs(rng.gauss(0, len(versions) / 4)))
    version = versions[max(0, len(versions) - 1 - behind)]
    return version + rng.choice(["+cpu", "+local.2", "+build7"]) if rng.random() < 0.01 else version


def files_of(name: str) -> list[FileEntry]:
    """The project's files, oldest first: some 120 in the median, at most 900; a third have binary wheels."""
    rng = random.Random("files:" + name)
    versions = versions_of(name)
    budget = int(min(900, max(20, rng.lognormvariate(4.8, 0.65))))
    binary = rng.random() < 0.33
    per_release = max(2, budget // len(versions))
    wheels = [f"{python}-{python}-{platform}" for platform in PLATFORMS for python in INTERPRETERS]
    needed = f"{PYTHON}-{PYTHON}-{PLATFORMS[0]}"
    tags = list(dict.fromkeys([needed, *wheels]))[: per_release - 1] if binary else ["py3-none-any"]
    found: list[FileEntry] = []
    for number, version in enumerate(versions):
        year = 2014 + number * 11 // len(versions)
        uploaded = f"{year}-{1 + number % 12:02}-{1 + number % 28:02}T10:{number % 60:02}:07.123456Z"
        requires = f">=3.{5 + number * 5 // len(versions)}"
        if number == len(versions) - 1 and rng.random() < 0.03:
            requires = ">=3.99"  # the newest release left this Python behind
        yanked: bool | str = "broken on import" if rng.random() < 0.012 else False
        stem = f"{module_of(name)}-{version}"
        for filename in [f"{stem}.tar.gz", *(f"{stem}-{tag}.whl" for tag in tags)]:
            found.append(_file(rng, filename, requires, uploaded, yanked))
    return found


def _file(rng: random.Random, filename: str, requires: str, uploaded: str, yanked: bool | str) -> FileEntry:
    digest = f"{rng.getrandbits(256):064x}"
    return {
        "filename": filename,
        "url": f"/packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{filename}",
        "hashes": {"sha256": digest},
        "size": rng.randint(4_000, 9_000_000),
        "yanked": yanked,
        "requires_python": requires,
        "upload_time": uploaded,
        "core_metadata": {"sha256": f"{rng.getrandbits(256):064x}"} if filename.endswith(".whl") else False,
    }


@functools.cache
def _filler() -> str:
    """About 100 KB of prose with headings and code, from which descriptions are cut."""
    rng = random.Random("filler")
    parts: list[str] = []
    for number in range(700):
        if number % 9 == 8:
            parts.append(f"\n{' '.join(rng.choices(WORDS, k=3)).title()}\n{'-' * 24}\n")
        elif number % 6 == 5:
            parts.append(
                f"    >>> from {rng.choice(FIRST)} import {rng.choice(SECOND)}\n    >>> {rng.choice(WORDS)}()\n"
            )
        else:
            parts.append(" ".join(rng.choices(WORDS, k=rng.randint(12, 45))).capitalize() + ".\n")
    return "\n".join(parts)


def requires_of(name: str, version: str) -> list[str]:
    """Requires-Dist lines of an installed distribution: most have few, some dozens."""
    rng = random.Random(f"requires:{name}:{version}")
    lines: list[str] = []
    for _ in range(int(min(150, rng.lognormvariate(1.6, 1.15)))):
        other = NAMES[int(rng.random() ** 2 * 500)]
        releases = versions_of(other)
        low = re.sub(r"(\.dev|a|b|rc|\.post)\d+$", "", releases[rng.randrange(len(releases) // 2)])
        specifier = rng.choice(
            ["", f">={low}", f" (>={low})", f"!={low},>={low}", f"<{int(low.split('.')[0]) + 4},>={low}"]
        )
        extra = "[all]" if rng.random() < 0.04 else ""
        lines.append(f"{other}{extra}{specifier}{rng.choice(MARKERS)}")
    return lines


def metadata_of(name: str, version: str) -> bytes:
    """Core metadata with a description: some 10 KB in the mean, headers of 1 to 5 KB as wheels have them."""
    rng = random.Random(f"metadata:{name}:{version}")
    module = module_of(name)
    head = [
        f"Metadata-Version: {rng.choice(['2.1', '2.1', '2.2', '2.3', '2.4'])}",
        f"Name: {spelling_of(name)}",
        f"Version: {version}",
        f"Summary: {' '.join(rng.choices(WORDS, k=rng.randint(5, 14)))}",
        f"Home-page: https://example.com/{module}",
        f"Author: {rng.choice(['Ada Example', 'Zoë Beispiel', 'The maintainers'])}",
        "Author-email: maintainers@example.com",
        f"Project-URL: Documentation, https://docs.example.com/{module}/en/stable/",
        f"Project-URL: Tracker, https://example.com/{module}/issues",
        f"Keywords: {','.join(rng.sample(WORDS, k=5))}",
    ]
    head += [f"Classifier: License :: OSI Approved :: {rng.choice(LICENCES)}"]
    head += [f"Classifier: Programming Language :: Python :: 3.{minor}" for minor in range(8, rng.randint(10, 15))]
    head += [f"Classifier: Topic :: {' :: '.join(rng.choices(WORDS, k=3)).title()}" for _ in range(rng.randint(2, 14))]
    head += ["Requires-Python: >=3.8", "Description-Content-Type: text/x-rst", "License-File: LICENSE"]
    head += [f"Requires-Dist: {line}" for line in requires_of(name, version)]
    head += ["Provides-Extra: all", "Provides-Extra: docs", "Provides-Extra: test"]
    text = "\n".join(head) + f"\n\n{spelling_of(name)}\n{'=' * len(name)}\n\n"
    length = int(min(60_000, max(3_000, rng.lognormvariate(9.0, 0.65)))) - len(text)
    start = rng.randrange(len(_filler()) // 3)
    return (text + _filler()[start : start + max(0, length)] + "\n").encode()
