"""`wanted` is what pip would install for each row taken alone, under the requirements of everything installed."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

from benchmarks.index_server import Universe, running
from tests.support.command import Command, pips_environ
from tests.support.site import install, make_venv

ROWS = 48


def test_wanted_is_what_pip_installs(tmp_path: Path) -> None:
    rng = random.Random(7)
    site = make_venv(tmp_path / "env")
    projects, limits = {}, {}
    for number in range(ROWS):
        name = f"lib{number}"
        projects[name] = _versions(rng)
        limits[name] = [_specifier(rng, projects[name]) for _ in range(rng.choice([0, 1, 1, 2]))]
        install(site, name, projects[name][0])
        for place, limit in enumerate(limits[name]):
            install(site, f"needs-{name}-{place}", "1.0", f"Requires-Dist: {name}{limit}")
    with running(Universe(projects)) as index:
        command = Command(tmp_path, index.url)
        document = command.json("outdated", str(tmp_path / "env"), "--only", "lib*")
        rows = {row["name"]: row for row in document["environments"][0]["packages"] if row["state"] == "outdated"}
        wanted = {name: row["wanted_version"] for name, row in rows.items() if row["wanted_version"]}
        assert len(wanted) >= 30
        theirs = pip_would_install(command, tmp_path / "env", [f"{name}{','.join(limits[name])}" for name in wanted])
    assert wanted == theirs
    held = {name for name, row in rows.items() if row.get("held_by")}
    assert held == {name for name, row in rows.items() if row["wanted_version"] != row["latest_version"]}
    assert held


def pip_would_install(command: Command, environment: Path, requirements: list[str]) -> dict[str, str]:
    """Name → version that pip chooses for each of `requirements`, by itself."""
    argv = [sys.executable, "-m", "pip", "--python", str(environment / "bin/python"), "install", "--dry-run"]
    argv += ["--no-deps", "--ignore-installed", "--quiet", "--report", "-", "-i", command.index_url, *requirements]
    done = subprocess.run(argv, capture_output=True, text=True, env=pips_environ(command.home), check=False)
    assert done.returncode == 0, done.stderr
    return {item["metadata"]["name"]: item["metadata"]["version"] for item in json.loads(done.stdout)["install"]}


def _versions(rng: random.Random) -> list[str]:
    """Ascending; the first is installed, and always allowed."""
    numbers = sorted({(rng.randrange(1, 4), rng.randrange(10)) for _ in range(8)})
    found = [f"{major}.{minor}" for major, minor in numbers]
    return [*found, f"{numbers[-1][0] + 1}.0rc1"] if rng.random() < 0.3 else found


def _specifier(rng: random.Random, versions: list[str]) -> str:
    stable = [version for version in versions if "rc" not in version]
    top = rng.choice(stable[1:] or stable)
    major, minor = map(int, stable[0].split("."))
    return rng.choice([f"<={top}", f">={stable[0]}", f"!={stable[-1]}", f"<{major + 1}", f"~={major}.{minor}"])
