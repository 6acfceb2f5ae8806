"""Run the command as a user would: a process of its own, a clean environment, a cache of its own."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

PERSONAL = (
    *("PIP_", "SSL_", "UV_", "ENVCENSUS_", "XDG_", "VIRTUAL_ENV", "NO_COLOR", "FORCE_COLOR", "REQUESTS_CA", "CURL_CA"),
    *("PYTHONWARNINGS", "PYTHONSAFEPATH", "PYTHONOPTIMIZE", "PYTHONUTF8", "PYTHONIOENCODING"),
)


class Command:
    """`envcensus` with a home, a cache and an index of its own."""

    def __init__(self, home: Path, index_url: str = "") -> None:
        self.home = home
        self.environ = neutral_environ(home)
        self.index_url = index_url

    def run(self, *arguments: str, check: int | None = 0, **more: Any) -> subprocess.CompletedProcess[str]:
        """Run to the end; `check` is the exit code that must come out of it."""
        done = subprocess.run(
            self.argv(*arguments), capture_output=True, text=True, env=self.environ, timeout=120, check=False, **more
        )
        assert check is None or done.returncode == check, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def json(self, *arguments: str, check: int = 0) -> Any:
        """The decoded standard output."""
        return json.loads(self.run(*arguments, "--format", "json", check=check).stdout)

    def argv(self, *arguments: str) -> list[str]:
        """The whole command line."""
        index = ["-i", self.index_url] if self.index_url and arguments[0] in {"list", "outdated"} else []
        return [sys.executable, "-m", "envcensus", *arguments, *index]


def neutral_environ(home: Path) -> dict[str, str]:
    """This process's environment without anybody's settings for pip, TLS, proxies or us."""
    kept = {key: value for key, value in os.environ.items() if not is_personal(key)}
    return kept | {"HOME": str(home), "PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def pips_environ(home: Path) -> dict[str, str]:
    """The same for other programs: what lies beside our sources, if they are on the path, is not installed there."""
    return {key: value for key, value in neutral_environ(home).items() if not key.startswith("PYTHON")}


def is_personal(variable: str) -> bool:
    """Whether an environment variable may change what pip, a TLS library or this program does."""
    return variable.startswith(PERSONAL) or variable.lower().endswith("_proxy") or variable == "NETRC"


def without_rights() -> None:
    """For `preexec_fn`: what is executed then may read and write what the permissions say, root too.

    Takes CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH out of the set that root gets back by executing something.
    """
    if os.geteuid() == 0:
        for capability in (1, 2):
            if ctypes.CDLL(None).prctl(24, capability, 0, 0, 0):  # PR_CAPBSET_DROP
                raise OSError("capabilities cannot be dropped")


def resolve_from(links: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """`envcensus resolve` over a directory of files, in the directory above; `code` has to be its exit code."""
    done = subprocess.run(
        [sys.executable, "-m", "envcensus", "resolve", "--no-index", "-f", str(links), *arguments,
         "--cache-dir", str(links.parent / "cache")],
        capture_output=True, text=True, check=False, cwd=links.parent,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    return done
