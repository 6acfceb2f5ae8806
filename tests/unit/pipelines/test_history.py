"""What changed since the last run, and what must not be called a change."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from envcensus.analysis.selection import RowFilter
from envcensus.errors import UsageError
from envcensus.model.census import Census, Metrics, Survey
from envcensus.model.distribution import Distribution
from envcensus.model.environment import Environment
from envcensus.model.finding import Finding
from envcensus.model.page import Latest
from envcensus.pipelines.earlier_file import check_file, compare_with_file
from envcensus.pipelines.history import compare_with_last
from envcensus.report.formats import render


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def census(time: float, path: str = "/srv/app", **states: str) -> Census:
    """Names with "outdated", "current", "failed" or a version that is outdated."""
    findings = []
    for name, given in states.items():
        version, state = ("1.0", given) if given.isalpha() else (given, "outdated")
        row: dict[str, Any] = {"state": state, "latest": Latest(version="9", filetype="wheel")}
        distribution = Distribution(name=name, normalized=name, version=version, path="/")
        findings.append(Finding(distribution=distribution, libyears=0.5, **row))
    environment = Environment(path=path, kind="venv", python="3.11.7", implementation="cpython", site_dirs=())
    surveys = (Survey(environment=environment, findings=tuple(findings)),)
    return Census(surveys=surveys, skipped=(), metrics=Metrics(), generated=time)


def run(found: Census, *roots: str) -> dict[str, Any]:
    compared, trend, problem = compare_with_last(found, roots or ["/srv"])
    assert not problem
    if compared.changes is None:
        return {"points": len(trend)}
    changes = compared.changes
    return {
        "new": [row.name for row in changes.new],
        "resolved": [row.name for row in changes.resolved],
        "still": changes.still,
        "points": len(trend),
    }


def test_new_resolved_and_still_outdated(state: Path) -> None:
    assert run(census(1000, a="outdated", b="outdated")) == {"points": 1}
    assert run(census(2000, a="outdated", b="current", c="outdated")) == {
        "new": ["c"],
        "resolved": ["b"],
        "still": 1,
        "points": 2,
    }
    assert run(census(3000, a="0.5", c="outdated"))["new"] == ["a"]  # another version is another row
    assert [oct(file.stat().st_mode & 0o777) for file in state.glob("envcensus")] == ["0o700"]


def test_a_failed_look_up_is_not_resolved_and_does_not_come_back_as_new() -> None:
    run(census(1000, a="outdated"))
    assert run(census(2000, a="failed")) == {"new": [], "resolved": [], "still": 0, "points": 2}
    assert run(census(3000, a="outdated")) == {"new": [], "resolved": [], "still": 1, "points": 3}


def test_other_roots_have_a_history_of_their_own_and_damage_starts_anew(state: Path) -> None:
    run(census(1000, a="outdated"))
    assert run(census(2000, a="outdated"), "/elsewhere") == {"points": 1}
    for file in (state / "envcensus").iterdir():
        file.write_text('{"version": 1, "rows": [')
    assert run(census(3000, a="outdated")) == {"points": 1}


def test_another_choice_of_rows_has_a_history_of_its_own() -> None:
    compare_with_last(census(1000, a="outdated", b="outdated"), ["/srv"])
    some, _, _ = compare_with_last(census(2000, a="outdated"), ["/srv"], ["only ['a']"])
    assert some.changes is None
    assert run(census(3000, a="outdated", b="outdated")) == {"new": [], "resolved": [], "still": 2, "points": 2}


def test_without_a_home_nothing_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "none"))
    problem = compare_with_last(census(1000, a="outdated"), ["/srv"])[2]
    assert problem == f"the home directory {tmp_path}/none does not exist; set XDG_STATE_HOME"
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("asked", "resolved"),
    [
        (RowFilter(), ["direct", "large", "small"]),
        (RowFilter(only=("l*",)), ["large"]),
        (RowFilter(exclude=("l*",)), ["direct", "small"]),
        (RowFilter(direct=True), ["direct"]),
        (RowFilter(severity="minor"), ["large"]),
    ],
)
def test_rows_of_a_report_that_were_not_asked_for_are_not_resolved(
    tmp_path: Path, asked: RowFilter, resolved: list[str]
) -> None:
    before = census(1000, direct="outdated", large="outdated", small="outdated")
    rows = [
        msgspec.structs.replace(
            row,
            direct=row.distribution.name == "direct",
            severity={"large": "major"}.get(row.distribution.name, "patch"),
        )
        for _, row in before.rows()
    ]
    survey = msgspec.structs.replace(next(iter(before.surveys)), findings=tuple(rows))
    report = tmp_path / "report.json"
    report.write_text("".join(render("json", msgspec.structs.replace(before, surveys=(survey,)))))
    changes = compare_with_file(census(2000), str(report), asked).changes
    assert changes is not None
    assert [row.name for row in changes.resolved] == resolved


@pytest.mark.parametrize("asked", [RowFilter(direct=True), RowFilter(severity="major")])
def test_a_snapshot_cannot_say_what_was_direct_or_far_behind(asked: RowFilter) -> None:
    with pytest.raises(UsageError, match="a snapshot does not say"):
        check_file("old.jsonl.gz", asked)
    check_file("old.json", asked)
    check_file("old.jsonl", RowFilter(only=("a",)))


def test_a_path_that_is_not_utf8_does_no_harm() -> None:
    odd = os.fsdecode(b"/srv/\xff")
    run(census(1000, odd, a="outdated"))
    assert run(census(2000, odd, a="outdated"))["new"] == ["a"]


def test_since_a_report_of_ours(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    report.write_text("".join(render("json", census(86400.0, a="outdated", b="outdated"))))
    changes = compare_with_file(census(2e5, b="outdated", c="outdated"), str(report)).changes
    assert changes is not None
    assert ([row.name for row in changes.new], [row.name for row in changes.resolved]) == (["c"], ["a"])
    assert (changes.since, changes.still) == (86400.0, 1)
    text = "".join(render("columns", compare_with_file(census(2e5, c="outdated"), str(report))))
    assert "Since 1970-01-02T00:00:00Z: 1 new, 2 resolved, 0 still outdated" in text


@pytest.mark.parametrize(
    "text", ["", "{", '{"version": "1"}', '{"version":"2","generated":"","environments":[]}', "[" * 99999]
)
def test_any_other_file_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "other.json"
    file.write_text(text)
    with pytest.raises(UsageError, match=r"other\.json") as caught:
        compare_with_file(census(1.0), str(file))
    assert "\n" not in str(caught.value)


def test_where_nothing_can_be_kept_the_run_says_so(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def problem() -> str:
        return compare_with_last(census(1000, a="outdated"), ["/srv"])[2]

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    state.mkdir()
    (state / "envcensus").symlink_to(elsewhere)  # in the home of somebody else, a way to have files written anywhere
    assert "is a symbolic link" in problem()
    assert not list(elsewhere.iterdir())
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    assert problem()
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    monkeypatch.chdir(tmp_path)
    assert problem() == "the home directory ~ does not exist; set XDG_STATE_HOME"
    assert not (tmp_path / "~").exists()
