"""A version that a project spells in several ways: which file an answer means, as pip has it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.command import neutral_environ, pips_environ
from tests.support.wheels import add_sdist, add_wheel, metadata_text

NATIVE = "cp311-cp311-manylinux_2_17_x86_64"
TARGET = ("--python-version", "3.11", "--platform", "manylinux_2_17_x86_64", "--only-binary", ":all:")


@pytest.fixture(scope="module")
def links(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Projects whose 1.0 and 1.0.0 differ: in nothing, in tags, in kind, in what they require."""
    folder = tmp_path_factory.mktemp("spellings") / "links"
    folder.mkdir()
    for version in ("1.0", "1.0.0", "2.0"):
        add_wheel(folder, "plain", version)
    for version in ("1.0", "1.0+cpu", "1.0+cu12", "1.0.0+cu12"):
        add_wheel(folder, "local", version)
    add_wheel(folder, "long", "1.0")
    add_wheel(folder, "long", "1.0.0", tag=NATIVE)
    add_wheel(folder, "short", "1.0", tag=NATIVE)
    add_wheel(folder, "short", "1.0.0")
    add_sdist(folder, "source", "1.0", metadata_text("source", "1.0"))
    add_wheel(folder, "source", "1.0.0")
    add_wheel(folder, "pre", "1.0rc1")
    add_wheel(folder, "pre", "1.0.0rc1")
    add_wheel(folder, "needy", "1.0.0", ["needed==1"])
    add_wheel(folder, "needy", "1.0", ["needed==2"])
    add_wheel(folder, "needed", "1")
    add_wheel(folder, "needed", "2")
    add_wheel(folder, "strict", "1", ["plain===1.0.0"])
    return folder


def files(program: Sequence[str], environ: dict[str, str], links: Path, wanted: str) -> list[str] | None:
    """The files that an installation report names; None where there is no answer."""
    done = subprocess.run(
        [sys.executable, "-m", *program, "--no-index", "-f", str(links), *TARGET, *wanted.split()],
        capture_output=True, text=True, check=False, env=environ, cwd=links.parent,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    if done.returncode:
        return None
    return sorted(row["download_info"]["url"].rpartition("/")[2] for row in json.loads(done.stdout)["install"])


@pytest.mark.parametrize(
    "wanted",
    [
        *("plain===1.0", "plain===1.0.0", "plain==1.0", "plain==1.0.0", "plain<2", "plain===2", "plain===1.00"),
        *(
            "plain===1.0 plain==1.0.0",
            "plain===1.0 plain===1.0.0",
            "plain!=1.0 plain<2",
            "strict",
            "strict plain===1.0",
        ),
        *("local", "local==1.0", "local===1.0", "local===1.0+cu12", "local===1.0.0+cu12", "local===1.0+CU12"),
        *("local==1.0+cu12", "long==1", "long===1.0", "long===1.0.0", "short==1", "short===1.0", "short===1.0.0"),
        *("source", "source===1.0.0", "pre", "pre===1.0rc1", "pre===1.0.0rc1", "pre==1.0rc1"),
        *("needy", "needy===1.0", "needy===1.0.0", "needy needed==1"),
    ],
)
def test_the_file_is_the_one_that_pip_takes(links: Path, wanted: str) -> None:
    ours = files(
        ("envcensus", "resolve", "--format", "json", "--no-cache"), neutral_environ(links.parent), links, wanted
    )
    if wanted == "needy needed==1":  # pip looks at one file of each version
        assert ours == ["needed-1-py3-none-any.whl", "needy-1.0.0-py3-none-any.whl"]
        return
    report = ("pip", "install", "-q", "--dry-run", "--ignore-installed", "--report", "-", "--target", "t")
    assert ours == files(report, pips_environ(links.parent), links, wanted)
