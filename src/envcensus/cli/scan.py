"""`envcensus scan`: a snapshot of this host."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

import click

from envcensus.cli import deliver, options
from envcensus.cli.sizes import PATH
from envcensus.errors import ExitCode, UsageError
from envcensus.model.display import plural

if TYPE_CHECKING:
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
def command(
    roots: tuple[str, ...],
    roots_from: IO[bytes] | None,
    output: str,
    host: str,
    cluster: str | None,
    host_timeout: float | None,
    expect_hosts: IO[bytes] | None,
    quiet: bool,
    progress: bool | None,
    allow_incomplete: bool,
    **more: Any,
) -> ExitCode:
    """Write what is installed below each ROOT to a snapshot: one compressed file that every command takes as a ROOT.

    No index is asked and nothing that is found is executed. Without a ROOT: the active virtualenv, else the current
    directory.
    """
    from envcensus.cli.progress import terminal_progress
    from envcensus.cli.roots import resolve_roots
    from envcensus.pipelines.collect import is_snapshot
    from envcensus.pipelines.snapshot import take_snapshot

    deliver.check_snapshot(output)
    if cluster is not None:
        from envcensus.cli.cluster import scan_to

        if host:
            raise UsageError("--host names one host, and a cluster has many", remedy="leave it out")
        values = {**more, "roots": roots, "roots_from": roots_from, "progress": progress, "quiet": quiet}
        totals, skipped = scan_to(cluster, output, host_timeout, expect_hosts, values)
        options.ran(more, None, totals.metrics())
        return _end(totals, skipped, quiet=quiet, allow_incomplete=allow_incomplete)
    paths = resolve_roots(roots, roots_from, system=more["system"])
    if any(is_snapshot(path) for path in paths):
        raise UsageError("a snapshot cannot be scanned", remedy="`envcensus merge` puts snapshots together")
    with options.open_cache(more) as store, terminal_progress(progress, quiet=quiet) as bar:
        totals, skipped = take_snapshot(
            output,
            paths,
            options.discover_options(more),
            store,
            name=host,
            rescan=more["rescan"],
            progress=bar,
        )
    options.ran(more, store, totals.metrics())
    return _end(totals, skipped, quiet=quiet, allow_incomplete=allow_incomplete)


def _end(totals: Totals, skipped: list[Skipped], *, quiet: bool, allow_incomplete: bool) -> ExitCode:
    deliver.say_skipped(skipped)
    if not quiet:
        hosts = f"{totals.hosts:,} hosts, " if totals.hosts != 1 else ""
        found = f"{plural(totals.environments, 'environment')}, {plural(totals.distributions, 'distribution')}"
        click.echo(hosts + found, err=True)
    return ExitCode.INCOMPLETE if skipped and not allow_incomplete else ExitCode.COMPLETE
