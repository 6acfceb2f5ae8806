"""Lists of requirements named by a URL: fetched as the index is asked, and as pip reads them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import envcensus
from tests.support.command import Command, pips_environ
from tests.support.scripted_server import Reply, Request, ScriptedServer
from tests.support.site import install, make_venv
from tests.support.wheels import add_wheel


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def links(tmp_path: Path) -> Path:
    folder = tmp_path / "links"
    folder.mkdir()
    for name in ("alpha", "beta", "gamma"):
        for version in ("1.0", "2.0"):
            add_wheel(folder, name, version)
    return folder


def pins(text: str) -> list[str]:
    return sorted(line for line in text.splitlines() if line and not line.lstrip().startswith("#"))


def test_the_answer_is_that_of_pip(server: ScriptedServer, links: Path, tmp_path: Path) -> None:
    server.routes["/a/in.txt"] = Reply(302, {"Location": "/b/in.txt"})
    server.routes["/b/in.txt"] = Reply(body=b"alpha\n-r sub/more.txt\n")
    server.routes["/a/sub/more.txt"] = Reply(body=b"-c ../bounds.txt\nbeta\n")  # beside the URL that was named
    server.routes["/a/bounds.txt"] = Reply(body="beta<2  # für später\n".encode("latin-1"))
    (tmp_path / "here.txt").write_text(f"gamma\n-r {server.url}/a/in.txt\n")
    arguments = ("--no-index", "-f", str(links), "-r", "here.txt")
    done = Command(tmp_path).run("resolve", *arguments, "--no-cache", cwd=tmp_path)
    report = subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--dry-run", "--ignore-installed", "--report", "-", *arguments],
        capture_output=True, text=True, check=True, env=pips_environ(tmp_path), cwd=tmp_path,
    ).stdout  # fmt: skip
    theirs = sorted(f"{row['metadata']['name']}=={row['metadata']['version']}" for row in json.loads(report)["install"])
    assert pins(done.stdout) == theirs == ["alpha==2.0", "beta==1.0", "gamma==2.0"]
    assert f"via -r {server.url}/a/in.txt (line 1)" in done.stdout


def test_constraints_of_every_command(server: ScriptedServer, links: Path, tmp_path: Path) -> None:
    server.routes["/c.txt"] = Reply(body=b"alpha<2\n")
    install(make_venv(tmp_path / "env"), "alpha", "1.0")
    command, url = Command(tmp_path), f"{server.url}/c.txt"
    source = ("--no-index", "-f", str(links), "-c", url)
    assert "alpha==1.0" in command.run("resolve", "alpha", *source).stdout
    report = command.run("outdated", str(tmp_path / "env"), *source).stdout
    assert ["alpha", "1.0", "1.0", "2.0"] in [line.split()[:4] for line in report.splitlines()]
    command.run("outdated", "--upgrade-plan", str(tmp_path / "env"), *source)
    found = envcensus.resolve("alpha", constraint_files=url, no_index=True, find_links=str(links), no_cache=True)
    assert [pin.version for pin in found.pins] == ["1.0"]
    assert server.paths() == ["/c.txt"] * 4


def answers(url: str, tmp_path: Path, *more: str) -> str:
    done = Command(tmp_path).run("resolve", "--no-index", "-r", url, *more, check=2, cwd=tmp_path)
    (line,) = done.stderr.splitlines()
    assert "secret" not in line
    return line


def test_what_goes_wrong_is_one_line(server: ScriptedServer, tmp_path: Path) -> None:
    bomb = Reply(endless=b"x" * (1 << 16))
    server.routes.update(
        {
            "/huge": bomb,
            "/said": Reply(length=1 << 40),
            "/file": Reply(302, {"Location": "file:///etc/passwd"}),
            "/round": Reply(302, {"Location": "/round"}),
            "/circle": Reply(body=b"-r circle\n"),
            "/local": Reply(body=b"-r file:///etc/passwd\n"),
            "/wrong": Reply(body=b"alpha ===\n--nothing\n"),
        }
    )
    base = server.url.replace("//", "//user:secret@")
    shown = server.url.replace("//", "//****@")
    for path, said in {
        "/gone?token=secret": "/gone?token=**** cannot be read: " + server.url + " answered 404",
        "/huge": "the answer is larger than 33554432 bytes",
        "/said": "the answer is larger than 33554432 bytes",
        "/file": "redirected to a file address: not followed",
        "/round": "redirected in a circle",
        "/circle": "requirements files name each other in a circle",
        "/local": "/local (line 1): a list from elsewhere names a file of this machine: file:///etc/passwd",
        "/wrong": "line 2: no such option in a requirements file: --nothing",
    }.items():
        line = answers(base + path, tmp_path)
        assert line.startswith(f"envcensus: {shown}{path.partition('?')[0]}"), line
        assert said in line
    assert "is not fetched with --offline" in answers(f"{base}/circle", tmp_path, "--offline")
    assert "plain http to a host that is not in trusted-host" in answers("HTTP://user:secret@index.invalid/x", tmp_path)


def test_credentials_stay_with_their_origin(server: ScriptedServer, tmp_path: Path) -> None:
    with ScriptedServer() as other:
        netrc = tmp_path / ".netrc"
        netrc.write_text("machine 127.0.0.1 login me password secret\n")
        netrc.chmod(0o600)
        seen: list[str] = []

        def note(request: Request) -> Reply:
            seen.append(request.headers.get("authorization", ""))
            return Reply(body=f"-r {other.url.replace('127.0.0.1', 'localhost')}/more.txt\n".encode())

        server.routes["/in.txt"] = note
        other.routes["/more.txt"] = Reply(body=b"\n")
        url = server.url.replace("//", "//you:hidden@")
        done = Command(tmp_path).run("resolve", "--no-index", "-r", f"{url}/in.txt", check=None, cwd=tmp_path)
        assert seen == ["Basic eW91OmhpZGRlbg=="]
        (request,) = other.requests
        assert "authorization" not in request.headers
        assert "hidden" not in done.stdout + done.stderr
        Command(tmp_path).run("resolve", "--no-index", "-r", f"{server.url}/in.txt", check=None, cwd=tmp_path)
        assert seen[1] == "Basic bWU6c2VjcmV0"
        assert "authorization" not in other.requests[1].headers
