"""A command line that cannot be used: one line that names the thing and the remedy, exit code 2, nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command import Command, without_rights
from tests.support.site import install, make_venv

WRONG = [
    ("outdated --frobnicate", "--frobnicate", "see `envcensus outdated --help`"),
    ("outdate", "'outdate'", "did you mean 'outdated'"),
    ("outdated {here}/nowhere", "{here}/nowhere", "check the path"),
    ("outdated {env} --format yaml", "no such format: yaml", "choose one of columns, json"),
    ("outdated {env} -o report.yaml", "report.yaml", "use one of .txt, .json"),
    ("outdated {env} -o {here}/absent/report.json", "{here}/absent", "create it first"),
    ("outdated {env} -o {env}", "{env} is a directory", "name a file in it"),
    ("outdated {env} -i simple-index", "'simple-index'", "such as https://"),
    ("outdated {env} --offline --refresh", "--offline and --refresh", "choose one"),
    ("outdated {env} --offline --no-cache", "--offline and --no-cache", "from the cache"),
    ("list {env} --outdated --uptodate", "--outdated and --uptodate", "choose one"),
    ("outdated {env} --cache-size big", "'--cache-size': 'big'", "such as 200M"),
    ("outdated {env} --timeout -1", "'--timeout': -1.0", "see `envcensus outdated --help`"),
    ("outdated {env} --fail-on sometimes", "'sometimes'", "use any of any, outdated"),
    ("outdated --roots-from {here}/nowhere", "'--roots-from': '{here}/nowhere'", "No such file"),
    ("list {env} --lock {here}/absent/lock", "{here}/absent/lock", "choose another path"),
    ("list {env} --lock", "'--lock'", "requires an argument"),
    ("list {env} --metrics-file {here}/absent/run.prom", "{here}/absent", "create it first"),
    ("envs {env} --format csv", "no such format: csv", "columns, json, jsonl"),
    ("where", "'REQUIREMENT'", "see `envcensus where --help`"),
    ("where numpy<", "'numpy<'", "Expected"),
    ("tree {here}", "{here}", "find them with `envcensus envs`"),
    ("tree {env} --format dot", "no such format: dot", "columns or json"),
    ("why numpy {env}", "numpy", "see `envcensus list`"),
    ("resolve alpha --format nope", "'nope'", "'requirements', 'pylock'"),
    ("list {env} --output=", "--output names no file", "give it a name"),
    ("scan {env} --output=", "--output names no file", "give it a name"),
    ("list {env} --metrics-file=", "--metrics-file names no file", "give it a name"),
    ("list {env} --reefresh", "'--reefresh'; did you mean one of '--refresh'", "--help"),
    ("outdated {env} --uploaded-prior-to 0001-01-01", "not a time: 0001-01-01", "write 2026-01-31"),
    ("outdated {env} --timeout nan", "'--timeout': 'nan'", "see `envcensus outdated --help`"),
    ("check {env} --timeout inf", "'--timeout': 'inf'", "see `envcensus check --help`"),
    ("outdated {env} --index-timeout nan", "'--index-timeout': 'nan'", "see `envcensus outdated --help`"),
    ("resolve", "nothing to resolve", "-r"),
    ("resolve alpha --allow-build", "'--allow-build'", "see `envcensus resolve --help`"),
    ("resolve -r {here}/wrong.txt", "-r {here}/wrong.txt (line 2)", "not a requirement: beta gamma"),
    ("resolve -r {here}/pyproject.toml", "{here}/pyproject.toml", "not a requirement: beta gamma"),
    ("resolve -r {here}/nowhere.txt", "{here}/nowhere.txt", "No such file"),
    ("cache prune --unused-for never", "'never'", "see `envcensus cache prune --help`"),
]


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("usage") / "env"
    install(make_venv(path), "alpha", "1.0")
    (path.parent / "wrong.txt").write_text("alpha\nbeta gamma\n")
    (path.parent / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1"\ndependencies = ["beta gamma"]\n')
    return path


@pytest.mark.parametrize(("line", "thing", "remedy"), WRONG, ids=[line for line, _, _ in WRONG])
def test_one_line_that_names_the_thing_and_the_remedy(
    line: str, thing: str, remedy: str, env: Path, tmp_path: Path
) -> None:
    places = {"env": str(env), "here": str(env.parent)}
    arguments = [word.format(**places) for word in line.split()]
    done = Command(tmp_path).run(*arguments, check=2)
    assert not done.stdout
    (said,) = done.stderr.splitlines()
    assert said.startswith("envcensus: ")
    assert thing.format(**places) in said
    assert remedy in said


def test_help_goes_to_standard_output(tmp_path: Path) -> None:
    command = Command(tmp_path)
    assert command.run("--help").stdout.startswith("Usage: envcensus ")
    assert "--metrics-file" in command.run("outdated", "-h").stdout


def test_a_place_for_a_report_is_looked_at_before_the_work(env: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    done = Command(tmp_path).run("list", str(env), "-o", f"{closed}/report.json", check=2, preexec_fn=without_rights)
    assert not done.stdout
    assert done.stderr == (
        f"envcensus: {closed}/report.json cannot be written: no new file may be made in {closed}; choose another\n"
    )
    assert Command(tmp_path).run("list", str(env), "--metrics-file", "/dev/null").stdout


def test_the_index_settings_have_to_be_a_table(env: Path, tmp_path: Path) -> None:
    (tmp_path / "envcensus.toml").write_text("index = 3\n")
    done = Command(tmp_path).run("outdated", str(env), cwd=tmp_path, check=2)
    assert "is no table; write [index] above the settings" in done.stderr
