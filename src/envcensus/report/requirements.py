"""What to upgrade to, as requirements: `pip install -r` with a section of it does the upgrade.

The version is the wanted one where it was computed, else the latest.
"""

from __future__ import annotations

from collections.abc import Iterator

from envcensus._kernels.names import is_valid_name
from envcensus.model.census import Census
from envcensus.model.display import neutral
from envcensus.model.finding import Finding
from envcensus.report import totals
from envcensus.report.columns import about
from envcensus.report.options import RenderOptions
from envcensus.report.pip_list import canonical_version


def render(census: Census, options: RenderOptions) -> Iterator[str]:
    """A comment that names each environment with something to upgrade, then its requirements."""
    for survey in census.surveys:
        lines = [
            line
            for finding in survey.findings
            if options.shows(finding) and totals.active(finding)
            for line in _lines(finding)
        ]
        if lines:
            yield "\n".join(
                [f"# {neutral(survey.environment.path)} ({neutral(about(survey.environment))})", *lines, "", ""]
            )
    for row in census.skipped:
        yield f"# not looked at: {neutral(row.what)} {neutral(row.where)}: {neutral(row.reason)}\n"


def _lines(finding: Finding) -> Iterator[str]:
    name, installed = finding.distribution.name, neutral(finding.distribution.version)
    if finding.state == "failed":
        yield f"# could not be looked up: {neutral(name)} {installed}: {neutral(finding.reason)}"
    if finding.state != "outdated" or finding.latest is None:
        return
    target = canonical_version(finding.wanted or finding.latest.version)
    holders = neutral(", ".join(finding.held_by))
    held = f"; {neutral(finding.latest.version)} is held by {holders}" if holders else ""
    if not is_valid_name(name) or target is None:
        yield f"# cannot be written as a requirement: {neutral(name)} {installed}"
    elif target == canonical_version(finding.distribution.version):
        yield f"# {name} stays at {installed}{held}"
    else:
        severity = f", {finding.severity}" if finding.severity else ""
        yield f"{name}=={target}  # from {installed}{severity}{held}"
