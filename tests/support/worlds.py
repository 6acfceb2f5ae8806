"""Small and recorded worlds for the solver: what an index would say, decided with `packaging` alone."""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import android_platforms, compatible_tags, cpython_tags, mac_platforms, platform_tags
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from envcensus._kernels.specifier import VersionTable
from envcensus.model.resolution import Conflict, Mode, Resolution, Wanted
from envcensus.resolver.problem import Needs, Problem
from envcensus.resolver.solver import Solver

ENVIRONMENT = {
    "python_version": "3.12",
    "python_full_version": "3.12.0",
    "implementation_name": "cpython",
    "implementation_version": "3.12.0",
    "platform_python_implementation": "CPython",
    "os_name": "posix",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "platform_machine": "x86_64",
    "platform_release": "",
    "platform_version": "",
}


class Candidates:
    """The page feed of one project."""

    def __init__(self, versions: Sequence[str], usable: int, pre: int, yanked: int) -> None:
        self.versions = list(versions)
        self.table = VersionTable(self.versions)
        self.usable = usable
        self.pre = pre
        self.yanked = yanked
        self.wheels = 0

    def why_not(self, index: int) -> str:
        return "does not fit the target"


class Metadata:
    """The metadata feed of one version."""

    def __init__(self, requires: Sequence[str], extras: Sequence[str] = (), requires_python: str = "") -> None:
        self.base = tuple(requires)
        self.extras = tuple(extras)
        self.requires_python = requires_python

    def of_extra(self, name: str) -> Sequence[str]:
        return ()


class World:
    """An index as two dictionaries."""

    def __init__(self) -> None:
        self.pages: dict[str, Candidates] = {}
        self.metadata: dict[tuple[str, str], Metadata] = {}

    def answer(self, problem: Problem, shuffle: random.Random | None = None) -> tuple[Resolution | Conflict, Solver]:
        """Drive a solver; with `shuffle` feed more than it asks for, in any order."""
        solver = Solver(problem)
        while True:
            step = solver.step()
            if not isinstance(step, Needs):
                return step, solver
            pages = list(step.pages)
            metadata = list(step.metadata)
            if shuffle is not None:
                pages += shuffle.sample(sorted(self.pages), min(2, len(self.pages)))
                metadata += shuffle.sample(sorted(self.metadata), min(3, len(self.metadata)))
                shuffle.shuffle(pages)
                shuffle.shuffle(metadata)
            for name in pages:
                solver.feed_page(name, self.pages.get(name), "" if name in self.pages else "not in the index")
            for key in metadata:
                solver.feed_metadata(*key, self.metadata.get(key))


def problem(*requirements: str, mode: Mode = "highest", pre: bool = False, **more: Any) -> Problem:
    """A problem for Linux and CPython 3.12."""
    for key in ("constraints", "overrides"):
        more[key] = tuple(Wanted(text) for text in more.get(key, ()))
    return Problem(
        requirements=tuple(Wanted(text) for text in requirements), environment=ENVIRONMENT, mode=mode, pre=pre, **more
    )


def simple_world(projects: Mapping[str, Mapping[str, Sequence[str]]], yanked: Sequence[str] = ()) -> World:
    """`{"a": {"1.0": ["b<2"]}}`; `yanked` holds "a==1.0"."""
    world = World()
    for name, versions in projects.items():
        ordered = sorted(versions, key=Version)
        pre = sum(1 << i for i, v in enumerate(ordered) if Version(v).is_prerelease)
        gone = sum(1 << i for i, v in enumerate(ordered) if f"{name}=={v}" in yanked)
        world.pages[name] = Candidates(ordered, (1 << len(ordered)) - 1, pre, gone)
        for version, requires in versions.items():
            world.metadata[name, version] = Metadata(requires)
    return world


def pins(answer: Resolution | Conflict) -> dict[str, str] | None:
    """Names and versions of an answer; None where there is none."""
    return {pin.name: pin.version for pin in answer.pins} if isinstance(answer, Resolution) else None


def _tags(environment: dict[str, str]) -> frozenset[str]:
    python = [int(x) for x in environment["python_version"].split(".")]
    platforms = {
        "darwin": lambda: list(mac_platforms((14, 0), "arm64")),
        "android": lambda: list(android_platforms(21, "aarch64")),
    }.get(environment["sys_platform"], lambda: list(platform_tags()))()
    tags = [
        *cpython_tags(python, platforms=platforms),
        *compatible_tags(python, f"cp{python[0]}{python[1]}", platforms),
    ]
    return frozenset(str(tag) for tag in tags)


def _fits(tag: str, tags: frozenset[str]) -> bool:
    python, abi, platform = (part.split(".") for part in tag.split("-")[-3:])
    return any(f"{a}-{b}-{c}" in tags for a in python for b in abi for c in platform)


def _allows(specifier: str, python: Version, known: dict[str, bool]) -> bool:
    if specifier not in known:
        try:
            known[specifier] = SpecifierSet(specifier).contains(python, prereleases=True)
        except InvalidSpecifier:
            known[specifier] = True
    return known[specifier]


def _ordered(versions: dict[str, Any]) -> list[tuple[str, Any]]:
    """Versions that are PEP 440 versions, ascending."""
    rows = []
    for text, entry in versions.items():
        try:
            rows.append((Version(text), text, entry))
        except InvalidVersion:
            continue
    rows.sort(key=lambda row: row[0])
    return [(text, entry) for _, text, entry in rows]


def _requires(entry: dict[str, Any]) -> list[str]:
    lines = list(entry.get("requires") or ())
    for extra, wanted in (entry.get("extras") or {}).items():
        for line in wanted:
            head, semicolon, marker = line.partition(";")
            condition = f'extra == "{extra}"'
            lines.append(f"{head.strip()} ; " + (f"({marker.strip()}) and {condition}" if semicolon else condition))
    return lines


def recorded_world(scenario: dict[str, Any]) -> World:
    """A conformance scenario as an index."""
    environment, options = scenario["env"], scenario.get("options") or {}
    tags = _tags(environment)
    python = Version(environment["python_full_version"])
    known: dict[str, bool] = {}
    fitting: dict[str, bool] = {}
    world = World()
    for spelled, versions in scenario["packages"].items():
        name = canonicalize_name(spelled)
        no_binary = name in options.get("no_binary", ())
        no_build = name in options.get("no_build", ())
        usable = pre = yanked = 0
        rows = _ordered(versions)
        for i, (text, entry) in enumerate(rows):
            wheels = () if no_binary else entry.get("wheels") or ()
            for tag in wheels:
                if tag not in fitting:
                    fitting[tag] = _fits(tag, tags)
            file = any(fitting[tag] for tag in wheels) or (entry.get("sdist") and not no_build)
            requires_python = entry.get("requires_python") or ""
            usable |= bool(file and _allows(requires_python, python, known)) << i
            pre |= Version(text).is_prerelease << i
            yanked |= bool(entry.get("yanked")) << i
            world.metadata[name, text] = Metadata(_requires(entry), list(entry.get("extras") or ()), requires_python)
        world.pages[name] = Candidates([text for text, _ in rows], usable, pre, yanked)
    return world


def recorded_problem(scenario: dict[str, Any]) -> Problem:
    """What a conformance scenario asks for."""
    return Problem(
        requirements=tuple(Wanted(text) for text in scenario["root"]["requires"]),
        environment=scenario["env"],
        pre=(scenario.get("options") or {}).get("prereleases", False),
    )


def checker(folder: Path) -> ModuleType:
    """The independent validity check that comes with the conformance data."""
    spec = importlib.util.spec_from_file_location("conformance_check", folder / "check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
