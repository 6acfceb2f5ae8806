"""Standard streams that end early, take nothing, or are closed."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.command import Command
from tests.support.site import install, make_venv


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Command:
    home = tmp_path_factory.mktemp("home")
    install(make_venv(home / "srv" / "app"), "numpy", "1.26.4")
    return Command(home)


@pytest.mark.parametrize("arguments", ["list", "list --format json", "envs", "where numpy", "check", "config"])
def test_a_reader_that_goes_away_is_no_failure(command: Command, arguments: str) -> None:
    where = [] if arguments == "config" else [str(command.home / "srv")]
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            command.argv(*arguments.split(), *where),
            env=command.environ, stdout=writing, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is full")
@pytest.mark.parametrize("arguments", ["list", "list --format json", "envs", "check", "config"])
def test_a_full_disk_is_one_line(command: Command, arguments: str) -> None:
    where = [] if arguments == "config" else [str(command.home / "srv")]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command.argv(*arguments.split(), *where),
            env=command.environ, stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.stderr == "envcensus: the output cannot be written: No space left on device\n"
    assert done.returncode == 1


def closed(command: Command, streams: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run with some of the standard streams closed, as `streams` says in the shell's words."""
    line = ["/bin/sh", "-c", f'exec "$@" {streams}', "sh", *command.argv(*arguments)]
    return subprocess.run(line, env=command.environ, capture_output=True, text=True, timeout=60, check=False)


def test_closed_output_is_one_line(command: Command, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    done = closed(command, ">&-", "list", str(command.home / "srv"), "-o", str(report))
    assert done.stderr == "envcensus: the output cannot be written: Bad file descriptor\n"
    assert done.returncode == 1
    assert "numpy" in report.read_text()


def test_a_closed_place_for_messages_changes_nothing(command: Command, tmp_path: Path) -> None:
    done = closed(command, "2>&-", "list", str(command.home / "srv"))
    assert done.returncode == 0
    assert "numpy" in done.stdout
    done = closed(command, "2>&-", "list", str(command.home / "nowhere"))
    assert (done.returncode, done.stdout) == (2, "")


def test_closed_input_names_no_roots(command: Command) -> None:
    done = closed(command, "<&-", "list", "--roots-from", "-")
    assert done.returncode == 2
    assert done.stderr == "envcensus: the roots cannot be read from standard input: Bad file descriptor; name them\n"


def test_nothing_is_written_into_files_that_got_a_streams_number(command: Command) -> None:
    cache = str(command.home / "cache-of-closed")
    for _ in range(2):
        closed(command, "<&- >&- 2>&-", "list", str(command.home / "srv"), "--cache-dir", cache)
    assert command.run("cache", "verify", "--cache-dir", cache).stderr == "the cache is sound\n"
    listed = command.run("list", str(command.home / "srv"), "--cache-dir", cache, "--stats").stderr
    assert "Traceback" not in listed


def test_a_directory_that_is_gone(command: Command, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    line = ["/bin/sh", "-c", 'rmdir "$PWD"; exec "$@"', "sh", *command.argv("list")]
    done = subprocess.run(line, env=command.environ, cwd=gone, capture_output=True, text=True, check=False)
    assert done.stderr == "envcensus: the current directory does not exist any more; change to another one\n"
    assert done.returncode == 1


def test_messages_do_not_steer_the_terminal(command: Command, tmp_path: Path) -> None:
    """A path that was completed by the shell is what those called it who own the directory."""
    done = command.run("list", f"{tmp_path}/evil\x1b]0;title\x07\u202e", check=2)
    assert r"evil\x1b]0;title\x07\u202e" in done.stderr
    assert "\x1b" not in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is full")
def test_messages_that_cannot_be_said_end_no_run(command: Command) -> None:
    for arguments, code in ((["list", str(command.home / "srv"), str(command.home / "none")], 2), (["list"], 0)):
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                command.argv(*arguments), cwd=command.home,
                env=command.environ, stdout=subprocess.PIPE, stderr=full, text=True, check=False,
            )  # fmt: skip
        assert done.returncode == code
    empty = command.home / "empty"
    empty.mkdir()
    line = ["/bin/sh", "-c", 'exec "$@" 2>/dev/full', "sh", *command.argv("list", str(empty))]
    done = subprocess.run(line, env=command.environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "0 environments, 0 packages of 0 projects\n")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is full")
@pytest.mark.parametrize("arguments", ["list", "list --format json", "envs", "check", "outdated --offline"])
def test_a_file_that_cannot_be_written_takes_nothing_else_with_it(
    command: Command, arguments: str, tmp_path: Path
) -> None:
    """Whatever the command: the other file is there, the report is on standard output, and the exit code is 1."""
    srv = str(command.home / "srv")

    def undated(text: str) -> str:
        return re.sub(r'\d{4}-\d\d-\d\dT[\d:]+Z|"metrics":.*', "", text)

    usual = command.run(*arguments.split(), srv, check=None).stdout
    (tmp_path / "full.json").symlink_to("/dev/full")
    good = tmp_path / "good.jsonl"
    done = command.run(*arguments.split(), srv, "-o", str(tmp_path / "full.json"), "-o", str(good), check=1)
    assert usual
    assert undated(done.stdout) == undated(usual)
    assert done.stderr.splitlines()[-1] == f"envcensus: {tmp_path}/full.json cannot be written: No space left on device"
    assert good.stat().st_size > 0


def test_nobody_holds_it(command: Command) -> None:
    done = command.run("where", "absent<2", str(command.home / "srv"))
    assert (done.stdout, done.stderr) == ("", "envcensus: none of 1 environment holds absent<2\n")
