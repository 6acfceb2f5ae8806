"""JUnit XML as CI servers read it: a suite per environment, a case per package.

Outdated is a failure, a failed look-up and whatever could not be looked at an error; what cannot be compared and
what a policy ignores is skipped; all else passes.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from envcensus.model.census import Census, Survey
from envcensus.model.display import neutral
from envcensus.model.finding import Finding
from envcensus.model.skipped import in_words
from envcensus.report import columns
from envcensus.report.document import timestamp
from envcensus.report.options import RenderOptions


def render(census: Census, options: RenderOptions) -> Iterator[str]:
    """One piece per environment. Every package is a case, whatever `show` says: passing tests are counted too."""
    counts = {"tests": len(census.skipped), "failures": 0, "errors": len(census.skipped), "skipped": 0}
    for survey in census.surveys:
        for key, number in _suite(survey)[0].items():
            counts[key] += number
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f"<testsuites{_attributes(name=f'envcensus {options.command}', **counts)}>\n"
    stamp = timestamp(census.generated).removesuffix("Z")
    for survey in census.surveys:
        environment = survey.environment
        numbers, cases = _suite(survey)
        about = {"name": environment.path, "hostname": environment.host, "timestamp": stamp}
        yield f"<testsuite{_attributes(**about, **numbers)}>\n"
        yield from cases
        yield "</testsuite>\n"
    if census.skipped:
        number = len(census.skipped)
        yield f"<testsuite{_attributes(name='not looked at', tests=number, failures=0, errors=number, skipped=0)}>\n"
        for row in census.skipped:
            yield _case(row.where, row.what, "error", "skipped", row.reason)
        yield "</testsuite>\n"
    yield "</testsuites>\n"


def _suite(survey: Survey) -> tuple[dict[str, int], list[str]]:
    counts = {"tests": len(survey.findings) + len(survey.problems), "failures": 0, "errors": 0, "skipped": 0}
    plural = {"failure": "failures", "error": "errors", "skipped": "skipped"}
    cases = []
    for finding in survey.findings:
        result, kind, message = _result(finding)
        if result:
            counts[plural[result]] += 1
        name = f"{finding.distribution.name} {finding.distribution.version}"
        cases.append(_case(name, survey.environment.path, result, kind, message))
    for problem in survey.problems:
        counts["failures"] += 1
        message = in_words(problem) or problem.code
        cases.append(_case(problem.where, survey.environment.path, "failure", problem.code, message))
    return counts, cases


def _result(finding: Finding) -> tuple[str, str, str]:
    """Element ("" passes), type and message."""
    if finding.state == "failed":
        return "error", "lookup-failed", finding.reason or "the look-up failed"
    if finding.ignored:
        return "skipped", "ignored", f"ignored: {finding.ignored}"
    notes = columns.notes(finding)
    if finding.state == "outdated" and finding.latest:
        wanted = f", wanted {finding.wanted}" if finding.wanted else ""
        return "failure", finding.severity or "other", "; ".join([f"latest {finding.latest.version}{wanted}", *notes])
    if finding.yanked is not None:
        return "failure", "yanked", "; ".join(notes)
    if finding.state in ("not-comparable", "not-found", "unchecked"):
        return "skipped", finding.state, finding.reason or finding.state
    return "", "", ""


def _case(name: str, classname: str, result: str, kind: str, message: str) -> str:
    opening = f"<testcase{_attributes(classname=classname, name=name, time=0)}"
    if not result:
        return opening + "/>\n"
    type_of = {} if result == "skipped" else {"type": kind}
    return f"{opening}><{result}{_attributes(**type_of, message=message)}/></testcase>\n"


def _attributes(**values: str | int) -> str:
    return "".join(f' {key}="{escape(neutral(str(value)))}"' for key, value in values.items() if value != "")
