"""What may not be read is not told as absent, and one ROOT of that kind leaves the others alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import Command, without_rights
from tests.support.site import install, make_venv


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """A directory that nobody but its owner may enter, beside an environment that all may read."""
    install(make_venv(tmp_path / "open"), "alpha", "1.0")
    folder = tmp_path / "closed"
    install(make_venv(folder / "env"), "beta", "1.0")
    (folder / "sub").mkdir()
    (folder / "file.txt").write_text("alpha==1.0\n")
    if os.geteuid() == 0:
        os.chown(folder, 65534, 65534)
        folder.chmod(0o700)
    else:
        folder.chmod(0)
    yield folder
    folder.chmod(0o700)


def test_a_root_is_a_row_beside_the_others(closed: Path, tmp_path: Path) -> None:
    done = Command(tmp_path).run(
        "list", "closed/env", "open", "--format", "jsonl", check=4, cwd=tmp_path, preexec_fn=without_rights
    )
    assert "Permission denied for " in done.stdout
    assert "alpha" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("tree", "closed/env"), 1),
        (("why", "alpha", "closed/env"), 1),
        (("resolve", "-r", "closed/file.txt"), 2),
        (("resolve", "./closed/env"), 2),
        (("list", "--roots-from", "closed/file.txt"), 2),
        (("merge", "-o", "all.jsonl", "--roots-from", "closed/file.txt"), 2),
        (("resolve", "alpha", "-c", "closed/file.txt"), 2),
        (("resolve", "alpha", "--prefer", "closed/file.txt"), 2),
        (("outdated", "open", "--policy", "closed/file.txt"), 2),
        (("outdated", "open", "--since", "closed/file.txt"), 2),
        (("list", "open", "-o", "closed/sub/x.json"), 2),
    ],
)
def test_a_file_or_environment_is_refused_in_a_line(
    closed: Path, tmp_path: Path, arguments: tuple[str, ...], code: int
) -> None:
    done = Command(tmp_path).run(*arguments, check=code, cwd=tmp_path, preexec_fn=without_rights)
    (line,) = done.stderr.splitlines()
    assert line.startswith(("envcensus: closed/", "envcensus: ./closed/"))
    assert "Permission denied for " in line


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("resolve", "alpha", "--no-index", "-f", "closed/sub"), 4, "closed/sub cannot be read: "),
        (("resolve", "alpha", "--no-index", "-f", "file://{here}/closed/sub"), 4, "closed/sub cannot be read: "),
        (("outdated", "open", "--no-index", "-f", "closed/sub"), 4, "closed/sub cannot be read: "),
        (("outdated", "open", "-i", "closed/sub"), 2, "the index closed/sub cannot be read: "),
        (("resolve", "alpha @ file://{here}/closed/sub", "--no-index"), 4, "alpha could not be looked at: "),
        (("resolve", "./closed/a-1-py3-none-any.whl", "--no-index"), 2, "closed/a-1-py3-none-any.whl cannot be read: "),
        (("list", "open", "--lock", "closed/lock"), 2, "lock file closed/lock cannot be opened: "),
        (("cache", "info", "--cache-dir", "closed/cache"), 1, "closed/cache: "),
        (("cache", "clear", "--cache-dir", "closed/cache"), 1, "closed/cache: "),
    ],
)
def test_places_and_files_of_other_kinds(
    closed: Path, tmp_path: Path, arguments: tuple[str, ...], code: int, told: str
) -> None:
    given = [argument.format(here=tmp_path) for argument in arguments]
    done = Command(tmp_path).run(*given, check=code, cwd=tmp_path, preexec_fn=without_rights)
    assert f"{told}Permission denied for " in done.stdout + done.stderr


def test_what_is_absent_is_still_told_as_that(closed: Path, tmp_path: Path) -> None:
    for command in ("list", "tree"):
        done = Command(tmp_path).run(command, "missing", check=2, cwd=tmp_path)
        assert done.stderr == "envcensus: no such file or directory: missing; check the path\n"
