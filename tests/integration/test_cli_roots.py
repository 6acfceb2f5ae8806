"""What the roots of a command may be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command import Command, without_rights
from tests.support.site import install


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """A home with an environment whose name is hard on lists, beside a prefix with two Pythons."""
    home = tmp_path / "home"
    for folder in ("new\nline", "plain"):
        (home / folder / "bin").mkdir(parents=True)
        (home / folder / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.7\n")
        install(home / folder / "lib" / "python3.11" / "site-packages", "alpha", "1.0")
    for version in ("3.10", "3.11"):
        install(home / ".local" / "lib" / f"python{version}" / "site-packages", "beta", version)
    return Command(home)


def test_roots_from_a_list_of_which_one_is_gone(command: Command) -> None:
    listed = f"{command.home}/new\nline\0{command.home}/gone\0{command.home}/plain\0"
    done = command.run("envs", "--roots-from", "-", "--format", "jsonl", input=listed, check=4)
    assert done.stdout.count('"kind":"venv"') == 2
    assert f"{command.home}/gone" in done.stdout
    assert command.run("envs", f"{command.home}/gone", check=2).stdout == ""


def test_a_prefix_with_several_pythons_is_a_report_of_each(command: Command) -> None:
    report = command.json("list", f"{command.home}/.local")
    assert [each["python"] for each in report["environments"]] == ["3.10", "3.11"]
    assert command.json("list", f"{command.home}/plain") == [{"name": "alpha", "version": "1.0"}]
    one = report["environments"][0]["path"]  # what a report names can be named as ROOT
    assert command.json("list", one) == [{"name": "beta", "version": "3.10"}]
    assert [each["path"] for each in command.json("envs", one)["environments"]] == [one]
    assert "beta 3.10" in command.run("tree", one).stdout
    refused = command.run("tree", f"{command.home}/.local", check=2)
    assert f"has several Pythons; name one: {one}, " in refused.stderr


@pytest.mark.parametrize("one", [False, True])
def test_a_name_of_a_megabyte_does_not_fill_the_report(command: Command, one: bool) -> None:
    site = command.home / "plain" / "lib" / "python3.11" / "site-packages"
    install(site, "wide", "1.0")
    (site / "wide-1.0.dist-info" / "METADATA").write_text(f"Name: {'w' * 500_000}\nVersion: 1.0\n")
    for number in range(50):
        install(site, f"p{number}", "1.0")
    shown = command.run("list", str(command.home / "plain") if one else str(command.home)).stdout
    assert "w" * 500_000 in shown
    assert len(shown) < 2_000_000


def test_a_root_that_may_not_be_read_leaves_the_others_alone(command: Command) -> None:
    closed = command.home / "closed"
    closed.mkdir(mode=0o000)
    done = command.run("list", str(closed), str(command.home / "plain"), check=4, preexec_fn=without_rights)
    assert "alpha" in done.stdout
    assert f"root {closed}: Permission denied" in done.stdout
    alone = command.run("outdated", str(closed), check=4, preexec_fn=without_rights)
    assert f"root {closed}: Permission denied" in alone.stdout
    assert not alone.stderr  # no word of "no environments": nobody knows
    (command.home / "report.json").touch(mode=0o200)  # may be written, not read
    output = str(command.home / "report.json")
    command.run("list", str(command.home / "plain"), "-o", output, preexec_fn=without_rights)


def test_what_is_no_environment_is_not_said_to_hold_none(command: Command) -> None:
    (command.home / "host.jsonl").write_text("flask==3.0\n")
    done = command.run("outdated", str(command.home / "host.jsonl"), check=4)
    assert "not a snapshot: `envcensus scan -o FILE` writes one" in done.stdout
    assert not done.stderr


def test_a_target_is_one_environment(command: Command) -> None:
    """As `pip list --path` prints it."""
    target = command.home / "target"
    install(target, "alpha", "1.0", "Requires-Dist: beta")
    install(target, "beta", "2.0")
    assert command.json("list", str(target)) == [
        {"name": "alpha", "version": "1.0"},
        {"name": "beta", "version": "2.0"},
    ]
    assert "beta 2.0" in command.run("tree", str(target)).stdout
    assert "alpha 1.0" in command.run("why", "beta", str(target)).stdout


def test_a_conda_prefix_brings_its_envs(command: Command) -> None:
    for prefix in ("conda", "conda/envs/web"):
        install(command.home / prefix / "lib" / "python3.11" / "site-packages", "alpha", "1.0")
        meta = command.home / prefix / "conda-meta"
        meta.mkdir()
        (meta / "python-3.11.7-h0_cpython.json").write_text("{}")
    root = str(command.home / "conda")
    found = command.json("outdated", root, "--no-index")["environments"]
    assert [each["path"] for each in found] == [root, f"{root}/envs/web"]
    assert command.json("list", root) == [{"name": "alpha", "version": "1.0"}]
    assert len(command.json("envs", root, "--max-depth", "0")["environments"]) == 1
