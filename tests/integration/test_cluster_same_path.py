"""One path on two hosts: no format confuses them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from envcensus.model import snapshot
from envcensus.model.distribution import Distribution
from envcensus.model.environment import Environment
from envcensus.model.finding import Finding
from envcensus.model.listing import Listing
from envcensus.model.skipped import Problem
from envcensus.pipelines.snapshot import writing
from tests.support.command import Command

PATH = "/srv/venv"
HOSTS = {"web@10.0.0.7": "1.0", "web@10.0.0.8": "2.0"}  # both are called web; each has another version


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("fleet") / "all.jsonl.gz")
    with writing(path, 1.0) as writer:
        for host, version in HOSTS.items():
            writer.host(snapshot.Host(name=host, id="same", scanned=5.0, requires=True, details=True))
            environment = Environment(
                path=PATH, kind="venv", python="3.12.1", implementation="cpython", site_dirs=(f"{PATH}/lib",)
            )
            demo = Distribution("demo", "demo", version, f"{PATH}/lib/demo", requires=("gone",), requires_read=True)
            writer.listing(
                Listing(
                    environment=environment,
                    distributions=(demo,),
                    problems=(Problem("duplicate", f"{PATH}/lib/demo", version),),
                )
            )
    return path


def show(fleet: str, tmp_path: Path, format_: str, command: str = "check") -> str:
    return Command(tmp_path).run(command, fleet, "--format", format_).stdout


def test_json(fleet: str, tmp_path: Path) -> None:
    for command in ("list", "check"):
        found = json.loads(show(fleet, tmp_path, "json", command))["environments"]
        assert {e["host"]: (e["path"], e["packages"][0]["version"]) for e in found} == {
            host: (PATH, version) for host, version in HOSTS.items()
        }


def test_json_lines(fleet: str, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in show(fleet, tmp_path, "jsonl", "list").splitlines()]
    found = [row for row in rows if row["record"] == "environment"]
    assert [(row["host"], row["path"], row["packages"][0]["version"]) for row in found] == [
        (host, PATH, version) for host, version in HOSTS.items()
    ]


def versions(rows: list[dict[str, Any]]) -> dict[str, str]:
    found = {row["host"]: row["version"] for row in rows if row.get("version")}
    assert len(found) == sum(bool(row.get("version")) for row in rows)
    return found


def test_csv(fleet: str, tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(show(fleet, tmp_path, "csv", "list"))))
    assert versions(rows) == HOSTS


@pytest.mark.parametrize("format_", ["columns", "markdown"])
def test_text(fleet: str, tmp_path: Path, format_: str) -> None:
    """Each host stands once, above its own version and not above the other's."""
    text = show(fleet, tmp_path, format_, "list").replace("&#64;", "@")  # Markdown's own sign for people
    first, second = HOSTS
    assert text.count(first) == text.count(second) == 1
    assert text.index(first) < text.index("1.0") < text.index(second) < text.index("2.0")


def test_html(fleet: str, tmp_path: Path) -> None:
    for command in ("list", "check"):
        text = show(fleet, tmp_path, "html", command)
        assert all(host in text for host in HOSTS)


def test_prometheus_has_no_series_twice(fleet: str, tmp_path: Path) -> None:
    lines = [line.rpartition(" ")[0] for line in show(fleet, tmp_path, "prometheus").splitlines() if line[:1] != "#"]
    assert len(lines) == len(set(lines))
    for host in HOSTS:
        assert any(f'host="{host}"' in line and f'environment="{PATH}"' in line for line in lines)


def test_junit(fleet: str, tmp_path: Path) -> None:
    from xml.etree import ElementTree as ET

    suites = list(ET.fromstring(show(fleet, tmp_path, "junit")).iter("testsuite"))
    assert [suite.get("hostname") for suite in suites] == list(HOSTS)


def test_sarif(fleet: str, tmp_path: Path) -> None:
    results = json.loads(show(fleet, tmp_path, "sarif"))["runs"][0]["results"]
    prints = [json.dumps(result["partialFingerprints"]) for result in results]
    assert len(prints) == len(set(prints)) >= 2
    for host in HOSTS:
        assert any(host in json.dumps(result) for result in results)


def test_cyclonedx(fleet: str, tmp_path: Path) -> None:
    pytest.importorskip("cyclonedx")
    text = show(fleet, tmp_path, "cyclonedx", "list")
    assert all(f"environment:{host}:{PATH}" in text for host in HOSTS)


def test_where_diff_and_owners(fleet: str, tmp_path: Path) -> None:
    held = Command(tmp_path).json("where", "demo", fleet)
    assert {row["host"]: (row["environment"], row["version"]) for row in held} == {
        host: (PATH, version) for host, version in HOSTS.items()
    }
    assert json.loads(Command(tmp_path).run("diff", fleet, fleet, "--format", "json").stdout) == []


def test_findings_of_both_are_kept_in_the_history() -> None:
    from envcensus.analysis.changes import outdated_rows
    from envcensus.model.census import Survey

    surveys = [
        Survey(
            environment=Environment(
                path=PATH, kind="venv", python="3.12.1", implementation="cpython", site_dirs=(), host=host
            ),
            findings=(Finding(distribution=Distribution("demo", "demo", version, ""), state="outdated"),),
        )
        for host, version in HOSTS.items()
    ]
    assert {row.host: row.version for row in outdated_rows(surveys)} == HOSTS
