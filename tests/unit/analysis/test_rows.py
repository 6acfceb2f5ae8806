"""Selecting, ignoring and grouping rows, and the rules of --fail-on."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from envcensus.analysis.ignores import apply_policy
from envcensus.analysis.patterns import is_named
from envcensus.analysis.rules import parse_rules
from envcensus.analysis.selection import RowFilter, is_asked, select_rows
from envcensus.analysis.views import by_owner, by_project
from envcensus.errors import UsageError
from envcensus.model.census import Survey
from envcensus.model.distribution import Distribution
from envcensus.model.environment import Environment, Owner
from envcensus.model.finding import Finding
from envcensus.model.page import Latest
from envcensus.model.policy import Ignore, Policy
from envcensus.model.skipped import Problem

TODAY = date(2026, 6, 1)


def finding(name: str, severity: Any = "minor", *, version: str = "1.0", **more: Any) -> Finding:
    distribution = Distribution(name=name, normalized=name, version=version, path="/")
    latest = Latest(version="2.0", filetype="wheel")
    row: dict[str, Any] = {"state": "outdated", "severity": severity, "latest": latest}
    return Finding(distribution=distribution, **row | more)


def survey(path: str, *findings: Finding, owner: str = "alice", problems: tuple[Problem, ...] = ()) -> Survey:
    environment = Environment(
        path=path, kind="venv", python="3.11.7", implementation="cpython", site_dirs=(), owner=Owner(1000, owner)
    )
    return Survey(environment=environment, findings=findings, problems=problems)


def names(findings: tuple[Finding, ...]) -> list[str]:
    return [each.distribution.name for each in findings]


def test_rows_are_selected_by_name_step_and_directness() -> None:
    rows = [finding("a", "major", direct=True), finding("b", "patch"), finding("lib-x", "minor")]
    assert names(select_rows(rows, RowFilter(only=("lib-*", "b")))) == ["b", "lib-x"]
    assert names(select_rows(rows, RowFilter(exclude=("lib-*",)))) == ["a", "b"]
    assert names(select_rows(rows, RowFilter(severity="minor"))) == ["a", "lib-x"]
    assert names(select_rows(rows, RowFilter(direct=True))) == ["a"]


def test_a_failed_look_up_survives_the_severity_filter() -> None:
    failed = finding("a", None, state="failed", latest=None)
    assert names(select_rows([failed, finding("b", None, state="current")], RowFilter(severity="major"))) == ["a"]


@pytest.mark.parametrize(
    ("ignore", "ignored"),
    [
        ({}, True),
        ({"project": "*"}, True),
        ({"project": "A"}, True),
        ({"project": "b"}, False),
        ({"environment": "/srv/*"}, True),
        ({"environment": "/home/*"}, False),
        ({"owner": "bob"}, False),
        ({"versions": ">=2"}, True),
        ({"versions": ">=3"}, False),
        ({"expires": TODAY}, True),
        ({"expires": date(2026, 5, 31)}, False),
    ],
)
def test_a_policy_covers_what_it_names_until_it_expires(ignore: dict[str, Any], ignored: bool) -> None:
    entry = Ignore(**{"project": "a", "reason": "because"} | ignore)
    one = survey("/srv/app", finding("a"))
    (row,) = apply_policy(one.findings, one.environment, Policy(ignore=(entry,)), TODAY)
    assert row.ignored == ("because" if ignored else "")


def test_a_policy_never_hides_a_failure() -> None:
    one = survey("/srv/app", finding("a", None, state="failed"))
    policy = Policy(ignore=(Ignore(project="*", reason="all"),))
    assert apply_policy(one.findings, one.environment, policy, TODAY)[0].ignored == ""


def test_projects_in_most_environments_come_first() -> None:
    surveys = [
        survey("/1", finding("a", "patch", libyears=0.5), finding("b", "major")),
        survey("/2", finding("a", "major", version="0.9"), finding("c", ignored="x"), owner="bob"),
    ]
    first, second = by_project(surveys)
    assert (first.name, first.environments, first.severity, first.libyears) == ("a", 2, "major", 0.5)
    assert first.versions == (("1.0", 1), ("0.9", 1))
    assert second.name == "b"
    assert [(row.owner, row.outdated, row.distributions) for row in by_owner(surveys)] == [
        ("alice", 2, 2),
        ("bob", 1, 2),
    ]


@pytest.mark.parametrize(
    ("rule", "broken"),
    [
        ("any", True),
        ("outdated", True),
        ("severity>=minor", True),
        ("severity >= major", False),
        ("severity=minor", True),
        ("yanked,eol", False),
        ("age>=10", True),
        ("age>=1000", False),
        ("duplicate", True),
        ("missing", False),
        ("problem", True),
        ("archived", False),
    ],
)
def test_rules(rule: str, broken: bool) -> None:
    one = survey("/1", finding("a", age_days=100.0), problems=(Problem("duplicate", "/1"),))
    assert parse_rules([rule]).broken([one]) == broken


def test_ignored_rows_break_no_rule_and_unknown_rules_are_refused() -> None:
    assert not parse_rules(["outdated"]).broken([survey("/1", finding("a", ignored="x"))])
    with pytest.raises(UsageError, match="nonsense"):
        parse_rules(["outdated,nonsense"])


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("Django", "django", True),
        ("zope.*", "zope-interface", True),
        ("Zope_Interface", "zope-interface", True),
        ("ruamel._-yaml", "ruamel-yaml", True),
        ("*.yaml", "ruamel-yaml", True),
        ("[A-C]pp", "bpp", True),
        ("my[-.]app", "my-app", True),
        ("my[_.]app", "my-app", False),
        ("[", "a", False),
        ("zope", "zope-interface", False),
    ],
)
def test_projects_are_named_as_people_write_them(pattern: str, name: str, fits: bool) -> None:
    assert is_named(name, pattern) is fits
    assert is_asked(name, RowFilter(only=(pattern,))) is fits
    assert is_asked(name, RowFilter(exclude=(pattern,))) is not fits
