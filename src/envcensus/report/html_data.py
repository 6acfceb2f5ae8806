"""The rows of the HTML report as plain lists: what report.js reads. Every text in it is clean."""

from __future__ import annotations

from typing import Any

from envcensus.model.census import Census, Survey
from envcensus.model.display import neutral
from envcensus.model.finding import Finding
from envcensus.model.skipped import in_words
from envcensus.report import columns, totals
from envcensus.report.document import timestamp
from envcensus.report.options import RenderOptions
from envcensus.report.pip_list import canonical_version

# Order of the cells of a row; report.js reads it from the data.
ROW = ("environment", "project", "version", "wanted", "latest", "type", "severity", "age", "libyears", "state", "notes")


def data(census: Census, options: RenderOptions) -> dict[str, Any]:
    """Environments, projects and rows; rows refer to the first two by position."""
    environments: list[dict[str, Any]] = []
    rows: list[list[Any]] = []
    projects: dict[str, _Project] = {}
    for survey in census.surveys:
        for finding in survey.findings:
            key = finding.distribution.normalized
            project = projects.get(key)
            if project is None:
                project = projects[key] = _Project(len(projects), neutral(finding.distribution.name))
            project.add(finding)
            if options.shows(finding) or finding.yanked is not None or finding.status != "active":
                rows.append(_row(finding, len(environments), project.number))
        environments.append(_environment(survey))
    return {
        "columns": ROW,
        "severities": totals.SEVERITIES,
        "environments": environments,
        "projects": [project.record() for project in projects.values()],
        "rows": rows,
    }


class _Project:
    """What is known of one project over all environments."""

    def __init__(self, number: int, name: str) -> None:
        self.number, self.name = number, name
        self.versions: dict[str, int] = {}
        self.latest = ""
        self.outdated = 0
        self.failed = 0
        self.libyears = 0.0
        self.age = -1.0
        self.severity = len(totals.SEVERITIES)

    def add(self, finding: Finding) -> None:
        version = neutral(finding.distribution.version)
        self.versions[version] = self.versions.get(version, 0) + 1
        self.failed += finding.state == "failed"
        if finding.latest and not self.latest:
            # Environments may differ in what is latest for them; the first stands for all.
            self.latest = neutral(canonical_version(finding.latest.version) or finding.latest.version)
        if finding.state == "outdated" and totals.active(finding):
            self.outdated += 1
            self.libyears += finding.libyears or 0.0
            self.age = max(self.age, finding.age_days if finding.age_days is not None else -1.0)
            self.severity = min(self.severity, totals.SEVERITIES.index(finding.severity or "other"))

    def record(self) -> dict[str, Any]:
        found = sorted(self.versions.items(), key=lambda item: -item[1])
        return {
            "name": self.name,
            "held": sum(self.versions.values()),
            "versions": found,
            "latest": self.latest,
            "outdated": self.outdated,
            "failed": self.failed,
            "severity": self.severity,
            "age": None if self.age < 0 else round(self.age, 1),
            "libyears": round(self.libyears, 2),
        }


def _environment(survey: Survey) -> dict[str, Any]:
    environment, counts = survey.environment, totals.of_survey(survey)
    return {
        "path": neutral(environment.path),
        "host": neutral(environment.host),
        "kind": neutral(environment.kind),
        "python": neutral(columns.python(environment)),
        "owner": neutral(columns.owner_of(environment)),
        "base": neutral(environment.base),
        "changed": timestamp(environment.changed)[:10],
        "packages": counts.packages,
        "current": counts.current,
        "outdated": counts.outdated,
        "severity": [counts.severity.get(severity, 0) for severity in totals.SEVERITIES],
        "failed": counts.failed,
        "yanked": counts.yanked,
        "ignored": counts.ignored,
        "libyears": round(counts.libyears, 2),
        "problems": [[neutral(p.code), neutral(p.where), neutral(in_words(p))] for p in survey.problems],
    }


def _row(finding: Finding, environment: int, project: int) -> list[Any]:
    latest = finding.latest
    severity = finding.severity or ("other" if finding.state == "outdated" else None)
    return [
        environment,
        project,
        neutral(finding.distribution.version),
        neutral(finding.wanted),
        neutral(latest.version) if latest else "",
        latest.filetype if latest else "",
        None if severity is None else totals.SEVERITIES.index(severity),
        None if finding.age_days is None else round(finding.age_days, 1),
        None if finding.libyears is None else round(finding.libyears, 2),
        "ignored" if not totals.active(finding) else finding.state,
        _notes(finding),
    ]


def _notes(finding: Finding) -> list[list[str]]:
    """Pairs of a kind and a text: "bad" for yanked and failed, "warn", "" for the rest."""
    said: list[list[str]] = []
    if finding.yanked is not None:
        said.append(["bad", f"yanked: {finding.yanked}" if finding.yanked else "yanked"])
    if finding.state == "failed":
        said.append(["bad", f"could not be looked up: {finding.reason or 'no reason given'}"])
    elif finding.reason:
        said.append(["", finding.reason])
    if finding.status != "active":
        said.append(["warn", columns.project_status(finding)])
    if finding.held_by:
        said.append(["", "held by " + ", ".join(finding.held_by)])
    if finding.ignored:
        said.append(["", f"ignored: {finding.ignored}"])
    if finding.distribution.editable:
        said.append(["", f"editable: {finding.distribution.location}"])
    return [[kind, neutral(text)] for kind, text in said]
