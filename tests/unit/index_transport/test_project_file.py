"""Files that nobody named are believed only if they are ours, whatever happens to their directory meanwhile."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from envcensus.errors import IndexConfigError, UsageError
from envcensus.index import project_file
from envcensus.index.config import load_index_config
from envcensus.index.project_file import MOST_BYTES, project_tables, read_ours
from envcensus.pipelines.policy import load_policy

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
linux = pytest.mark.skipif(not hasattr(os, "O_PATH"), reason="links are followed on Linux only")


def foreign(path: Path, text: str = "[index]\n") -> Path:
    path.write_text(text)
    os.chown(path, NOBODY, NOBODY)
    return path


def test_a_file_of_ours_is_read(tmp_path: Path) -> None:
    path = tmp_path / "envcensus.toml"
    path.write_bytes(b"a = 1\n")
    assert read_ours(str(path)) == b"a = 1\n"
    assert [(dict(table), prefix) for table, _, prefix in project_tables(str(tmp_path))] == [({"a": 1}, "")]


def test_what_is_no_regular_file_is_as_good_as_absent(tmp_path: Path) -> None:
    assert read_ours(str(tmp_path / "absent")) is None
    assert read_ours(str(tmp_path)) is None
    (tmp_path / "file").touch()
    assert read_ours(str(tmp_path / "file" / "below")) is None
    assert read_ours("/dev/zero") is None


@pytest.mark.parametrize("name", ["envcensus.toml", "pyproject.toml"])
def test_a_pipe_keeps_nobody_waiting(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    environ = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "https://example.com/simple"}
    config = load_index_config(None, environ, cwd=str(tmp_path), home=str(tmp_path), prefix=str(tmp_path))
    assert config.index_urls == ("https://example.com/simple",)
    assert load_policy(None, str(tmp_path)).ignore == ()


@as_root
def test_somebody_elses_is_not_read(tmp_path: Path) -> None:
    assert read_ours(str(foreign(tmp_path / "envcensus.toml"))) is None
    os.mkfifo(tmp_path / "pipe")
    os.chown(tmp_path / "pipe", NOBODY, NOBODY)
    assert read_ours(str(tmp_path / "pipe")) is None


@as_root
def test_somebody_elses_link_to_a_file_of_ours_is_not_followed(tmp_path: Path) -> None:
    """Who makes the link would choose which of root's files decides."""
    (tmp_path / "ours").write_text("a = 1\n")
    link = tmp_path / "envcensus.toml"
    link.symlink_to("ours")
    os.chown(link, NOBODY, NOBODY, follow_symlinks=False)
    assert read_ours(str(link)) is None


@as_root
@linux
def test_our_link_to_somebody_elses_is_followed_to_the_end(tmp_path: Path) -> None:
    link, between = tmp_path / "envcensus.toml", tmp_path / "between"
    link.symlink_to("between")
    between.symlink_to(foreign(tmp_path / "theirs"))
    assert read_ours(str(link)) is None
    os.chown(tmp_path / "theirs", 0, 0)
    assert read_ours(str(link)) == b"[index]\n"
    os.chown(between, NOBODY, NOBODY, follow_symlinks=False)
    assert read_ours(str(link)) is None


@linux
def test_our_own_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "census.toml").write_text("a = 1\n")
    (tmp_path / "envcensus.toml").symlink_to("shared/../shared/census.toml")
    (tmp_path / "far.toml").symlink_to(tmp_path / "envcensus.toml")
    assert read_ours(str(tmp_path / "envcensus.toml")) == b"a = 1\n"
    assert read_ours(str(tmp_path / "far.toml")) == b"a = 1\n"


def test_links_that_lead_nowhere_end(tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to("circle")
    assert read_ours(str(tmp_path / "circle")) is None
    (tmp_path / "dangling").symlink_to("absent")
    assert read_ours(str(tmp_path / "dangling")) is None


@as_root
@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_swap_at_any_moment_gives_nothing_of_theirs(tmp_path: Path, kind: str) -> None:
    """The directory's owner exchanges the file as fast as possible while it is read."""
    ours, theirs = tmp_path / "ours", foreign(tmp_path / "theirs", "theirs")
    ours.write_text("ours")
    path, spare = tmp_path / "envcensus.toml", tmp_path / "spare"
    over = threading.Event()

    def put(make: Callable[[], None]) -> None:
        make()
        spare.replace(path)

    def theirs_there() -> None:
        if kind == "file":
            os.link(theirs, spare)
        else:  # leads to a file of root's that was not meant for this
            spare.symlink_to("other")
            os.chown(spare, NOBODY, NOBODY, follow_symlinks=False)

    def swap() -> None:
        while not over.is_set():
            put(theirs_there)
            put(lambda: os.link(ours, spare))

    (tmp_path / "other").write_text("other")
    put(lambda: os.link(ours, spare))
    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        seen = {read_ours(str(path)) for _ in range(3000)}
    finally:
        over.set()
        swapper.join()
    assert b"ours" in seen
    assert seen <= {b"ours", None}


@as_root
def test_a_swap_after_the_owner_was_asked_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "envcensus.toml"
    path.write_text("ours")
    judge = project_file._is_ours

    def swap(status: os.stat_result) -> bool:
        verdict = judge(status)
        foreign(tmp_path / "theirs", "theirs").replace(path)
        return verdict

    monkeypatch.setattr(project_file, "_is_ours", swap)
    assert read_ours(str(path)) == b"ours"


def test_size_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "envcensus.toml"
    path.write_bytes(b"#" * MOST_BYTES)
    assert list(project_tables(str(tmp_path)))
    path.write_bytes(b"#" * (MOST_BYTES + 1))
    with pytest.raises(IndexConfigError, match="larger than"):
        list(project_tables(str(tmp_path)))
    path.rename(tmp_path / "pyproject.toml")
    assert list(project_tables(str(tmp_path))) == [], "others read that one"


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read everything")
def test_a_file_of_ours_that_may_not_be_read_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "envcensus.toml"
    path.touch(mode=0)
    with pytest.raises(IndexConfigError, match="cannot be read: Permission denied for "):
        list(project_tables(str(tmp_path)))
    path.rename(tmp_path / "pyproject.toml")
    assert list(project_tables(str(tmp_path))) == []


@pytest.mark.parametrize("text", ["a = \n", "\xff", "x = " + "[" * 100_000, "x = " + "1" * 5000])
def test_what_is_no_toml_is_said_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "envcensus.toml").write_bytes(text.encode("latin-1"))
    for load in (lambda: list(project_tables(str(tmp_path))), lambda: load_policy(None, str(tmp_path))):
        with pytest.raises(UsageError, match="no valid TOML") as caught:
            load()
        assert "\n" not in str(caught.value)


def test_a_pyproject_that_speaks_of_others_is_not_parsed(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool\n")
    assert list(project_tables(str(tmp_path))) == []
    (tmp_path / "pyproject.toml").write_text("[tool.envcensus.index]\ntimeout = 3\n")
    ((table, path, prefix),) = project_tables(str(tmp_path))
    assert (dict(table), path, prefix) == (
        {"index": {"timeout": 3}},
        str(tmp_path / "pyproject.toml"),
        "tool.envcensus.",
    )
