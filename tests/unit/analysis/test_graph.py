"""Requirements between installed distributions; pip check is the oracle for what does not fit together."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from envcensus.analysis.consistency import problems
from envcensus.analysis.graph import Graph, build_graph
from envcensus.analysis.tree import forest, why
from envcensus.model.distribution import Distribution
from tests.support.command import pips_environ
from tests.support.markers import MARKERS
from tests.support.site import install, make_venv


def distribution(name: str, version: str = "1", *requires: str, python: str = "") -> Distribution:
    return Distribution(
        name=name, normalized=name.lower(), version=version, path=f"/{name}", requires=requires, requires_python=python
    )


def graph_of(*distributions: Distribution) -> Graph:
    return build_graph(distributions, MARKERS)


def test_extras_count_where_somebody_asks_for_them() -> None:
    lib = distribution("lib", "1", "socks; extra == 'socks'", "tls; extra == 'tls'", "base; python_version > '3'")
    graph = graph_of(distribution("app", "1", "lib[socks]>=1"), lib, distribution("socks"), distribution("tls"))
    assert [edge.requirement.normalized for edge in graph.needs["lib"]] == ["base", "socks"]
    assert graph.direct("app")
    assert graph.direct("tls")
    assert not graph.direct("socks")


def test_markers_that_do_not_hold_bring_no_requirement() -> None:
    graph = graph_of(distribution("app", "1", "pywin32; sys_platform == 'win32'", "old; python_version < '3'"))
    assert graph.needs["app"] == []


def test_an_invalid_line_is_kept_apart() -> None:
    graph = graph_of(distribution("app", "1", "not a requirement !!", "lib"))
    assert [line for _, line in graph.invalid] == ["not a requirement !!"]
    assert [problem.code for problem in problems(graph, "3.11.7")] == ["missing", "invalid-requirement"]


def test_a_python_that_is_not_supported_is_a_problem() -> None:
    found = problems(graph_of(distribution("new", python=">=3.12"), distribution("odd", python="what")), "3.11.7")
    assert [problem.code for problem in found] == ["unsupported-python"]


def test_the_sentences_are_those_of_pip_check(tmp_path: Path) -> None:
    site = make_venv(tmp_path / "env")
    lines = ["Requires-Dist: lib>=2", "Requires-Dist: absent", "Requires-Dist: far; sys_platform == 'win32'"]
    install(site, "App", "1.0", *lines)
    install(site, "lib", "1.5")
    install(site, "fine", "1", "Requires-Dist: lib<2")
    argv = [sys.executable, "-m", "pip", "--python", str(tmp_path / "env/bin/python"), "check"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=pips_environ(tmp_path))
    assert done.returncode == 1
    app = distribution("App", "1.0", "lib>=2", "absent", "far; sys_platform == 'win32'")
    graph = graph_of(app, distribution("lib", "1.5"), distribution("fine", "1", "lib<2"))
    assert sorted(problem.detail for problem in problems(graph, "")) == sorted(done.stdout.splitlines())


def test_a_tree_shows_repeats_cycles_and_what_is_missing() -> None:
    graph = graph_of(
        distribution("app", "1", "a", "b>=2"),
        distribution("a", "1", "b"),
        distribution("b", "2", "gone"),
        distribution("x", "1", "y"),
        distribution("y", "1", "x"),
    )
    app, cycle = forest(graph)
    assert [branch.name for branch in app.branches] == ["a", "b"]
    assert app.branches[0].branches[0].branches[0].version == ""
    assert app.branches[1].repeated
    assert app.branches[1].specifier == ">=2"
    assert cycle.branches[0].branches[0].cycle


def test_why_goes_up_to_what_nobody_requires() -> None:
    graph = graph_of(distribution("app", "1", "mid"), distribution("mid", "1", "low<3"), distribution("low"))
    branch = why(graph, "low").branches[0]
    assert (branch.name, branch.specifier, branch.branches[0].name) == ("mid", "<3", "app")


def test_a_hostile_chain_does_not_exhaust_the_stack() -> None:
    chain = [distribution(f"n{number}", "1", f"n{number + 1}") for number in range(5000)]
    assert len(forest(graph_of(*chain))) == 25  # cut every 200 levels, and continued as a tree of its own
