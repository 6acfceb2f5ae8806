"""SARIF 2.1.0 (OASIS): one result per outdated or yanked package and per problem.

What could not be looked up or looked at are notifications of an unsuccessful invocation, never an absence of
results alone.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import envcensus
from envcensus.model.census import Census, Survey
from envcensus.model.display import neutral
from envcensus.model.finding import Finding
from envcensus.model.skipped import CODES, in_full
from envcensus.report import columns
from envcensus.report.document import timestamp
from envcensus.report.options import RenderOptions
from envcensus.report.text import encode

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {"major": "error", "minor": "warning", "patch": "note", "pre": "note", "post": "note", "other": "warning"}


def render(census: Census, options: RenderOptions) -> Iterator[str]:
    """The log, result by result."""
    invocation = {
        "executionSuccessful": census.complete,
        "endTimeUtc": timestamp(census.generated),
        "toolExecutionNotifications": list(_notifications(census)),
    }
    yield f'{{"$schema":{encode(SCHEMA)},"version":"2.1.0","runs":[{{"columnKind":"unicodeCodePoints",\n'
    yield f'"invocations":{encode([invocation])},\n"results":['
    rules: dict[str, int] = {}  # the rules met so far, and their places in the list
    opening = "\n"
    for survey in census.surveys:
        for result in _results(survey, options):
            result["ruleIndex"] = rules.setdefault(result["ruleId"], len(rules))
            yield opening + encode(result)
            opening = ",\n"
    driver = {
        "name": "envcensus",
        "version": options.version or envcensus.__version__,
        "rules": [
            {
                "id": rule,
                "shortDescription": {"text": _message(_meaning(rule))},
                "defaultConfiguration": {"level": _level(rule)},
            }
            for rule in rules
        ],
    }
    yield f'],\n"tool":{encode({"driver": driver})}}}]}}\n'


def _level(rule: str) -> str:
    if rule.startswith("outdated-"):
        return LEVELS[rule.removeprefix("outdated-")]
    return "error" if rule == "yanked" else "warning"


def _meaning(rule: str) -> str:
    if rule.startswith("outdated-"):
        return f"A newer release is out: {rule.removeprefix('outdated-')}."
    if rule == "yanked":
        return "The installed version was yanked by its project."
    if rule == "project-status":
        return "The project is no longer active."
    code = rule.removeprefix("problem-")
    return CODES.get(code, code) + "."


def _results(survey: Survey, options: RenderOptions) -> Iterator[dict[str, Any]]:
    path_alone, host = survey.environment.path, survey.environment.host
    place = _place(survey)
    for finding in survey.findings:
        name = f"{finding.distribution.name} {finding.distribution.version}"
        path = finding.distribution.path or path_alone
        for rule, said in _said(finding, options):
            result = _result(rule, f"{name} in {place}: {said}", path, survey)
            if finding.ignored:
                result["suppressions"] = [{"kind": "external", "justification": neutral(finding.ignored)}]
            yield result
    for problem in survey.problems:
        rule = f"problem-{problem.code}"
        said = in_full(problem)
        yield _result(rule, f"on {host}: {said}" if host else said, problem.where or path_alone, survey)


def _place(survey: Survey) -> str:
    """The environment for a person to read; the location of a result cannot name a host."""
    environment = survey.environment
    return f"{environment.host}:{environment.path}" if environment.host else environment.path


def _said(finding: Finding, options: RenderOptions) -> Iterator[tuple[str, str]]:
    if finding.state == "outdated" and finding.latest and options.shows(finding):
        notes = "; ".join([f"{finding.latest.version} is out", *columns.notes(finding)])
        yield f"outdated-{finding.severity or 'other'}", notes
    if finding.yanked is not None:
        yield "yanked", f"yanked: {finding.yanked}" if finding.yanked else "yanked"
    if finding.status != "active":
        reason = f": {finding.status_reason}" if finding.status_reason else ""
        yield "project-status", f"the project is {finding.status}{reason}"


def _result(rule: str, text: str, path: str, survey: Survey) -> dict[str, Any]:
    environment = survey.environment
    # Stable from run to run: the same finding keeps its identity when a newer version appears.
    identity = "\0".join((rule, environment.host, environment.path, path)).encode("utf-8", "surrogatepass")
    return {
        "ruleId": rule,
        "level": _level(rule),
        "message": {"text": _message(text)},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri(path)}}}],
        "partialFingerprints": {"envcensus/v1": f"{zlib.crc32(identity):08x}{zlib.adler32(identity):08x}"},
    }


def _notifications(census: Census) -> Iterator[dict[str, Any]]:
    for row in census.skipped:
        text = f"{row.what} {row.where} could not be looked at: {row.reason}"
        yield {"level": "error", "message": {"text": _message(text)}}
    for survey in census.surveys:
        for finding in survey.findings:
            if finding.state == "failed":
                text = f"{finding.distribution.name} in {_place(survey)} could not be looked up: {finding.reason}"
                yield {"level": "error", "message": {"text": _message(text)}}


def _message(text: str) -> str:
    """Plain text: brackets would make a link (§3.11.6), braces a placeholder (§3.11.5)."""
    text = neutral(text).replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return text.replace("{", "{{").replace("}", "}}")


def uri(path: str) -> str:
    """A file URI (RFC 8089) of the exact bytes of an absolute path."""
    from urllib.parse import quote_from_bytes

    return "file://" + quote_from_bytes(path.encode("utf-8", "surrogateescape"))
