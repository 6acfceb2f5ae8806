"""Reports that are written while the run goes on."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from envcensus.cli import streaming
from envcensus.model.census import Stream, Survey
from envcensus.model.distribution import Distribution
from envcensus.model.environment import Environment
from envcensus.model.finding import Finding
from envcensus.model.skipped import Problem, Skipped
from envcensus.report.formats import render
from envcensus.report.options import RenderOptions

OPTIONS = RenderOptions(command="list", version="0")


def survey(number: int, *problems: Problem) -> Survey:
    path = f"/srv/{number}"
    findings = tuple(
        Finding(distribution=Distribution(f"p{n}", f"p{n}", "1", f"{path}/p{n}-1.dist-info"), state="unchecked")
        for n in range(20)
    )
    environment = Environment(path=path, kind="venv", python="3.11.7", implementation="cpython", site_dirs=(path,))
    return Survey(environment=environment, findings=findings, problems=problems)


def replace_stdout(monkeypatch: pytest.MonkeyPatch) -> io.TextIOWrapper:
    """What stands in for standard output; `written` reads it. (pytest's own is put in place after the fixtures.)"""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    monkeypatch.setattr("sys.stdout", stream)
    return stream


def written(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


def test_only_formats_that_are_written_piece_by_piece_stream() -> None:
    assert streaming.possible("jsonl", ["a.jsonl", "b.txt"])
    assert not streaming.possible("jsonl", ["a.html"])
    assert not streaming.possible("json", [])


def test_every_report_grows_with_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stdout = replace_stdout(monkeypatch)
    seen = []

    def items() -> Iterator[Survey | Skipped]:
        for number in range(5):
            yield survey(number)
            seen.append(written(stdout).count('"record":"environment"'))
        yield Skipped("directory", "/srv/x", "Permission denied")

    run = Stream(items(), 0.0)
    outputs = [str(tmp_path / "a.jsonl"), str(tmp_path / "b.txt")]
    streaming.to_all(run, render, "jsonl", outputs, OPTIONS, quiet=False)
    # Each environment is written before the next is asked for; the columns, which have no header line, are one ahead.
    assert seen == [0, 1, 2, 3, 4]
    assert (tmp_path / "a.jsonl").read_text() == written(stdout)
    assert "5 environments, 100 packages of 20 projects" in (tmp_path / "b.txt").read_text()
    assert not run.complete
    assert json.loads(written(stdout).splitlines()[-1])["summary"]["skipped"] == 1


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ([survey(1)], False),
        ([survey(1, Problem("leftover", "/srv/1/~x"))], True),
        ([survey(1), Skipped("directory", "/x", "no")], True),
    ],
)
def test_a_quiet_run_prints_its_report_only_if_something_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, items: list[Survey | Skipped], said: bool
) -> None:
    stdout = replace_stdout(monkeypatch)
    streaming.to_all(Stream(items, 0.0), render, "columns", [str(tmp_path / "a.jsonl")], OPTIONS, quiet=True)
    assert bool(written(stdout)) == said
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) == 2 + len(items)


def test_a_run_that_fails_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stdout = replace_stdout(monkeypatch)

    def items() -> Iterator[Survey]:
        yield survey(1)
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        streaming.to_all(Stream(items(), 0.0), render, "jsonl", [str(tmp_path / "a.jsonl")], OPTIONS, quiet=False)
    assert not list(tmp_path.iterdir())
    assert written(stdout)


def test_memory_does_not_grow_with_the_number_of_environments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    peaks = []
    for count in (50, 1000):
        with open("/dev/null", "w", encoding="utf-8") as nowhere:
            monkeypatch.setattr("sys.stdout", nowhere)
            tracemalloc.start()
            run = Stream(map(survey, range(count)), 0.0)
            streaming.to_all(run, render, "columns", [str(tmp_path / "a.jsonl")], OPTIONS, quiet=True)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    small, large = peaks
    assert large < small + 1_500_000, peaks  # (a quiet run keeps up to 1 MiB of what it may have to say)
