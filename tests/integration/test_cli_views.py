"""check, where, tree, why, and the options for cron, as real processes."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from benchmarks.index_server import Universe, running
from tests.support.command import Command
from tests.support.site import install, make_venv


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("roots")
    good, bad = make_venv(root / "good"), make_venv(root / "bad")
    install(good, "app", "1.0", "Requires-Dist: lib>=1", "Requires-Dist: base")
    install(good, "lib", "1.5", "Requires-Dist: base")
    install(good, "base", "3")
    install(bad, "app", "2.0", "Requires-Dist: lib>=2")
    install(bad, "lib", "1.0")
    (bad / "~ib-0.9.dist-info").mkdir()
    return root


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path)


def test_check_finds_what_does_not_fit(command: Command, roots: Path) -> None:
    found = {
        Path(environment["path"]).name: {problem["code"] for problem in environment["problems"]}
        for environment in command.json("check", str(roots))["environments"]
    }
    assert found == {"good": set(), "bad": {"conflict", "leftover"}}
    command.run("check", str(roots), "--fail-on", "conflict", check=3)
    command.run("check", str(roots), "--fail-on", "missing,eol", check=0)
    command.run("check", str(roots / "good"), "--fail-on", "any", check=0)
    assert "nonsense" in command.run("check", str(roots), "--fail-on", "nonsense", check=2).stderr


def test_a_python_past_its_end_of_life_is_a_problem_everywhere(tmp_path: Path) -> None:
    site = tmp_path / "roots" / "old" / "lib" / "python3.7" / "site-packages"
    (tmp_path / "roots" / "old" / "bin").mkdir(parents=True)
    (tmp_path / "roots" / "old" / "pyvenv.cfg").write_text("version = 3.7.9\n")
    install(site, "app", "1.0")
    roots = str(tmp_path / "roots")
    with running(Universe({"app": ["1.0"]})) as index:
        command = Command(tmp_path, index.url)
        for name in ("check", "list", "outdated"):
            (environment,) = command.json(name, roots)["environments"]
            assert [problem["code"] for problem in environment["problems"]] == ["end-of-life"], name
        command.run("outdated", roots, "--fail-on", "eol", check=3)
    assert "2023-06-27" in command.run("check", roots).stdout
    command.run("check", roots, "--fail-on", "eol", check=3)
    command.run("check", roots, "--fail-on", "missing", check=0)


def test_where_lists_the_copies_that_match(command: Command, roots: Path) -> None:
    found = command.json("where", "lib<1.2", str(roots))
    assert [(Path(row["environment"]).name, row["version"]) for row in found] == [("bad", "1.0")]
    assert len(command.json("where", "LIB", str(roots))) == 2
    assert command.run("where", "absent", str(roots)).stdout == ""
    assert "lib<<1" in command.run("where", "lib<<1", str(roots), check=2).stderr


def test_tree_and_why_draw_the_requirements(command: Command, roots: Path) -> None:
    tree = command.run("tree", str(roots / "good")).stdout
    assert tree == "app 1.0\n├── base 3\n└── lib 1.5 [>=1]\n    └── base 3\n"
    why = command.run("why", "Base", str(roots / "good")).stdout
    assert why == "base 3\n├── app 1.0\n└── lib 1.5\n    └── app 1.0 [>=1]\n"
    assert "neither installed" in command.run("why", "absent", str(roots / "good"), check=2).stderr
    assert "no Python environment" in command.run("tree", str(roots), check=2).stderr


def test_a_second_run_under_the_same_lock_exits_with_5(command: Command, roots: Path, tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert str(lock) in command.run("check", str(roots), "--lock", str(lock), check=5).stderr
    command.run("check", str(roots), "--lock", str(lock))


def test_a_run_gives_up_when_its_time_is_over(tmp_path: Path, roots: Path) -> None:
    with running(Universe({"app": ["1.0", "2.0"], "lib": ["1"], "base": ["3"]}), latency=20_000) as index:
        done = Command(tmp_path, index.url).run("outdated", str(roots), "--timeout", "0.5", check=1)
    assert "0.5 seconds" in done.stderr


def test_fail_on_sees_outdated_rows(tmp_path: Path, roots: Path) -> None:
    with running(Universe({"app": ["1.0", "1.1", "2.0"], "lib": ["1.5"], "base": ["3"]})) as index:
        command = Command(tmp_path, index.url)
        command.run("outdated", str(roots), "--fail-on", "severity>=major", check=3)
        command.run("outdated", str(roots / "good"), "--fail-on", "yanked,age>=3650", check=0)
        command.run("outdated", str(roots / "bad"), "--fail-on", "severity>=major", check=0)


def test_rows_are_selected_ignored_and_grouped(tmp_path: Path, roots: Path) -> None:
    policy, limits = tmp_path / "policy.toml", tmp_path / "limits.txt"
    policy.write_text('[[ignore]]\nproject = "app"\nreason = "soon gone"\n')
    limits.write_text("base<4\n")
    with running(Universe({"app": ["1.0", "2.0"], "lib": ["1.5", "2.0"], "base": ["3", "3.1", "4"]})) as index:
        command = Command(tmp_path, index.url)
        projects = command.json("outdated", str(roots), "--by", "project")
        assert [(row["name"], row["environments"]) for row in projects] == [("lib", 2), ("app", 1), ("base", 1)]
        assert command.json("outdated", str(roots), "--by", "owner")[0]["outdated"] == 4
        found = command.json("outdated", str(roots / "good"), "-c", str(limits), "--policy", str(policy), "--all")
        rows = {row["name"]: row for row in found["environments"][0]["packages"]}
        assert rows["base"]["wanted_version"] == "3.1"
        assert rows["base"]["held_by"] == ["constraint <4"]
        assert rows["app"]["ignored"] == "soon gone"
        only = command.json("outdated", str(roots), "--only", "li*", "--direct")
        assert only["environments"] == []
        old = command.json("outdated", str(roots / "good"), "--uploaded-prior-to", "1999-01-01", "--all")
        assert {row["state"] for row in old["environments"][0]["packages"]} == {"not-found"}
