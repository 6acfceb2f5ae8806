"""Directories that want to hurt the scan: each costs one counted line, and all the others' results are intact."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from envcensus._kernels.scan import HEADER_LIMIT
from envcensus.inventory import DiscoverOptions, discover, scan
from envcensus.model.display import neutral
from envcensus.model.environment import Environment
from envcensus.model.listing import Listing
from envcensus.model.skipped import Skipped

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="device nodes are made by root alone")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The site-packages of an environment with one good distribution in it."""
    site = make_env(tmp_path / "env")
    add(site, "good", "1.0")
    return site


def make_env(path: Path) -> Path:
    site = path / "lib" / "python3.11" / "site-packages"
    site.mkdir(parents=True)
    (path / "bin").mkdir()
    (path / "bin" / "python").symlink_to(sys.executable)
    (path / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.7\n")
    return site


def add(site: Path, name: str, version: str, metadata: str | None = None) -> Path:
    folder = site / f"{name}-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(metadata or f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    return folder


def run(site: Path, *, requires: bool = False, details: bool = False) -> Listing:
    """Scan the environment; the good distribution must come out of it whatever lies beside it."""
    (result,) = scan(discover([str(site.parents[2])]), requires=requires, details=details)
    assert isinstance(result, Listing)
    assert ("good", "1.0") in [(d.name, d.version) for d in result.distributions]
    return result


def lines(result: Listing) -> list[str]:
    return [problem.code for problem in result.problems]


# --- what may lie in the place of METADATA ------------------------------------------------------------------------


def test_fifo(site: Path) -> None:
    folder = add(site, "bad", "1.0")
    (folder / "METADATA").unlink()
    os.mkfifo(folder / "METADATA")
    result = run(site)
    assert lines(result) == ["not-a-file"]
    assert ("bad", "1.0") in [(d.name, d.version) for d in result.distributions]


def test_socket(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = add(site, "bad", "1.0")
    (folder / "METADATA").unlink()
    monkeypatch.chdir(folder)  # the path is too long for an address
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("METADATA")
        assert lines(run(site)) == ["not-a-file"]


def test_directory(site: Path) -> None:
    folder = add(site, "bad", "1.0")
    (folder / "METADATA").unlink()
    (folder / "METADATA").mkdir()
    assert lines(run(site)) == ["not-a-file"]


@as_root
def test_device(site: Path) -> None:
    folder = add(site, "bad", "1.0")
    (folder / "METADATA").unlink()
    try:
        os.mknod(folder / "METADATA", 0o020644, os.makedev(1, 5))  # zero: endless
    except PermissionError:
        pytest.skip("no device nodes in this container")
    assert lines(run(site)) == ["not-a-file"]


@pytest.mark.parametrize("target", ["/dev/zero", "/dev/tty", "/", "/proc/self/mem/x"])
def test_link_to_what_is_no_file(site: Path, target: str) -> None:
    folder = add(site, "bad", "1.0")
    (folder / "METADATA").unlink()
    (folder / "METADATA").symlink_to(target)
    (line,) = lines(run(site))
    assert line in {"not-a-file", "no-metadata", "unreadable"}


def test_link_to_a_file_is_read_as_uv_makes_them(site: Path, tmp_path: Path) -> None:
    folder = add(site, "bad", "1.0")
    shutil.move(folder / "METADATA", tmp_path / "stored")
    (folder / "METADATA").symlink_to(tmp_path / "stored")
    assert lines(run(site)) == []


def test_links_that_lead_nowhere_or_round(site: Path) -> None:
    (site / "gone-1.0.dist-info").symlink_to("/nonexistent/gone-1.0.dist-info")
    (site / "self-1.0.dist-info").symlink_to("self-1.0.dist-info")
    (site / "old-1.0.egg-info").symlink_to("old-1.0.egg-info")
    result = run(site)
    assert len(lines(result)) == 3
    assert set(lines(result)) <= {"broken-symlink", "not-a-file"}


def test_files_in_the_place_of_directories(site: Path) -> None:
    (site / "flat-1.0.dist-info").write_text("Name: flat\nVersion: 1.0\n")
    os.mkfifo(site / "pipe-1.0.egg-info")
    assert sorted(lines(run(site))) == ["no-metadata", "not-a-file"]


@pytest.mark.parametrize("name", ["INSTALLER", "REQUESTED", "RECORD", "WHEEL", "direct_url.json"])
def test_fifo_beside_the_metadata(site: Path, name: str) -> None:
    os.mkfifo(add(site, "bad", "1.0") / name)
    result = run(site, details=True)
    assert len(result.distributions) == 2


@pytest.mark.parametrize("name", ["x.pth", "x.egg-link"])
def test_fifo_that_leads_elsewhere(site: Path, name: str) -> None:
    os.mkfifo(site / name)
    assert len(run(site).distributions) == 1


# --- too much of everything ---------------------------------------------------------------------------------------


def limited(root: Path, code: str) -> str:
    """Run `code` over the environments of `root` in a process that may use 200 MB more than it starts with."""
    program = (
        "import resource\n"
        "from envcensus.inventory import discover, scan\n"
        f"envs = list(discover([{str(root)!r}]))\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + (200 << 20),) * 2)\n"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", program + code], capture_output=True, text=True, env=environ, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_header_of_300_megabytes(site: Path) -> None:
    folder = add(site, "bad", "1.0", "Metadata-Version: 2.1\n")
    with (folder / "METADATA").open("r+b") as file:
        file.seek(0, 2)
        file.write(b"Classifier: ")
        file.truncate(300 << 20)  # sparse: one line of NULs
    shown = limited(
        site.parents[2],
        "(one,) = scan(envs, threads=2, requires=True)\n"
        "print(len(one.distributions), [p.code for p in one.problems])\n",
    )
    assert shown == "2 ['oversized']\n"


def test_many_oversized_headers_are_bounded_together(site: Path) -> None:
    first = add(site, "bad0", "1.0", "Metadata-Version: 2.1\nName: bad0\n")
    with (first / "METADATA").open("a") as file:
        file.write("Requires-Dist: x\n" * (HEADER_LIMIT // 17 + 10))
    for number in range(1, 300):
        folder = site / f"bad{number}-1.0.dist-info"
        folder.mkdir()
        os.link(first / "METADATA", folder / "METADATA")
    shown = limited(
        site.parents[2],
        "(one,) = scan(envs, threads=2, requires=True)\nprint(type(one).__name__, one.reason)\n",
    )
    assert shown == "Skipped not enough memory to hold its metadata\n"


def test_200_000_requirements(site: Path) -> None:
    requirements = "".join(f"Requires-Dist: project-{number}>=1\n" for number in range(200_000))
    add(site, "bad", "1.0", f"Name: bad\nVersion: 1.0\n{requirements}\n")
    result = run(site, requires=True)
    assert lines(result) == ["oversized"]
    assert 0 < len(result.distributions[0].requires) < 200_000
    assert result.distributions[0].requires[0] == "project-0>=1"
    assert lines(run(site)) == []  # names and versions are at the top


def test_10_000_distributions(site: Path) -> None:
    for number in range(10_000):
        os.mkdir(site / f"p{number}-1.0.dist-info")
    result = run(site)
    assert len(result.distributions) == 10_001
    assert len(result.problems) == 10_000


def test_direct_url_and_pth_beyond_their_limits(site: Path) -> None:
    (add(site, "bad", "1.0") / "direct_url.json").write_text('{"url": "' + "x" * 1_000_000)
    (site / "many.pth").write_text("".join(f"dir{number}\n" for number in range(50_000)))
    assert sorted(lines(run(site))) == ["oversized", "unreadable"]


# --- text ---------------------------------------------------------------------------------------------------------

NASTY = "a\x1b[2J\x9b31m\u202eb\x07\rc\u2028d\x7f"


def test_control_characters_in_every_field(site: Path) -> None:
    folder = add(
        site,
        "bad",
        "1.0",
        f"Name: {NASTY}\nVersion: {NASTY}\nRequires-Python: {NASTY}\nRequires-Dist: {NASTY}\nProvides-Extra: {NASTY}\n",
    )
    (folder / "INSTALLER").write_text(NASTY)
    (folder / "direct_url.json").write_text('{"url": "file:///\\u001b[2J", "dir_info": {"editable": true}}')
    result = run(site, requires=True, details=True)
    bad = result.distributions[0]
    assert bad.name == bad.version == bad.requires_python == bad.requires[0] == bad.extras[0] == NASTY
    assert bad.location == "/\x1b[2J"
    assert sorted(lines(result)) == ["invalid-name", "invalid-version"]
    for text in (bad.name, bad.version, bad.location, bad.installer, *(p.detail for p in result.problems)):
        assert neutral(text).isprintable()


def test_names_of_files_in_any_encoding_and_length(site: Path) -> None:
    raw = os.fsencode(site)
    os.mkdir(raw + b"/caf\xe9-1.0.dist-info")
    os.mkdir(raw + b"/new\nline-1.0.dist-info")
    os.mkdir(raw + b"/" + b"x" * 240 + b"-1.0.dist-info")
    os.mkdir(raw + b"/\x1b[2J-1.0.dist-info")
    result = run(site)
    assert len(result.distributions) == 2
    assert sorted(lines(result)) == ["invalid-name"] * 3 + ["no-metadata"] * 4
    assert all(neutral(problem.where).isprintable() for problem in result.problems)


def test_metadata_that_is_not_utf_8(site: Path) -> None:
    folder = add(site, "bad", "1.0")
    (folder / "METADATA").write_bytes(b"Name: b\xe4d\nVersion: 1\xff\n")
    result = run(site)
    assert (result.distributions[0].name, result.distributions[0].version) == ("b\udce4d", "1\udcff")
    assert sorted(lines(result)) == ["invalid-name", "invalid-version"]


# --- environments -------------------------------------------------------------------------------------------------


def test_deleted_while_it_is_scanned(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        add(make_env(tmp_path / name), "good", "1.0")
    environments = list(discover([str(tmp_path)]))
    shutil.rmtree(tmp_path / "b")
    first, gone, last = scan(environments)
    assert isinstance(first, Listing)
    assert isinstance(last, Listing)
    assert isinstance(gone, Skipped)
    assert (gone.what, gone.where) == ("environment", str(tmp_path / "b"))


@pytest.mark.parametrize("kind", ["fifo", "directory", "endless", "huge", "binary", "unreadable"])
def test_pyvenv_cfg(tmp_path: Path, kind: str) -> None:
    site = make_env(tmp_path / "env")
    add(site, "good", "1.0")
    config = tmp_path / "env" / "pyvenv.cfg"
    config.unlink()
    if kind == "fifo":
        os.mkfifo(config)
    elif kind == "directory":
        config.mkdir()
    elif kind == "endless":
        config.symlink_to("/dev/zero")
    elif kind == "huge":
        config.write_text("version = 3.11.7\n" + "x = y\n" * 1_000_000)
    elif kind == "binary":
        config.write_bytes(bytes(range(256)) * 100)
    else:
        config.touch(mode=0)
    (result,) = scan(discover([str(tmp_path)]))
    assert isinstance(result, Listing)
    assert result.environment.python.startswith("3.11")
    assert len(result.distributions) == 1


def test_pyvenv_cfg_full_of_lies(tmp_path: Path) -> None:
    site = make_env(tmp_path / "env")
    add(site, "good", "1.0")
    (tmp_path / "env" / "pyvenv.cfg").write_text(
        "home = relative/../path\nversion = 9.99.1\nimplementation = ../../x\ninclude-system-site-packages = true\n"
        "prompt = \x1b[2J\nexecutable = /bin/sh\n"
    )
    (result,) = scan(discover([str(tmp_path)]))
    assert isinstance(result, Listing)
    assert (result.environment.python, result.environment.implementation) == ("3.11", "cpython")
    assert result.environment.site_dirs == (str(site),)


def test_nothing_is_executed(tmp_path: Path) -> None:
    site = make_env(tmp_path / "env")
    witness = tmp_path / "witness"
    python = tmp_path / "env" / "bin" / "python"
    python.unlink()
    for name in ("python", "python3", "pip", "activate"):
        (tmp_path / "env" / "bin" / name).write_text(f"#!/bin/sh\ntouch {witness}\n")
        (tmp_path / "env" / "bin" / name).chmod(0o755)
    (site / "x.pth").write_text(f"import pathlib; pathlib.Path({str(witness)!r}).touch()\n")
    (site / "sitecustomize.py").write_text(f"open({str(witness)!r}, 'w')\n")
    add(site, "good", "1.0")
    run(site, requires=True, details=True)
    assert not witness.exists()


def test_symlink_loops_end(tmp_path: Path) -> None:
    add(make_env(tmp_path / "a" / "env"), "good", "1.0")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to("self")
    for follow in (False, True):
        found = list(discover([str(tmp_path)], DiscoverOptions(follow_symlinks=follow)))
        assert len([item for item in found if isinstance(item, Environment)]) == 1


def test_paths_longer_than_the_system_takes(tmp_path: Path) -> None:
    add(make_env(tmp_path / "z" / "env"), "good", "1.0")
    fd = os.open(tmp_path, os.O_RDONLY)
    for _ in range(25):
        os.mkdir("d" * 200, dir_fd=fd)
        below = os.open("d" * 200, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(fd)
    found = list(discover([str(tmp_path)]))
    assert [type(item) for item in found] == [Skipped, Environment]
    assert isinstance(found[0], Skipped)
    assert found[0].reason == os.strerror(36)


@pytest.fixture
def as_nobody() -> Iterator[Path]:
    """A directory for a user without privileges, who runs the test."""
    root = os.geteuid() == 0
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    if root:
        os.chown(folder, 65534, 65534)
        os.seteuid(65534)
    try:
        yield folder
    finally:
        if root:
            os.seteuid(0)
        subprocess.run(["chmod", "-R", "u+rwx", str(folder)], check=False)
        shutil.rmtree(folder)


def test_what_may_not_be_read_is_said(as_nobody: Path) -> None:
    closed = make_env(as_nobody / "closed")
    add(closed, "hidden", "1.0")
    closed.chmod(0)
    part = make_env(as_nobody / "part")
    add(part, "good", "1.0")
    (add(part, "file", "1.0") / "METADATA").chmod(0)
    add(part, "folder", "1.0").chmod(0)
    (as_nobody / "tree").mkdir(mode=0)
    found = list(discover([str(as_nobody)]))
    assert [type(item) for item in found] == [Environment, Environment, Skipped]
    first, second, tree = scan(found)
    assert isinstance(first, Listing)
    assert [(row.what, row.where) for row in first.skipped] == [("directory", str(closed))]
    assert [(problem.code, problem.where) for problem in first.problems] == [("unreadable", str(closed))]
    assert isinstance(second, Listing)
    assert lines(second) == ["unreadable", "unreadable"]
    assert len(second.distributions) == 3
    assert isinstance(tree, Skipped)
    assert "ermission" in tree.reason


def test_few_file_descriptors(tmp_path: Path) -> None:
    for number in range(30):
        add(make_env(tmp_path / f"env{number:02}"), "good", "1.0")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = len(os.listdir("/proc/self/fd"))
    environments = list(discover([str(tmp_path)]))
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, used + 12), hard))
    try:
        results = list(scan(environments, threads=2))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert all(isinstance(result, Listing) and not result.problems for result in results)
    assert len(os.listdir("/proc/self/fd")) == used  # and none is left open
