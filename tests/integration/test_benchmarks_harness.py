"""The harness of the benchmarks: it accounts for every process, and it never hides a miss."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import measure, report
from benchmarks.criteria import CRITERIA, Criterion, Figure
from benchmarks.fleet import make_fleet
from benchmarks.index_server import Running
from benchmarks.peers import Peers
from benchmarks.room import Fleet, Room
from benchmarks.rows import Bar, Row, Side
from benchmarks.suites import ROWS

ROOT = Path(__file__).parents[2]
BURN = "import time\nend = time.process_time() + {}\nwhile time.process_time() < end: pass"


def run(tmp_path: Path, *programs: str, **options: Any) -> measure.Sample:
    """Measure Python programs."""
    env = measure.neutral_environment(str(tmp_path))
    commands = [[sys.executable, "-S", "-c", program] for program in programs]
    return measure.run(commands, room=str(tmp_path), env=env, **options)


def test_orphans_are_waited_for_and_counted(tmp_path: Path) -> None:
    orphan = BURN.format(0.3)
    sample = run(tmp_path, f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {orphan!r}])")
    assert sample.cpu >= 0.3
    assert sample.until_last >= sample.wall + 0.1


def test_commands_share_the_jobs(tmp_path: Path) -> None:
    (tmp_path / "meeting").mkdir()
    meet = f"""import os, time
os.chdir({str(tmp_path / "meeting")!r})
open(str(os.getpid()), "x").close()
end = time.monotonic() + 60
while len(os.listdir()) < 3:
    assert time.monotonic() < end, "alone"
    time.sleep(0.01)
print("x")"""
    sample = run(tmp_path, *[meet] * 3, jobs=3)
    assert sample.codes == {"0": 3}
    assert (tmp_path / "stdout").read_text().split() == ["x"] * 3


def test_a_failing_command_is_no_measurement(tmp_path: Path) -> None:
    with pytest.raises(measure.CommandFailed, match="no such thing"):
        run(tmp_path, "import sys; sys.exit('no such thing')")
    assert run(tmp_path, "import sys; sys.exit(3)", allowed=(3,)).codes == {"3": 1}


def test_memory_of_all_processes_is_added_up(tmp_path: Path) -> None:
    hold = "block = b'x' * 40_000_000\nprint(flush=True)\ninput()"
    both = f"""import subprocess, sys, time
block = b"x" * 40_000_000
with subprocess.Popen([sys.executable, "-c", {hold!r}], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
    child.stdout.readline()
    time.sleep(0.6)
    child.communicate(b"\\n")"""
    sample = run(tmp_path, both, sample_memory=True)
    assert sample.pss is not None
    assert sample.pss > 80_000_000 > sample.largest
    assert sample.processes == 2


def test_the_environment_is_neutral(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIP_INDEX_URL", "UV_INDEX", "SSL_CERT_DIR", "PYTHONPATH", "https_proxy", "ENVCENSUS_CACHE_DIR"):
        monkeypatch.setenv(name, "x")
    env = measure.neutral_environment(str(tmp_path), {"PYTHONPATH": "src"})
    assert "x" not in env.values()
    assert (env["PYTHONPATH"], env["HOME"]) == ("src", str(tmp_path))


def test_rows_are_sound() -> None:
    assert len({row.key for row in ROWS}) == len(ROWS)
    for row in ROWS:
        names = [side.name for side in row.sides]
        assert len(set(names)) == len(names)
        assert row.sides[0].ours
        for bar in row.bars:
            assert bar.ours in names
            assert not bar.peer or bar.peer in names
            needs_start = [side for side in row.sides if side.name in {bar.ours, bar.peer}]
            assert bar.quantity != "net cpu" or all(side.start for side in needs_start)


def test_criteria_name_what_there_is() -> None:
    sides = {row.key: {side.name for side in row.sides} for row in ROWS}
    for criterion in CRITERIA:
        assert criterion.figures or criterion.proofs
        for figure in criterion.figures:
            assert {figure.ours, *filter(None, [figure.peer])} <= sides[figure.row]
        for proof in criterion.proofs:
            assert all((ROOT / file).exists() for file in proof.files)


def sample(wall: float, others: float = 0.0) -> dict[str, Any]:
    """A sample as the results keep it."""
    made = measure.Sample(wall, wall / 2, 0.0, 1, None, None, {"0": 1}, others, 7)
    return measure.as_json(dataclasses.replace(made, until_last=wall))


def side(*walls: float) -> dict[str, Any]:
    return {"samples": [sample(wall) for wall in walls], "starts": [], "scale": 1, "note": "", "jobs": 1}


def test_a_missed_bar_is_shown() -> None:
    sides = (Side("envcensus", lambda _: []), Side("peer", lambda _: []))
    row = Row("key", "Group", "title", sides, (Bar("wall", 0.5, "peer"), Bar("requests", 7)), latency=50)
    result = {"measured": "then", "sides": {"envcensus": side(3, 2, 9), "peer": side(4, 3, 5)}}
    page = report.render([row], {"rows": {"key": result}})
    assert "| ≤ 0.5× peer | 0.75 | **missed** |" in page
    assert "| ≤ 7 | 7 | met |" in page
    slower = {"measured": "then", "sides": {"envcensus": side(1, 1, 1), "peer": {**side(), "failed": "broken"}}}
    page = report.render([row], {"rows": {"key": slower}})
    assert "not measured | ? |" in page
    assert "failed: broken" in page


def test_a_missed_criterion_is_shown() -> None:
    sides = {"envcensus": side(3, 3, 3), "peer": side(12, 12, 12), "memory": {**side(1), "memory": {"pss": 80e6}}}
    results = {"rows": {"key": {"measured": "then", "sides": sides}}}
    times = (Figure("key", "peer"), Figure("other", "peer"))
    found = report.criteria_table(
        [
            Criterion("five times", times, 5),
            Criterion("four times", times, 4),
            Criterion("small", (Figure("key", quantity="memory", ours="memory"),), 100e6),
            Criterion("tiny", (Figure("key", quantity="memory", ours="memory"),), 10e6),
            Criterion("somewhere", (Figure("other", "peer"),), 5),
        ],
        results,
    )
    assert found[2:] == [
        "| five times | peer, [key](#key) | 4.0× | **missed** |",
        "|  | peer, [other](#other) | not measured |  |",
        "| four times | peer, [key](#key) | 4.0× | met |",
        "|  | peer, [other](#other) | not measured |  |",
        "| small | [key](#key) | 80.0 MB | met |",
        "| tiny | [key](#key) | 80.0 MB | **missed** |",
        "| somewhere | peer, [other](#other) | not measured | ? |",
    ]


def test_disturbed_samples_are_left_out() -> None:
    samples = [sample(1.0), sample(1.1), sample(1.2), sample(9.0, others=1.5), sample(8.0, others=1.5)]
    assert report.value({**side(), "samples": samples}, "wall") == pytest.approx(1.1)


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(str(tmp_path), Peers(str(tmp_path), {}), Running(1), 1, ["envcensus"])


def test_the_lower_bound_finds_what_was_written(room: Room, tmp_path: Path) -> None:
    out = tmp_path / "envs"
    make_fleet(str(out), 5, 20, modules=False)
    lists = room.listed("sites", Fleet(str(out)).sites)
    for threads in ("1", "2"):
        with open(lists, encoding="utf-8") as stdin:
            found = subprocess.run([room.lower_bound(), "head", threads], stdin=stdin, capture_output=True, check=True)
        # The fourth environment holds a directory without METADATA.
        assert found.stdout.startswith(b"sites=5 distributions=101 named=100 ")


def test_a_fleet_is_generated_once(room: Room) -> None:
    first = room.fleet(2, 3)
    assert len(first.environments) == 2
    mark = Path(first.path, "mark")
    mark.mkdir()
    assert room.fleet(2, 3) == first
    assert mark.is_dir()
