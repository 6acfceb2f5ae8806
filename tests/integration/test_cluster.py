"""--cluster: a scheduler and workers as processes, on addresses that stand for hosts."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.catalog import NAMES, versions_of
from benchmarks.index_server import running_process
from tests.support.command import Command
from tests.support.dask_cluster import DaskCluster, dask_cluster
from tests.support.site import install, make_venv

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="Dask distributed is not installed"
)

PROJECTS = NAMES[:2]


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("roots")
    site = make_venv(root / "one")
    for name in PROJECTS:
        install(site, name, versions_of(name)[0])
    return root


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    with dask_cluster(tmp_path_factory.mktemp("cluster"), ["127.0.0.2", "127.0.0.3", "127.0.0.3"]) as started:
        yield started


def test_every_host_is_scanned_once_and_projects_are_asked_for_once(
    cluster: DaskCluster, roots: Path, tmp_path: Path
) -> None:
    with running_process() as index:  # workers keep their connections, which a server in this process would wait for
        command = Command(tmp_path, index.url)
        found = command.json("outdated", str(roots), "--cluster", cluster.address, "--workers", "1", "--no-cache")
        assert index.stats()["requests"] == 2
    environments = found["environments"]
    assert len(environments) == 2
    assert len({environment["host"] for environment in environments}) == 2
    assert {environment["path"] for environment in environments} == {str(roots / "one")}
    assert all(environment["host"].endswith(("@127.0.0.2", "@127.0.0.3")) for environment in environments)
    assert {p["name"] for e in environments for p in e["packages"]} == set(PROJECTS)


def test_scan_list_and_check_take_a_cluster(cluster: DaskCluster, roots: Path, tmp_path: Path) -> None:
    command = Command(tmp_path)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    command.environ["TMPDIR"] = str(scratch)
    file = str(tmp_path / "all.jsonl.gz")
    assert "2 hosts" in command.run("scan", str(roots), "-o", file, "--cluster", str(cluster.file)).stderr
    listed = command.json("list", str(roots), "--cluster", cluster.address, "--no-cache")["environments"]
    later = command.json("list", file)["environments"]
    assert sorted(e["host"] for e in listed) == sorted(e["host"] for e in later)
    assert len(command.json("check", str(roots), "--cluster", cluster.address)["environments"]) == 2
    assert not list(scratch.iterdir())


def test_what_a_host_cannot_look_at_is_incomplete(cluster: DaskCluster, tmp_path: Path) -> None:
    done = Command(tmp_path).run("list", "/nowhere/at/all", "--cluster", cluster.address, check=4)
    assert done.stdout.count("/nowhere/at/all") == 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["/srv", "--cluster", "tcp://127.0.0.1:1", "--timeout", "60"], 1, "no cluster at tcp://127.0.0.1:1"),
        (["/srv", "--cluster", "absent.json"], 2, "no scheduler file"),
        (["/srv", "--cluster", "http://x"], 2, "no address of a scheduler"),
        (["srv", "--cluster", "tcp://127.0.0.1:1"], 2, "relative"),
        (["--cluster", "tcp://127.0.0.1:1"], 2, "name some roots"),
    ],
)
def test_a_cluster_that_cannot_be_used_is_one_line(tmp_path: Path, arguments: list[str], code: int, said: str) -> None:
    done = Command(tmp_path).run("check", *arguments, check=code)
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def start(command: Command, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command.argv(*arguments), env=command.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_lost_workers_and_hosts(roots: Path, tmp_path: Path) -> None:
    """One of two workers of a host is stopped and killed: the other does its work. The only worker of another host is
    killed: the host is reported, and the rest is there."""
    with dask_cluster(tmp_path, ["127.0.0.2", "127.0.0.3"]) as cluster:
        spare, lone = cluster.processes[1:]
        for process in (spare, lone):
            process.send_signal(signal.SIGSTOP)  # so that they take tasks and never answer
        run = start(Command(tmp_path), "list", str(roots), "--cluster", cluster.address, "--format", "json")
        time.sleep(5)
        for process in (spare, lone):
            process.kill()
        cluster.start("worker", arguments=["--host", "127.0.0.2", "--nthreads", "1", "--no-dashboard", "--no-nanny"])
        output, errors = run.communicate(timeout=200)
    assert run.returncode == 4, errors
    assert "Traceback" not in errors
    import json

    found = json.loads(output)
    assert len(found["environments"]) == 1
    assert [row["what"] for row in found["skipped"]] == ["host"]
    assert "127.0.0.3" in found["skipped"][0]["where"]
    assert "lost" in found["skipped"][0]["reason"]


def test_a_slow_host_is_given_up_after_its_time(roots: Path, tmp_path: Path) -> None:
    with dask_cluster(tmp_path, ["127.0.0.2"]) as cluster:
        fifo = tmp_path / "slow" / "one"
        fifo.mkdir(parents=True)
        worker = cluster.processes[1]
        run = start(Command(tmp_path), "list", str(roots), "--cluster", cluster.address, "--host-timeout", "0.000001")
        output, errors = run.communicate(timeout=200)
        assert worker.poll() is None
    assert run.returncode in {0, 4}, errors
    assert os.WIFEXITED(run.returncode)
    assert "no answer within" in output or PROJECTS[0] in output


def test_another_version_is_one_line(roots: Path, tmp_path: Path) -> None:
    """A worker whose envcensus says that it is another version: a copy of the package with its version changed."""
    import shutil

    import envcensus

    copy = tmp_path / "copy" / "envcensus"
    shutil.copytree(Path(envcensus.__file__).parent, copy)
    init = copy / "__init__.py"
    init.write_text(init.read_text().replace(envcensus.__version__, "9.9.9"))
    cluster = DaskCluster(tmp_path)
    try:
        cluster.worker("127.0.0.2", PYTHONPATH=str(copy.parent))
        done = Command(tmp_path).run("list", str(roots), "--cluster", cluster.address, check=4)
    finally:
        cluster.close()
    assert f"127.0.0.2: has envcensus 9.9.9, and this is {envcensus.__version__}" in done.stdout
