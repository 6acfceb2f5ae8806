"""Load and soak: many runs at once on one cache, killed at random, on a changing and faulty index.

python -m benchmarks.soak [--seconds 180] [--at-once 8] [--kill 0.3] [--seed N] [--work DIR]

Every run that was not killed must end with an exit code that fits, and with the report that a run alone gives: rows
that an error of the index left open are counted, never different. At the end the cache is verified, and processes,
files beside the cache and descriptors of the server are looked for. Exit code 1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

from benchmarks import deep_tree
from benchmarks.fleet import make_fleet
from benchmarks.index_server import Running, Universe, running
from benchmarks.measure import neutral_environment
from benchmarks.peers import default_work
from benchmarks.room import our_command

WEATHER = ((0, 0, 0.0), (50, 30, 0.05), (200, 80, 0.05), (0, 0, 0.05))  # latency, jitter in ms, share of errors
MARK = "ENVCENSUS_SOAK"  # in the environment of all that is started: what is left over is found by it
TRUTH = {"name", "version", "latest", "wanted"}  # of a row: what must not depend on the weather


@dataclass
class Run:
    """One command under way."""

    kind: str
    process: subprocess.Popen[bytes]
    output: str
    killed_at: float  # on the clock of time.monotonic; infinite: never


@dataclass
class Soak:
    """The state of one soak: what runs, what was seen."""

    work: str
    index: Running
    at_once: int
    kill: float
    rng: random.Random
    wrong: list[str] = field(default_factory=list)
    ended: Counter[str] = field(default_factory=Counter)
    truth: dict[str, dict[str, tuple[object, ...]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """The cache, the fleets and the commands."""
        self.cache = os.path.join(self.work, "cache")
        self.fleet, self.many = os.path.join(self.work, "one"), os.path.join(self.work, "many")
        self.roots = os.path.join(self.work, "tree.in")
        command, extra = our_command(None)
        self.env = neutral_environment(os.path.join(self.work, "home"), {**extra, MARK: self.work})
        shared = ["-i", self.index.url, "--cache-dir", self.cache]
        self.commands = {
            "outdated, 1,000 packages": [*command, "outdated", self.fleet, *shared, "--format", "json"],
            "outdated, refreshed": [*command, "outdated", self.fleet, *shared, "--refresh", "--format", "json"],
            "outdated, two workers": [
                *[*command, "outdated", self.fleet, *shared, "--format", "json"],
                *["--workers", "2", "--max-age", "1"],
            ],
            "outdated, 40 environments": [*command, "outdated", self.many, *shared, "--format", "json"],
            "check": [*command, "check", self.many, "--cache-dir", self.cache, "--format", "json"],
            "list": [*command, "list", self.many, "--cache-dir", self.cache, "--format", "json"],
            "resolve": [*command, "resolve", "-r", self.roots, *shared],
            "cache prune": [*command, "cache", "prune", "--cache-dir", self.cache],
            "cache info": [*command, "cache", "info", "--cache-dir", self.cache],
        }

    def start(self, kind: str, *, alone: bool = False) -> Run:
        """Start a command, and decide whether and when it is killed."""
        output = os.path.join(self.work, f"output-{self.rng.getrandbits(48):x}")
        with open(output, "wb") as file, open(output + ".err", "wb") as errors:
            process = subprocess.Popen(
                self.commands[kind],
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=errors,
                start_new_session=True,
            )
        doomed = not alone and self.rng.random() < self.kill
        at = time.monotonic() + self.rng.uniform(0.05, 4) if doomed else float("inf")
        return Run(kind, process, output, at)

    def references(self) -> None:
        """What each report says when nothing disturbs it."""
        self.index.set(latency=0, jitter=0, errors=0)
        for kind in self.commands:
            run = self.start(kind, alone=True)
            run.process.wait()
            self.truth[kind] = self.rows(run)
            self.judge(run)

    def go(self, seconds: float) -> None:
        """Keep `at_once` commands under way, in changing weather."""
        end, change, running_now = time.monotonic() + seconds, 0.0, list[Run]()
        while time.monotonic() < end or running_now:
            now = time.monotonic()
            if now >= change:
                latency, jitter, errors = self.rng.choice(WEATHER)
                self.index.set(latency=latency, jitter=jitter, errors=errors)
                change = now + 10
            while now < end and len(running_now) < self.at_once:
                running_now.append(self.start(self.rng.choice(list(self.commands))))
            for run in list(running_now):
                if run.process.poll() is not None:
                    running_now.remove(run)
                    self.judge(run)
                elif now >= run.killed_at:
                    # The parent alone: that its workers end too is what is looked for afterwards.
                    run.process.send_signal(signal.SIGKILL)
                elif now > end + 180:
                    self.wrong.append(f"{run.kind} hangs")
                    os.killpg(run.process.pid, signal.SIGKILL)
            time.sleep(0.02)

    def judge(self, run: Run) -> None:
        """Count a run that ended, and compare its report with the one of a run alone."""
        code = run.process.returncode
        self.ended[f"{run.kind}: {'killed' if code == -signal.SIGKILL else f'exit code {code}'}"] += 1
        with open(run.output + ".err", encoding="utf-8", errors="replace") as file:
            errors = file.read()
        if code == -signal.SIGKILL and run.killed_at < float("inf"):
            pass
        elif code not in {0, 4} or "Traceback" in errors:
            # Too many errors of the index for one project leave a resolution without an answer.
            if not (run.kind == "resolve" and code == 1 and "503" in errors):
                self.wrong.append(f"{run.kind} ended with {code}: {errors[-300:]}")
        else:
            truth = self.truth.get(run.kind, {})
            for key, value in self.rows(run).items():
                if truth.get(key, value) != value:
                    self.wrong.append(f"{run.kind}: {key} is {value}, alone it is {truth[key]}")
        os.unlink(run.output)
        os.unlink(run.output + ".err")

    def rows(self, run: Run) -> dict[str, tuple[object, ...]]:
        """The rows of a report that were looked up."""
        with open(run.output, encoding="utf-8") as file:
            text = file.read()
        if run.kind == "resolve":
            pins = [line for line in text.splitlines() if "==" in line]
            return {"answer": tuple(pins)} if pins else {}
        if not text.startswith("{"):
            return {}
        found = {}
        for environment in json.loads(text)["environments"]:
            for row in environment.get("packages", environment.get("distributions", [])):
                if row.get("state") != "failed":
                    key = f"{environment['path']} {row['name']}"
                    found[key] = tuple(row.get(name) for name in sorted(TRUTH))
        return found

    def aftermath(self) -> dict[str, object]:
        """What is left when all is over."""
        self.index.set(latency=0, jitter=0, errors=0)
        time.sleep(3)
        left = leftovers(self.work)
        if left:
            self.wrong.append(f"processes left: {left}")
        verify = [*self.commands["cache info"][:-3], "verify", "--cache-dir", self.cache]
        done = subprocess.run(verify, env=self.env, capture_output=True, text=True, check=False)
        if done.returncode or "sound" not in done.stderr:
            self.wrong.append(f"cache verify: {done.returncode} {done.stderr}")
        files = {name: _size(os.path.join(self.cache, name)) for name in sorted(os.listdir(self.cache))}
        again = self.start("outdated, 1,000 packages", alone=True)
        again.process.wait()
        self.judge(again)
        return {"cache": files, "verify": done.stderr.strip(), "server descriptors": len(os.listdir("/proc/self/fd"))}


def leftovers(mark: str) -> list[str]:
    """Processes that a run started and left behind, by the mark in their environment."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                if f"{MARK}={mark}".encode() not in file.read().split(b"\0"):
                    continue
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                found.append(f"{pid} {file.read().replace(bytes(1), b' ').decode(errors='replace')[:120]}")
        except OSError:
            continue
    return found


def _size(path: str) -> int:
    if not os.path.isdir(path):
        return os.stat(path).st_size
    return sum(os.stat(os.path.join(folder, name)).st_size for folder, _, names in os.walk(path) for name in names)


def soak(
    work: str, *, seconds: float, at_once: int, kill: float, seed: int, packages: int = 1000, tree: int = 400
) -> Soak:
    """Run one soak in an empty directory; what was wrong is in `wrong`."""
    os.makedirs(work, exist_ok=True)
    for name, environments, each in (("one", 1, packages), ("many", 40, 50)):
        if not os.path.isdir(os.path.join(work, name)):
            make_fleet(os.path.join(work, name), environments, each)
    made = deep_tree.make_tree(tree)
    with open(os.path.join(work, "tree.in"), "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in made.roots)
    with running(Universe(fleet=True, tree=made)) as index:
        found = Soak(work, index, at_once, kill, random.Random(seed))
        found.references()
        before = len(os.listdir("/proc/self/fd"))
        found.go(seconds)
        after = found.aftermath()
        print(json.dumps({"ended": found.ended, "descriptors before": before, **after, "wrong": found.wrong}, indent=1))
    return found


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--kill", type=float, default=0.3, help="share of the runs that are killed")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--work", default=os.path.join(default_work(), "soak"))
    given = parser.parse_args()
    found = soak(given.work, seconds=given.seconds, at_once=given.at_once, kill=given.kill, seed=given.seed)
    sys.exit(bool(found.wrong))


if __name__ == "__main__":
    main()
