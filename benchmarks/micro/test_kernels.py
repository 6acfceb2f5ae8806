"""The kernels beside packaging: ``pytest benchmarks/micro --benchmark-enable --benchmark-group-by=group``.

Each group holds the same work done by both sides in one run. "memory" marks a side that has seen the text before;
what has no such mark parses anew each time. Inputs are those of the bars in the design.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from packaging.markers import Marker as OracleMarker
from packaging.requirements import Requirement as OracleRequirement
from packaging.specifiers import SpecifierSet as OracleSet
from packaging.utils import parse_wheel_filename as oracle_parse_wheel_filename
from packaging.version import Version as OracleVersion

from envcensus._kernels import requirement, specifier, version
from envcensus._kernels.names import TagSet, parse_wheel_filename
from envcensus.model import paths
from envcensus.pipelines.ask import AskOptions

VERSIONS = ("1.0.0", "2.28.0", "3.11.5", "0.0.1", "10.20.30")
REQUIREMENTS = ("requests>=2.28.0", "numpy==1.20.0", "django<4.0", "flask[security]>=1.0", "pytest>=6.0,<7.0")
SET = ">=2.0,<8,!=3.1.*"
MARKER = 'python_version >= "3.8" and (sys_platform == "linux" or extra == "dev")'
ENVIRONMENT = {"python_version": "3.11", "sys_platform": "linux"}
WHEEL = "numpy-1.26.4-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
TAGS = [f"cp311-cp311-manylinux_2_{i}_x86_64" for i in range(40, 4, -1)] + ["cp311-abi3-linux_x86_64", "py3-none-any"]

Benchmark = Any  # pytest-benchmark is untyped


def five(call: Callable[[str], object], texts: tuple[str, ...]) -> Callable[[], None]:
    """One round of five texts, written out: a loop would be a large part of what is measured."""
    a, b, c, d, e = texts

    def run() -> None:
        call(a)
        call(b)
        call(c)
        call(d)
        call(e)

    return run


@pytest.mark.benchmark(group="parse five versions")
@pytest.mark.parametrize(
    "side", [version.Version, version.parse, OracleVersion], ids=["kernel", "parse()", "packaging"]
)
def test_parse_versions(benchmark: Benchmark, side: Callable[[str], object]) -> None:
    benchmark(five(side, VERSIONS))


@pytest.mark.benchmark(group="compare two versions, ten times")
@pytest.mark.parametrize("side", [version.Version, OracleVersion], ids=["kernel", "packaging"])
def test_compare_versions(benchmark: Benchmark, side: Callable[[str], Any]) -> None:
    a, b = side("2.28.0"), side("2.31.0")

    def run() -> None:
        a < b, a < b, a < b, a < b, a < b, a < b, a < b, a < b, a < b, a < b  # noqa: B018

    benchmark(run)


@pytest.mark.benchmark(group="parse five requirements")
@pytest.mark.parametrize(
    "side",
    [requirement.Requirement, requirement.parse, OracleRequirement],
    ids=["kernel", "kernel, memory", "packaging"],
)
def test_parse_requirements(benchmark: Benchmark, side: Callable[[str], object]) -> None:
    benchmark(five(side, REQUIREMENTS))


@pytest.mark.benchmark(group="parse and sort 100,000 versions")
@pytest.mark.parametrize(
    "side",
    [
        version.sort,
        lambda texts: sorted(map(version.parse, texts)),
        lambda texts: sorted(map(OracleVersion, texts)),
    ],
    ids=["kernel", "kernel, objects", "packaging"],
)
def test_sort(benchmark: Benchmark, side: Callable[[list[str]], object], many_versions: list[str]) -> None:
    benchmark.pedantic(side, (many_versions,), rounds=5, warmup_rounds=1)


@pytest.mark.benchmark(group="filter a project of 1,000 versions")
@pytest.mark.parametrize(
    "side",
    [
        lambda texts: specifier.SpecifierSet(SET).filter(texts),
        lambda texts: list(OracleSet(SET).filter(texts)),
    ],
    ids=["kernel", "packaging"],
)
def test_filter(benchmark: Benchmark, side: Callable[[list[str]], object], project: list[str]) -> None:
    benchmark(side, project)


@pytest.mark.benchmark(group="filter 1,000 parsed versions")
@pytest.mark.parametrize("side", ["kernel", "packaging"])
def test_filter_parsed(benchmark: Benchmark, side: str, project: list[str]) -> None:
    if side == "kernel":
        table = specifier.VersionTable(project)
        benchmark(lambda: specifier.SpecifierSet(SET).mask(table))
    else:
        versions = [OracleVersion(text) for text in project]
        benchmark(lambda: list(OracleSet(SET).filter(versions)))


@pytest.mark.benchmark(group="parse a marker")
@pytest.mark.parametrize("side", [requirement.Marker, OracleMarker], ids=["kernel", "packaging"])
def test_parse_marker(benchmark: Benchmark, side: Callable[[str], object]) -> None:
    benchmark(side, MARKER)


@pytest.mark.benchmark(group="evaluate a marker")
@pytest.mark.parametrize("side", ["kernel", "kernel, memory", "packaging"])
def test_evaluate_marker(benchmark: Benchmark, side: str) -> None:
    if side == "packaging":
        benchmark(OracleMarker(MARKER).evaluate, ENVIRONMENT)
    elif side == "kernel":
        benchmark(requirement.Marker(MARKER).evaluate, ENVIRONMENT)
    else:
        benchmark(requirement.Marker(MARKER).evaluate, requirement.MarkerEnvironment(ENVIRONMENT))


@pytest.mark.benchmark(group="parse a wheel's file name")
@pytest.mark.parametrize("side", [parse_wheel_filename, oracle_parse_wheel_filename], ids=["kernel", "packaging"])
def test_parse_wheel_filename(benchmark: Benchmark, side: Callable[[str], object]) -> None:
    benchmark(side, WHEEL)


@pytest.mark.benchmark(group="rank a wheel's tags")
def test_rank_tags(benchmark: Benchmark) -> None:
    benchmark(TagSet(TAGS).rank, "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64")


@pytest.mark.benchmark(group="settings")
def test_settings(benchmark: Benchmark) -> None:
    benchmark(lambda: AskOptions(False, False, 600.0, 2))


@pytest.mark.benchmark(group="four paths of an environment")
def test_paths(benchmark: Benchmark) -> None:
    def run() -> None:
        paths.site_packages("/srv/app/.venv", "python3.11")
        paths.program("/srv/app/.venv", "python")
        paths.program("/srv/app/.venv", "activate")
        paths.config("/srv/app/.venv")

    benchmark(run)
