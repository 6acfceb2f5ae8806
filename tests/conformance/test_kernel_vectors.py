"""Every vector for versions, specifiers, requirements, markers and file names: agreement, or a listed difference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
from packaging.tags import parse_tag

from envcensus._kernels import names, version
from envcensus._kernels.requirement import Marker, MarkerEnvironment, Requirement
from envcensus._kernels.specifier import SpecifierSet, VersionTable
from envcensus._kernels.version import Version

Load = Callable[[str], list[dict[str, Any]]]
Look = Callable[[dict[str, Any]], Any]

# packaging takes a specifier with a number of more than 4,300 digits and fails when it is compared with anything;
# here it is refused at once.
OVERSIZED = "test_contains_oversized_version_raises_valueerror"


def disagreements(
    rows: list[dict[str, Any]], look: Callable[[dict[str, Any]], Any], want: Callable[..., Any]
) -> list[Any]:
    """(row, found) of each row whose answer is not the expected one; at least one row must have been looked at."""
    assert rows
    return [(row, found) for row in rows if (found := look(row)) != want(row)]


def test_versions(conformance: Load) -> None:
    fields = ["epoch", "release", "pre", "post", "dev", "local", "public", "base_version"]
    fields += ["is_prerelease", "is_postrelease", "is_devrelease"]

    def look(row: dict[str, Any]) -> Any:
        try:
            found = Version(row["input"])
        except ValueError:
            return False
        values = [getattr(found, field) for field in fields]
        return [str(found), *(list(value) if isinstance(value, tuple) else value for value in values)]

    def want(row: dict[str, Any]) -> Any:
        return row["valid"] and [row["normalized"], *(row[field] for field in fields)]

    assert disagreements(conformance("vectors_pep440_versions"), look, want) == []


def test_order(conformance: Load) -> None:
    def look(row: dict[str, Any]) -> Any:
        keys = version.sort_key(row["a"]), version.sort_key(row["b"])
        return version.compare(row["a"], row["b"]), (keys[0] > keys[1]) - (keys[0] < keys[1])

    rows = conformance("vectors_pep440_compare")
    assert disagreements(rows, look, lambda row: (row["cmp"], row["cmp"])) == []


def test_sorting(conformance: Load) -> None:
    rows = conformance("vectors_realworld_version_sort")
    assert disagreements(rows, lambda row: version.sort(row["input"]), lambda row: row["sorted"]) == []


def test_specifiers(conformance: Load) -> None:
    def look(row: dict[str, Any]) -> Any:
        try:
            return str(SpecifierSet(row["input"]))
        except ValueError:
            return None

    found = disagreements(conformance("vectors_pep440_specifier_syntax"), look, lambda row: row.get("str"))
    assert [row for row, _ in found if not row["source"].endswith(OVERSIZED)] == []
    assert len(found) == 2


def test_containment(conformance: Load) -> None:
    def look(row: dict[str, Any]) -> Any:
        found = SpecifierSet(row["spec"], row["object_prereleases"])
        return found.contains(row["version"], row["prereleases"], row["installed"])

    assert disagreements(conformance("vectors_pep440_contains"), look, lambda row: row["result"]) == []


@pytest.mark.parametrize("name", ["vectors_pep440_filter", "vectors_realworld_specifier_filter"])
def test_filters(conformance: Load, name: str) -> None:
    def look(row: dict[str, Any]) -> Any:
        found = SpecifierSet(row["spec"], row["object_prereleases"])
        return found.filter(row["input"], row["prereleases"])

    def masked(row: dict[str, Any]) -> Any:
        table = VersionTable(row["input"])
        mask = SpecifierSet(row["spec"]).mask(table)
        return {text for i, text in enumerate(table.versions) if mask >> i & 1}

    def one_by_one(row: dict[str, Any]) -> Any:
        found = SpecifierSet(row["spec"])
        table = VersionTable(row["input"])  # leaves out what is no version
        return {text for text in table.versions if found.contains(text, True)}

    rows = conformance(name)
    assert disagreements(rows, look, lambda row: row["output"]) == []
    assert disagreements(rows, masked, one_by_one) == []


@pytest.mark.parametrize("name", ["vectors_pep508_requirements", "vectors_realworld_requirements"])
def test_requirements(conformance: Load, name: str) -> None:
    def look(row: dict[str, Any]) -> Any:
        try:
            found = Requirement(row["input"])
        except ValueError as error:
            return "at column" not in str(error)
        marker = None if found.marker is None else str(found.marker)
        return [found.name, sorted(found.extras), str(found.specifier), found.url, marker, str(found)]

    def want(row: dict[str, Any]) -> Any:
        fields = [row.get(field) for field in ("name", "extras", "specifier", "url", "marker", "str")]
        return row["valid"] and fields

    assert disagreements(conformance(name), look, want) == []


def test_markers(conformance: Load) -> None:
    def look(row: dict[str, Any]) -> Any:
        try:
            return str(Marker(row["input"]))
        except ValueError:
            return None

    assert disagreements(conformance("vectors_pep508_markers"), look, lambda row: row.get("str")) == []


def test_evaluation(conformance: Load) -> None:
    def look(row: dict[str, Any]) -> Any:
        try:
            return Marker(row["marker"]).evaluate(row["environment"])
        except (UndefinedComparison, UndefinedEnvironmentName) as error:
            return type(error).__name__

    rows = conformance("vectors_pep508_marker_eval")
    assert disagreements(rows, look, lambda row: row.get("error", row.get("result"))) == []


def test_evaluation_of_real_markers(conformance: Load) -> None:
    rows = conformance("vectors_realworld_marker_eval")
    environments = next(row["environments"] for row in rows if row["id"] == "_envs")
    targets = {name: MarkerEnvironment(values) for name, values in environments.items()}
    rows = [row for row in rows if row["id"] != "_envs"]

    def look(row: dict[str, Any]) -> Any:
        marker, name, extra = Marker(row["marker"]), row["env_name"], row["extra"]
        plain = marker.evaluate(environments[name], extra)
        return [plain, *(marker.evaluate(targets[name], extra) for _ in range(2))]

    assert disagreements(rows, look, lambda row: [row["result"]] * 3) == []


@pytest.mark.parametrize("name", ["vectors_names_and_filenames", "vectors_realworld_filenames"])
def test_names_and_filenames(conformance: Load, name: str) -> None:
    def look(row: dict[str, Any]) -> Any:
        text = row["input"]
        try:
            if row["kind"] == "canonicalize_name":
                if row["kwargs"].get("validate") and not names.is_valid_name(text):
                    return "InvalidName"
                return names.canonicalize_name(text)
            if row["kind"] == "parse_sdist_filename":
                project, found = names.parse_sdist_filename(text)
                return {"name": project, "version": str(found)}
            project, found, build, tags = names.parse_wheel_filename(text)
        except ValueError as error:
            return type(error).__name__
        return {
            "name": project,
            "version": str(found),
            "build": list(build),
            "tags": sorted(str(tag) for tag in parse_tag(tags)),
        }

    def supported(row: dict[str, Any]) -> bool:
        # canonicalize_version and the order of compressed tags (`validate_order`) have no counterpart here
        return row["kind"] != "canonicalize_version" and not row.get("kwargs", {}).get("validate_order")

    rows = [row for row in conformance(name) if supported(row)]
    assert disagreements(rows, look, lambda row: row.get("error", row.get("result"))) == []
