"""--cluster over hosts that are network namespaces, each with an address, links and a file tree of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Command
from tests.support.dask_cluster import DaskCluster
from tests.support.site import install, make_venv

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="Dask distributed is not installed"),
]
ENVIRONMENTS = 2  # on each host
HOSTS = {"a": "10.231.7.2", "b": "10.231.7.3", "c": "10.231.7.4"}
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
    """A worker on each host; b and c wait in the middle of a scan until the files hold-b and hold-c are gone."""
    shared = tmp_path / "srv"
    shared.mkdir()
    within = ["ip", "netns", "exec", space("hub")]
    # A worker that says nothing for five seconds is gone (by default Dask takes 30 for it), and not sooner.
    cluster = DaskCluster(tmp_path, prefix=within, address="10.231.7.1", DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL="5s")
    try:
        for name, address in HOSTS.items():
            tree = tmp_path / f"tree-{name}"
            for number in range(ENVIRONMENTS):
                install(make_venv(tree / f"venv-{number}"), f"only-on-{name}", f"{number}.0")
            prefix = ["ip", "netns", "exec", space(name), "sh", "-c", BIND, "sh", str(tree), str(shared)]
            cluster.worker(address, *prefix, hold=None if name == "a" else tmp_path / f"hold-{name}")
        yield cluster
    finally:
        cluster.close()


def start(cluster: DaskCluster, home: Path, *more: str) -> subprocess.Popen[str]:
    command = Command(home)
    within = ["ip", "netns", "exec", space("hub")]
    listing = command.argv("list", str(home / "srv"), "--cluster", cluster.address, "--format", "json", *more)
    pipe = subprocess.PIPE
    return subprocess.Popen([*within, *listing], env=command.environ, stdout=pipe, stderr=pipe, text=True)


def end(run: subprocess.Popen[str], code: int) -> Any:
    """The report."""
    output, errors = run.communicate(timeout=200)
    assert run.returncode == code, errors
    assert "Traceback" not in errors
    return json.loads(output)


def complete(document: Any, home: Path) -> dict[str, int]:
    """How many environments there are of each host, by the letter of the host. Each is whole, and there once."""
    found: dict[str, int] = {}
    seen = set()
    for environment in document["environments"]:
        address = environment["host"].partition("@")[2]
        (name,) = [name for name in HOSTS if HOSTS[name] == address]
        number = environment["path"].removeprefix(f"{home}/srv/venv-")
        assert [(p["name"], p["version"]) for p in environment["packages"]] == [(f"only-on-{name}", f"{number}.0")]
        assert (name, number) not in seen
        seen.add((name, number))
        found[name] = found.get(name, 0) + 1
    return found


def lost(document: Any) -> dict[str, str]:
    """The hosts that are reported, by address, and why."""
    assert {row["what"] for row in document["skipped"]} <= {"host"}
    return {row["where"].partition("@")[2]: row["reason"] for row in document["skipped"]}


def test_each_host_shows_its_own_tree_and_a_slow_one_is_waited_for_unless_it_has_a_time(
    cluster: DaskCluster, tmp_path: Path
) -> None:
    hold = tmp_path / "hold-b"
    (tmp_path / "hold-c").unlink()
    document = end(start(cluster, tmp_path, "--host-timeout", "20"), 4)
    assert complete(document, tmp_path) == {"a": ENVIRONMENTS, "c": ENVIRONMENTS}
    assert lost(document) == {HOSTS["b"]: "no answer within 20 seconds"}
    run = start(cluster, tmp_path)  # the only thread of b is still busy with what nobody waits for any more
    time.sleep(2)
    assert run.poll() is None
    hold.unlink()
    document = end(run, 0)
    assert complete(document, tmp_path) == dict.fromkeys(HOSTS, ENVIRONMENTS)
    assert not document["skipped"]


def test_hosts_that_are_cut_off_or_die_are_reported_and_the_others_are_there(
    cluster: DaskCluster, tmp_path: Path
) -> None:
    run = start(cluster, tmp_path)
    for name in ("b", "c"):
        cluster.begun(tmp_path / f"hold-{name}")
    cluster.processes[-1].kill()
    ip("-n", space("hub"), "link", "set", "to-b", "down")
    try:
        document = end(run, 4)
    finally:
        ip("-n", space("hub"), "link", "set", "to-b", "up")
    assert complete(document, tmp_path) == {"a": ENVIRONMENTS}
    assert lost(document) == dict.fromkeys([HOSTS["b"], HOSTS["c"]], "lost: its workers are gone")
