"""Files written whole."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from envcensus.errors import EnvcensusError
from envcensus.runtime.atomic import open_whole, write_whole


@pytest.fixture
def umask() -> None:
    os.umask(0o022)


def test_a_new_file_gets_what_the_umask_leaves(tmp_path: Path, umask: None) -> None:
    path = tmp_path / "report.json"
    write_whole(str(path), [b"one", b"two"])
    assert path.read_bytes() == b"onetwo"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert os.listdir(tmp_path) == ["report.json"]


def test_an_existing_file_keeps_its_permissions(tmp_path: Path, umask: None) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(b"old")
    path.chmod(0o600)
    write_whole(str(path), b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_set_user_id_bit_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(b"old")
    path.chmod(0o4755)
    write_whole(str(path), b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o755


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_block_that_fails_leaves_the_old_file(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(b"old")

    def fail() -> None:
        with open_whole(str(path)) as file:
            file.write(b"half")
            raise error

    with pytest.raises(error):
        fail()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["report.json"]


def test_a_link_is_replaced_and_its_target_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_bytes(b"precious")
    link = tmp_path / "report.json"
    link.symlink_to(target)
    write_whole(str(link), b"report")
    assert target.read_bytes() == b"precious"
    assert not link.is_symlink()
    assert link.read_bytes() == b"report"


def test_a_dangling_link_is_replaced(tmp_path: Path) -> None:
    link = tmp_path / "report.json"
    link.symlink_to(tmp_path / "nowhere")
    write_whole(str(link), b"report")
    assert link.read_bytes() == b"report"
    assert not (tmp_path / "nowhere").exists()


def test_devices_and_pipes_are_written_to_and_stay(tmp_path: Path) -> None:
    before = os.stat("/dev/null")
    write_whole("/dev/null", b"data")
    assert os.stat("/dev/null").st_rdev == before.st_rdev
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(fifo.read_bytes()))
    reader.start()
    write_whole(str(fifo), b"through the pipe")
    reader.join()
    assert got == [b"through the pipe"]
    assert stat.S_ISFIFO(fifo.stat().st_mode)


def test_a_link_to_a_device_is_written_through(tmp_path: Path) -> None:
    link = tmp_path / "out"
    link.symlink_to("/dev/null")
    write_whole(str(link), b"data")
    assert link.is_symlink()


@pytest.fixture
def theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Gives what is at a path, and its directory, to another user. Who is not root becomes another user himself."""

    def give(path: Path) -> None:
        if os.getuid() == 0:
            for each in (path.parent, path):
                os.chown(each, 65534, 65534, follow_symlinks=False)
        else:
            monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)

    return give


def test_what_others_put_there_is_replaced(tmp_path: Path, theirs: Callable[[Path], None], umask: None) -> None:
    """A link to a device would be written through, a pipe without a reader waited for; root is called in vain."""
    link, fifo = tmp_path / "report.json", tmp_path / "report.html"
    link.symlink_to("/dev/null")
    os.mkfifo(fifo)
    theirs(link)
    theirs(fifo)
    for path in (link, fifo):
        write_whole(str(path), b"report")
        assert stat.S_ISREG(os.lstat(path).st_mode)
        assert path.read_bytes() == b"report"
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_permissions_that_others_chose_are_not_kept(
    tmp_path: Path, theirs: Callable[[Path], None], umask: None
) -> None:
    path = tmp_path / "report.json"
    path.touch()
    path.chmod(0o666)
    theirs(path)
    write_whole(str(path), b"report")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_disk_is_never_written_to(tmp_path: Path) -> None:
    path, link = tmp_path / "disk", tmp_path / "report.json"
    try:
        os.mknod(path, stat.S_IFBLK | 0o600, os.makedev(7, 250))  # a loop device that nobody has
    except OSError:
        pytest.skip("block devices cannot be made here")
    link.symlink_to(path)
    with pytest.raises(EnvcensusError, match="neither a file nor a pipe"):
        write_whole(str(path), b"report")
    write_whole(str(link), b"report")
    assert link.read_bytes() == b"report"
    assert not link.is_symlink()
    assert stat.S_ISBLK(path.stat().st_mode)


def test_what_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing" / "report.json"):
        with pytest.raises(EnvcensusError) as caught:
            write_whole(str(path), b"data")
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
    assert os.listdir(tmp_path) == []


def test_long_and_odd_names(tmp_path: Path) -> None:
    for name in ("n" * 255, os.fsdecode(b"\xff\xfe.json"), "-o"):
        path = os.path.join(tmp_path, name)
        write_whole(path, b"data")
        with open(path, "rb") as file:
            assert file.read() == b"data"
