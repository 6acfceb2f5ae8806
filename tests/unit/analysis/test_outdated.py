"""Rows: states that must not be confused, what is wanted, and who holds it back."""

from __future__ import annotations

from typing import Any

import pytest

from envcensus._kernels.page import Target, pack
from envcensus._kernels.specifier import SpecifierSet
from envcensus.analysis.decisions import Decisions
from envcensus.analysis.graph import build_graph
from envcensus.analysis.outdated import Surroundings, judge
from envcensus.model.distribution import Distribution
from envcensus.model.finding import Finding
from envcensus.model.page import File, PageAnswer, ProjectPage

NOW = 1_700_000_000.0
YEAR = 365.25 * 86400
TARGET = Target(python="3.11.7", tags=["py3-none-any"])


def page(name: str, *versions: str, yanked: str = "", status: str = "active", status_reason: str = "") -> PageAnswer:
    files = tuple(
        File(
            filename=f"{name}-{version}-py3-none-any.whl",
            url=f"http://127.0.0.1/{name}-{version}-py3-none-any.whl",
            upload_time=NOW - (len(versions) - place) * YEAR,
            yanked="broken" if version == yanked else None,
        )
        for place, version in enumerate(versions)
    )
    found = ProjectPage(name=name, files=files, status=status, status_reason=status_reason)
    return PageAnswer(name=name, outcome="found", record=pack(found)[0])


def distribution(name: str, version: str, **more: Any) -> Distribution:
    return Distribution(name=name, normalized=name, version=version, path="/", **more)


def row(
    installed: Distribution,
    answer: PageAnswer,
    *others: Distribution,
    constraints: dict[str, list[SpecifierSet]] | None = None,
) -> Finding:
    graph = build_graph([installed, *others], {"python_version": "3.11"})
    around = Surroundings(TARGET, NOW, graph, constraints or {})
    return judge(installed, Decisions({installed.name: answer}), around)


def test_an_outdated_row_says_how_far_behind_it_is() -> None:
    found = row(distribution("a", "1.0"), page("a", "1.0", "1.5", "2.0"))
    assert (found.state, found.severity, found.wanted) == ("outdated", "major", "2.0")
    assert found.libyears == pytest.approx(2)
    assert found.age_days == pytest.approx(3 * 365.25)
    assert found.direct


@pytest.mark.parametrize("outcome", ["failed", "offline"])
def test_a_failure_is_never_current(outcome: Any) -> None:
    found = row(distribution("a", "1.0"), PageAnswer(name="a", outcome=outcome, reason="refused"))
    assert (found.state, found.reason, found.latest) == ("failed", "refused", None)


def test_what_cannot_be_compared_says_why() -> None:
    answer = page("a", "1.0")
    assert row(distribution("a", "0.1", editable=True), answer).reason == "editable"
    assert row(distribution("a", "0.1", direct_url="http://127.0.0.1/a.whl"), answer).state == "not-comparable"
    assert row(distribution("a", "no-version"), answer).state == "not-comparable"
    assert row(distribution("a", "1"), PageAnswer(name="a", outcome="not-found")).state == "not-found"


def test_why_a_project_has_its_status() -> None:
    old = distribution("a", "1.0")
    found = row(old, page("a", "1.0", status="archived", status_reason="see\n b"))
    assert (found.status, found.status_reason) == ("archived", "see b")
    assert row(old, page("a", "1.0", status="archived", status_reason="x" * 200)).status_reason == "x" * 200
    assert row(old, page("a", "1.0", status="archived", status_reason="x" * 201)).status_reason == "x" * 199 + "…"
    gone = row(old, page("a", status="quarantined", status_reason="malware"))
    assert (gone.state, gone.reason) == ("not-found", "the project is quarantined: malware")
    assert row(old, page("a", status="quarantined")).reason == "the project is quarantined"


def test_requirers_hold_back_and_are_named() -> None:
    holder = distribution("app", "3", requires=("a>=1,<2",))
    found = row(distribution("a", "1.0"), page("a", "1.0", "1.5", "2.0"), holder)
    assert (found.wanted, found.held_by, found.direct) == ("1.5", ("app 3 (<2,>=1)",), False)


def test_constraints_hold_back_too_and_nothing_is_downgraded() -> None:
    limits = {"a": [SpecifierSet("<1.5")]}
    found = row(distribution("a", "1.0"), page("a", "0.5", "1.0", "2.0"), constraints=limits)
    assert (found.wanted, found.held_by) == ("1.0", ("constraint <1.5",))
    assert row(distribution("a", "1.7"), page("a", "1.0", "2.0"), constraints=limits).wanted == "1.7"


def test_yanked_versions_and_project_status_are_told() -> None:
    found = row(distribution("a", "1.0"), page("a", "1.0", "2.0", yanked="1.0", status="archived"))
    assert (found.yanked, found.status) == ("broken", "archived")


def test_an_answer_from_the_past_says_so() -> None:
    answer = page("a", "1.0", "2.0")
    stale = PageAnswer(name="a", outcome="found", record=answer.record, stale=7200.0)
    found = row(distribution("a", "1.0"), stale)
    assert found.reason == "answered from the cache, 2.0 hours old"
    assert found.stale == 7200.0
    negative = PageAnswer(name="a", outcome="not-found", stale=3600.0, reason="the index answered 500")
    found = row(distribution("a", "1.0"), negative)
    assert (found.state, found.stale) == ("not-found", 3600.0)
    assert found.reason == "no index knows it; answered from the cache, 1.0 hours old: the index answered 500"


def test_environments_share_what_is_compared_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """One `Decisions` for all, as in a run: also when it remembers next to nothing."""
    answers = {"a": page("a", "1.0", "1.5", "2.0")}
    old = distribution("a", "1.0")
    holder = distribution("app", "3", requires=("a<2",))
    elsewhere = distribution("app", "4", requires=("a<1.5",))
    free = distribution("app", "5", requires=("a",))
    environments = [[old], [old, holder], [old, elsewhere], [old, free], [distribution("a", "2.0"), holder], [old]]
    environments.append([distribution("a", "1.0", editable=True), holder])
    for most in (20_000, 1):
        monkeypatch.setattr("envcensus.analysis.decisions._MOST", most)
        decisions = Decisions(answers)
        found = []
        for installed in environments:
            graph = build_graph(installed, {"python_version": "3.11"})
            found.append(judge(installed[0], decisions, Surroundings(TARGET, NOW, graph)))
        assert [row.distribution for row in found] == [installed[0] for installed in environments]
        assert [row.wanted for row in found] == ["2.0", "1.5", "1.0", "2.0", "", "2.0", ""]
        assert [row.held_by for row in found[1:3]] == [("app 3 (<2)",), ("app 4 (<1.5)",)]
        assert [row.held_by for row in (found[0], found[3], found[5])] == [(), (), ()]
        assert [row.direct for row in found] == [True, False, False, False, False, True, False]
        assert [row.state for row in found[4:]] == ["current", "outdated", "not-comparable"]
        alone = judge(old, decisions, Surroundings(TARGET, NOW))
        assert (alone.wanted, alone.direct) == ("", False)
