"""merge: the newest of each host, nothing lost silently."""

from __future__ import annotations

from pathlib import Path

from envcensus.inventory.snapshot import read_snapshot
from envcensus.model import snapshot
from envcensus.model.distribution import Distribution
from envcensus.model.environment import Environment
from envcensus.model.listing import Listing
from envcensus.model.skipped import Skipped
from envcensus.pipelines.merge import merge
from envcensus.pipelines.snapshot import writing


def write(path: Path, host: str, version: str, *, scanned: float = 1.0, id: str = "i", roots: str = "/srv") -> str:
    environment = Environment(path="/srv/a", kind="venv", python="3.11", implementation="cpython", site_dirs=())
    with writing(str(path), 1.0) as writer:
        writer.host(snapshot.Host(name=host, id=id, scanned=scanned, roots=(roots,)))
        writer.listing(Listing(environment=environment, distributions=(Distribution("app", "app", version, "/p"),)))
        writer.skipped(Skipped("directory", "/locked", version))
    return str(path)


def contents(path: str) -> tuple[list[tuple[str, str]], list[Skipped]]:
    items = list(read_snapshot(path))
    found = [(i.environment.host, i.distributions[0].version) for i in items if isinstance(i, Listing)]
    return found, [item for item in items if isinstance(item, Skipped)]


def test_the_newest_of_each_host_is_taken(tmp_path: Path) -> None:
    files = [
        write(tmp_path / "1.jsonl.gz", "web", "1", scanned=20),
        write(tmp_path / "2.jsonl", "web", "2", scanned=30),
        write(tmp_path / "3.jsonl.gz", "web", "3", scanned=10),
        write(tmp_path / "4.jsonl.gz", "db", "4"),
    ]
    done = merge(files, str(tmp_path / "all.jsonl.gz"))
    assert (done.hosts, done.environments, done.superseded, done.notes, done.skipped) == (2, 2, 2, (), ())
    found, skipped = contents(str(tmp_path / "all.jsonl.gz"))
    assert found == [("web", "2"), ("db", "4")]
    assert skipped == [Skipped("directory", "web:/locked", "2"), Skipped("directory", "db:/locked", "4")]
    merge([str(tmp_path / "all.jsonl.gz"), *files], str(tmp_path / "again.jsonl"))
    assert sorted(contents(str(tmp_path / "again.jsonl"))[0]) == sorted(found)


def test_hosts_of_one_name_and_different_roots_are_kept_with_a_note(tmp_path: Path) -> None:
    files = [
        write(tmp_path / "1.jsonl", "web", "1", id="11111111aaa"),
        write(tmp_path / "2.jsonl", "web", "2", id="22222222bbb"),
        write(tmp_path / "3.jsonl", "db", "3"),
        write(tmp_path / "4.jsonl", "db", "4", roots="/opt"),
    ]
    done = merge(files, str(tmp_path / "all.jsonl"))
    assert done.notes == ("2 hosts are called web", "db was scanned below different roots: all are kept")
    found, _ = contents(str(tmp_path / "all.jsonl"))
    assert found == [("web", "1"), ("web#22222222", "2"), ("db", "3"), ("db", "4")]


def test_a_damaged_file_is_left_out_whole_and_recorded(tmp_path: Path) -> None:
    old = write(tmp_path / "old.jsonl.gz", "web", "1", scanned=1)
    new = Path(write(tmp_path / "new.jsonl.gz", "web", "2", scanned=2))
    new.write_bytes(new.read_bytes()[:-9])
    done = merge([old, str(new)], str(tmp_path / "all.jsonl.gz"))
    assert [row.where for row in done.skipped] == [str(new)]
    found, skipped = contents(str(tmp_path / "all.jsonl.gz"))
    assert found == [("web", "1")]
    assert [row.where for row in skipped if row.what == "snapshot"] == [str(new)]
    merge([str(tmp_path / "all.jsonl.gz")], str(tmp_path / "again.jsonl"))
    assert contents(str(tmp_path / "again.jsonl"))[1] == skipped


def test_what_a_later_version_added_is_left_out_with_a_count(tmp_path: Path) -> None:
    files = [write(tmp_path / "1.jsonl", "web", "1"), write(tmp_path / "2.jsonl", "db", "2")]
    new = Path(files[0])
    lines = new.read_text().replace('"version":"1.0"', '"version":"1.7"', 1).splitlines()
    lines[2:2] = ['{"record":"weather","rain":true}', '{"record":"weather"}']
    new.write_text("\n".join(lines) + "\n")
    done = merge(files, str(tmp_path / "all.jsonl"))
    assert done.notes == (
        "snapshots of version 1.7 were read as 1.0: 2 records and what is new in others are left out",
    )
    assert contents(str(tmp_path / "all.jsonl"))[0] == [("web", "1"), ("db", "2")]
    new.write_text(new.read_text().replace('"version":"1.7"', '"version":"2.0"', 1))
    done = merge(files, str(tmp_path / "all.jsonl"))
    assert [(row.where, "version 2.0" in row.reason) for row in done.skipped] == [(files[0], True)]


def test_a_host_that_a_cluster_lost_stays_lost_under_its_own_name(tmp_path: Path) -> None:
    file = tmp_path / "cluster.jsonl"
    with writing(str(file), 1.0) as writer:
        for name in ("web", "db"):
            writer.host(snapshot.Host(name=name, scanned=1.0, roots=("/srv",)))
        writer.skipped(Skipped("host", "gone", "lost"))
    newer = write(tmp_path / "db.jsonl", "db", "2", scanned=9.0, id="")
    merge([str(file), newer], str(tmp_path / "all.jsonl"))
    assert Skipped("host", "gone", "lost") in contents(str(tmp_path / "all.jsonl"))[1]
    merge([newer, str(file)], str(tmp_path / "other.jsonl"))
    assert Skipped("host", "gone", "lost") in contents(str(tmp_path / "other.jsonl"))[1]
