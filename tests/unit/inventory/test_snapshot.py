"""Snapshots: what is written comes back, and what is hostile is one line."""

from __future__ import annotations

import contextlib
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envcensus.inventory.snapshot import read_snapshot
from envcensus.model import snapshot
from envcensus.model.distribution import Distribution
from envcensus.model.environment import Environment, Owner
from envcensus.model.listing import Listing
from envcensus.model.platform import Platform
from envcensus.model.skipped import Problem, Skipped
from envcensus.pipelines.snapshot import writing

PLATFORM = Platform(sys_platform="linux", machine="aarch64", tags=("linux_aarch64",))


def listing(path: str = "/srv/a", *names: str) -> Listing:
    environment = Environment(
        path=path,
        kind="venv",
        python="3.12.1",
        implementation="cpython",
        site_dirs=(f"{path}/lib",),
        owner=Owner(7, "x"),
    )
    found = tuple(
        Distribution(name, name.lower(), "1.0", f"{path}/{name}", requires=("b>1",), requires_read=True)
        for name in names or ("App",)
    )
    return Listing(environment=environment, distributions=found, problems=(Problem("no-base", path, "gone"),))


def write(path: Path, *hosts: tuple[str, str, list[Listing | Skipped]]) -> Path:
    with writing(str(path), 1.0) as writer:
        for name, identity, items in hosts:
            writer.host(snapshot.Host(name=name, id=identity, scanned=5.0, platform=PLATFORM))
            for item in items:
                if isinstance(item, Skipped):
                    writer.skipped(item)
                else:
                    writer.listing(item)
    return path


def reason(path: Path) -> str:
    """The one line about a file that has something wrong with it."""
    wrong = [item for item in read_snapshot(str(path)) if isinstance(item, Skipped)]
    assert [(row.what, row.where) for row in wrong] == [("snapshot", str(path))]
    assert "\n" not in wrong[0].reason
    return wrong[0].reason


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_what_is_written_comes_back(tmp_path: Path, name: str) -> None:
    given = listing("/srv/\udcff\u202e", "A", "B")
    file = write(tmp_path / name, ("web", "1", [given, Skipped("directory", "/x", "locked")]))
    back, row = read_snapshot(str(file))
    assert isinstance(back, Listing)
    assert (back.environment.host, back.environment.platform) == ("web", PLATFORM)
    assert (back.environment.path, back.distributions, back.problems) == (
        given.environment.path,
        given.distributions,
        given.problems,
    )
    assert row == Skipped("directory", "web:/x", "locked")
    assert (file.read_bytes()[:2] == b"\x1f\x8b") == name.endswith(".gz")


def test_two_hosts_of_one_name_are_told_apart(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", ("web", "11111111aa", [listing()]), ("web", "22222222bb", [listing()]))
    hosts = [item.environment.host for item in read_snapshot(str(file)) if isinstance(item, Listing)]
    assert hosts == ["web", "web#22222222"]


def test_every_truncation_is_noticed(tmp_path: Path) -> None:
    for name in ("a.jsonl", "a.jsonl.gz"):
        whole = write(tmp_path / name, ("web", "1", [listing(), listing("/srv/b")])).read_bytes()
        cut = tmp_path / f"cut-{name}"
        for end in range(0, len(whole), 7):
            cut.write_bytes(whole[:end])
            assert reason(cut)


def changed(tmp_path: Path, number: int, change: dict[str, Any]) -> Path:
    lines = write(tmp_path / "a.jsonl", ("web", "1", [listing()])).read_text().splitlines()
    lines[number] = json.dumps(json.loads(lines[number]) | change)
    file = tmp_path / "changed.jsonl"
    file.write_text("\n".join(lines) + "\n")
    return file


def test_fields_and_records_of_later_versions_are_passed_over(tmp_path: Path) -> None:
    assert len(list(read_snapshot(str(changed(tmp_path, 0, {"version": "1.9", "new": [1]}))))) == 1
    file = changed(tmp_path, 2, {"new": {"deep": [{}]}})
    lines = file.read_text().splitlines()
    lines[2:2] = ['{"record":"weather","rain":true}']
    environment = json.loads(lines[3])
    environment["environment"]["kind"] = "spaceship"
    environment["distributions"][0] |= {"kind": "hologram", "mass": 3}
    lines[3] = json.dumps(environment)
    file.write_text("\n".join(lines) + "\n")
    (back,) = read_snapshot(str(file))
    assert isinstance(back, Listing)
    assert (back.environment.kind, back.distributions[0].kind) == ("target", "dist-info")


@pytest.mark.parametrize(
    ("number", "change", "said"),
    [
        (0, {"version": "2.0"}, "version 2.0"),
        (0, {"format": "other"}, "not a snapshot"),
        (0, {"record": "trailer"}, "not a snapshot"),
        (3, {"environments": 2}, "counts"),
        (2, {"environment": {"path": 3}}, "cannot be read"),
        (2, {"distributions": [7]}, "cannot be read"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, number: int, change: dict[str, Any], said: str) -> None:
    assert said in reason(changed(tmp_path, number, change))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a snapshot"),
        (b"\n", "not a snapshot"),
        (b"flask==3.0\n", "not a snapshot"),
        (b"\x00\xff" * 100, "cut off"),
        (b"[" * 100_000 + b"\n", "nested too deeply"),
        (b'{"record":"header","x":' + b'{"a":' * 100_000 + b"\n", "nested too deeply"),
        (gzip.compress(b'{"record":"header","x":"') + gzip.compress(b" " * (100 << 20)), "expands"),
        (b" " * (65 << 20), "64 MiB"),
        (b"\x1f\x8b\x08", "cut off, or damaged"),
        (gzip.compress(b"[" * 1000)[:10] + b"\xff" * 50, "damaged compression"),
    ],
    ids=["empty", "blank", "other", "binary", "deep", "deep-unknown", "bomb", "long-line", "gzip-header", "deflate"],
)
def test_hostile_files_are_one_line(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "hostile.jsonl.gz"
    file.write_bytes(content)
    assert said in reason(file)


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe.jsonl")
    assert "regular" in reason(tmp_path / "pipe.jsonl")
    assert "No such file" in reason(tmp_path / "absent.jsonl")


def test_what_follows_the_trailer_is_noticed(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", ("web", "1", [listing()]))
    file.write_bytes(file.read_bytes() + snapshot.encode(snapshot.Found(environment=listing().environment)))
    assert "behind its end" in reason(file)


def test_normalized_names_are_not_believed() -> None:
    liar = Distribution("a", "../../Secret__x", "1", "/p")
    back = snapshot.decode(snapshot.encode(snapshot.Found(environment=listing().environment, distributions=(liar,))))
    assert isinstance(back, snapshot.Found)
    assert "_" not in back.distributions[0].normalized


@given(st.text(st.characters(codec=None, categories=("L", "N", "P", "S", "Z", "C")), max_size=30), st.floats(0, 1e12))
def test_any_text_survives(text: str, created: float) -> None:
    environment = Environment(
        path=text, kind="venv", python=text, implementation="x", site_dirs=(text, text), created=created
    )
    record = snapshot.Found(environment=environment, distributions=(Distribution("a", "a", text, text),))
    line = snapshot.encode(record)
    assert line.count(b"\n") == 1
    assert snapshot.decode(line) == record


@given(st.binary(max_size=300))
def test_any_bytes_are_a_record_or_a_snapshot_error(line: bytes) -> None:
    with contextlib.suppress(snapshot.SnapshotError):
        snapshot.decode(line)


# As the first release wrote it: never to be changed, whatever later ones write.
FIRST = """\
{"record":"header","format":"envcensus-snapshot","version":"1.0","writer":"envcensus 0.1.0","written":1.0}
{"record":"host","name":"web","id":"1","scanned":5.0,"roots":["/srv"],"requires":true,"details":true,\
"platform":{"os_name":"posix","sys_platform":"linux","machine":"x86_64","tags":["linux_x86_64"]}}
{"record":"environment","environment":{"path":"/srv/a","kind":"venv","python":"3.12.1","implementation":"cpython",\
"site_dirs":["/srv/a/lib"],"owner":{"uid":7,"name":"x"}},"distributions":[{"name":"App","normalized":"app",\
"version":"1.0","path":"/srv/a/App","installer":"pip","requires":["b>1"],"requires_read":true}],\
"problems":[{"code":"no-base","where":"/srv/a","detail":"gone"}]}
{"record":"skipped","skipped":{"what":"directory","where":"/x","reason":"locked"}}
{"record":"trailer","hosts":1,"environments":1,"distributions":1,"skipped":1}
"""


def test_snapshots_of_the_first_release_are_read(tmp_path: Path) -> None:
    file = tmp_path / "first.jsonl"
    file.write_text(FIRST)
    found, row = read_snapshot(str(file))
    assert isinstance(found, Listing)
    assert (found.environment.host, found.environment.path, found.environment.owner) == ("web", "/srv/a", Owner(7, "x"))
    assert [(each.name, each.version, each.installer, each.requires) for each in found.distributions] == [
        ("App", "1.0", "pip", ("b>1",))
    ]
    assert found.problems == (Problem("no-base", "/srv/a", "gone"),)
    assert row == Skipped("directory", "web:/x", "locked")
