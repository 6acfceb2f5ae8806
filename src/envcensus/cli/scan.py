"""`envcensus scan`: a snapshot of this host."""

from __future__ import annotations

from typing import IO, Any

import click

from envcensus.cli import deliver, options
from envcensus.errors import ExitCode, UsageError


@click.command("scan", short_help="Write a snapshot, to be reported on elsewhere.")
@options.discovery_alone
@click.option("-o", "--output", required=True, type=click.Path(), metavar="FILE", help="HOST.jsonl or HOST.jsonl.gz")
@click.option("--host", default="", metavar="NAME", help="Call this host NAME.  [default: as it calls itself]")
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
    from envcensus.pipelines.collect import SNAPSHOTS, is_snapshot
    from envcensus.pipelines.snapshot import take_snapshot

    if not output.endswith(SNAPSHOTS):
        raise UsageError(f"{output} is no name for a snapshot", remedy="let it end in " + " or ".join(SNAPSHOTS))
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
    deliver.say_skipped(skipped)
    if not quiet:
        click.echo(f"{totals.environments} environments, {totals.distributions} distributions", err=True)
    return ExitCode.INCOMPLETE if skipped and not allow_incomplete else ExitCode.COMPLETE
