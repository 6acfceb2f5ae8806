"""`envcensus scan`: a snapshot of this host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from envcensus.cli import deliver, options
from envcensus.cli.sizes import PATH
from envcensus.errors import ExitCode, UsageError
from envcensus.model.display import plural

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envcensus.model.skipped import Skipped
    from envcensus.pipelines.snapshot import Totals


@click.command("scan", short_help="Write a snapshot, to be reported on elsewhere.")
@options.discovery_alone
@click.option("-o", "--output", required=True, type=PATH, metavar="FILE", help="HOST.jsonl or HOST.jsonl.gz")
@click.option("--host", default="", metavar="NAME", help="Call this host NAME.  [default: as it calls itself]")
@options.cluster_alone
@options.cache
@options.bounds
@click.option("-q", "--quiet", is_flag=True, help="Say nothing when everything could be looked at.")
@click.option("--progress/--no-progress", default=None, help="Show progress on standard error.")
@click.option("--allow-incomplete", is_flag=True, help="Exit with 0 although something could not be looked at.")
def command(**values: Any) -> ExitCode:
    """Write what is installed below each ROOT to a snapshot: one file that other commands take as a ROOT.

    No index is asked and nothing that is found is executed. Without a ROOT: the active virtualenv, else the current
    directory.
    """
    from envcensus.cli.progress import terminal_progress
    from envcensus.pipelines.collect import is_snapshot
    from envcensus.pipelines.snapshot import take_snapshot

    output = values["output"]
    deliver.check_snapshot(output)
    if values["cluster"] is not None:
        return _scan_cluster(values)
    paths = options.roots(values)
    if any(is_snapshot(path) for path in paths):
        raise UsageError("a snapshot cannot be scanned", remedy="`envcensus merge` puts snapshots together")
    with (
        options.open_cache(values) as store,
        terminal_progress(values["progress"], quiet=values["quiet"]) as progress,
    ):
        totals, skipped = take_snapshot(
            output,
            paths,
            options.discover_options(values),
            store,
            name=values["host"],
            rescan=values["rescan"],
            progress=progress,
        )
    options.ran(values, store, totals.metrics())
    return _end(totals, skipped, values)


def _scan_cluster(values: dict[str, Any]) -> ExitCode:
    from envcensus.cli.cluster import scan_to

    if values["host"]:
        raise UsageError("--host names one host, and a cluster has many", remedy="leave it out")
    totals, skipped = scan_to(
        values["cluster"], values["output"], values["host_timeout"], values["expect_hosts"], values
    )
    options.ran(values, None, totals.metrics())
    return _end(totals, skipped, values)


def _end(totals: Totals, skipped: list[Skipped], values: Mapping[str, Any]) -> ExitCode:
    deliver.say_skipped(skipped)
    if not values["quiet"]:
        hosts = f"{totals.hosts:,} hosts, " if totals.hosts != 1 else ""
        found = f"{plural(totals.environments, 'environment')}, {plural(totals.distributions, 'distribution')}"
        click.echo(hosts + found, err=True)
    return ExitCode.INCOMPLETE if skipped and not values["allow_incomplete"] else ExitCode.COMPLETE
