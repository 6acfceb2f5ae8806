"""What a run cost, for people (--stats) and as Prometheus text (--metrics-file)."""

from __future__ import annotations

from collections.abc import Iterator

from envcensus.model.census import Metrics
from envcensus.model.cost import Cost
from envcensus.model.display import binary_size
from envcensus.report.prometheus import Gauge, run_gauges


def text(metrics: Metrics, cost: Cost) -> Iterator[str]:
    """A few lines, one per subject. A subject that did not come up is left out."""
    stages = ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in metrics.stages.items())
    rows = [("time", f"{cost.seconds:.2f} s ({stages}), CPU {cost.cpu_seconds:.2f} s")]
    rows.append(("memory", f"{binary_size(cost.peak_memory)} at most, in all processes together"))
    if metrics.environments:
        counts = {
            "environment": metrics.environments,
            "distribution": metrics.distributions,
            "project": metrics.projects,
        }
        found = [f"{count:,} {what}{'s' if count != 1 else ''}" for what, count in counts.items() if count]
        rows.append(("found", ", ".join(found)))
    if metrics.requests or metrics.projects:
        received = binary_size(metrics.bytes_received)
        rows.append(("network", f"{metrics.requests:,} requests, {metrics.retries:,} retries, {received}"))
    if asked := metrics.cache_hits + metrics.cache_misses:
        share = 100 * metrics.cache_hits / asked
        rows.append(("cache", f"{metrics.cache_hits:,} of {asked:,} answers ({share:.1f} %)"))
    if cost.cache_used is not None:
        limit = f", limit {binary_size(cost.cache_limit)}" if cost.cache_limit else ""
        label = "" if metrics.cache_hits + metrics.cache_misses else "cache"
        footprint = binary_size(cost.cache_footprint)
        rows.append((label, f"{binary_size(cost.cache_used)} in use, {footprint} on disk{limit}"))
    rows.append(("disk", f"{binary_size(cost.disk_read)} read, {binary_size(cost.disk_written)} written"))
    yield f"envcensus {cost.command}: exit code {cost.exit_code}\n"
    for label, line in rows:
        yield f"  {label:8} {line}\n"


def prometheus(metrics: Metrics, cost: Cost) -> Iterator[str]:
    """One piece per metric, each with the label `command`, so that the files of several commands can lie together."""
    label = ("command", cost.command)
    values: dict[str, tuple[str, float]] = {
        "run_ended_timestamp_seconds": ("When the run ended, in seconds since the epoch.", cost.ended),
        "run_exit_code": ("Exit code of the run.", cost.exit_code),
        "run_seconds": ("Time from the start of the process to the end of the run.", round(cost.seconds, 6)),
        "run_cpu_seconds": ("CPU time of all processes.", round(cost.cpu_seconds, 6)),
        "run_environments": ("Environments looked at.", metrics.environments),
        "run_distributions": ("Distributions looked at.", metrics.distributions),
    }
    if asked := metrics.cache_hits + metrics.cache_misses:
        hit_rate = round(metrics.cache_hits / asked, 6)
        values["run_cache_hit_ratio"] = ("Share of the answers that the cache had.", hit_rate)
    if cost.cache_used is not None:
        values["cache_used_bytes"] = ("Size of the pages of the cache that hold records.", cost.cache_used)
        values["cache_footprint_bytes"] = ("Size of the cache on disk.", cost.cache_footprint)
        values["cache_limit_bytes"] = ("What the cache may grow to.", cost.cache_limit)
    for name, (help_text, value) in values.items():
        gauge = Gauge(name, help_text)
        gauge.add(value, label)
        yield gauge.text()
    for gauge in run_gauges(metrics, label):
        yield gauge.text()
