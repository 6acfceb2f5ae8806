"""What type checkers see: the public functions as a user's script calls them, and stubs that tell what is compiled."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import envcensus
import envcensus._kernels

ALLOWED = Path(__file__).parents[1] / "support" / "stubtest-allowed.txt"
SCRIPT = """
import asyncio
from datetime import datetime, timezone
from pathlib import Path

import envcensus
from envcensus import aio

def severe(root: Path) -> list[tuple[str, str]]:
    now = datetime.now(timezone.utc)
    census = envcensus.outdated(root, constraints=["a<2"], severity="major", uploaded_prior_to=now)
    return [(environment.path, finding.distribution.name) for environment, finding in census.rows("outdated")]

async def count() -> int:
    async with aio.scan(["/srv", Path("/opt")], requires=True) as found:
        return sum([len(listing.distributions) async for listing in found])

def pins() -> dict[str, str]:
    try:
        return {pin.name: pin.version for pin in envcensus.resolve("flask", python_version="3.12").pins}
    except envcensus.ConflictError as error:
        print(*error.conflict.lines, sep="\\n")
        return {}

reveal_type(envcensus.discover("/srv"))
reveal_type(next(envcensus.scan("/srv")))
reveal_type(asyncio.run(aio.check("/srv", timeout=60)))
reveal_type(envcensus.__version__)
envcensus.outdated("/srv", sevrity="major")
envcensus.outdated("/srv", severity="huge")
envcensus.resolve("flask").pinned
envcensus.census
"""
REVEALED = [
    'Revealed type is "envcensus.api.results.Results[envcensus.model.environment.Environment]"',
    'Revealed type is "envcensus.model.listing.Listing"',
    'Revealed type is "envcensus.model.census.Census"',
    'Revealed type is "str"',
    'Unexpected keyword argument "sevrity" for "outdated"',
    'Argument "severity" to "outdated" has incompatible type',
    '"Resolution" has no attribute "pinned"',
    'Module has no attribute "census"',
]


def environ() -> dict[str, str]:
    """Where the package is installed, its `py.typed` is what tells mypy to look; a source tree has to be named."""
    package = Path(envcensus.__file__).parent
    named = {} if "site-packages" in package.parts else {"MYPYPATH": str(package.parent)}
    return {key: value for key, value in os.environ.items() if key != "MYPYPATH"} | named


def test_a_users_script(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-incremental", "script.py"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environ(), check=False)
    told = [line for line in done.stdout.splitlines() if ": error:" in line or "Revealed" in line]
    assert len(told) == len(REVEALED), done.stdout + done.stderr
    for line, expected in zip(told, REVEALED, strict=True):
        assert expected in line.replace("builtins.str", "str")


def test_stubs_tell_what_is_compiled(tmp_path: Path) -> None:
    folder = Path(envcensus._kernels.__file__).parent
    modules = sorted(path.stem for path in folder.glob("*.pyi"))
    assert modules == sorted(path.name.partition(".")[0] for path in folder.glob("*.so")), "a kernel without a stub"
    command = [sys.executable, "-m", "mypy.stubtest", "--allowlist", str(ALLOWED), "--ignore-unused-allowlist"]
    done = subprocess.run(
        [*command, *(f"envcensus._kernels.{name}" for name in modules)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environ(),
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
