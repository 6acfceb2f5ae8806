"""What a resolution makes of files on a server that are named by their address."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from packaging.pylock import Pylock

from tests.support.command import resolve_from
from tests.support.net import JSON
from tests.support.scripted_server import Reply, Request, ScriptedServer
from tests.support.wheels import add_sdist, add_wheel, metadata_text


@pytest.fixture
def files(tmp_path: Path) -> Iterator[ScriptedServer]:
    """A server of files that answers range requests."""
    with ScriptedServer() as server:
        for path in (
            add_wheel(tmp_path, "alpha", "1.0"),
            add_sdist(tmp_path, "beta", "1.0", metadata_text("beta", "1.0")),
        ):
            server.routes[f"/{path.name}"] = _file(path.read_bytes())
        yield server


def _file(body: bytes) -> Callable[[Request], Reply]:
    def reply(request: Request) -> Reply:
        wanted = request.headers.get("range")
        if wanted is None:
            return Reply(body=body)
        first, last = wanted.removeprefix("bytes=").split("-")
        start = int(first) if first else max(0, len(body) - int(last))
        end = int(last) + 1 if first and last else len(body)
        return Reply(206, {"Content-Range": f"bytes {start}-{end - 1}/{len(body)}"}, body[start:end])

    return reply


def _run(tmp_path: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "envcensus", "resolve", "--no-index", "--no-cache", *arguments],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ["alpha-1.0-py3-none-any.whl", "beta-1.0.tar.gz"])
def test_a_file_without_a_hash_is_locked_with_that_of_what_was_downloaded(
    files: ScriptedServer, tmp_path: Path, name: str
) -> None:
    project = name.partition("-")[0]
    digest = hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
    text = _run(tmp_path, f"{project} @ {files.url}/{name}", "-o", "requirements.txt", "-o", "pylock.toml", "--hashes")
    assert f"--hash=sha256:{digest}" in text
    lock = Pylock.from_dict(tomllib.loads((tmp_path / "pylock.toml").read_text()))
    assert lock.packages[0].archive is not None
    assert lock.packages[0].archive.hashes == {"sha256": digest}
    if project == "alpha":
        pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "-q", "--no-deps", "--no-index"]
        for source, more in (("requirements.txt", ["--require-hashes"]), ("pylock.toml", [])):
            done = subprocess.run(
                [*pip, *more, "--no-cache-dir", "--target", source[:3], "-r", source],
                capture_output=True, text=True, check=False, cwd=tmp_path,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr


def test_a_wheel_is_not_downloaded_where_no_hash_is_wanted(files: ScriptedServer, tmp_path: Path) -> None:
    assert _run(tmp_path, f"alpha @ {files.url}/alpha-1.0-py3-none-any.whl", "--no-annotate").startswith("alpha @ http")
    assert all("range" in request.headers for request in files.requests if request.path.endswith(".whl"))


@pytest.mark.parametrize("name", ["alpha-1.0-py3-none-any.whl", "beta-1.0.tar.gz"])
def test_a_hash_that_is_stated_is_checked(files: ScriptedServer, tmp_path: Path, name: str) -> None:
    """Also where the metadata could be had without the rest of the file; pip refuses the same."""
    reference = f"{name.partition('-')[0]} @ {files.url}/{name}#sha256="
    digest = hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
    assert _run(tmp_path, reference + digest, "--no-annotate") == f"{reference}{digest}\n"
    argv = [sys.executable, "-m", "envcensus", "resolve", "--no-index", "--no-cache", reference + "0" * 64]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert f"{name}: the file does not match its sha256" in done.stderr
    assert done.stdout == ""


def test_a_wheel_that_does_not_fit_the_target_is_refused(tmp_path: Path) -> None:
    wheel = add_wheel(tmp_path, "alpha", "1.0", tag="py3-none-win_amd64")
    argv = [sys.executable, "-m", "envcensus", "resolve", "--no-index", "--no-cache", str(wheel)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "alpha is a wheel that does not fit the target" in done.stderr
    assert _run(tmp_path, str(wheel), "--platform", "win_amd64", "--no-annotate").startswith("alpha @ file:")


def test_relative_file_references(tmp_path: Path) -> None:
    add_wheel(tmp_path, "alpha", "1.0", ["alpha ; extra == 'x'"], extra_lines=["Provides-Extra: x"])
    (tmp_path / "in.txt").write_text("file:alpha-1.0-py3-none-any.whl#egg=alpha[x]\n")
    uri = (tmp_path / "alpha-1.0-py3-none-any.whl").as_uri()
    assert _run(tmp_path, "-r", "in.txt", "--no-annotate") == f"alpha[x] @ {uri}\n"


@pytest.mark.parametrize(
    ("options", "version"),
    [
        ("--only-binary :all: --no-binary beta", "2.0"),
        ("--no-binary beta --only-binary :all:", "1.0"),
        ("--no-binary :all: --only-binary beta", "1.0"),
        ("--only-binary beta --no-binary beta", "2.0"),
        ("--no-binary beta --only-binary beta", "1.0"),
        ("--only-binary beta,:none:", "2.0"),
    ],
)
def test_the_later_word_on_a_kind_of_file_counts(tmp_path: Path, options: str, version: str) -> None:
    """As pip has it; here and in a requirements file."""
    add_wheel(tmp_path, "beta", "1.0")
    add_sdist(tmp_path, "beta", "2.0", metadata_text("beta", "2.0"))
    add_sdist(tmp_path, "beta", "1.0", metadata_text("beta", "1.0"))
    (tmp_path / "in.txt").write_text(options.replace(" --", "\n--") + "\nbeta\n")
    expected = f"beta=={version}\n"
    assert _run(tmp_path, "beta", "-f", ".", "--no-annotate", *options.split()) == expected
    assert _run(tmp_path, "-r", "in.txt", "-f", ".", "--no-annotate") == expected


@pytest.mark.parametrize("wanted", ["beta", "beta>1", "beta>=2.dev0", "beta!=1.5", "beta>2"])
@pytest.mark.parametrize("more", ["", "--pre", "--no-binary beta", "--only-binary beta"])
def test_wheels_are_preferred_as_pip_prefers_them(tmp_path: Path, wanted: str, more: str) -> None:
    for version in ("1.0", "1.5"):
        add_wheel(tmp_path, "beta", version)
    add_wheel(tmp_path, "beta", "2.0a1")
    add_wheel(tmp_path, "beta", "3.0", tag="py3-none-win_amd64")
    for version in ("1.0", "2.0", "2.5"):
        add_sdist(tmp_path, "beta", version, metadata_text("beta", version))
    options = ["--no-index", "--prefer-binary", "-f", ".", *more.split()]
    pip = [sys.executable, "-m", "pip", "--isolated", "download", "--disable-pip-version-check", "--no-deps", "-d", "x"]
    done = subprocess.run(
        [*pip, *options, "--no-build-isolation", wanted], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    taken = re.search(r"(?:Processing|Saved) \S*beta-([0-9a.]+?)(?:\.tar\.gz|-py3)", done.stdout)
    argv = [sys.executable, "-m", "envcensus", "resolve", "--no-cache", "--no-annotate", *options, wanted]
    ours = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ours.stdout.strip() == (f"beta=={taken[1]}" if taken else ""), done.stdout + ours.stderr
    if not more and wanted == "beta":
        (tmp_path / "in.txt").write_text("--prefer-binary\nbeta\n")
        assert _run(tmp_path, "-f", ".", "-r", "in.txt", "--no-annotate") == ours.stdout
        told = subprocess.run([*argv, "--explain", "beta"], capture_output=True, text=True, check=False, cwd=tmp_path)
        assert "has no wheel for this target" in told.stderr


@pytest.mark.parametrize(
    ("abis", "version"), [([], "3.0"), (["abi3"], "2.0"), (["none"], "2.0"), (["abi3", "cp312"], "3.0")]
)
def test_abi_tags_as_pip_takes_them(tmp_path: Path, abis: list[str], version: str) -> None:
    for number, abi in (("1.0", "none"), ("2.0", "abi3"), ("3.0", "cp312"), ("4.0", "cp311")):
        add_wheel(tmp_path, "beta", number, tag=f"cp312-{abi}-win_amd64")
    options = ["--platform", "win_amd64", "--python-version", "3.12", "--implementation", "cp", "-f", ".", "--no-index"]
    options += [word for abi in abis for word in ("--abi", abi)]
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--isolated",
        "download",
        "--disable-pip-version-check",
        "--only-binary",
        ":all:",
    ]
    done = subprocess.run(
        [*pip, "-d", "x", *options, "beta"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert [path.name.split("-")[1] for path in (tmp_path / "x").iterdir()] == [version], done.stderr
    assert _run(tmp_path, *options, "beta", "--no-annotate") == f"beta=={version}\n"


def test_files_that_are_excluded_are_not_locked(tmp_path: Path) -> None:
    """A file of the same version that was uploaded later, and one of a kind that an option leaves out."""
    rows = []
    with ScriptedServer() as server:
        for tag, year in (("py3-none-any", 2020), ("py2.py3-none-any", 2025)):
            path = add_wheel(tmp_path, "alpha", "1.0", tag=tag)
            rows.append((path, f"{year}-01-01T00:00:00Z"))
        rows.append((add_sdist(tmp_path, "alpha", "1.0", metadata_text("alpha", "1.0")), "2020-01-01T00:00:00Z"))
        files = []
        for path, uploaded in rows:
            server.routes[f"/{path.name}"] = _file(path.read_bytes())
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            files.append(
                {"filename": path.name, "url": f"/{path.name}", "hashes": {"sha256": digest}, "upload-time": uploaded}
            )
        page = {"meta": {"api-version": "1.1"}, "name": "alpha", "versions": ["1.0"], "files": files}
        server.routes["/simple/alpha/"] = Reply(body=json.dumps(page).encode(), headers=JSON)
        for options, expected in (
            ("--uploaded-prior-to 2021-01-01", {"alpha-1.0-py3-none-any.whl", "alpha-1.0.tar.gz"}),
            ("--only-binary alpha", {"alpha-1.0-py3-none-any.whl", "alpha-1.0-py2.py3-none-any.whl"}),
            ("--no-binary :all:", {"alpha-1.0.tar.gz"}),
        ):
            done = subprocess.run(
                [sys.executable, "-m", "envcensus", "resolve", "alpha", "-i", f"{server.url}/simple/", "--no-cache",
                 *options.split(), "--format", "pylock", "-o", "a.json"],
                capture_output=True, text=True, check=False, cwd=tmp_path,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            package = Pylock.from_dict(tomllib.loads(done.stdout)).packages[0]
            locked = [*(package.wheels or ()), *([package.sdist] if package.sdist else ())]
            assert {str(file.url).rpartition("/")[2] for file in locked} == expected
            report = json.loads((tmp_path / "a.json").read_text())
            assert report["install"][0]["download_info"]["url"].rpartition("/")[2] in expected


def test_an_sdist_that_is_a_zip_file_is_locked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "gamma-1.0.zip", "w") as archive:
        archive.writestr("gamma-1.0/PKG-INFO", metadata_text("gamma", "1.0"))
    lock = Pylock.from_dict(tomllib.loads(_run(tmp_path, "gamma", "-f", ".", "--format", "pylock")))
    assert lock.packages[0].sdist is not None


def test_a_file_that_is_not_called_as_wheels_are(tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()
    done = resolve_from(tmp_path / "wheels", "alpha @ file:///srv/alpha.whl", code=1)
    assert "alpha is a file that is not called as wheels are, NAME-VERSION-PYTHON-ABI-PLATFORM.whl" in done.stderr
