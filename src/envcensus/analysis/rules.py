"""The rules of --fail-on: which findings make a run end with exit code 3."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from envcensus.errors import UsageError
from envcensus.model.finding import SEVERITY_ORDER
from envcensus.model.skipped import CODES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from envcensus.model.census import Survey
    from envcensus.model.finding import Finding

_SEVERITY = r"severity\s*(>=|=)\s*(major|minor|patch|post|pre|other)"
_AGE = r"age\s*>=?\s*(\d+)"
_FINDINGS: dict[str, Callable[[Finding], bool]] = {
    "outdated": lambda finding: finding.state == "outdated",
    "upgradable": lambda finding: bool(finding.wanted) and finding.wanted != finding.distribution.version,
    "yanked": lambda finding: finding.yanked is not None,
    "archived": lambda finding: finding.status in {"archived", "quarantined", "deprecated"},
    "not-found": lambda finding: finding.state == "not-found",
}
_ALIASES = {"eol": "end-of-life"}
RULES = ("any", *_FINDINGS, "severity>=major", "severity>=minor", "severity>=patch", "problem", "eol", *CODES)


class Rules(Struct, frozen=True):
    """Parsed rules: a run breaks them when any one matches anything that no policy ignores."""

    findings: tuple[Callable[[Finding], bool], ...] = ()
    problems: frozenset[str] = frozenset()  # codes, or "problem" for every one

    def broken(self, surveys: Iterable[Survey]) -> bool:
        """Whether anything in `surveys` matches."""
        return any(self._breaks(survey) for survey in surveys)

    def _breaks(self, survey: Survey) -> bool:
        if survey.problems and ("problem" in self.problems or any(p.code in self.problems for p in survey.problems)):
            return True
        return any(rule(finding) for finding in survey.findings if not finding.ignored for rule in self.findings)


def parse_rules(texts: Iterable[str]) -> Rules:
    """Rules from ``--fail-on severity>=minor,yanked,eol``; the option may be repeated. Raises UsageError."""
    findings: list[Callable[[Finding], bool]] = []
    problems: set[str] = set()
    for text in (part.strip() for each in texts for part in each.split(",")):
        word = _ALIASES.get(text, text)
        if word == "any":
            findings.append(_FINDINGS["outdated"])
            problems.add("problem")
        elif word in _FINDINGS:
            findings.append(_FINDINGS[word])
        elif word == "problem" or word in CODES:
            problems.add(word)
        elif match := re.fullmatch(_SEVERITY, word):
            findings.append(_severity_rule(match[1], match[2]))
        elif match := re.fullmatch(_AGE, word):
            findings.append(_age_rule(int(match[1])))
        else:
            known = ["any", *_FINDINGS, "severity>=LEVEL", "age>=DAYS", "problem", "eol", *CODES]
            raise UsageError(f"no such rule for --fail-on: {text!r}", remedy="use any of " + ", ".join(known))
    return Rules(tuple(findings), frozenset(problems))


def _severity_rule(operator: str, level: str) -> Callable[[Finding], bool]:
    least = [str(each) for each in SEVERITY_ORDER].index(level)

    def matches(finding: Finding) -> bool:
        if finding.severity is None:
            return False
        found = SEVERITY_ORDER.index(finding.severity)
        return found == least if operator == "=" else found >= least

    return matches


def _age_rule(days: int) -> Callable[[Finding], bool]:
    return lambda finding: finding.state == "outdated" and (finding.age_days or 0.0) >= days
