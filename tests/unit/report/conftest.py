"""A census with something of everything, and the comparison with golden files."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable

import pytest

from envcensus.model.census import Census, Metrics, Survey
from envcensus.model.distribution import Distribution
from envcensus.model.environment import Environment, Owner
from envcensus.model.finding import Finding, Severity
from envcensus.model.page import Latest
from envcensus.model.skipped import Problem, Skipped

GOLDEN = pathlib.Path(__file__).with_name("golden")
GENERATED = 1_767_225_600.0  # 2026-01-01
HOSTILE = "evil\x1b[2J\u202e<script>alert(1)</script>"


def distribution(name: str, version: str, site: str = "/srv/a/lib/python3.11/site-packages") -> Distribution:
    normalized = name.lower().replace("_", "-").replace(".", "-")
    return Distribution(
        name=name, normalized=normalized, version=version, path=f"{site}/{name}-{version}.dist-info", installer="pip"
    )


def outdated(name: str, version: str, latest: str, severity: Severity, age: float, *, site: str = "/srv/a") -> Finding:
    return Finding(
        distribution=distribution(name, version, site),
        state="outdated",
        latest=Latest(version=latest, filetype="wheel", uploaded=GENERATED - age * 86400),
        severity=severity,
        age_days=age,
        libyears=age / 365.25,
    )


@pytest.fixture
def census() -> Census:
    first = Environment(
        path="/srv/a",
        kind="venv",
        python="3.11.7",
        implementation="cpython",
        site_dirs=("/srv/a/lib/python3.11/site-packages",),
        owner=Owner(1000, "deploy"),
        created=GENERATED - 4e7,
    )
    second = Environment(
        path="/srv/b\udcff", kind="conda", python="3.12", implementation="cpython", site_dirs=(), host="db1.example.com"
    )
    third = Environment(path="/srv/empty", kind="target", python="", implementation="", site_dirs=("/srv/empty",))
    held = Finding(
        distribution=distribution("urllib3", "1.26.5"),
        state="outdated",
        latest=Latest(version="2.5.0", filetype="wheel", uploaded=GENERATED - 9e6),
        wanted="1.26.20",
        held_by=("botocore 1.29 (urllib3<1.27)",),
        severity="major",
        age_days=1000.0,
        libyears=4.1,
        yanked="CVE, see advisory",
    )
    editable = Finding(
        distribution=Distribution(
            name="app",
            normalized="app",
            version="0.1",
            path="/srv/a/x/app-0.1.dist-info",
            editable=True,
            location="/home/deploy/app",
            direct_url="file:///home/deploy/app",
        ),
        state="not-comparable",
        reason="installed in editable mode",
    )
    return Census(
        surveys=(
            Survey(
                environment=first,
                findings=(
                    editable,
                    outdated("Django", "4.2.1", "5.1", "major", 400.0),
                    Finding(distribution=distribution("idna", "3.10"), state="current"),
                    Finding(distribution=distribution("private", "1.0"), state="not-found", reason="no index knows it"),
                    outdated("requests", "2.31.0", "2.32.0", "minor", 35.0),
                    held,
                ),
                problems=(Problem("duplicate", "/srv/a/lib/six-1.0.dist-info", "1.0 and 1.1"),),
            ),
            Survey(
                environment=second,
                findings=(
                    outdated(HOSTILE, "=cmd|' /C calc'!A0", "1.0\n2", "patch", 3.0, site="/srv/b"),
                    Finding(distribution=distribution("numpy", "1.26"), state="failed", reason="index: timed out"),
                    Finding(
                        distribution=distribution("pandas", "2.0"),
                        state="outdated",
                        latest=Latest(version="2.2", filetype="sdist"),
                        severity="minor",
                        ignored="waiting for the port",
                    ),
                ),
            ),
            Survey(environment=third, findings=()),
        ),
        skipped=(Skipped("directory", "/root/\x1b]0;x\x07private", "permission denied"),),
        metrics=Metrics(environments=3, distributions=9, projects=9, requests=7, stages={"scan": 0.25}),
        generated=GENERATED,
    )


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare a text with a file in golden/; ENVCENSUS_UPDATE_GOLDEN=1 writes it (then read it, and commit)."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if os.environ.get("ENVCENSUS_UPDATE_GOLDEN"):
            GOLDEN.mkdir(exist_ok=True)
            path.write_bytes(text.encode())
        assert text == path.read_bytes().decode(), f"{path} differs"

    return compare
