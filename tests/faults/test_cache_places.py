"""Places where no cache can be, or none should."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from envcensus.cache import layout, opening, upkeep
from envcensus.cache.store import NoStore, Store, open_store
from envcensus.errors import CacheError

DRIVER = os.path.join(os.path.dirname(__file__), "cache_driver.py")
NOBODY = 65534


def use_once(home: str, **options: object) -> str:
    """One small run in a process of its own; what it says about the cache."""
    command = [sys.executable, DRIVER, "use_once", home]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)  # type: ignore[call-overload]
    assert (done.returncode, done.stderr) == (0, "")
    return str(done.stdout).strip()


@pytest.fixture
def home(tmp_path: Path) -> str:
    return os.fspath(tmp_path / "cache")


@pytest.fixture
def public() -> Iterator[str]:
    """A directory that other users can reach."""
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        yield directory


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def test_a_directory_of_somebody_else(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    open_store(home).close()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    found = open_store(home)
    assert isinstance(found, NoStore)
    assert found.reason == f"no cache is used: {home} belongs to another user"


@needs_root
def test_files_of_somebody_else(home: str) -> None:
    open_store(home).close()
    os.chown(os.path.join(home, "v1", "data.mdb"), NOBODY, NOBODY)
    found = open_store(home)
    assert isinstance(found, NoStore)
    assert "not a plain file of this user" in found.reason


@needs_root
def test_root_leaves_nothing_in_the_home_of_another(public: str, monkeypatch: pytest.MonkeyPatch) -> None:
    os.chown(public, NOBODY, NOBODY)
    monkeypatch.setenv("HOME", public)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("ENVCENSUS_CACHE_DIR", raising=False)
    found = open_store()
    assert isinstance(found, NoStore)
    assert "belongs to another user" in found.reason
    assert os.listdir(public) == []


def test_a_home_that_does_not_exist_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "none"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("ENVCENSUS_CACHE_DIR", raising=False)
    found = open_store()
    assert isinstance(found, NoStore)
    assert found.reason == f"no cache is used: the home directory {tmp_path}/none does not exist"
    assert os.listdir(tmp_path) == []
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    open_store().close()
    assert os.listdir(tmp_path) == ["elsewhere"]


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o777])
def test_a_directory_others_can_write_to(home: str, mode: int) -> None:
    for path in (home, os.path.join(home, "v1")):
        open_store(home).close()
        os.chmod(path, mode)
        found = open_store(home)
        assert isinstance(found, NoStore)
        assert "writable by other users" in found.reason
        os.chmod(path, 0o700)


def test_a_directory_others_can_read_is_made_private(home: str) -> None:
    os.mkdir(home, 0o755)
    open_store(home).close()
    assert os.stat(home).st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", [".", "v1", "v1/data.mdb", "v1/lock.mdb", "lock", "v1/writer"])
def test_links_are_not_followed(home: str, tmp_path: Path, name: str) -> None:
    with open_store(home) as found:
        found.put_many("pages", [(b"k", b"v", 0.0)])
    path = os.path.normpath(os.path.join(home, name))
    os.rename(path, tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", path)
    with open_store(home) as found:
        assert not found.put_many("pages", [(b"k", b"v", 0.0)])
        assert found.reason


@pytest.mark.parametrize("name", ["data.mdb", "lock.mdb"])
def test_neither_pipes_nor_second_names_are_opened(home: str, name: str) -> None:
    open_store(home).close()
    path = os.path.join(home, "v1", name)
    os.link(path, os.path.join(home, "second"))
    assert "not a plain file" in open_store(home).reason
    os.unlink(path)
    os.mkfifo(path)
    assert "not a plain file" in open_store(home).reason


@pytest.mark.parametrize("directory", ["/proc/cache", "/dev/null/cache", "/dev/null"])
def test_places_that_cannot_hold_a_cache(directory: str) -> None:
    found = open_store(directory)
    assert isinstance(found, NoStore)
    assert "\n" not in found.reason
    assert directory in found.reason


# Everything is imported before the process gets into trouble.
IN_TROUBLE = """
import os, resource, sys
space = {{"__name__": "driver"}}
exec(compile(open(sys.argv[1]).read(), sys.argv[1], "exec"), space)
{trouble}
space["use_once"](sys.argv[2], 0)
"""


def use_once_in_trouble(home: str, trouble: str) -> str:
    command = [sys.executable, "-c", IN_TROUBLE.format(trouble=trouble), DRIVER, home]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


@needs_root
def test_a_home_that_is_read_only(public: str) -> None:
    home = os.path.join(public, "cache")
    answer = use_once_in_trouble(home, "from envcensus.cache import check, opening; os.setuid(65534)")
    assert answer == f"NoStore kept=False found=False reason=no cache is used: {home}: Permission denied"


def test_files_must_not_grow(home: str) -> None:
    def limit(size: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    answer = use_once(home, preexec_fn=lambda: limit(0))
    assert answer.startswith("NoStore kept=False found=False reason=no cache is used: ")
    assert not os.path.exists(os.path.join(home, "v1"))
    open_store(home).close()
    answer = use_once(home, preexec_fn=lambda: limit(8192))
    assert answer.startswith("Store kept=False found=False reason=the cache cannot be written: ")
    assert use_once(home) == "Store kept=True found=True reason="


@needs_root
def test_a_full_disk(public: str) -> None:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=128k", "none", public], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        home = os.path.join(public, "cache")
        fill = os.path.join(public, "fill")
        _fill(fill)
        assert use_once(home).startswith("NoStore kept=False found=False reason=no cache is used: ")
        assert not os.path.exists(os.path.join(home, "v1"))
        os.unlink(fill)
        assert use_once(home) == "Store kept=True found=True reason="
        _fill(fill)
        found = open_store(home)
        assert isinstance(found, Store), found.reason
        with found:
            stored = [found.put_many("pages", [(b"%d" % n, bytes(60_000), 9e9)]) for n in range(4)]
            assert not stored[-1]
            assert "No space left" in found.reason
            with found.reader() as reader:
                assert reader.get("pages", b"k") is not None
        _upkeep_on_a_full_disk(home)
        os.unlink(fill)
        assert use_once(home) == "Store kept=True found=True reason="
    finally:
        subprocess.run(["umount", public], check=True)


def _upkeep_on_a_full_disk(home: str) -> None:
    """One line for what cannot be done, and what needs no room is done."""
    before = upkeep.info(home, size_limit=1 << 20, clock=lambda: 0.0)
    with pytest.raises(CacheError, match="No space left"):
        upkeep.prune(home, size_limit=1 << 20, clock=lambda: 1e10)
    assert upkeep.verify(home, size_limit=1 << 20) == ""
    assert upkeep.info(home, size_limit=1 << 20, clock=lambda: 0.0).buckets == before.buckets
    assert sorted(os.listdir(home)) == ["lock", "v1"]


def _fill(path: str) -> None:
    with open(path, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1024))
        except OSError:
            pass


def test_few_descriptors(home: str) -> None:
    def limit(count: int) -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))

    assert use_once(home, preexec_fn=lambda: limit(64)) == "Store kept=True found=True reason="
    answer = use_once_in_trouble(home, EXHAUST)
    assert answer.startswith("NoStore kept=False found=False reason=no cache is used: ")
    assert "Too many open files" in answer


EXHAUST = """
from envcensus.cache import opening
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
try:
    while True:
        os.dup(2)
except OSError:
    pass
"""


def test_little_address_space(home: str) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (256 << 20, 256 << 20))

    program = f"s = open_store({home!r}, size_limit=1 << 40); print(type(s).__name__, s.reason)"
    program = f"from envcensus.cache.store import open_store; {program}"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, preexec_fn=limit
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("NoStore no cache is used: ")


MOUNTS = """\
22 28 0:21 / /proc rw,nosuid - proc proc rw
30 28 {device} / {mount} rw,relatime shared:1 - {kind} server:/export rw,vers=4.2
"""


@pytest.mark.skipif(not os.path.isdir("/dev/shm"), reason="needs a file system without a disk")
@pytest.mark.parametrize(
    ("kind", "answer"), [("nfs4", "nfs4"), ("fuse.sshfs", "fuse.sshfs"), ("tmpfs", ""), ("overlay", "")]
)
def test_network_file_systems_are_told_by_the_table_of_mounts(tmp_path: Path, kind: str, answer: str) -> None:
    device = os.stat("/dev/shm").st_dev
    table = tmp_path / "mountinfo"
    table.write_text(MOUNTS.format(device=f"{os.major(device)}:{os.minor(device)}", mount="/dev/shm", kind=kind))
    assert layout.network_type("/dev/shm/not/there/yet", str(table)) == answer


def test_a_disk_of_this_machine_is_no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if not os.major(os.stat(tmp_path).st_dev):
        pytest.skip("not on a disk")
    assert layout.network_type(str(tmp_path), "/nowhere") == ""


def test_on_the_network_a_local_directory_is_used(home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    local = os.fspath(tmp_path / "local")
    monkeypatch.setattr(layout, "local_directory", lambda: local)
    monkeypatch.setattr(layout, "network_type", lambda path: "nfs4" if path == home else "")
    with open_store(home) as found:
        assert isinstance(found, Store)
        assert found.note == f"{home} is on a network file system (nfs4): the cache is in {local}"
        assert found.put_many("pages", [(b"k", b"v", 0.0)])
    assert not os.path.exists(home)
    monkeypatch.setattr(layout, "network_type", lambda path: "nfs4")
    assert "and so is" in open_store(home).reason


def test_where_the_cache_lies_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout.sys, "platform", "linux")  # type: ignore[attr-defined]
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.delenv("ENVCENSUS_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert layout.default_directory() == "/home/someone/.cache/envcensus"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/invalid")
    assert layout.default_directory() == "/home/someone/.cache/envcensus"
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert layout.default_directory() == "/xdg/envcensus"
    monkeypatch.setenv("ENVCENSUS_CACHE_DIR", "/ours")
    assert layout.default_directory() == "/ours"


def test_nobody_without_a_home_gets_a_directory_called_tilde(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout.sys, "platform", "linux")  # type: ignore[attr-defined]
    for name in ("HOME", "ENVCENSUS_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as for a user that the system does not know
    assert layout.default_directory() == f"/var/tmp/envcensus-{os.geteuid()}"


def test_what_a_failed_creation_leaves(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(opening, "open_environment", fail)
    found = open_store(home)
    assert isinstance(found, NoStore)
    assert "Input/output error" in found.reason
    assert os.listdir(home) == ["lock"]
    shutil.rmtree(home)


def test_what_is_made_above_the_cache_is_private_too(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir(mode=0o755)
    before = os.umask(0)
    try:
        layout.prepare_root(str(tmp_path / "theirs" / "state" / "deep" / "envcensus"), explicit=True)
    finally:
        os.umask(before)
    made = [tmp_path / "theirs" / place for place in ("state", "state/deep", "state/deep/envcensus")]
    assert [path.stat().st_mode & 0o777 for path in made] == [0o700] * 3
    assert (tmp_path / "theirs").stat().st_mode & 0o777 == 0o755
