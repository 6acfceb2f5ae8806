"""--lock FILE."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from envcensus.errors import EnvcensusError, ExitCode, LockedError
from envcensus.runtime.lock import only_run

HOLD = """
import sys, time
from envcensus.runtime.lock import only_run
with only_run(sys.argv[1]):
    print(flush=True)
    time.sleep(60)
"""


def test_a_second_run_is_refused_at_once(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    with only_run(path):
        with pytest.raises(LockedError) as caught, only_run(path):
            pass
        assert caught.value.exit_code == ExitCode.LOCKED
        assert path in str(caught.value)
    with only_run(path):
        pass


def test_it_is_free_again_after_an_error(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    with pytest.raises(ValueError, match="x"), only_run(path):
        raise ValueError("x")
    with only_run(path):
        pass


def test_it_is_free_again_after_a_kill(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    with subprocess.Popen([sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        with pytest.raises(LockedError), only_run(path):
            pass
        child.kill()
        child.wait()
    with only_run(path):
        pass


def test_links_and_directories_are_refused(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    link = tmp_path / "lock"
    link.symlink_to(precious)
    for path in (link, tmp_path, tmp_path / "missing" / "lock"):
        with pytest.raises(EnvcensusError) as caught, only_run(str(path)):
            pass
        assert not isinstance(caught.value, LockedError)
    assert precious.read_bytes() == b"precious"


def test_what_is_in_the_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_bytes(b"notes")
    with only_run(os.fspath(path)):
        pass
    assert path.read_bytes() == b"notes"
