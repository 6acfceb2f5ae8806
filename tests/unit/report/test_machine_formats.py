"""The formats other programs read: golden files, and their readers' own parsers as judges."""

from __future__ import annotations

import csv
import io
import json
import os
import pathlib
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable

import junitparser
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from packaging.requirements import Requirement
from prometheus_client.parser import text_string_to_metric_families

from envcensus.model.census import Census, Metrics, Survey
from envcensus.model.display import neutral
from envcensus.model.distribution import Distribution
from envcensus.model.finding import Finding
from envcensus.report import csv_report, formats, freeze, markdown, prometheus, sarif
from envcensus.report.options import RenderOptions

Golden = Callable[[str, str], None]
OPTIONS = RenderOptions(version="0")
ANYTHING = st.text(st.characters(categories=None), max_size=20)
EMPTY = Census(surveys=(), skipped=(), metrics=Metrics(), generated=0.0)


def text_of(format: str, census: Census, options: RenderOptions = OPTIONS) -> str:
    return "".join(formats.render(format, census, options))


def with_name(census: Census, name: str, version: str = "1") -> Census:
    """One environment with one row that cannot be compared."""
    bad = Distribution(name=name, normalized=name, version=version, path=f"/x/{name}")
    row = Finding(distribution=bad, state="not-comparable", reason=name)
    survey = Survey(environment=next(iter(census.surveys)).environment, findings=(row,))
    return Census(surveys=(survey,), skipped=(), metrics=Metrics(), generated=0.0)


@pytest.mark.parametrize(
    ("format", "name"),
    [
        ("csv", "report.csv"),
        ("markdown", "report.md"),
        ("freeze", "freeze.txt"),
        ("requirements", "requirements.txt"),
        ("prometheus", "report.prom"),
        ("junit", "report.xml"),
        ("sarif", "report.sarif"),
        ("cyclonedx", "report.cdx.json"),
    ],
)
def test_golden(census: Census, golden: Golden, format: str, name: str) -> None:
    golden(name, text_of(format, census))
    assert formats.for_file(f"/reports/{name}") == format


@pytest.mark.parametrize("format", list(formats.FORMATS))
def test_an_empty_census_renders(format: str) -> None:
    assert all(isinstance(piece, str) for piece in formats.render(format, EMPTY, OPTIONS))


@pytest.mark.parametrize("format", [f for f in formats.FORMATS if f not in ("freeze", "requirements")])
def test_a_failed_look_up_is_in_every_report(census: Census, format: str) -> None:
    failed = list(census.surveys)[1].findings[1]
    survey = Survey(environment=list(census.surveys)[1].environment, findings=(failed,))
    text = text_of(format, msgspec.structs.replace(census, surveys=(survey,), skipped=()))
    assert any(word in text for word in ("index: timed out", "index&#58; timed out", 'state="failed"} 1', '"false"'))


# --- csv


def test_csv_reads_back(census: Census) -> None:
    rows = list(csv.DictReader(io.StringIO(text_of("csv", census))))
    states = [row["state"] for row in rows]
    assert states.count("outdated") == 5
    assert [row["state"] for row in rows if row["package"] == "numpy"] == ["failed"]
    assert states[-1] == "skipped"
    assert "problem" in states
    urllib3 = next(row for row in rows if row["package"] == "urllib3")
    assert (urllib3["wanted"], urllib3["latest"], urllib3["severity"]) == ("1.26.20", "2.5.0", "major")


@given(ANYTHING)
def test_no_cell_is_a_formula(text: str) -> None:
    cell = csv_report.guard(text)
    assert not cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r"))
    assert "\n" not in cell
    assert cell.removeprefix("'") == neutral(text) or cell == neutral(text)


def test_a_formula_is_disarmed_in_the_file(census: Census) -> None:
    rows = csv.DictReader(io.StringIO(text_of("csv", census)))
    assert any(row["version"] == "'=cmd|' /C calc'!A0" for row in rows)


# --- markdown


@given(ANYTHING)
def test_markdown_text_renders_as_itself(text: str) -> None:
    source = f"| A | B |\n|---|---|\n| {markdown.escape(text)} | x |\n"
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(source)
    cells = [token for token in tokens if token.type == "inline"]
    assert len(cells) == 4
    children = cells[2].children or []
    assert {child.type for child in children} <= {"text", "text_special"}
    assert "".join(child.content for child in children).strip() == neutral(text).strip()


@pytest.mark.parametrize("text", ["@everyone", "https://example.com", "www.example.com", "a@example.com", "#12", "$x$"])
def test_markdown_makes_no_links_and_mentions(text: str) -> None:
    assert text not in markdown.escape(text)


# --- requirements


def test_every_requirement_line_parses(census: Census) -> None:
    for format in ("freeze", "requirements"):
        lines = [line for line in text_of(format, census).splitlines() if line and line[0] not in "#-"]
        assert lines
        for line in lines:
            Requirement(line.partition("  # ")[0])


@given(ANYTHING, ANYTHING)
def test_hostile_names_cannot_add_a_requirement(name: str, version: str) -> None:
    bad = Distribution(name=name, normalized=name, version=version, path="/x")
    line = freeze.requirement(bad)
    assert "\n" not in line
    if not line.startswith("#"):
        assert Requirement(line).name == name


def test_upgrades_take_what_is_wanted_and_leave_what_is_ignored(census: Census) -> None:
    text = text_of("requirements", census)
    assert "urllib3==1.26.20  # from 1.26.5, major; 2.5.0 is held by botocore 1.29 (urllib3<1.27)" in text
    assert "pandas" not in text
    assert "# could not be looked up: numpy 1.26" in text


# --- Prometheus


def test_prometheus_parses(census: Census) -> None:
    families = {f.name: f for f in text_string_to_metric_families(text_of("prometheus", census))}
    values = {(s.name, *sorted(s.labels.items())): s.value for f in families.values() for s in f.samples if s.labels}
    place = (("environment", "/srv/a"),)
    assert values["envcensus_outdated_packages", *place, ("severity", "major")] == 2
    assert values["envcensus_packages", *place, ("state", "current")] == 1
    assert families["envcensus_complete"].samples[0].value == 0
    assert families["envcensus_generated_timestamp_seconds"].samples[0].value == census.generated


@given(ANYTHING)
def test_prometheus_labels_survive(text: str) -> None:
    source = f'# TYPE a gauge\na{{x="{prometheus.escape(text)}"}} 1\n'
    (family,) = text_string_to_metric_families(source)
    assert family.samples[0].labels == {"x": neutral(text)}


def test_prometheus_never_repeats_a_series(census: Census) -> None:
    first = next(iter(census.surveys))
    names = ["/srv/\udcff", "/srv/\\udcff"]
    surveys = tuple(
        msgspec.structs.replace(first, environment=msgspec.structs.replace(first.environment, path=name))
        for name in names
    )
    lines = text_of("prometheus", msgspec.structs.replace(census, surveys=surveys)).splitlines()
    series = [line.rpartition(" ")[0] for line in lines if not line.startswith("#")]
    assert len(series) == len(set(series))


# --- JUnit


def test_junit_counts(census: Census) -> None:
    text = text_of("junit", census)
    xml = junitparser.JUnitXml.fromstring(text.encode())
    assert (xml.tests, xml.failures, xml.errors, xml.skipped) == (11, 5, 2, 3)
    summed = junitparser.JUnitXml.fromstring(text.encode())
    summed.update_statistics()  # type: ignore[no-untyped-call]
    assert (summed.tests, summed.failures, summed.errors, summed.skipped) == (11, 5, 2, 3)
    names = [case.name for suite in xml for case in suite]
    assert "idna 3.10" in names


@given(ANYTHING)
def test_junit_is_well_formed(text: str) -> None:
    from envcensus.report.junit import _case

    case = ET.fromstring(_case(text, "c", "failure", "t", text))
    assert case.get("name", "") == neutral(text)


# --- SARIF


def test_sarif(census: Census) -> None:
    log = json.loads(text_of("sarif", census))
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in run["results"])
    assert run["invocations"][0]["executionSuccessful"] is False
    assert len(run["invocations"][0]["toolExecutionNotifications"]) == 2
    assert [r["suppressions"][0]["justification"] for r in run["results"] if "suppressions" in r] == [
        "waiting for the port"
    ]
    prints = [result["partialFingerprints"]["envcensus/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints)


def test_sarif_text_is_neither_link_nor_placeholder() -> None:
    assert sarif._message("[a](http://x) {0} \\") == "\\[a\\](http://x) {{0}} \\\\"
    assert sarif.uri("/a b/%\udcff?") == "file:///a%20b/%25%FF%3F"


# --- CycloneDX


def test_cyclonedx_is_valid(census: Census) -> None:
    validation = pytest.importorskip("cyclonedx.validation.json")
    schema = pytest.importorskip("cyclonedx.schema")
    text = text_of("cyclonedx", census)
    assert validation.JsonStrictValidator(schema.SchemaVersion.V1_6).validate_str(text) is None
    bom = json.loads(text)
    assert text == text_of("cyclonedx", census)
    held = {d["ref"]: d.get("dependsOn", []) for d in bom["dependencies"]}
    assert len(held["environment::/srv/a"]) == 6
    purls = {component.get("purl") for component in bom["components"]}
    assert "pkg:pypi/django@4.2.1" in purls


def test_cyclonedx_missing_is_one_line(census: Census) -> None:
    code = (
        "import sys\n"
        "sys.modules['cyclonedx'] = None\n"
        "from envcensus.errors import EnvcensusError\n"
        "from envcensus.report import formats\n"
        "try:\n"
        "    formats.known(formats.for_file('host.cdx.json'))  # before the work is done\n"
        "except EnvcensusError as error:\n"
        "    print(int(error.exit_code), error)\n"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == "2 the cyclonedx format needs cyclonedx-python-lib; pip install 'envcensus[sbom]'\n"


# --- all together


@pytest.mark.parametrize("format", list(formats.FORMATS))
@pytest.mark.parametrize(
    "name", ["a\n==1\nb", "\x9b31m", "</script><script>alert(1)//", "\u202eabc", "\udcff", "]]>", ""]
)
def test_hostile_names_steer_nothing(census: Census, format: str, name: str) -> None:
    text = text_of(format, with_name(census, name, name))
    assert all(c.isprintable() or c in "\r\n" for c in text)
    text.encode()
    assert "\n==1" not in text


def test_hand_written_files_are_not_stale() -> None:
    """Every golden file belongs to a test that ran: the names are listed in the tests."""
    folder = pathlib.Path(__file__).parent
    sources = "".join(path.read_text() for path in folder.glob("test_*.py"))
    assert all(path.name in sources for path in (folder / "golden").iterdir())
