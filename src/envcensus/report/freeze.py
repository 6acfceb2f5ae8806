"""What is installed, as requirements: one section per environment, as `pip freeze` writes them."""

from __future__ import annotations

from collections.abc import Iterator

from envcensus._kernels.names import is_valid_name
from envcensus.model.census import Census
from envcensus.model.display import neutral
from envcensus.model.distribution import Distribution
from envcensus.report.columns import about
from envcensus.report.options import RenderOptions
from envcensus.report.pip_list import canonical_version


def render(census: Census, _options: RenderOptions) -> Iterator[str]:
    """A comment that names the environment, then its requirements. All that is installed, whatever `show` says."""
    for number, survey in enumerate(census.surveys):
        lines = [f"# {neutral(survey.environment.path)} ({neutral(about(survey.environment))})"]
        lines += [requirement(finding.distribution) for finding in survey.findings]
        yield ("\n" if number else "") + "\n".join(lines) + "\n"
    for row in census.skipped:
        yield f"# not looked at: {neutral(row.what)} {neutral(row.where)}: {neutral(row.reason)}\n"


def requirement(distribution: Distribution) -> str:
    """The line that installs this again; a comment where no requirement can say it."""
    name, version = distribution.name, distribution.version
    if not is_valid_name(name):
        return f"# not a valid name: {neutral(name)} {neutral(version)}"
    if distribution.editable and distribution.location:
        return f"# Editable install ({name}=={neutral(version)})\n-e {neutral(distribution.location)}"
    if distribution.direct_url:
        return f"{name} @ {neutral(distribution.direct_url)}"
    canonical = canonical_version(version)
    if canonical is not None:
        return f"{name}=={canonical}"
    return f"{name}==={version}" if _plain(version) else f"# not a valid version: {name} {neutral(version)}"


def _plain(version: str) -> bool:
    """Whether `version` can stand after `===`: nothing that ends the clause or starts a comment, marker or option."""
    return version.isascii() and version.isprintable() and bool(version) and not set(version) & set(" ,;#)\\")
