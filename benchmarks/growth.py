"""How time, memory and requests grow with hosts, environments and projects: merge and report on generated snapshots.

    python -m benchmarks.growth WORK --hosts 10 100 1000 --envs 10 --packages 100

Each host has the given number of environments; `10,000 x 10 x 100` are the 10 million distributions of docs/fleet.md.
"""

from __future__ import annotations

import argparse
import gzip
import os
import random
import resource
import subprocess
import sys
import time

from benchmarks.catalog import NAMES, installed_version, spelling_of
from envcensus.model import snapshot
from envcensus.model.distribution import Distribution
from envcensus.model.environment import Environment, Owner
from envcensus.model.listing import Listing
from envcensus.pipelines.snapshot import writing

DISTINCT = 1000  # hosts with contents of their own


def distribution(rng: random.Random, site: str, name: str) -> Distribution:
    """What a scan says of one installed project, requirements aside."""
    version = installed_version(rng, name)
    return Distribution(spelling_of(name), name, version, f"{site}/{name}-{version}.dist-info")


def make_snapshot(path: str, host: int, envs: int, packages: int) -> None:
    """The snapshot of one host: names and versions, as popular as in the catalogue; no requirements."""
    rng = random.Random(host)
    with writing(path, 1.0) as writer:
        writer.host(snapshot.Host(name=f"host{host:05}", id=f"{host:032x}", scanned=1.0, roots=("/srv",)))
        for number in range(envs):
            top = f"/srv/env{number:04}"
            site = f"{top}/lib/python3.11/site-packages"
            names = sorted(rng.sample(NAMES, packages))
            writer.listing(
                Listing(
                    environment=Environment(
                        path=top,
                        kind="venv",
                        python="3.11.7",
                        implementation="cpython",
                        site_dirs=(site,),
                        owner=Owner(1000, "deploy"),
                    ),
                    distributions=tuple([distribution(rng, site, name) for name in names]),
                )
            )


def copy_snapshot(source: str, path: str, old: int, new: int) -> None:
    """The same contents on another host: generating ten million rows takes longer than all that is measured."""
    with gzip.open(source) as file:
        text = file.read()
    text = text.replace(f"host{old:05}".encode(), f"host{new:05}".encode(), 1)
    text = text.replace(f"{old:032x}".encode(), f"{new:032x}".encode(), 1)
    with gzip.open(path, "wb", 1) as file:
        file.write(text)


def measure(*arguments: str) -> tuple[float, float, float]:
    """Wall time in seconds, CPU time in seconds and the largest resident set in MB of one command."""
    begun = time.monotonic()
    with open(os.devnull, "wb") as null:
        process = subprocess.Popen([sys.executable, "-m", "envcensus", *arguments], stdout=null)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"exit code {process.returncode}: {' '.join(arguments[:2])}")
    return time.monotonic() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def row(work: str, hosts: int, envs: int, packages: int, index_url: str) -> None:
    """Generate, merge, report; one line of a Markdown table for each command."""
    folder = os.path.join(work, f"{hosts}x{envs}x{packages}")
    os.makedirs(folder, exist_ok=True)
    files = [os.path.join(folder, f"host{host:05}.jsonl.gz") for host in range(hosts)]
    for host, file in enumerate(files):
        if not os.path.exists(file):
            if host < DISTINCT:
                make_snapshot(file, host, envs, packages)
            else:
                copy_snapshot(files[host % DISTINCT], file, host % DISTINCT, host)
    names = os.path.join(folder, "names")
    with open(names, "w", encoding="utf-8") as listing:
        listing.write("\n".join(files))
    merged = os.path.join(folder, "all.jsonl.gz")
    commands = {
        "merge": ("merge", "--roots-from", names, "-o", merged, "-q"),
        "where": ("where", "numpy<1.5", merged),
        "list (jsonl)": ("list", merged, "--format", "jsonl"),
        "list (json)": ("list", merged, "--format", "json"),
        "check (jsonl)": ("check", merged, "--format", "jsonl"),
        "diff": ("diff", merged, merged),
    }
    if index_url:
        asking = ("outdated", merged, "-i", index_url)
        commands["outdated (jsonl)"] = (*asking, "--format", "jsonl")
        commands["outdated (json)"] = (*asking, "--format", "json")
        commands["outdated (columns)"] = asking
        commands["outdated --by project"] = (*asking, "--by", "project")
    for name, command in commands.items():
        wall, cpu, memory = measure(*command)
        size = os.path.getsize(merged) / 1e6
        counts = f"{hosts:,} | {hosts * envs:,} | {hosts * envs * packages:,}"
        print(f"| {name} | {counts} | {size:,.1f} | {wall:,.1f} | {cpu:,.1f} | {memory:,.0f} |", flush=True)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work")
    parser.add_argument("--hosts", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--envs", type=int, default=10)
    parser.add_argument("--packages", type=int, default=100)
    parser.add_argument("--index-url", default="", help="also measure outdated against this index")
    given = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    print("| command | hosts | environments | distributions | snapshot MB | wall s | CPU s | memory MB |")
    print("|---|---|---|---|---|---|---|---|")
    for hosts in given.hosts:
        row(given.work, hosts, given.envs, given.packages, given.index_url)


if __name__ == "__main__":
    main()
