"""--cluster: a scheduler and workers as processes, on addresses that stand for hosts."""

from __future__ import annotations

import importlib.util
import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.catalog import NAMES, versions_of
from benchmarks.index_server import running_process
from tests.support.command import Command
from tests.support.dask_cluster import DaskCluster, dask_cluster, until
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


def test_scan_and_the_reports_take_a_cluster(cluster: DaskCluster, roots: Path, tmp_path: Path) -> None:
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
    environments = command.json("envs", str(roots), "--cluster", cluster.address)["environments"]
    assert sorted(e["host"] for e in environments) == sorted(e["host"] for e in later)
    held = command.json("where", PROJECTS[0], str(roots), "--cluster", cluster.address)
    assert sorted(row["host"] for row in held) == sorted(e["host"] for e in later)
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
    command = Command(tmp_path)
    command.environ["DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT"] = "1s"
    done = command.run("check", *arguments, check=code)
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_scheduler_that_accepts_and_never_answers_is_given_up(tmp_path: Path) -> None:
    command = Command(tmp_path)
    command.environ["DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT"] = "1s"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        done = command.run("list", "/srv", "--cluster", address, check=1)
    assert done.stderr.startswith(f"envcensus: no cluster at {address}: ")
    assert done.stderr.count("\n") == 1
    (tmp_path / "no.json").write_text('{"type": "Worker"}')
    assert "no scheduler file" in command.run("list", "/srv", "--cluster", str(tmp_path / "no.json"), check=2).stderr


def start(command: Command, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command.argv(*arguments), env=command.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def end(run: subprocess.Popen[str], code: int) -> Any:
    """The report of a run that ends with `code`."""
    output, errors = run.communicate(timeout=120)
    assert run.returncode == code, errors
    assert "Traceback" not in errors
    return json.loads(output)


def addresses(document: Any) -> list[str]:
    """Of the hosts of all environments, each as often as it has any."""
    return sorted(environment["host"].partition("@")[2] for environment in document["environments"])


def lost(document: Any) -> dict[str, str]:
    """Why, by the address of the host."""
    assert {row["what"] for row in document["skipped"]} <= {"host"}
    return {row["where"].partition("@")[2] or row["where"]: row["reason"] for row in document["skipped"]}


def test_lost_workers_and_hosts(roots: Path, tmp_path: Path) -> None:
    """Killed in the middle of their work: one of two workers of a host, whose work the other does, and the only one of
    another host, which is reported. A third host is not touched."""
    with dask_cluster(tmp_path, ["127.0.0.4"]) as cluster:
        holds = [tmp_path / "hold-2", tmp_path / "hold-3"]
        victims = [
            cluster.worker(host, hold=hold) for host, hold in zip(["127.0.0.2", "127.0.0.3"], holds, strict=True)
        ]
        run = start(Command(tmp_path), "list", str(roots), "--cluster", cluster.address, "--format", "json")
        for hold in holds:
            cluster.begun(hold)
        cluster.worker("127.0.0.2")
        for victim in victims:
            victim.kill()
        document = end(run, 4)
    assert addresses(document) == ["127.0.0.2", "127.0.0.4"]
    assert all(len(environment["packages"]) == len(PROJECTS) for environment in document["environments"])
    assert lost(document) == {"127.0.0.3": "lost: its workers are gone"}


def test_a_slow_host_is_given_up_after_its_time(roots: Path, tmp_path: Path) -> None:
    with dask_cluster(tmp_path, ["127.0.0.2"]) as cluster:
        slow = cluster.worker("127.0.0.3", hold=tmp_path / "hold")
        arguments = ["list", str(roots), "--cluster", cluster.address, "--host-timeout", "15", "--format", "json"]
        document = end(start(Command(tmp_path), *arguments), 4)
        assert slow.poll() is None
    assert addresses(document) == ["127.0.0.2"]
    assert lost(document) == {"127.0.0.3": "no answer within 15 seconds"}


def test_a_scheduler_that_dies_loses_what_had_not_arrived(roots: Path, tmp_path: Path) -> None:
    holds = [tmp_path / "hold-2", tmp_path / "hold-3"]
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with dask_cluster(tmp_path, []) as cluster:
        for host, hold in zip(["127.0.0.2", "127.0.0.3"], holds, strict=True):
            cluster.worker(host, hold=hold)
        command = Command(tmp_path)
        command.environ |= {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "2s", "TMPDIR": str(scratch)}
        run = start(command, "list", str(roots), "--cluster", cluster.address, "--format", "json")
        for hold in holds:
            cluster.begun(hold)
        before, kept = scratch.stat().st_mtime_ns, len(list(scratch.iterdir()))
        holds[0].unlink()
        # A part that arrives has a file of its own while it is added to the others.
        until(lambda: scratch.stat().st_mtime_ns != before and len(list(scratch.iterdir())) == kept)
        cluster.processes[0].kill()
        document = end(run, 4)
    assert addresses(document) == ["127.0.0.2"]
    assert list(lost(document)) == ["127.0.0.3"]


def test_an_interrupt_ends_the_run_and_leaves_nothing_behind(roots: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with dask_cluster(tmp_path, []) as cluster:
        cluster.worker("127.0.0.3", hold=tmp_path / "hold")
        command = Command(tmp_path)
        command.environ["TMPDIR"] = str(scratch)
        run = start(command, "list", str(roots), "--cluster", cluster.address)
        cluster.begun(tmp_path / "hold")
        run.send_signal(signal.SIGINT)
        output, errors = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "Traceback" not in errors
    assert not output
    assert not list(scratch.iterdir())


def test_a_share_of_the_look_ups_is_done_again_when_its_worker_is_lost(tmp_path: Path) -> None:
    site = make_venv(tmp_path / "many" / "one")
    for name in NAMES[:200]:
        install(site, name, versions_of(name)[0])
    with running_process() as index, dask_cluster(tmp_path, ["127.0.0.2"]) as cluster:
        given = str(tmp_path / "given")
        victim = cluster.worker("127.0.0.3", hold=tmp_path / "hold", holds="look-ups", GIVEN=given)
        command = Command(tmp_path, index.url)
        more = ["--cluster", cluster.address, "--workers", "1", "--no-cache", "--format", "json", "--all"]
        run = start(command, "outdated", str(tmp_path / "many"), *more)
        cluster.begun(tmp_path / "hold")
        victim.kill()
        document = end(run, 0)
        assert index.stats()["requests"] == 200  # each project once: the dead one had not asked yet
    assert addresses(document) == ["127.0.0.2", "127.0.0.3"]
    states = [package["state"] for environment in document["environments"] for package in environment["packages"]]
    assert len(states) == 400
    assert "failed" not in states
    assert (tmp_path / "given").read_bytes().count(b"look-ups ") == 1


def test_a_worker_needs_no_home(roots: Path, tmp_path: Path) -> None:
    with dask_cluster(tmp_path, []) as cluster:
        cluster.worker("127.0.0.2", HOME="/proc/nowhere", XDG_CACHE_HOME="/proc/nowhere")
        document = Command(tmp_path).json("list", str(roots), "--cluster", cluster.address)
    assert addresses(document) == ["127.0.0.2"] or len(document["environments"]) == 1
    assert not document["skipped"]


def test_hosts_that_are_expected_and_not_there_are_reported(cluster: DaskCluster, roots: Path, tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("127.0.0.2\n\ngone.example.com\n127.0.0.3\n")
    more = ["--cluster", cluster.address, "--expect-hosts", str(tmp_path / "hosts")]
    document = Command(tmp_path).json("list", str(roots), *more, check=4)
    assert len(document["environments"]) == 2
    assert lost(document) == {"gone.example.com": "has no worker in the cluster"}


def test_the_history_of_a_cluster_is_found_again(cluster: DaskCluster, roots: Path, tmp_path: Path) -> None:
    with running_process() as index:
        command = Command(tmp_path, index.url)
        arguments = ["outdated", str(roots), "--cluster", cluster.address, "--since", "auto", "--format", "json"]
        assert not json.loads(command.run(*arguments).stdout).get("changes")
        assert json.loads(command.run(*arguments).stdout)["changes"] is not None
    assert len(list(tmp_path.rglob("history-*.json"))) == 1


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
