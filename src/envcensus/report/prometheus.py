"""Prometheus text format 0.0.4, for node_exporter's textfile collector.

Gauges only: each file says how things stood when it was written; alert on the age of
`envcensus_generated_timestamp_seconds` and on `envcensus_complete` as well.
"""

from __future__ import annotations

from collections.abc import Iterator

from envcensus.model.census import Census, Metrics
from envcensus.model.display import neutral
from envcensus.model.environment import owner_label
from envcensus.report import totals
from envcensus.report.options import RenderOptions
from envcensus.report.totals import SEVERITIES, Totals

Labels = tuple[tuple[str, str], ...]

STATES = {  # field of Totals → value of the label `state`
    "outdated": "outdated",
    "current": "current",
    "not_comparable": "not-comparable",
    "not_found": "not-found",
    "failed": "failed",
    "unchecked": "unchecked",
    "ignored": "ignored",
}


class Gauge:
    """One metric and its series. Equal labels are added up: one doubled series would void the whole file."""

    def __init__(self, name: str, help_text: str) -> None:
        self.name, self.help_text = f"envcensus_{name}", help_text
        self.series: dict[Labels, float] = {}

    def add(self, value: float, *labels: tuple[str, str]) -> None:
        key = tuple((name, escape(text)) for name, text in labels if text)
        self.series[key] = self.series.get(key, 0) + value

    def text(self) -> str:
        lines = [f"# HELP {self.name} {self.help_text}", f"# TYPE {self.name} gauge"]
        for labels, value in self.series.items():
            inner = ",".join(f'{key}="{text}"' for key, text in labels)
            lines.append(f"{self.name}{{{inner}}} {_number(value)}" if inner else f"{self.name} {_number(value)}")
        return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """A label's value: backslash, quote and line end escaped; control characters are written out before."""
    return neutral(text).replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def render(census: Census, _options: RenderOptions) -> Iterator[str]:
    """One piece per metric."""
    sums = totals.of_surveys(census.surveys)
    for gauge in (*_whole(census, sums), *_environments(census), *run_gauges(census.metrics)):
        if gauge.series:
            yield gauge.text()


def _whole(census: Census, sums: Totals) -> Iterator[Gauge]:
    values = {
        "generated_timestamp_seconds": ("When this was written, in seconds since the epoch.", census.generated),
        "complete": ("1 if everything could be looked at, else 0.", float(census.complete)),
        "environments": ("Environments found.", sums.environments),
        "skipped": ("Things that could not be looked at.", len(census.skipped)),
    }
    for name, (help_text, value) in values.items():
        gauge = Gauge(name, help_text)
        gauge.add(value)
        yield gauge


def _environments(census: Census) -> Iterator[Gauge]:
    packages = Gauge("packages", "Installed packages of an environment by state.")
    outdated = Gauge("outdated_packages", "Outdated packages of an environment by severity.")
    yanked = Gauge("yanked_packages", "Installed packages of an environment whose version is yanked.")
    libyears = Gauge("libyears", "Years the outdated packages of an environment are behind, added up.")
    oldest = Gauge("oldest_age_days", "Age in days of the longest outdated package of an environment.")
    problems = Gauge("problems", "Problems inside an environment by code.")
    about = Gauge("environment_info", "Kind, Python and owner of an environment.")
    for survey in census.surveys:
        environment, counts = survey.environment, totals.of_survey(survey)
        place = (("environment", environment.path), ("host", environment.host))
        described = (("kind", environment.kind), ("python", environment.python))
        about.add(1, *place, *described, ("owner", owner_label(environment.owner)))
        for field, state in STATES.items():
            packages.add(getattr(counts, field), *place, ("state", state))
        for severity in SEVERITIES:
            outdated.add(counts.severity.get(severity, 0), *place, ("severity", severity))
        yanked.add(counts.yanked, *place)
        libyears.add(round(counts.libyears, 3), *place)
        ages = [f.age_days for f in survey.findings if f.state == "outdated" and f.age_days is not None]
        if ages:
            oldest.add(round(max(ages), 1), *place)
        for problem in survey.problems:
            problems.add(1, *place, ("code", problem.code))
    yield from (packages, outdated, yanked, libyears, oldest, problems, about)


def run_gauges(metrics: Metrics, *labels: tuple[str, str]) -> Iterator[Gauge]:
    """What the run cost."""
    values = {
        "run_projects": ("Projects the indexes were asked for, or the cache answered.", metrics.projects),
        "run_requests": ("Requests sent to indexes.", metrics.requests),
        "run_retries": ("Requests sent again.", metrics.retries),
        "run_received_bytes": ("Bytes received from indexes.", metrics.bytes_received),
        "run_cache_hits": ("Answers taken from the cache.", metrics.cache_hits),
        "run_cache_misses": ("Answers the cache did not have.", metrics.cache_misses),
        "run_peak_memory_bytes": ("Peak memory of all processes.", metrics.peak_memory),
        "run_disk_read_bytes": ("Bytes read from disk.", metrics.disk_read),
        "run_disk_written_bytes": ("Bytes written to disk.", metrics.disk_written),
    }
    for name, (help_text, value) in values.items():
        gauge = Gauge(name, help_text)
        gauge.add(value, *labels)
        yield gauge
    stages = Gauge("run_stage_seconds", "Time spent in a stage of the run.")
    for stage, seconds in metrics.stages.items():
        stages.add(round(seconds, 6), *labels, ("stage", stage))
    yield stages
