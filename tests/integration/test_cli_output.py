"""Standard output that ends early, or takes nothing."""

from __future__ import annotations

import os
import subprocess

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
