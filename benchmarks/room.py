"""What measurements share: fleets, the peers, the index server, caches. Everything is below one work directory."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.fleet import MINOR, make_fleet
from benchmarks.index_server import Running
from benchmarks.measure import neutral_environment
from benchmarks.peers import Peers

HERE = os.path.dirname(os.path.abspath(__file__))
SITE = f"lib/python{MINOR}/site-packages"


@dataclass(frozen=True)
class Fleet:
    """A generated fleet on disk."""

    path: str

    @property
    def environments(self) -> list[str]:
        """The environments' directories in order."""
        return [os.path.join(self.path, name) for name in sorted(os.listdir(self.path))]

    @property
    def sites(self) -> list[str]:
        """Their site-packages directories."""
        return [os.path.join(environment, SITE) for environment in self.environments]


@dataclass
class Room:
    """`ours` is the command that starts us, `ours_env` what it needs in its environment."""

    work: str
    peers: Peers
    index: Running
    index_pid: int
    ours: list[str]
    ours_env: Mapping[str, str] = field(default_factory=dict)
    tree: int = 2000  # projects of the deep tree that the index serves

    def environment(self, *, ours: bool) -> dict[str, str]:
        """The neutral environment of a command."""
        environment = neutral_environment(self.directory("home"), self.ours_env if ours else None)
        # uv asks the first Python of the path for its version: a version manager's script there would cost it 0.1 s.
        return environment | {"PATH": os.path.dirname(self.peers.path("uv")) + ":" + environment.get("PATH", "")}

    def directory(self, name: str) -> str:
        """A directory below the work directory, made if it is missing."""
        path = os.path.join(self.work, name)
        os.makedirs(path, exist_ok=True)
        return path

    def cache(self, name: str) -> str:
        """A cache directory; a row names those that it empties before each run."""
        return os.path.join(self.directory("caches"), name)

    def forget(self, name: str) -> None:
        """Empty a cache directory."""
        shutil.rmtree(self.cache(name), ignore_errors=True)

    def fleet(
        self, envs: int, packages: int, *, distinct: int | None = None, hardlink: bool = False, modules: bool = True
    ) -> Fleet:
        """The fleet of these properties, generated on first use."""
        name = f"{envs}x{packages}" + (f"-of-{distinct}" if distinct else "") + ("-hardlinks" if hardlink else "")
        path = os.path.join(self.directory("fleets"), name)
        if not os.path.isdir(path):
            unfinished = path + ".unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            print(f"generating {name}", file=sys.stderr, flush=True)
            make_fleet(unfinished, envs, packages, distinct=distinct, hardlink=hardlink, modules=modules)
            os.rename(unfinished, path)
        return Fleet(path)

    def listed(self, name: str, lines: list[str]) -> str:
        """A file with one line each, for standard input."""
        path = os.path.join(self.directory("lists"), name)
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in lines)
        return path

    def lower_bound(self) -> str:
        """The C scanner, compiled on first use."""
        source, program = os.path.join(HERE, "lower_bound.c"), os.path.join(self.directory("bin"), "lower_bound")
        if not os.path.exists(program) or os.path.getmtime(program) < os.path.getmtime(source):
            compiler = os.environ.get("CC", "cc")
            subprocess.run([compiler, "-O2", "-pthread", source, "-o", program], check=True)
        return program


def our_command(given: str | None) -> tuple[list[str], dict[str, str]]:
    """How to start us: the script named, else the one installed beside this Python, else the source tree."""
    if given:
        return [os.path.abspath(given)], {}
    script = os.path.join(os.path.dirname(sys.executable), "envcensus")
    if os.path.exists(script):
        return [script], {}
    command = [sys.executable, "-m", "envcensus"]
    if importlib.util.find_spec("envcensus") is None:
        raise SystemExit("envcensus is not installed for this Python: pip install . or set PYTHONPATH=src")
    source = os.path.join(os.path.dirname(HERE), "src")
    return command, {"PYTHONPATH": source} if os.environ.get("PYTHONPATH") else {}
