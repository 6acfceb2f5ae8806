"""What a run says about its own cost: --stats for people, --metrics-file for Prometheus."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.index_server import Running, Universe, running
from tests.support.command import Command
from tests.support.site import install, make_venv

Samples = dict[tuple[str, str], float]


@pytest.fixture(scope="module")
def index() -> Iterator[Running]:
    with running(Universe({"alpha": ["1.0", "2.0"], "beta": ["0.1"]})) as server:
        yield server


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("roots")
    for name in ("one", "two"):
        site = make_venv(root / name)
        install(site, "alpha", "1.0")
        install(site, "beta", "0.1")
    return root


@pytest.fixture
def command(tmp_path: Path, index: Running) -> Command:
    return Command(tmp_path, index.url)


def samples(path: Path) -> Samples:
    """(metric, stage) → value, by another parser; every series carries the command."""
    found: Samples = {}
    for family in text_string_to_metric_families(path.read_text()):
        assert family.type == "gauge"
        for sample in family.samples:
            assert sample.labels["command"]
            found[sample.name, sample.labels.get("stage", "")] = sample.value
    return found


def test_figures_of_a_cold_and_a_warm_run(command: Command, roots: Path, tmp_path: Path) -> None:
    file = tmp_path / "run.prom"
    arguments = ["outdated", str(roots), "--stats", "--metrics-file", str(file)]
    cold_text = command.run(*arguments).stderr
    cold = samples(file)
    warm_text = command.run(*arguments).stderr
    warm = samples(file)
    for figures in (cold, warm):
        assert figures["envcensus_run_environments", ""] == 2
        assert figures["envcensus_run_distributions", ""] == 4
        assert figures["envcensus_run_projects", ""] == 2
        assert figures["envcensus_run_peak_memory_bytes", ""] > 5e6
        assert figures["envcensus_run_exit_code", ""] == 0
        assert 0 < figures["envcensus_cache_used_bytes", ""] <= figures["envcensus_cache_limit_bytes", ""]
        assert figures["envcensus_cache_footprint_bytes", ""] > 0
        stages = {stage: value for (name, stage), value in figures.items() if name == "envcensus_run_stage_seconds"}
        assert set(stages) == {"scan", "index", "decide", "render", "other"}
        total = figures["envcensus_run_seconds", ""]
        assert sum(stages.values()) == pytest.approx(total, abs=0.05)
    assert cold["envcensus_run_requests", ""] == 2
    assert cold["envcensus_run_received_bytes", ""] > 0
    assert cold["envcensus_run_cache_hit_ratio", ""] == 0
    assert warm["envcensus_run_requests", ""] == 0
    assert warm["envcensus_run_cache_hit_ratio", ""] == 1
    assert "2 environments, 4 distributions, 2 projects" in cold_text
    assert "0 of 2 answers (0.0 %)" in cold_text
    assert "2 of 2 answers (100.0 %)" in warm_text


def test_the_report_itself_does_not_change(command: Command, roots: Path) -> None:
    plain = command.run("outdated", str(roots))
    with_figures = command.run("outdated", str(roots), "--stats")
    assert plain.stdout == with_figures.stdout
    assert not plain.stderr
    assert with_figures.stderr.startswith("envcensus outdated: exit code 0\n")


def test_every_reporting_command_has_them(command: Command, roots: Path, tmp_path: Path) -> None:
    one = str(roots / "one")
    runs = {
        "envs": ["envs", str(roots)],
        "list": ["list", str(roots)],
        "check": ["check", str(roots)],
        "where": ["where", "alpha", str(roots)],
        "tree": ["tree", one],
        "why": ["why", "alpha", one],
        "resolve": ["resolve", "alpha", "-i", command.index_url],
    }
    for name, arguments in runs.items():
        file = tmp_path / f"{name}.prom"
        said = command.run(*arguments, "--stats", "--metrics-file", str(file)).stderr
        assert f"envcensus {name}: exit code 0\n" in said
        figures = samples(file)
        assert figures["envcensus_run_seconds", ""] > 0
        stage = {"resolve": "resolve", "envs": "render"}.get(name, "scan")
        assert ("envcensus_run_stage_seconds", stage) in figures, name
    assert figures["envcensus_run_requests", ""] > 0
    assert figures["envcensus_run_projects", ""] == 1


def test_a_run_that_fails_is_reported_with_its_exit_code(command: Command, roots: Path, tmp_path: Path) -> None:
    file = tmp_path / "run.prom"
    asked = ["outdated", str(roots), "--metrics-file", str(file)]
    command.run(*asked, "--fail-on", "outdated", check=3)
    assert samples(file)["envcensus_run_exit_code", ""] == 3
    command.run("outdated", str(roots / "nowhere"), "--metrics-file", str(file), check=2)
    assert samples(file)["envcensus_run_exit_code", ""] == 2
    command.run(*asked, "--timeout", "0.001", check=1)
    assert samples(file)["envcensus_run_exit_code", ""] == 1


def test_a_file_that_cannot_be_written_is_refused_before_the_work(
    command: Command, roots: Path, tmp_path: Path
) -> None:
    nowhere = tmp_path / "absent" / "run.prom"
    done = command.run("list", str(roots), "--metrics-file", str(nowhere), check=2)
    assert not done.stdout
    problem = f"envcensus: {nowhere} cannot be written: no such directory: {nowhere.parent}; create it first"
    assert done.stderr.splitlines() == [problem]


def test_another_run_keeps_its_figures(command: Command, roots: Path, tmp_path: Path) -> None:
    """Who does not get the lock must not overwrite the file of the run that holds it."""
    import fcntl

    lock, file = tmp_path / "lock", tmp_path / "run.prom"
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        command.run("list", str(roots), "--lock", str(lock), "--metrics-file", str(file), check=5)
    assert not file.exists()


def test_figures_cost_nothing_unless_asked_for(command: Command, roots: Path) -> None:
    probe = (
        "import json, sys\nfrom envcensus.cli.main import main\n"
        "try:\n    main()\nfinally:\n    print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )

    def modules(*more: str) -> set[str]:
        argv = [sys.executable, "-c", probe, "list", str(roots), *more]
        done = subprocess.run(argv, capture_output=True, text=True, env=command.environ, check=True)
        return set(json.loads(done.stderr.splitlines()[-1]))

    figures = {"envcensus.cli.metering", "envcensus.report.cost", "envcensus.cache.upkeep"}
    assert not modules() & figures
    assert modules("--stats") >= figures
