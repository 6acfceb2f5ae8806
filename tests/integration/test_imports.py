"""What a warm run may import: seen in `sys.modules` of the real command, not guessed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.index_server import Universe, running
from tests.support.command import Command
from tests.support.site import install, make_venv

HEAVY = {"aiohttp", "asyncio", "uvloop", "rich", "jinja2", "multiprocessing", "concurrent.futures", "ssl"}
PROBE = """
import atexit, json, sys
from envcensus.__main__ import run

def say():
    loaded = [name for name, module in sys.modules.items() if type(module).__name__ != "_Deferred"]
    sys.stderr.write(json.dumps(loaded))

atexit.register(say)
run()
"""


def test_a_warm_run_imports_no_client_and_starts_no_loop(tmp_path: Path) -> None:
    install(make_venv(tmp_path / "env"), "alpha", "1.0")
    with running(Universe({"alpha": ["1.0", "2.0"]})) as index:
        command = Command(tmp_path, index.url)
        assert modules(command, tmp_path) >= {"aiohttp", "asyncio", "uvloop"}  # cold: the probe sees what it should
        assert not modules(command, tmp_path) & HEAVY


def modules(command: Command, tmp_path: Path) -> set[str]:
    """The modules that one `outdated` run imported."""
    arguments = ["outdated", str(tmp_path / "env"), "-i", command.index_url]
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments], capture_output=True, text=True, env=command.environ, check=True
    )
    return set(json.loads(done.stderr))
