"""The entry point of all measurements.

python -m benchmarks run [ROW…] [--runs N]     measure, then write RESULTS.md
python -m benchmarks kernels                   the kernels beside packaging, then write RESULTS.md
python -m benchmarks stages [PIPELINE…]        where the time of each pipeline goes, then write STAGES.md
python -m benchmarks report                    write RESULTS.md again from results.json
python -m benchmarks list                      the rows there are
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

if __package__ in {None, ""}:
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from benchmarks import kept, kernels, machine, measure, peers, report, served, stages
from benchmarks.index_server import Running
from benchmarks.room import HERE, Room, our_command
from benchmarks.rows import Commands, Row, Side
from benchmarks.suites import ROWS

RESULTS = os.path.join(HERE, "results.json")


@contextmanager
def open_room(work: str, ours: str | None) -> Iterator[Room]:
    """Peers installed, index server up."""
    os.makedirs(work, exist_ok=True)
    command, environment = our_command(ours)
    server = [sys.executable, "-m", "benchmarks.index_server", "--port", "0", "--preload", "--tree", str(Room.tree)]
    with subprocess.Popen(server, stdout=subprocess.PIPE, text=True, cwd=os.path.dirname(HERE)) as process:
        assert process.stdout is not None
        try:
            found = peers.install(work)
            index = Running(int(process.stdout.readline().split()[1]))
            yield Room(work, found, index, process.pid, command, environment)
        finally:
            process.terminate()


class Bench:
    """Measures rows in one room."""

    def __init__(self, room: Room, *, runs: int | None, patience: float) -> None:
        self.room = room
        self.runs = runs
        self.patience = patience  # seconds to wait for a quiet machine

    def once(self, side: Side, commands: Commands, *, memory: bool = False) -> measure.Sample:
        """One run of one side."""
        room = self.room
        for cache in side.forget:
            room.forget(cache)
        room.index.reset()
        measure.wait_for_quiet(self.patience)
        sample = measure.run(
            commands,
            room=room.directory("output"),
            env=room.environment(ours=side.ours),
            jobs=side.jobs,
            stdin=side.stdin(room),
            allowed=side.allowed,
            sample_memory=memory,
            beside=[room.index_pid],
        )
        sample.requests = int(room.index.stats()["requests"])
        return sample

    def row(self, row: Row) -> dict[str, Any]:
        """Measure a row, against an index of its own where it has one."""
        if not row.served:
            return self._row(row)
        usual = self.room.index, self.room.index_pid
        with served.serve(row.served) as own:
            self.room.index, self.room.index_pid = own.index, own.pid
            try:
                return self._row(row)
            finally:
                self.room.index, self.room.index_pid = usual

    def _row(self, row: Row) -> dict[str, Any]:
        """All sides of a row in alternation: a warm-up each, then the runs; disturbed runs are repeated."""
        if row.latency is not None:
            self.room.index.set(latency=row.latency, jitter=row.jitter, errors=row.errors, max_age=3600)
        sides: dict[str, dict[str, Any]] = {}
        alive: list[Side] = []
        for side in row.sides:
            sides[side.name] = {
                "samples": [],
                "starts": [],
                "scale": side.scale,
                "note": side.note,
                "jobs": side.jobs,
            }
            try:
                if side.runs != 1:
                    self.once(side, (side.prime or side.commands)(self.room))
                alive.append(side)
            except (measure.CommandFailed, OSError) as error:
                sides[side.name]["failed"] = str(error)
                print(f"  {side.name}: {error}", file=sys.stderr)
        runs = self.runs or row.runs
        for number in range(runs + runs // 2):
            for side in alive if number % 2 == 0 else alive[::-1]:
                wanted = min(runs, side.runs or runs)
                samples: list[measure.Sample] = sides[side.name]["samples"]
                quiet = sum(sample.others <= measure.DISTURBED for sample in samples)
                if quiet >= wanted or len(samples) >= wanted + wanted // 2:
                    continue
                # A side that runs once is too slow to be run again for its memory alone.
                sampled = row.memory and side.runs == 1
                samples.append(self.once(side, side.commands(self.room), memory=sampled))
                if side.start:
                    sides[side.name]["starts"].append(self.once(side, side.start(self.room)))
        if row.memory:
            for side in alive:
                samples = sides[side.name]["samples"]
                again = side.runs != 1
                sample = self.once(side, side.commands(self.room), memory=True) if again else samples[0]
                sides[side.name]["memory"] = sample
        return _plain(sides)


def _plain(sides: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Samples as plain data."""
    for side in sides.values():
        side["samples"] = [measure.as_json(sample) for sample in side["samples"]]
        side["starts"] = [measure.as_json(sample) for sample in side["starts"]]
        if "memory" in side:
            side["memory"] = measure.as_json(side["memory"])
    return {"measured": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), "sides": sides}


def save_results(results: dict[str, Any]) -> None:
    """Keep the samples and render the page."""
    kept.save(RESULTS, results, os.path.join(HERE, "RESULTS.md"), report.render(ROWS, results))


def measure_rows(given: argparse.Namespace, rows: Sequence[Row], results: dict[str, Any]) -> None:
    """Measure rows one after the other; each is kept as soon as it is there."""
    with open_room(given.work, given.ours) as room:
        results["machine"] = machine.facts(room)
        bench = Bench(room, runs=given.runs, patience=given.patience)
        for row in rows:
            if reason := served.missing(row.served):
                print(f"{row.key}: skipped: {reason}", file=sys.stderr, flush=True)
                continue
            print(row.key, file=sys.stderr, flush=True)
            results["rows"][row.key] = bench.row(row)
            print(report.row_text(row, results["rows"][row.key]), flush=True)
            if not given.dry:
                save_results(results)


def profile_pipelines(given: argparse.Namespace) -> None:
    """Profile pipelines one after the other; each is kept as soon as it is there."""
    found = kept.load(stages.RESULTS)
    with open_room(given.work, given.ours) as room:
        found["machine"] = machine.facts(room)
        for name in stages.PIPELINES:
            if not given.rows or any(name.startswith(key) for key in given.rows):
                print(name, file=sys.stderr, flush=True)
                found.setdefault("pipelines", {})[name] = stages.profile(room, name)
                if not given.dry:
                    stages.keep(found)
    print(stages.render(found))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["run", "kernels", "stages", "report", "list"])
    parser.add_argument("rows", nargs="*", help="keys or beginnings of keys; default: all")
    parser.add_argument("--runs", type=int, help="measured runs of each side")
    parser.add_argument("--work", default=peers.default_work(), help="directory for fleets, peers and caches")
    parser.add_argument("--ours", metavar="PATH", help="the envcensus script to measure")
    parser.add_argument("--patience", type=float, default=15, help="seconds to wait for a quiet machine before a run")
    parser.add_argument("--dry", action="store_true", help="do not keep the results; print them")
    given = parser.parse_args()
    chosen = [row for row in ROWS if not given.rows or any(row.key.startswith(key) for key in given.rows)]
    if given.action == "list":
        for row in chosen:
            print(f"{row.key:28} {row.title}")
        return
    if given.action == "stages":
        profile_pipelines(given)
        return
    results = kept.load(RESULTS) or {"rows": {}}
    if given.action == "run":
        measure_rows(given, chosen, results)
    elif given.action == "kernels":
        results["kernels"] = kernels.measure()
        print(kernels.table(results["kernels"]), flush=True)
    if not given.dry:
        save_results(results)


if __name__ == "__main__":
    main()
