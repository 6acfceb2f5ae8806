"""--allow-build: what only a build backend tells, for the projects that were named and for no others."""

from __future__ import annotations

import functools
import http.server
import io
import os
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import resolve_from
from tests.support.wheels import add_wheel

# A backend inside the sdist (PEP 517, backend-path): it needs nothing, and leaves a mark where it ran.
_BACKEND = """
import os, pathlib

def prepare_metadata_for_build_wheel(directory, config_settings=None):
    pathlib.Path({mark!r}).touch()
    if {broken!r}:
        raise RuntimeError("the compiler is missing")
    name = "{name}-{version}.dist-info"
    os.makedirs(os.path.join(directory, name))
    pathlib.Path(directory, name, "METADATA").write_text(
        "Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\nRequires-Dist: {requires}\\n\\n")
    return name
"""
_ENDING = """
import os, pathlib, signal, time

def prepare_metadata_for_build_wheel(directory, config_settings=None):
    pathlib.Path({said!r}).write_text(str(os.getpid()))
    os.kill(os.getppid(), signal.SIGTERM)
    time.sleep(600)
"""
_PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


def _files(mark: Path, name: str, version: str, requires: str, *, broken: bool = False) -> dict[str, str]:
    return {
        "pyproject.toml": _PROJECT,
        "backend.py": _BACKEND.format(mark=str(mark), name=name, version=version, requires=requires, broken=broken),
    }


def _sdist(folder: Path, name: str, version: str, requires: str, *, broken: bool = False) -> Path:
    mark = folder.parent / f"built-{name}"
    _pack(folder, name, version, _files(mark, name, version, requires, broken=broken))
    return mark


def _pack(folder: Path, name: str, version: str, files: dict[str, str]) -> None:
    told = {"PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\n"}
    with tarfile.open(folder / f"{name}-{version}.tar.gz", "w:gz") as archive:
        for file, text in (files | told).items():
            info = tarfile.TarInfo(f"{name}-{version}/{file}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))


@pytest.fixture
def links(tmp_path: Path) -> Path:
    folder = tmp_path / "links"
    folder.mkdir()
    add_wheel(folder, "leaf", "1.0")
    add_wheel(folder, "leaf", "2.0")
    return folder


def _run(links: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    return resolve_from(links, "--no-annotate", *arguments, code=code)


def test_only_what_is_allowed_is_built_and_only_once(links: Path) -> None:
    mark = _sdist(links, "one", "1.0", "two")
    other = _sdist(links, "two", "1.0", "leaf<2")
    refused = _run(links, "one", code=1).stderr
    assert "one 1.0 would have to be built, which --allow-build one allows" in refused
    assert not mark.exists()
    assert "--allow-build two" in _run(links, "one", "--allow-build", "One", code=1).stderr
    assert mark.exists()
    assert not other.exists()
    mark.unlink()
    answer = "leaf==1.0\none==1.0\ntwo==1.0\n"
    assert _run(links, "one", "--allow-build", ":all:").stdout == answer
    assert not mark.exists()  # its metadata was kept
    other.unlink()
    assert _run(links, "one", "--allow-build", "one,two", "--offline").stdout == answer
    assert not other.exists()
    assert _run(links, "one", code=1).stderr == refused


def test_nothing_is_built_where_there_is_an_answer_without_it(links: Path) -> None:
    """A package could be older so that others are newer: not for the price of a build."""
    mark = _sdist(links, "a", "1.1", "leaf")
    add_wheel(links, "a", "1.2", ["b<1.2", "c<1.2"])
    add_wheel(links, "top", "1", ["a", "b", "c"])
    for name in "bc":
        add_wheel(links, name, "1.1")
        add_wheel(links, name, "1.2")
    for version, requires in (("1", ["leaf<2"]), ("2", ["leaf<2", "y>1"])):  # a conflict, after which one looks again
        add_wheel(links, "x", version, requires)
    add_wheel(links, "y", "1")
    add_wheel(links, "y", "2", ["leaf>1"])
    done = _run(links, "top", "x", "--allow-build", "a")
    assert done.stdout == "a==1.2\nb==1.1\nc==1.1\nleaf==1.0\ntop==1\nx==1\n"
    assert not mark.exists()


def test_a_failed_build_is_told_and_an_older_version_taken(links: Path) -> None:
    _sdist(links, "one", "2.0", "leaf", broken=True)
    add_wheel(links, "one", "1.0", ["leaf<2"])
    done = _run(links, "one", "--allow-build", "one", code=4)
    assert done.stdout == "leaf==1.0\none==1.0\n"
    assert done.stderr == "envcensus: one 2.0: could not be built: RuntimeError: the compiler is missing\n"


def test_directories_and_references_to_sdists(links: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    mark = tmp_path / "built"
    for file, text in _files(mark, "here", "3.0", "leaf").items():
        (project / file).write_text(text)
    _sdist(links, "one", "1.0", "leaf<2")
    wanted = [f"here @ {project.as_uri()}", f"one @ {(links / 'one-1.0.tar.gz').as_uri()}"]
    assert "which --allow-build here allows" in _run(links, wanted[0], code=1).stderr
    assert not mark.exists()
    lines = _run(links, *wanted, "--allow-build", ":all:").stdout.splitlines()
    assert [line.split(" ")[0] for line in lines] == ["here", "leaf==1.0", "one"]


@pytest.fixture
def backend_index(tmp_path: Path) -> Iterator[str]:
    """An index with a project `one`, whose sdist is built by `backend` 2, which has to be taken from there too."""
    files, simple = tmp_path / "files", tmp_path / "simple"
    files.mkdir()
    add_wheel(files, "leaf", "1.0")
    helper = add_wheel(files, "helper", "1.0")
    wheel = add_wheel(files, "backend", "2.0", ["helper"])
    text = _BACKEND.format(mark=str(tmp_path / "built"), name="one", version="1.0", requires="leaf", broken=False)
    with zipfile.ZipFile(wheel) as old:
        members = {name: old.read(name) for name in old.namelist()}
    code = f"import helper\n{text}\ndef get_requires_for_build_wheel(config_settings=None):\n    return []\n"
    members["backend.py"] = code.encode()
    record = "".join(f"{name},,\n" for name in members)
    with zipfile.ZipFile(wheel, "w") as new:
        for name, data in members.items():
            new.writestr(name, record if name.endswith("RECORD") else data)
    pyproject = '[build-system]\nrequires = ["backend>=2"]\nbuild-backend = "backend"\n'
    sdist = files / "one-1.0.tar.gz"
    with tarfile.open(sdist, "w:gz") as archive:
        pkg_info = "Metadata-Version: 2.1\nName: one\nVersion: 1.0\n\n"
        for name, content in {"pyproject.toml": pyproject, "PKG-INFO": pkg_info}.items():
            info = tarfile.TarInfo(f"one-1.0/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content.encode()))
    for project, path in {"leaf": files / "leaf-1.0-py3-none-any.whl", "helper": helper, "backend": wheel,
                          "one": sdist}.items():  # fmt: skip
        (simple / project).mkdir(parents=True)
        (simple / project / "index.html").write_text(f'<a href="../../files/{path.name}">{path.name}</a>')
    handler = functools.partial(_Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/simple/"
        server.shutdown()
        thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def test_build_requirements_come_from_the_same_index(backend_index: str, tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "envcensus", "resolve", "one", "-i", backend_index, "--no-annotate", "--no-cache"]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    refused = subprocess.run(argv, capture_output=True, text=True, check=False, env=environ, cwd=tmp_path)
    assert refused.returncode == 1
    assert "--allow-build one" in refused.stderr
    assert not (tmp_path / "built").exists()
    done = subprocess.run(
        [*argv, "--allow-build", "one"], capture_output=True, text=True, check=False, env=environ, cwd=tmp_path
    )
    assert (done.returncode, done.stdout) == (0, "leaf==1.0\none==1.0\n"), done.stderr
    assert (tmp_path / "built").exists()
    (tmp_path / "simple" / "helper" / "index.html").unlink()
    done = subprocess.run(
        [*argv, "--allow-build", "one"], capture_output=True, text=True, check=False, env=environ, cwd=tmp_path
    )
    assert done.returncode == 4
    assert "its build requirements cannot be installed" in done.stderr


def test_not_for_another_python(links: Path) -> None:
    assert "running Python" in _run(links, "leaf", "--allow-build", "leaf", "--python-version", "3.8", code=2).stderr


def test_without_the_library(links: Path) -> None:
    code = (
        "import sys; sys.modules['build'] = None; from envcensus.cli.main import main; "
        "sys.argv = ['envcensus', 'resolve', 'leaf', '--no-index', '--allow-build', 'leaf']; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=links)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0].endswith("--allow-build needs the build library; pip install 'envcensus[build]'")


def test_a_run_that_is_ended_waits_for_no_build(links: Path, tmp_path: Path) -> None:
    """The backend ends the run, and would take ten minutes itself: it is killed, and what it unpacked is removed."""
    scratch, said = tmp_path / "scratch", tmp_path / "said"
    scratch.mkdir()
    _pack(links, "one", "1.0", {"pyproject.toml": _PROJECT, "backend.py": _ENDING.format(said=str(said))})
    command = [
        sys.executable,
        "-m",
        "envcensus",
        "resolve",
        "--no-index",
        "-f",
        str(links),
        "one",
        "--allow-build",
        "one",
    ]
    environ = {**os.environ, "TMPDIR": str(scratch)}
    done = subprocess.run(
        [*command, "--no-cache"], capture_output=True, text=True, env=environ, timeout=120, check=False
    )
    assert (done.returncode, "Traceback" in done.stderr) == (130, False), done.stderr
    with pytest.raises(ProcessLookupError):
        os.kill(int(said.read_text()), 0)
    assert not list(scratch.iterdir())
