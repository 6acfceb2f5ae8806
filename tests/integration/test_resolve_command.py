"""`envcensus resolve` as a user runs it, over a directory of wheels."""

from __future__ import annotations

import gc
import hashlib
import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
from packaging.pylock import Pylock

from envcensus.cli.resolve import command
from tests.support.command import resolve_from
from tests.support.wheels import add_wheel


@pytest.fixture
def links(tmp_path: Path) -> Path:
    folder = tmp_path / "links"
    folder.mkdir()
    add_wheel(folder, "alpha", "1.0", ["beta<2"])
    add_wheel(folder, "alpha", "2.0", ["beta<2", "gamma ; extra == 'x'"], extra_lines=["Provides-Extra: x"])
    add_wheel(folder, "beta", "1.0")
    add_wheel(folder, "beta", "2.0")
    add_wheel(folder, "gamma", "1.0", tag="py3-none-win_amd64")
    add_wheel(folder, "gamma", "0.5")
    return folder


def test_requirements_on_standard_output(links: Path) -> None:
    expected = "alpha[x]==2.0\n    # via the command line\nbeta==1.0\n    # via alpha\ngamma==0.5\n    # via alpha\n"
    for _ in range(2):
        done = resolve_from(links, "alpha[x]")
        assert (done.stdout, done.stderr) == (expected, "")
    assert resolve_from(links, "alpha", "--no-annotate").stdout == "alpha==2.0\nbeta==1.0\n"


def test_files_by_their_suffix(links: Path) -> None:
    names = ("requirements.txt", "pylock.toml", "a.json", "a.tree", "a.dot", "a.mmd")
    outputs = [word for name in names for word in ("-o", str(links.parent / name))]
    resolve_from(links, "alpha[x]", "-q", *outputs, "--hashes")
    lines = (links.parent / "requirements.txt").read_text().splitlines()
    assert lines[0] == "alpha[x]==2.0 \\"
    assert lines[1].startswith("    --hash=sha256:")
    lock = Pylock.from_dict(tomllib.loads((links.parent / "pylock.toml").read_text()))
    assert [(p.name, str(p.version)) for p in lock.packages] == [("alpha", "2.0"), ("beta", "1.0"), ("gamma", "0.5")]
    report = json.loads((links.parent / "a.json").read_text())
    assert [item["metadata"]["name"] for item in report["install"]] == ["alpha", "beta", "gamma"]
    assert report["install"][0]["requested"] is True
    assert report["install"][0]["requested_extras"] == ["x"]
    assert report["install"][1]["download_info"]["url"].endswith("beta-1.0-py3-none-any.whl")
    assert (links.parent / "a.tree").read_text() == "alpha[x] 2.0\n├── beta 1.0\n└── gamma 0.5\n"
    assert '"alpha" -> "beta";' in (links.parent / "a.dot").read_text()
    assert "p0 --> p1" in (links.parent / "a.mmd").read_text()


def test_pip_installs_what_was_pinned(links: Path, tmp_path: Path) -> None:
    resolve_from(
        links,
        "alpha[x]",
        "-q",
        "--hashes",
        "-o",
        str(tmp_path / "requirements.txt"),
        "-o",
        str(tmp_path / "pylock.toml"),
    )
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "-q", "--no-deps"]
    for name, more in (("requirements.txt", ["--no-index", "-f", str(links), "--require-hashes"]), ("pylock.toml", [])):
        target = tmp_path / name.partition(".")[0]
        done = subprocess.run(
            [*pip, "--target", str(target), "-r", str(tmp_path / name), *more],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert sorted(path.name for path in target.glob("*.py")) == ["alpha.py", "beta.py", "gamma.py"]


@pytest.mark.skipif(shutil.which("uv") is None, reason="uv is not installed")
def test_uv_installs_the_lock_file(links: Path, tmp_path: Path) -> None:
    resolve_from(links, "alpha[x]", "-q", "-o", str(tmp_path / "pylock.toml"))
    done = subprocess.run(
        ["uv", "pip", "install", "-q", "--no-config", "--preview", "--no-cache", "--python", sys.executable,
         "--target", str(tmp_path / "target"), "-r", str(tmp_path / "pylock.toml")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "target").glob("*.py")) == ["alpha.py", "beta.py", "gamma.py"]


@pytest.mark.skipif(shutil.which("uv") is None, reason="uv is not installed")
def test_uv_installs_a_local_file_from_the_lock_file(links: Path, tmp_path: Path) -> None:
    """It takes a path there, and no file: URL."""
    wheel = str(shutil.copy(links / "beta-1.0-py3-none-any.whl", tmp_path))
    resolve_from(links, wheel, "-q", "-o", str(tmp_path / "pylock.toml"))
    assert tomllib.loads((tmp_path / "pylock.toml").read_text())["packages"][0]["archive"]["path"] == wheel
    done = subprocess.run(
        ["uv", "pip", "install", "-q", "--no-config", "--preview", "--no-cache", "--python", sys.executable,
         "--target", str(tmp_path / "target"), "-r", str(tmp_path / "pylock.toml")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (tmp_path / "target").glob("*.py")] == ["beta.py"]


def test_hashes_given_with_requirements_bind(links: Path, tmp_path: Path) -> None:
    digest = hashlib.sha256((links / "beta-1.0-py3-none-any.whl").read_bytes()).hexdigest()
    (tmp_path / "in.txt").write_text(f"beta<2 --hash=sha256:{digest}\n")
    assert f"--hash=sha256:{digest}" in resolve_from(links, "-r", str(tmp_path / "in.txt"), "--hashes").stdout
    (tmp_path / "in.txt").write_text(f"beta --hash=sha256:{digest}\n")
    for _ in range(2):  # the version that the hash belongs to, as pip takes it: over the network, and from the cache
        assert "beta==1.0" in resolve_from(links, "-r", str(tmp_path / "in.txt")).stdout
    (tmp_path / "in.txt").write_text(f"beta --hash=sha256:{'0' * 64}\n")
    assert (
        "no file of beta 2.0 has one of the hashes"
        in resolve_from(links, "-r", str(tmp_path / "in.txt"), code=1).stderr
    )


def test_a_local_file_is_pinned_with_its_hash(links: Path, tmp_path: Path) -> None:
    wheel = links / "beta-1.0-py3-none-any.whl"
    names = ("requirements.txt", "pylock.toml", "a.json")
    resolve_from(
        links, f"beta @ {wheel.as_uri()}", "-q", "--hashes", *(x for n in names for x in ("-o", str(tmp_path / n)))
    )
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    report = json.loads((tmp_path / "a.json").read_text())
    assert report["install"][0]["download_info"]["archive_info"]["hashes"] == {"sha256": digest}
    for name, more in (("requirements.txt", ["--no-index", "--require-hashes"]), ("pylock.toml", [])):
        pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "-q", "--no-deps"]
        done = subprocess.run(
            [*pip, "--target", str(tmp_path / name[:3]), "-r", str(tmp_path / name), *more],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


def test_a_pre_release_that_nobody_asked_for_is_told(links: Path, tmp_path: Path) -> None:
    add_wheel(links, "alpha", "3.0rc1")
    (tmp_path / "c.txt").write_text("beta>1\n")
    done = resolve_from(links, "alpha", "-c", str(tmp_path / "c.txt"), "--no-annotate")
    assert done.stdout == "alpha==3.0rc1\n"
    assert done.stderr == "envcensus: alpha 3.0rc1 is a pre-release: no other version fits\n"


def test_a_version_whose_requirements_cannot_be_read_is_passed_over(links: Path) -> None:
    add_wheel(links, "alpha", "3.0", ["beta>>1"])
    done = resolve_from(links, "alpha", "--explain", "alpha", "--no-annotate")
    assert done.stdout == "alpha==2.0\nbeta==1.0\n"
    assert "  not 3.0: has a requirement that cannot be read: beta>>1" in done.stderr.splitlines()


@pytest.mark.parametrize("name", ["script.py", "pyproject.toml"])
def test_requires_python_of_what_is_resolved_for(links: Path, tmp_path: Path, name: str) -> None:
    lines = ['requires-python = ">=3.8"', 'dependencies = ["beta<2"]']
    for wanted, code in ((">=3.8", 0), (">=3.99", 1)):
        lines[0] = f'requires-python = "{wanted}"'
        script = ["# /// script", *(f"# {line}" for line in lines), "# ///"]
        project = ["[project]", 'name = "p"', 'version = "1"', *lines]
        (tmp_path / name).write_text("\n".join(script if name == "script.py" else project) + "\n")
        done = resolve_from(links, "-r", str(tmp_path / name), code=code)
        assert ("beta==1.0" in done.stdout) == (code == 0)
    assert f"{name} needs Python >=3.99, and the target is 3." in done.stderr


def test_a_conflict_is_told_on_standard_error(links: Path) -> None:
    done = resolve_from(links, "alpha", "beta>1", code=1)
    assert done.stdout == ""
    assert done.stderr.splitlines()[0] == "These cannot be met together: alpha, beta>1."
    assert "Traceback" not in done.stderr


def test_why_not_newer(links: Path) -> None:
    done = resolve_from(links, "alpha", "--explain", "beta", "--explain", "zz")
    assert done.stderr.splitlines() == [
        "beta 1.0",
        "  asked for by alpha: beta<2",
        "  not 2.0: alpha 2.0 needs beta<2",
        "zz is not in the answer: nothing asks for it",
    ]


def test_versions_that_were_not_taken_for_one_reason_are_one_line(links: Path) -> None:
    for version in ("2.1", "3.0"):
        add_wheel(links, "beta", version)
    done = resolve_from(links, "alpha", "--explain", "beta")
    assert done.stderr.splitlines()[-1] == "  not 3.0 to 2.0 (3 versions): alpha 2.0 needs beta<2"


def test_another_platform(links: Path) -> None:
    assert "gamma==1.0" in resolve_from(links, "alpha[x]", "--platform", "win_amd64", "--python-version", "3.12").stdout


def test_earlier_pins_are_preferred(links: Path) -> None:
    (links.parent / "old.txt").write_text("alpha==1.0\n")
    assert "alpha==1.0" in resolve_from(links, "alpha", "--prefer", str(links.parent / "old.txt")).stdout
    assert "alpha==1.0" in resolve_from(links, "alpha", "--resolution", "lowest").stdout


def test_usage_errors(links: Path) -> None:
    assert "nothing to resolve" in resolve_from(links, code=2).stderr
    assert "not a requirement: a ==> 1" in resolve_from(links, "a ==> 1", code=2).stderr
    assert "no format has the suffix" in resolve_from(links, "alpha", "-o", "x.zip", code=2).stderr
    assert "not a time" in resolve_from(links, "alpha", "--uploaded-prior-to", "soon", code=2).stderr


def test_an_interrupt_tells_the_state(
    links: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, progress: Any, **__: object) -> None:
        progress(lambda: "trying beta 2.0: 3 projects")
        raise KeyboardInterrupt

    monkeypatch.setattr("envcensus.pipelines.resolve.resolve", interrupted)
    with pytest.raises((click.Abort, KeyboardInterrupt)):
        command.main(["alpha", "--no-cache", "--no-index"], standalone_mode=False)
    gc.enable()
    assert "envcensus: stopped trying beta 2.0: 3 projects" in capsys.readouterr().err


@pytest.mark.parametrize("python", ["3.{}", "3{}", "3.{}.0"])
def test_a_python_without_its_micro_version_is_the_first(links: Path, python: str) -> None:
    """As for pip and uv, whichever the running one is."""
    minor = sys.version_info[1]
    add_wheel(links, "fresh", "1.0", extra_lines=[f"Requires-Python: >=3.{minor}"])
    add_wheel(links, "fresh", "2.0", extra_lines=[f"Requires-Python: >=3.{minor}.1"])
    assert "fresh==1.0" in resolve_from(links, "fresh", "--python-version", python.format(minor)).stdout
