"""At a terminal: progress on long work alone, and what Ctrl-C, a closed pipe and cron see."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.index_server import Running, Universe, running
from tests.support.command import Command
from tests.support.site import install, make_venv

NAMES = [f"project-{number}" for number in range(60)]


@pytest.fixture(scope="module")
def slow() -> Iterator[Running]:
    """An index that takes 300 ms for each answer."""
    with running(Universe({name: ["1.0", "2.0"] for name in NAMES}), latency=300) as server:
        yield server


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("terminal")
    site = make_venv(root / "env")
    for name in NAMES:
        install(site, name, "1.0")
    return root


class Terminal:
    """A command whose three streams are a terminal of 100 columns; a session of its own, as a shell starts it."""

    def __init__(self, command: Command, *arguments: str) -> None:
        self.seen = b""
        environ = command.environ | {"TERM": "xterm", "COLUMNS": "100", "LINES": "24"}
        argv = command.argv(*arguments)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(argv[0], argv, environ)

    def read_until(self, wanted: bytes, seconds: float = 30.0) -> None:
        deadline = time.monotonic() + seconds
        while wanted not in self.seen:
            assert self._read(deadline), self.seen

    def end(self, seconds: float = 30.0) -> int:
        """Read to the end; the exit code."""
        deadline = time.monotonic() + seconds
        while self._read(deadline):
            pass
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self.fd], [], [], max(deadline - time.monotonic(), 0))
        assert ready, self.seen
        with contextlib.suppress(OSError):  # the last process let go of the terminal
            data = os.read(self.fd, 65536)
            self.seen += data
            return bool(data)
        return False

    def text(self) -> str:
        """What was written, without the sequences that steer the terminal."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.seen.decode())

    def left_over(self) -> list[str]:
        """Processes of the session that still run."""
        found = []
        for entry in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
                if int(fields[3]) == self.pid and fields[0] != "Z":
                    found.append(entry)
        return found


def outdated(root: Path, index: Running, *more: str) -> list[str]:
    return ["outdated", str(root), "-i", index.url, "--no-cache", "--concurrency", "6", "--workers", "0", *more]


def test_long_work_shows_progress_and_takes_it_away(tmp_path: Path, root: Path, slow: Running) -> None:
    terminal = Terminal(Command(tmp_path), *outdated(root, slow))
    terminal.read_until(b"projects")
    assert terminal.end() == 0
    text = terminal.text()
    assert re.search(r"projects\s+\S+\s+\d+/60\s+\d*(/s)?\s+", text), text
    assert re.search(r"\d+/s 0:00:\d\d", text), text  # a rate and the time left
    assert terminal.seen.rindex(b"\x1b[2K") < terminal.seen.rindex(b"project-59")  # gone before the report
    assert "60 of 60" in text or "60 outdated" in text


@pytest.mark.parametrize("switch", ["--quiet", "--no-progress"])
def test_progress_can_be_switched_off(switch: str, tmp_path: Path, root: Path, slow: Running) -> None:
    terminal = Terminal(Command(tmp_path), *outdated(root, slow, switch))
    assert terminal.end() == 0
    assert "/60" not in terminal.text()


def test_short_work_shows_none(tmp_path: Path, root: Path) -> None:
    terminal = Terminal(Command(tmp_path), "list", str(root), "--no-cache")
    assert terminal.end() == 0
    assert "environments " not in terminal.text().splitlines()[0]
    assert b"\x1b[2K" not in terminal.seen


def test_nothing_of_it_in_pipes(tmp_path: Path, root: Path, slow: Running) -> None:
    done = Command(tmp_path).run(*outdated(root, slow))
    assert not done.stderr
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("workers", ["0", "2"])
def test_ctrl_c_while_fetching(workers: str, tmp_path: Path, root: Path, slow: Running) -> None:
    arguments = [*outdated(root, slow)[:-1], workers]
    before = slow.stats()["requests"]
    terminal = Terminal(Command(tmp_path), *arguments, "--concurrency", "2", "--no-progress")
    deadline = time.monotonic() + 30
    while slow.stats()["requests"] < before + 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.write(terminal.fd, b"\x03")
    assert terminal.end() == 130
    assert terminal.text().split("\r\n") == ["^C", "envcensus: interrupted", ""]
    deadline = time.monotonic() + 10
    while left := terminal.left_over():
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def test_ctrl_c_while_progress_is_drawn(tmp_path: Path, root: Path, slow: Running) -> None:
    terminal = Terminal(Command(tmp_path), *outdated(root, slow, "--concurrency", "2"))
    terminal.read_until(b"projects")
    os.write(terminal.fd, b"\x03")
    assert terminal.end() == 130
    assert terminal.text().endswith("envcensus: interrupted\r\n")
    assert terminal.seen.endswith(b"envcensus: interrupted\r\n")
    assert b"\x1b[?25h" in terminal.seen  # the cursor is back
    assert "Traceback" not in terminal.text()


def test_ctrl_c_while_scanning(tmp_path: Path) -> None:
    """A root whose reading does not end by itself: a FIFO among the roots' list keeps the run waiting."""
    fifo = tmp_path / "roots"
    os.mkfifo(fifo)
    command = Command(tmp_path)
    with (
        subprocess.Popen(
            command.argv("list", "--roots-from", str(fifo)),
            env=command.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
        fifo.open("w"),
    ):  # returns when the command has opened it
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        out, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert (out, said) == ("", "envcensus: interrupted\n")


def test_a_reader_that_goes_away(tmp_path: Path) -> None:
    """`| head` ends a report that is longer than a pipe holds: no message, and not a failure."""
    site = make_venv(tmp_path / "env")
    for number in range(700):
        install(site, f"project-{number}", "1.0")
    command = Command(tmp_path)
    line = " ".join(command.argv("list", str(tmp_path / "env"), "--format", "jsonl", "--no-cache"))
    done = subprocess.run(
        ["bash", "-c", f"{line} | head -c 1; echo; echo ${{PIPESTATUS[0]}}"],
        env=command.environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.splitlines() == ["{", "0"]
    assert not done.stderr
