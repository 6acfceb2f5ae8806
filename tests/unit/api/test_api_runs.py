"""The functions as a library user calls them: values, errors, and what they do to the process."""

from __future__ import annotations

import asyncio
import gc
import logging
import math
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import envcensus
from envcensus.cache import shared
from tests.support.place import Place


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """No thread of ours, and no open cache."""
    yield
    for thread in threading.enumerate():
        if thread.name == "envcensus":
            thread.join(30)
            assert not thread.is_alive()
    assert not shared._open


def test_a_root_that_is_not_there_is_no_empty_result(place: Place) -> None:
    functions: list[Callable[..., object]] = [
        envcensus.discover,
        envcensus.scan,
        envcensus.outdated,
        envcensus.check,
    ]
    for function in functions:
        with pytest.raises(envcensus.UsageError, match=r"^no such file or directory: nowhere; check the path$"):
            function("nowhere")
        with pytest.raises(envcensus.UsageError, match=r"^no directory to look into"):
            function()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: envcensus.discover("srv", max_depth=-1), "max_depth is -1"),
        (lambda: envcensus.scan("srv", cache_size=0), "cache_size is 0"),
        (lambda: envcensus.outdated("srv", severity="huge"), "severity is 'huge'"),  # type: ignore[arg-type]
        (lambda: envcensus.outdated("srv", timeout=-1), "timeout is -1"),
        (lambda: envcensus.outdated("srv", min_age=-1), "min_age is -1"),
        (lambda: envcensus.outdated("srv", max_age=-1), "max_age is -1"),
        (lambda: envcensus.outdated("srv", workers=-1), "workers is -1"),
        (lambda: envcensus.outdated("srv", concurrency=0), "concurrency in command line"),
        (lambda: envcensus.resolve("flask", max_age=-1), "max_age is -1"),
        (lambda: envcensus.outdated("srv", constraints="flask<<2"), "a constraint: "),
        (lambda: envcensus.outdated("srv", policy="none.toml"), "none.toml cannot be read"),
        (lambda: envcensus.outdated("srv", index_url="ftp://example.com"), "the index address"),
        (lambda: envcensus.outdated("srv", index_timeout=0), "timeout in command line"),
        (envcensus.resolve, "nothing to resolve"),
        (lambda: envcensus.resolve("flask<<2"), "not a requirement"),
        (lambda: envcensus.resolve("flask", python_version="three"), "not a Python version"),
        (lambda: envcensus.resolve("flask", resolution="newest"), "resolution is 'newest'"),  # type: ignore[arg-type]
        (lambda: envcensus.resolve(requirement_files="-"), "./- cannot be read: No such file"),
    ],
)
def test_errors_are_one_line(place: Place, call: Callable[[], object], message: str) -> None:
    with pytest.raises(envcensus.UsageError) as raised:
        call()
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_options_decide(place: Place) -> None:
    def rows(**options: Any) -> dict[str, str]:
        census = envcensus.outdated(Path("srv/shop"), **options)
        return {finding.distribution.name: finding.wanted for _, finding in census.rows("outdated")}

    assert rows() == {"flask": "3.1.0", "requests": "2.32.3", "werkzeug": "3.0.6"}
    assert rows(constraints="flask<3.1") == {"flask": "3.0.3", "requests": "2.32.3", "werkzeug": "3.0.6"}
    assert rows(direct=True, exclude=["requests"]) == {"flask": "3.1.0"}
    assert rows(exclude_dirs="venv") == {}
    Path("policy.toml").write_text('[[ignore]]\nproject = "flask"\nreason = "later"\n')
    census = envcensus.outdated("srv", policy="policy.toml", only="flask")
    assert [finding.ignored for _, finding in census.rows()] == ["later"]


def test_requirements_from_files_and_texts(place: Place) -> None:
    Path("in.txt").write_text("app\n--no-index\n--find-links wheels\n")
    Path("bounds.txt").write_text("werkzeug<3.1\n")
    resolution = envcensus.resolve(requirement_files="in.txt", constraint_files=Path("bounds.txt"), hashes=True)
    assert [(pin.name, pin.version) for pin in resolution.pins] == [
        ("app", "1.0"),
        ("flask", "3.0.3"),
        ("werkzeug", "3.0.6"),
    ]
    assert all(pin.chosen and pin.files[0].hashes["sha256"] for pin in resolution.pins)
    resolution = envcensus.resolve(requirement_files="in.txt", overrides="werkzeug==2.3.8")
    assert [pin.version for pin in resolution.pins] == ["1.0", "3.1.0", "2.3.8"]
    assert resolution.complete


def test_a_project_that_does_not_run_on_the_target_is_refused(place: Place) -> None:
    Path("pyproject.toml").write_text(
        '[project]\nname = "a"\nversion = "1"\nrequires-python = ">=3.12"\ndependencies = ["app"]\n'
    )
    sources: dict[str, Any] = {"find_links": "wheels", "no_index": True}
    assert envcensus.resolve(requirement_files="pyproject.toml", python_version="3.12", **sources).pins
    with pytest.raises(
        envcensus.EnvcensusError, match=r"^pyproject\.toml needs Python >=3\.12, and the target is 3\.11"
    ):
        envcensus.resolve(requirement_files="pyproject.toml", python_version="3.11.4", **sources)


def test_results_can_be_sent_elsewhere(place: Place) -> None:
    census = envcensus.outdated("srv")
    assert pickle.loads(pickle.dumps(census)) == census
    with pytest.raises(envcensus.ConflictError) as raised:
        envcensus.resolve(["app", "flask<3"], find_links="wheels", no_index=True)
    error = raised.value
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.conflict) == (str(error), error.conflict)
    assert error.conflict.requirements == ("app", "flask<3")
    assert "there is no answer" in error.__notes__[0]
    timeout = pickle.loads(pickle.dumps(envcensus.OutOfTimeError("late", remedy="wait")))
    assert str(timeout) == "late; wait"
    assert isinstance(timeout, TimeoutError)


def test_what_could_not_be_seen_comes_beside_the_results(place: Place, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        os.symlink("srv", "loop")  # root reads everything: let a root vanish meanwhile
        found = envcensus.discover(["loop", "srv"])
        os.unlink("loop")
    else:
        os.chmod("srv/wiki", 0)
        found = envcensus.discover("srv")
    first = next(found)
    assert not found.complete
    assert [first.path, *(each.path for each in found)][0].endswith("/srv/shop/venv")
    assert found.ended
    assert [row.what for row in found.skipped] == ["root" if os.geteuid() == 0 else "directory"]
    os.chmod("srv/wiki", 0o755)


def test_a_closed_iterator_lets_go_of_the_cache(place: Place) -> None:
    found = envcensus.scan("srv")
    next(found)
    assert shared._open
    found.close()
    assert not shared._open
    assert list(found) == []


def test_the_process_stays_as_it_is(place: Place, capfd: pytest.CaptureFixture[str]) -> None:
    def state() -> object:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the policy is deprecated from Python 3.14 on
            policy = asyncio.get_event_loop_policy()
        umask = os.umask(0o22)
        os.umask(umask)
        handlers = [signal.getsignal(number) for number in signal.valid_signals()]
        environ = dict(os.environ)
        root = logging.getLogger()
        return policy, umask, handlers, environ, os.getcwd(), gc.isenabled(), gc.get_threshold(), root.handlers[:]

    seen: list[object] = []
    before = state()
    envcensus.outdated("srv", progress=lambda *_: seen.append(state()))
    list(envcensus.scan("srv"))
    envcensus.check("srv")
    envcensus.resolve("app", find_links="wheels")
    assert seen
    assert all(each == before for each in [*seen, state()])
    assert capfd.readouterr() == ("", "")


def test_garbage_is_collected_while_it_resolves(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    from envcensus.pipelines.resolve import Run

    seen: list[bool] = []
    step = Run.step

    def observed(run: Run) -> object:
        seen.append(gc.isenabled())
        return step(run)

    monkeypatch.setattr(Run, "step", observed)
    envcensus.resolve("app", find_links="wheels", no_index=True)
    assert seen
    assert all(seen)


def test_an_unusable_cache_is_logged(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    Path("file").touch()
    census = envcensus.outdated("srv", cache_dir="file")
    assert census.complete
    assert [record.name for record in caplog.records] == ["envcensus"]
    assert "cache" in caplog.text


def test_progress_is_told(place: Place) -> None:
    told: list[tuple[str, int, int | None]] = []
    envcensus.outdated("srv", progress=lambda *row: told.append(row))
    assert told[:2] == [("scan", 1, None), ("scan", 2, None)]
    assert told[-1] == ("index", 3, 3)


def test_an_error_of_the_callers_progress_reaches_the_caller(place: Place) -> None:
    def progress(*_: object) -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        envcensus.check("srv", progress=progress)


def test_threads_share_one_cache(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    census = [envcensus.outdated("srv", refresh=True)]
    start = threading.Barrier(8)

    def work(refresh: bool) -> None:
        start.wait()
        census.append(envcensus.outdated("srv", refresh=refresh))

    threads = [threading.Thread(target=work, args=(number % 2 == 0,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(census) == 9
    assert all(each.surveys == census[0].surveys for each in census)
    assert sorted({each.metrics.requests for each in census}) == [0, 3]
    assert not caplog.records


def test_in_a_spawned_process(place: Place) -> None:
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        census = pool.apply(envcensus.outdated, ("srv",))
    assert [finding.state for _, finding in census.rows()] == ["outdated", "outdated", "outdated", "current"]


# Being stopped: the index answers after a minute


def test_out_of_time(place: Place) -> None:
    place.server.set(latency=60_000)
    with pytest.raises(envcensus.OutOfTimeError, match=r"^not done within 0\.5 seconds; what was fetched"):
        envcensus.outdated("srv", timeout=0.5)
    with pytest.raises(envcensus.OutOfTimeError):
        envcensus.resolve("flask", timeout=0.5)
    with pytest.raises(TimeoutError):
        asyncio.run(envcensus.aio.outdated("srv", timeout=0.5))


def test_for_ever_is_a_timeout_too(place: Place) -> None:
    assert envcensus.check("srv", timeout=math.inf).surveys
    assert asyncio.run(envcensus.aio.check("srv", timeout=math.inf)).surveys


def test_cancelling_ends_the_work(place: Place) -> None:
    place.server.set(latency=60_000)

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await asyncio.gather(envcensus.aio.outdated("srv"), envcensus.aio.resolve("flask"))

    asyncio.run(main())


def test_workers_fetch(place: Place) -> None:
    """Beside other threads that let workers fetch, and from an event loop: the answers are those of one process."""
    alone = envcensus.outdated("srv", no_cache=True)
    found: list[envcensus.Census] = []

    def work() -> None:
        found.append(envcensus.outdated("srv", refresh=True, workers=2))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found.append(asyncio.run(envcensus.aio.outdated("srv", refresh=True, workers=1)))
    assert [census.surveys for census in found] == [alone.surveys] * 3
    assert [census.metrics.requests for census in found] == [3, 3, 3]
    census = envcensus.outdated("srv", workers=2, index_url="http://127.0.0.1:9/simple/", retries=0, no_cache=True)
    assert {finding.state for _, finding in census.rows()} == {"failed"}


def workers_left() -> list[int]:
    """Processes that multiprocessing's fork server of this process has started."""
    servers = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [
        int(child)
        for server in servers
        if b"multiprocessing.forkserver" in Path(f"/proc/{server}/cmdline").read_bytes()
        for child in Path(f"/proc/{server}/task/{server}/children").read_text().split()
    ]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for processes in /proc")
def test_cancelling_ends_the_workers(place: Place) -> None:
    place.server.set(latency=60_000)

    def asked() -> None:
        deadline = time.monotonic() + 30
        while place.server.stats()["requests"] == 0:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    async def main() -> None:
        task = asyncio.create_task(envcensus.aio.outdated("srv", workers=2))
        await asyncio.to_thread(asked)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    with pytest.raises(envcensus.OutOfTimeError):
        envcensus.outdated("srv", workers=2, timeout=0.5)
    deadline = time.monotonic() + 30
    while workers_left():
        assert time.monotonic() < deadline
        time.sleep(0.05)


INTERRUPTED = """
import os, signal, threading, time
import envcensus
def interrupt():
    time.sleep(1)
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt, daemon=True).start()
try:
    envcensus.outdated("srv")
except KeyboardInterrupt:
    left = [thread.name for thread in threading.enumerate() if thread.name == "envcensus"]
    print("interrupted", left)
"""


def test_an_interrupt_ends_the_work(place: Place) -> None:
    place.server.set(latency=60_000)
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, check=True, timeout=50)
    assert (done.stdout, done.stderr) == ("interrupted []\n", "")


# In a running loop


def test_the_synchronous_form_works_where_a_loop_runs(place: Place) -> None:
    async def main() -> envcensus.Census:
        return envcensus.outdated("srv")

    assert asyncio.run(main()).complete


def test_the_loop_goes_on_meanwhile(place: Place) -> None:
    place.server.set(latency=200)

    async def main() -> int:
        ticks = 0
        task = asyncio.ensure_future(envcensus.aio.outdated("srv"))
        while not task.done():
            await asyncio.sleep(0.01)
            ticks += 1
        assert (await task).complete
        return ticks

    assert asyncio.run(main()) > 3


def test_asynchronous_results(place: Place) -> None:
    async def main() -> None:
        found = envcensus.aio.discover("srv")
        assert not found.complete
        assert [environment.kind async for environment in found] == ["venv", "venv"]
        assert found.complete
        assert [environment async for environment in found] == []
        async with envcensus.aio.scan("srv") as listings:
            async for listing in listings:
                assert listing.distributions
                break
        with pytest.raises(envcensus.UsageError):
            await anext(envcensus.aio.scan("nowhere"))

    asyncio.run(main())
