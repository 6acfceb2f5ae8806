"""--cluster over hosts that are network namespaces, each with an address, links and a file tree of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import Command
from tests.support.dask_cluster import DaskCluster
from tests.support.site import install, make_venv

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="Dask distributed is not installed"),
]
HOSTS = {"a": "10.231.7.2", "b": "10.231.7.3"}
# `ip netns exec` gives a process mounts of its own: each host sees its own tree at the same path.
BIND = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


def space(name: str) -> str:
    return f"envcensus-{os.getpid()}-{name}"


@pytest.fixture(scope="module")
def spaces() -> Iterator[None]:
    """Namespaces for the hosts, and one with the switch between them, where the scheduler and the command run."""
    try:
        if shutil.which("ip") is None:
            raise OSError("iproute2 is not installed")
        for name in ("hub", *HOSTS):
            ip("netns", "add", space(name))
            ip("-n", space(name), "link", "set", "lo", "up")
        ip("-n", space("hub"), "link", "add", "switch", "type", "bridge")
        ip("-n", space("hub"), "addr", "add", "10.231.7.1/24", "dev", "switch")
        ip("-n", space("hub"), "link", "set", "switch", "up")
        for name, address in HOSTS.items():
            ip("-n", space("hub"), "link", "add", f"to-{name}", "type", "veth", "peer", "eth0", "netns", space(name))
            ip("-n", space("hub"), "link", "set", f"to-{name}", "master", "switch", "up")
            ip("-n", space(name), "addr", "add", f"{address}/24", "dev", "eth0")
            ip("-n", space(name), "link", "set", "eth0", "up")
    except (OSError, subprocess.CalledProcessError) as error:
        remove()
        reason = f"network namespaces cannot be made: {getattr(error, 'stderr', '') or error}".strip()
        if os.environ.get("ENVCENSUS_REQUIRE_NAMESPACES"):
            pytest.fail(reason)
        pytest.skip(reason)
    yield
    remove()


def remove() -> None:
    for name in ("hub", *HOSTS):
        subprocess.run(["ip", "netns", "delete", space(name)], check=False, capture_output=True)


@pytest.fixture
def cluster(spaces: None, tmp_path: Path) -> Iterator[DaskCluster]:
    shared = tmp_path / "srv"
    shared.mkdir()
    within = ["ip", "netns", "exec", space("hub")]
    cluster = DaskCluster(tmp_path, prefix=within, address="10.231.7.1")
    try:
        for name, address in HOSTS.items():
            tree = tmp_path / f"tree-{name}"
            install(make_venv(tree / "venv"), f"only-on-{name}", "1.0")
            prefix = ["ip", "netns", "exec", space(name), "sh", "-c", BIND, "sh", str(tree), str(shared)]
            cluster.worker(address, *prefix)
        yield cluster
    finally:
        cluster.close()


def start(cluster: DaskCluster, home: Path) -> subprocess.Popen[str]:
    command = Command(home)
    within = ["ip", "netns", "exec", space("hub")]
    listing = command.argv("list", str(home / "srv"), "--cluster", cluster.address, "--format", "json")
    pipe = subprocess.PIPE
    return subprocess.Popen([*within, *listing], env=command.environ, stdout=pipe, stderr=pipe, text=True)


def test_each_host_shows_its_own_tree_at_the_same_path(cluster: DaskCluster, tmp_path: Path) -> None:
    run = start(cluster, tmp_path)
    output, errors = run.communicate(timeout=200)
    assert run.returncode == 0, errors
    found = {e["host"].partition("@")[2]: (e["path"], e["packages"]) for e in json.loads(output)["environments"]}
    assert set(found) == set(HOSTS.values())
    for name, address in HOSTS.items():
        path, packages = found[address]
        assert path == str(tmp_path / "srv" / "venv")
        assert [package["name"] for package in packages] == [f"only-on-{name}"]


def test_a_host_that_is_cut_off_is_reported_and_the_others_are_there(cluster: DaskCluster, tmp_path: Path) -> None:
    worker = cluster.processes[2]
    worker.send_signal(signal.SIGSTOP)  # busy when the link goes down
    run = start(cluster, tmp_path)
    time.sleep(4)
    ip("-n", space("hub"), "link", "set", "to-b", "down")
    output, errors = run.communicate(timeout=200)
    assert run.returncode == 4, errors
    assert "Traceback" not in errors
    document = json.loads(output)
    assert [e["packages"][0]["name"] for e in document["environments"]] == ["only-on-a"]
    assert [(row["what"], HOSTS["b"] in row["where"]) for row in document["skipped"]] == [("host", True)]
    ip("-n", space("hub"), "link", "set", "to-b", "up")
