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


def _run(links: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "envcensus", "resolve", "--no-index", "-f", str(links), *arguments,
         "--cache-dir", str(links.parent / "cache")],
        capture_output=True, text=True, check=False, cwd=links.parent,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    return done


def test_requirements_on_standard_output(links: Path) -> None:
    expected = "alpha[x]==2.0\n    # via the command line\nbeta==1.0\n    # via alpha\ngamma==0.5\n    # via alpha\n"
    for _ in range(2):
        done = _run(links, "alpha[x]")
        assert (done.stdout, done.stderr) == (expected, "")
    assert _run(links, "alpha", "--no-annotate").stdout == "alpha==2.0\nbeta==1.0\n"


def test_files_by_their_suffix(links: Path) -> None:
    _run(links, "alpha[x]", "-q", *(x for n in ("requirements.txt", "pylock.toml", "a.json", "a.tree", "a.dot", "a.mmd")
                                    for x in ("-o", str(links.parent / n))), "--hashes")  # fmt: skip
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
    _run(
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
    _run(links, "alpha[x]", "-q", "-o", str(tmp_path / "pylock.toml"))
    done = subprocess.run(
        ["uv", "pip", "install", "-q", "--no-config", "--preview", "--no-cache", "--python", sys.executable,
         "--target", str(tmp_path / "target"), "-r", str(tmp_path / "pylock.toml")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "target").glob("*.py")) == ["alpha.py", "beta.py", "gamma.py"]


def test_hashes_given_with_requirements_bind(links: Path, tmp_path: Path) -> None:
    digest = hashlib.sha256((links / "beta-1.0-py3-none-any.whl").read_bytes()).hexdigest()
    (tmp_path / "in.txt").write_text(f"beta<2 --hash=sha256:{digest}\n")
    assert f"--hash=sha256:{digest}" in _run(links, "-r", str(tmp_path / "in.txt"), "--hashes").stdout
    (tmp_path / "in.txt").write_text(f"beta --hash=sha256:{digest}\n")
    assert "no file of beta 2.0 has one of the hashes" in _run(links, "-r", str(tmp_path / "in.txt"), code=1).stderr


def test_a_conflict_is_told_on_standard_error(links: Path) -> None:
    done = _run(links, "alpha", "beta>1", code=1)
    assert done.stdout == ""
    assert done.stderr.splitlines()[0] == "These cannot be met together: alpha, beta>1."
    assert "Traceback" not in done.stderr


def test_why_not_newer(links: Path) -> None:
    done = _run(links, "alpha", "--explain", "beta", "--explain", "zz")
    assert done.stderr.splitlines() == [
        "beta 1.0",
        "  asked for by alpha: beta<2",
        "  not 2.0: alpha 2.0 needs beta<2",
        "zz is not in the answer: nothing asks for it",
    ]


def test_another_platform(links: Path) -> None:
    assert "gamma==1.0" in _run(links, "alpha[x]", "--platform", "win_amd64", "--python-version", "3.12").stdout


def test_earlier_pins_are_preferred(links: Path) -> None:
    (links.parent / "old.txt").write_text("alpha==1.0\n")
    assert "alpha==1.0" in _run(links, "alpha", "--prefer", str(links.parent / "old.txt")).stdout
    assert "alpha==1.0" in _run(links, "alpha", "--resolution", "lowest").stdout


def test_usage_errors(links: Path) -> None:
    assert "nothing to resolve" in _run(links, code=2).stderr
    assert "not a requirement: a ==> 1" in _run(links, "a ==> 1", code=2).stderr
    assert "no format has the suffix" in _run(links, "alpha", "-o", "x.zip", code=2).stderr
    assert "not a time" in _run(links, "alpha", "--uploaded-prior-to", "soon", code=2).stderr


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
