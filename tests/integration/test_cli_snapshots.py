"""scan, and the commands that read snapshots, as real processes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.index_server import Universe, running
from tests.support.command import Command
from tests.support.site import install, make_venv


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("roots")
    one, two = make_venv(root / "one"), make_venv(root / "two")
    install(one, "app", "1.0", "Requires-Dist: lib<2")
    install(one, "lib", "1.0")
    install(two, "app", "1.0", "Requires-Dist: absent; platform_machine == 'aarch64'")
    return root


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path)


def scan(command: Command, roots: Path, host: str, *more: str) -> str:
    file = str(command.home / f"{host}.jsonl.gz")
    command.run("scan", str(roots), "-o", file, "--host", host, *more)
    return file


def test_a_snapshot_says_what_its_directories_say(command: Command, roots: Path, tmp_path: Path) -> None:
    file = scan(command, roots, "web")
    with running(Universe({"app": ["1.0", "2.0"], "lib": ["1.0", "1.5", "2.0"]})) as index:
        asking = Command(tmp_path, index.url)
        direct, later = (asking.json("outdated", root)["environments"] for root in (str(roots), file))
    assert {environment.pop("host") for environment in later} == {"web"}
    for environment in later:  # details, which a snapshot always has
        for package in environment["packages"]:
            assert package.pop("installer") == "pip"
    assert later == direct
    wanted = {package["name"]: package["wanted_version"] for package in later[0]["packages"]}
    assert wanted == {"app": "2.0", "lib": "1.5"}


def test_snapshots_and_directories_mix_and_hosts_stay_apart(command: Command, roots: Path) -> None:
    files = [scan(command, roots, host) for host in ("web", "db")]
    found = command.json("where", "app", *files, str(roots / "one"))
    assert sorted((row["host"], Path(row["environment"]).name) for row in found) == [
        ("", "one"),
        ("db", "one"),
        ("db", "two"),
        ("web", "one"),
        ("web", "two"),
    ]
    assert len(command.json("list", *files)["environments"]) == 4
    assert len(command.json("envs", *files)["environments"]) == 4


def test_decisions_are_made_for_the_platform_of_the_host(command: Command, roots: Path) -> None:
    file = Path(scan(command, roots, "web", "-q"))
    plain = command.home / "arm.jsonl"
    import gzip

    lines = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
    lines[1]["platform"]["machine"] = "aarch64"
    plain.write_text("".join(json.dumps(line) + "\n" for line in lines))
    codes = [p["code"] for e in command.json("check", str(plain))["environments"] for p in e["problems"]]
    assert codes == ["missing"]
    lines[1]["platform"]["machine"] = "x86_64"
    plain.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert not any(e["problems"] for e in command.json("check", str(plain))["environments"])


def test_a_snapshot_that_was_cut_off_is_incomplete(command: Command, roots: Path) -> None:
    file = Path(scan(command, roots, "web"))
    file.write_bytes(file.read_bytes()[:-20])
    assert "damaged" in command.run("list", str(file), check=4).stdout
    assert "snapshot" in command.run("where", "app", str(file), check=4).stderr


def test_a_report_is_no_snapshot(command: Command, roots: Path) -> None:
    report = str(command.home / "report.jsonl")
    command.run("list", str(roots), "-o", report, "-q")
    assert "not a snapshot" in command.run("list", report, check=4).stdout


def test_what_cannot_be_written_is_a_usage_error(command: Command, roots: Path) -> None:
    assert "jsonl.gz" in command.run("scan", str(roots), "-o", "report.json", check=2).stderr
    file = scan(command, roots, "web")
    assert "merge" in command.run("scan", file, "-o", file, check=2).stderr
    assert "cannot be written" in command.run("scan", str(roots), "-o", "/nowhere/x.jsonl", check=2).stderr


def test_a_root_that_cannot_be_looked_at_leaves_a_snapshot_that_says_so(command: Command, roots: Path) -> None:
    (command.home / "plain").write_text("no directory")
    file = str(command.home / "w.jsonl.gz")
    command.run("scan", str(roots), str(command.home / "plain"), "-o", file, "--host", "w", check=4)
    assert "w:" in command.run("list", file, check=4).stdout


def test_merge_and_diff(command: Command, roots: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    site = make_venv(other / "one")
    install(site, "app", "1.0")
    before = scan(command, other, "web")
    again = str(command.home / "later.jsonl.gz")
    install(site, "lib", "2.0")
    command.run("scan", str(other), "-o", again, "--host", "web", "--rescan")
    everything = str(command.home / "all.jsonl.gz")
    done = command.run("merge", before, again, scan(command, roots, "db"), "-o", everything)
    assert "2 hosts, 3 environments, 1 older left out" in done.stderr
    assert len(command.json("where", "lib", everything)) == 2
    (row,) = command.json("diff", before, again)
    assert (row["host"], row["change"], row["name"], row["after"]) == ("web", "added", "lib", "2.0")
    assert command.run("diff", str(other), str(other)).stdout == ""
    Path(before).write_bytes(b"")
    assert "not a snapshot" in command.run("merge", before, again, "-o", everything, check=4).stderr
    assert "not a snapshot" in command.run("list", everything, check=4).stdout
    assert "jsonl" in command.run("merge", again, "-o", "x.json", check=2).stderr
    assert "name some" in command.run("merge", "-o", everything, check=2).stderr
