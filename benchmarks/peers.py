"""The tools we are compared with, from the registry, in a virtualenv of their own.

python -m benchmarks.peers [--work DIR] [--upgrade]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass

PEERS = ("pip", "uv", "pipdeptree")
TOOLS = ("py-spy",)  # no peer: profiles the stages


def default_work() -> str:
    """Where fleets, peers and caches of measurements are kept: below the user's cache directory."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(cache, "envcensus-benchmarks")


@dataclass(frozen=True)
class Peers:
    """Where the peers are, and which versions."""

    folder: str
    versions: dict[str, str]

    def path(self, name: str) -> str:
        """An executable of the peers' virtualenv."""
        return os.path.join(self.folder, "bin", name)


def install(work: str, *, upgrade: bool = False) -> Peers:
    """Make the virtualenv unless it is there. Uses the registry that pip is configured for."""
    folder = os.path.join(work, "peers")
    python = os.path.join(folder, "bin", "python")
    if upgrade or not os.path.exists(os.path.join(folder, "bin", "py-spy")):
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "--upgrade", *PEERS, *TOOLS], check=True)
    listed = subprocess.run([python, "-m", "pip", "list", "--format", "json"], check=True, capture_output=True).stdout
    versions = {row["name"]: row["version"] for row in json.loads(listed) if row["name"] in PEERS}
    return Peers(folder, versions)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", default=default_work())
    parser.add_argument("--upgrade", action="store_true")
    given = parser.parse_args()
    peers = install(given.work, upgrade=given.upgrade)
    print(peers.folder, *(f"{name} {version}" for name, version in peers.versions.items()), sep="\n")


if __name__ == "__main__":
    main()
