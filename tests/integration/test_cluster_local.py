"""The cluster in seconds: scheduler and workers are threads of this process, on addresses that stand for hosts."""

from __future__ import annotations

import importlib.util
import threading
from collections import Counter
from collections.abc import Iterator
from contextvars import copy_context
from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchmarks.index_server import Universe, running
from envcensus.index.client import Fetched, Want, close_kept
from envcensus.index.config import IndexConfig
from envcensus.inventory.discover import DiscoverOptions
from envcensus.inventory.snapshot import read_snapshot
from envcensus.model.listing import Listing
from envcensus.model.skipped import Skipped
from envcensus.pipelines import cluster as pipeline
from envcensus.pipelines import shards as look_ups
from envcensus.pipelines.shards import fetch_shared, only_here
from envcensus.runtime import stop
from envcensus.runtime.cluster import Cluster, Shards
from tests.support.site import install, make_venv

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="Dask distributed is not installed"
)
HOSTS = ["127.0.0.2", "127.0.0.3"]
THREADS = 2  # of each worker
PROJECTS = {f"project-{number}": ["1.0", "2.0"] for number in range(400)}
WANTS = [Want(name, files=False) for name in PROJECTS]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    import distributed

    library: Any = distributed
    folder = str(tmp_path_factory.mktemp("dask"))
    more = {"nthreads": THREADS, "dashboard_address": "127.0.0.1:0", "local_directory": folder}
    workers = {host: {"cls": library.Worker, "options": {"host": host, **more}} for host in HOSTS}
    scheduler = {
        "cls": library.Scheduler,
        "options": {"host": "127.0.0.1", "port": 0, "dashboard_address": "127.0.0.1:0"},
    }
    with library.SpecCluster(workers=workers, scheduler=scheduler, silence_logs=50) as cluster:
        yield str(cluster.scheduler_address)


@pytest.fixture
def cluster(address: str) -> Iterator[Cluster]:
    with Cluster(address) as connected:
        yield connected


@pytest.fixture
def shards(cluster: Cluster) -> Shards:
    found = cluster.shards()
    assert found is not None
    return found


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> str:
    root = tmp_path_factory.mktemp("root")
    install(make_venv(root / "one"), "demo", "1.0")
    return str(root)


_work: dict[str, Any] = {}  # what workers shall do: they are threads of this process, and pickle only a name


def _do(given: Any) -> Any:
    return _work["work"](given)


def scan(cluster: Cluster, root: str, path: Path, **more: Any) -> tuple[list[Listing], list[Skipped]]:
    """The environments of the snapshot, and what it says could not be looked at: the same as was returned."""
    _, skipped = pipeline.scan_cluster(cluster, str(path), [root], DiscoverOptions(), cached=False, **more)
    items = list(read_snapshot(str(path)))
    assert sum(isinstance(item, Skipped) for item in items) == len(skipped)
    return [item for item in items if isinstance(item, Listing)], skipped


def test_each_host_once_although_it_has_several_threads(cluster: Cluster, root: str, tmp_path: Path) -> None:
    found, skipped = scan(cluster, root, tmp_path / "all.jsonl.gz")
    assert [listing.environment.path for listing in found] == [f"{root}/one"] * 2
    assert sorted(listing.environment.host.partition("@")[2] for listing in found) == HOSTS
    assert not skipped


def test_a_host_that_is_expected_and_has_no_worker_is_a_row(cluster: Cluster, root: str, tmp_path: Path) -> None:
    name = pipeline.greet("").name
    expected = [HOSTS[0], f"{name}@{HOSTS[1]}", name, "gone.example.com"]
    found, skipped = scan(cluster, root, tmp_path / "all.jsonl.gz", expected=expected)
    assert len(found) == 2
    assert skipped == [Skipped("host", "gone.example.com", "has no worker in the cluster")]


_true = pipeline.scan_share


def test_a_host_speaks_for_itself_alone(
    cluster: Cluster, root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _work["work"] = lambda share: _true(msgspec.structs.replace(share, name="bank"))
    monkeypatch.setattr(pipeline, "scan_share", _do)
    found, _ = scan(cluster, root, tmp_path / "all.jsonl.gz")
    assert sorted(listing.environment.host.partition("@")[2] for listing in found) == HOSTS


def test_a_damaged_answer_is_a_row_and_the_others_stand(
    cluster: Cluster, root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(share: pipeline.Share) -> bytes:
        answer = _true(share)
        return answer[:-30] if share.name.endswith(HOSTS[0]) else answer

    _work["work"] = cut
    monkeypatch.setattr(pipeline, "scan_share", _do)
    found, skipped = scan(cluster, root, tmp_path / "all.jsonl.gz")
    assert any(listing.environment.host.endswith(HOSTS[1]) for listing in found)
    assert [(row.what, row.where.partition("@")[2]) for row in skipped] == [("snapshot", HOSTS[0])]


def test_an_error_on_a_host_is_its_own(
    cluster: Cluster, root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(share: pipeline.Share) -> bytes:
        if share.name.endswith(HOSTS[0]):
            raise ValueError("two\nlines")
        return _true(share)

    _work["work"] = broken
    monkeypatch.setattr(pipeline, "scan_share", _do)
    found, skipped = scan(cluster, root, tmp_path / "all.jsonl.gz")
    assert [listing.environment.host.partition("@")[2] for listing in found] == HOSTS[1:]
    assert [(row.where.partition("@")[2], row.reason) for row in skipped] == [(HOSTS[0], "ValueError: two lines")]


def test_batches_come_back_and_no_more_are_under_way_than_allowed(shards: Shards) -> None:
    assert shards.workers == len(HOSTS) * THREADS
    now, most, lock = 0, 0, threading.Lock()

    def work(number: int) -> int:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        if number == 3:
            raise ValueError(number)
        threading.Event().wait(0.05)
        with lock:
            now -= 1
        return -number

    _work["work"] = work
    outcomes = {o.batch: (o.answer, o.error) for o in shards.map_batches(_do, range(12), at_once=2, stall=30)}
    assert outcomes.pop(3) == (None, "ValueError: 3")
    assert outcomes == {number: (-number, "") for number in range(12) if number != 3}
    assert most <= 2 + 3  # the one that failed was tried three times and never counted down


def test_a_batch_that_is_held_for_ever_is_given_up(shards: Shards) -> None:
    release = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            release.wait(60)
        return number

    _work["work"] = work
    try:
        outcomes = {o.batch: (o.answer, o.error) for o in shards.map_batches(_do, range(4), at_once=2, stall=2)}
    finally:
        release.set()
    assert outcomes == {0: (None, "no worker answered within 2 seconds"), 1: (1, ""), 2: (2, ""), 3: (3, "")}


def connections_to(port: int) -> int:
    import psutil  # type: ignore[import-untyped]  # comes with Dask

    return sum(
        bool(each.raddr) and each.raddr.port == port and each.status == psutil.CONN_ESTABLISHED
        for each in psutil.Process().net_connections()
    )


def test_look_ups_are_shared_and_leave_no_connection_open(shards: Shards, monkeypatch: pytest.MonkeyPatch) -> None:
    done: Counter[str] = Counter()
    true = look_ups.fetch_share

    def watched(share: tuple[IndexConfig, list[Want]]) -> list[Fetched]:
        done.update(want.name for want in share[1])
        assert share[0].concurrency == 3  # of 12, for at most four shares at a time: the index is not besieged
        return true(share)

    _work["work"] = watched
    monkeypatch.setattr(look_ups, "fetch_share", _do)
    with running(Universe(PROJECTS)) as index:
        config = IndexConfig(index_urls=(index.url,), concurrency=12)
        found = {each.name: each.outcome for each in fetch_shared(config, WANTS, shards)}
        assert index.stats()["requests"] == len(PROJECTS)
        assert connections_to(index.port) == 0
    assert found == dict.fromkeys(PROJECTS, "found")
    assert done == Counter(list(PROJECTS))


@pytest.mark.parametrize("trouble", ["fails", "refused", "held", "another"])
def test_what_workers_cannot_ask_for_is_asked_for_here(
    shards: Shards, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    true, release = look_ups.fetch_share, threading.Event()

    def troubled(share: tuple[IndexConfig, list[Want]]) -> list[Fetched]:
        names = [want.name for want in share[1]]
        if "project-0" not in names:
            return true(share)
        if trouble == "held":
            release.wait(60)
        if trouble == "refused":
            return [Fetched(name=name, outcome="failed", reason="asks for a password", requests=2) for name in names]
        if trouble == "another":  # what nobody asked about
            return [Fetched(name="bank", outcome="found"), *true(share), *true(share)[:1]]
        raise OSError("no way to the index")

    _work["work"] = troubled
    monkeypatch.setattr(look_ups, "fetch_share", _do)
    with running(Universe(PROJECTS)) as index:
        config = IndexConfig(index_urls=(index.url,))
        try:
            found = list(fetch_shared(config, WANTS, shards, stall=2))
        finally:
            release.set()
            close_kept()  # those of this process, which the server waits for
    assert Counter(each.name for each in found) == Counter(list(PROJECTS))
    assert {each.outcome for each in found} == {"found"}
    if trouble == "refused":
        assert sum(each.requests for each in found) == len(PROJECTS) + 2 * 50


SECRET = IndexConfig(index_urls=("https://index.example.com/simple/",))


def test_a_public_index_may_be_asked_by_workers(tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine other.example.com login me password geheim\n")
    config = msgspec.structs.replace(SECRET, netrc=str(tmp_path / "netrc"), environ_proxies={"http": "http://proxy:1"})
    assert not only_here(config)


@pytest.mark.parametrize(
    "change",
    [
        {"index_urls": ("https://me:geheim@index.example.com/simple/",)},
        {"index_urls": (*SECRET.index_urls, "https://token@second.example.com/simple/")},
        {"index_urls": ("file:///srv/simple/",)},
        {"find_links": ("https://me:geheim@index.example.com/files/",)},
        {"find_links": ("/srv/wheels",)},
        {"proxy": "http://me:geheim@proxy.example.com:3128"},
        {"environ_proxies": {"https": "http://me:geheim@proxy.example.com:3128"}},
        {"client_cert": "/etc/ssl/me.pem"},
        {"keyring_provider": "subprocess"},
        {"netrc": "netrc"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_is_secret_or_ours_is_asked_for_here(
    change: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "netrc").write_text("machine index.example.com login me password geheim\n")
    assert only_here(msgspec.structs.replace(SECRET, **change))


def test_workers_do_not_use_the_credentials_of_their_own_user(tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine other.example.com login me password geheim\n")
    config = msgspec.structs.replace(SECRET, netrc=str(tmp_path / "netrc"), concurrency=100)
    sent = look_ups._for_others(config, 4)
    assert (sent.netrc, sent.keyring_provider, sent.settings, sent.concurrency) == ("", "disabled", (), 25)


@pytest.mark.parametrize("way", ["hosts", "shards"])
def test_a_run_that_is_to_end_waits_for_no_worker(
    cluster: Cluster, shards: Shards, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, over = stop.Stop(), threading.Event()

    def work(_: Any) -> bool:
        asked.request()
        return over.wait(60)

    def wait() -> None:
        stop.under(asked)
        if way == "hosts":
            list(cluster.on_each_host(_do, {HOSTS[0]: 1}))
        else:
            list(shards.map_batches(_do, [1, 2], at_once=2, stall=60))

    monkeypatch.setitem(_work, "work", work)
    try:
        with pytest.raises(stop.Stopped):
            copy_context().run(wait)
    finally:
        over.set()
