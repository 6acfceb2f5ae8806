"""What pip's configuration, groups, tags and paths decide about an answer, as they do for pip."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.command import Command, neutral_environ, pips_environ
from tests.support.scripted_server import Reply, ScriptedServer
from tests.support.site import install, make_venv
from tests.support.wheels import add_sdist, add_wheel, metadata_text

REPORT = ("pip", "install", "-q", "--dry-run", "--ignore-installed", "--target", "t", "--report", "-")
RESOLVE = ("envcensus", "resolve", "--no-cache", "--format", "json")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with links/, lists of requirements and a project."""
    here = tmp_path_factory.mktemp("choices")
    links = here / "links"
    links.mkdir()
    for version in ("1.0", "2.0", "3.0rc1"):
        add_wheel(links, "lib", version)
    add_wheel(links, "tool", "1.0")
    add_sdist(links, "tool", "2.0", metadata_text("tool", "2.0"))
    add_wheel(links, "native", "1.0")
    add_wheel(links, "native", "2.0", tag="cp311-cp311-manylinux_2_17_x86_64")
    built = add_wheel(links, "built", "1.0")
    for number in ("1", "10", "9", "9b"):
        shutil.copy(built, links / f"built-1.0-{number}-py3-none-any.whl")
    (here / "lists").mkdir()
    (here / "lists/bounds.txt").write_text("lib<2\n")
    (here / "lists/tools.txt").write_text("tool<2\n")
    (here / "lists/path.txt").write_text("./links/lib-1.0-py3-none-any.whl\n")
    (here / "lists/named.txt").write_text("lib @ file:links/lib-1.0-py3-none-any.whl\n")
    (here / "project").mkdir()
    (here / "project/pyproject.toml").write_text(
        "[dependency-groups]\nmain = ['lib<2', {include-group = 'more'}]\nmore = ['tool<2']\n"
    )
    return here


def answer(program: Sequence[str], environ: dict[str, str], place: Path, arguments: Sequence[str]) -> list[str] | None:
    """The files that an installation report names; None where there is no answer."""
    done = subprocess.run(
        [sys.executable, "-m", *program, "--no-index", "-f", "links", *arguments],
        capture_output=True, text=True, check=False, env=environ, cwd=place,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    if done.returncode:
        return None
    return sorted(row["download_info"]["url"].rpartition("/")[2] for row in json.loads(done.stdout)["install"])


def both(place: Path, arguments: Sequence[str], variables: dict[str, str]) -> list[str] | None:
    """The answer, which is that of pip."""
    ours = answer(RESOLVE, neutral_environ(place) | variables, place, arguments)
    assert ours == answer(REPORT, pips_environ(place) | variables, place, arguments)
    return ours


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        ("lib tool<2", {"PIP_CONSTRAINT": "lists/bounds.txt"}),
        ("lib tool", {"PIP_CONSTRAINT": "lists/bounds.txt lists/tools.txt"}),
        ("lib tool -c lists/tools.txt", {"PIP_CONSTRAINT": "lists/bounds.txt"}),
        ("lib", {"PIP_CONSTRAINT": "lists/absent.txt"}),
        ("lib", {"PIP_PRE": "1"}),
        ("lib", {"PIP_PRE": "no"}),
        ("lib", {"PIP_NO_BINARY": "lib"}),
        ("tool", {"PIP_ONLY_BINARY": ":all:"}),
        ("tool", {"PIP_ONLY_BINARY": "tool"}),
        ("tool", {"PIP_PREFER_BINARY": "yes"}),
        ("lib", {"PIP_NO_BINARY": "lib", "PIP_ONLY_BINARY": "lib"}),
        ("lib --only-binary lib", {"PIP_NO_BINARY": ":all:"}),
        ("lib --only-binary :all:", {"PIP_NO_BINARY": "lib"}),
        ("lib --no-binary :none:", {"PIP_NO_BINARY": "tool"}),
        ("lib", {"PIP_UPLOADED_PRIOR_TO": "P1D"}),
        ("built", {}),
        ("native --implementation py --only-binary :all:", {}),
        ("native --implementation cp --python-version 3.11 --platform manylinux_2_17_x86_64 --only-binary :all:", {}),
        ("-r lists/path.txt", {}),
        ("-r lists/named.txt", {}),
        ("--group project/pyproject.toml:main", {}),
        ("lib --group project/pyproject.toml:more", {}),
    ],
)
def test_the_answer_is_that_of_pip(place: Path, arguments: str, variables: dict[str, str]) -> None:
    both(place, arguments.split(), variables)


def test_sections_of_pip_conf(place: Path, tmp_path: Path) -> None:
    file = tmp_path / "pip.conf"
    file.write_text("[global]\npre = true\n[list]\nonly-binary = :all:\n[install]\nconstraint =\n  lists/tools.txt\n\n")
    assert both(place, ["lib", "tool"], {"PIP_CONFIG_FILE": str(file)}) == [
        "lib-3.0rc1-py3-none-any.whl",
        "tool-1.0-py3-none-any.whl",
    ]
    command = Command(place)
    command.environ["PIP_CONFIG_FILE"] = str(file)
    shown = command.run("config", "--for", "install").stdout
    rows = [line.split() for line in shown.splitlines()]
    assert [row for row in rows if row[0] in {"pre", "constraint", "only-binary"}] == [
        ["constraint", "lists/tools.txt", f"({file}", "[install])"],
        ["pre", "true", f"({file}", "[global])"],
    ]
    shown = command.run("config").stdout
    assert "constraint" not in shown
    assert "only-binary" in shown


def test_a_constraint_that_is_a_url(place: Path) -> None:
    with ScriptedServer() as server:
        server.routes["/bounds.txt"] = Reply(body=b"lib<2\n")
        assert both(place, ["lib"], {"PIP_CONSTRAINT": f"{server.url}/bounds.txt"}) == ["lib-1.0-py3-none-any.whl"]


@pytest.mark.parametrize("variable", ["PIP_PRE", "PIP_PREFER_BINARY", "PIP_UPLOADED_PRIOR_TO"])
def test_what_cannot_be_read_is_refused_as_by_pip(place: Path, variable: str) -> None:
    command = Command(place)
    command.environ[variable] = "perhaps"
    done = command.run("resolve", "lib", "--no-index", check=2)
    assert done.stderr.startswith(f"envcensus: {variable[4:].lower().replace('_', '-')} in {variable} is n")
    assert answer(REPORT, pips_environ(place) | {variable: "perhaps"}, place, ["lib"]) is None


@pytest.mark.parametrize(
    "variables", [{}, {"PIP_PRE": "1"}, {"PIP_ONLY_BINARY": "tool"}, {"PIP_CONSTRAINT": "lists/bounds.txt"}]
)
def test_outdated_is_that_of_pip(place: Path, tmp_path: Path, variables: dict[str, str]) -> None:
    site = make_venv(tmp_path / "env")
    install(site, "lib", "0.5")
    install(site, "tool", "0.5")
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "list", "--outdated", "--format", "json", "--path", str(site),
         "--no-index", "-f", "links"],
        capture_output=True, text=True, check=True, env=pips_environ(place) | variables, cwd=place,
    ).stdout  # fmt: skip
    command = Command(place)
    command.environ.update(variables)
    done = command.run("outdated", str(tmp_path / "env"), "--no-index", "-f", "links", "--format", "json", cwd=place)
    (environment,) = json.loads(done.stdout)["environments"]
    ours = {row["name"]: row["latest_version"] for row in environment["packages"] if row["state"] == "outdated"}
    assert ours == {row["name"]: row["latest_version"] for row in json.loads(listed)}


def test_the_limit_of_upload_times(tmp_path: Path) -> None:
    install(make_venv(tmp_path / "env"), "lib", "0.5")
    files = [
        {"filename": f"lib-{number}.0.tar.gz", "url": "x", "hashes": {}, "upload-time": f"201{number}-01-01T00:00:00Z"}
        for number in range(1, 4)
    ]
    body = json.dumps({"meta": {"api-version": "1.1"}, "name": "lib", "files": files}).encode()
    with ScriptedServer() as server:
        server.routes["/lib/"] = Reply(headers={"Content-Type": "application/vnd.pypi.simple.v1+json"}, body=body)
        command = Command(tmp_path, server.url)
        command.environ["PIP_UPLOADED_PRIOR_TO"] = "2012-06-01"
        report = command.run("outdated", str(tmp_path / "env")).stdout
        assert ["lib", "0.5", "2.0", "2.0"] in [line.split()[:4] for line in report.splitlines()]
        report = command.run("outdated", str(tmp_path / "env"), "--uploaded-prior-to", "2011-06-01").stdout
        assert ["lib", "0.5", "1.0", "1.0"] in [line.split()[:4] for line in report.splitlines()]
