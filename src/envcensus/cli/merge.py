"""`envcensus merge`: the snapshots of many hosts as one."""

from __future__ import annotations

from typing import Any

import click

from envcensus.cli import deliver, options
from envcensus.cli.sizes import PATH, Readable
from envcensus.errors import ExitCode, UsageError


@click.command("merge", short_help="Put the snapshots of many hosts into one.")
@click.argument("snapshots", nargs=-1, type=PATH)
@click.option("--roots-from", type=Readable("rb"), metavar="FILE", help="Read more names of snapshots from FILE.")
@click.option("-o", "--output", required=True, type=PATH, metavar="FILE", help="ALL.jsonl or ALL.jsonl.gz")
@options.bounds
@click.option("-q", "--quiet", is_flag=True, help="Say nothing when every snapshot could be used.")
@click.option("--allow-incomplete", is_flag=True, help="Exit with 0 although a snapshot could not be used.")
def command(snapshots: tuple[str, ...], **values: Any) -> ExitCode:
    """Write the hosts of all SNAPSHOTS into one.

    Of several scans of one host the newest is taken. A damaged snapshot is left out, and every report on the result
    says so.
    """
    from envcensus.cli.progress import terminal_progress
    from envcensus.cli.roots import resolve_roots
    from envcensus.model.census import Metrics
    from envcensus.model.display import neutral, plural
    from envcensus.pipelines.merge import merge

    output, roots_from, quiet = values["output"], values["roots_from"], values["quiet"]
    deliver.check_snapshot(output)
    if not snapshots and roots_from is None:
        raise UsageError("nothing to merge", remedy="name some snapshots")
    with terminal_progress(None, quiet=quiet) as progress:
        done = merge(resolve_roots(snapshots, roots_from), output, progress=progress)
    options.ran(values, None, Metrics(environments=done.environments, distributions=done.distributions))
    deliver.say_skipped(done.skipped)
    if not quiet:
        for note in done.notes:
            click.echo(neutral(f"envcensus: {note}"), err=True)
        older = f", {done.superseded} older left out" if done.superseded else ""
        click.echo(f"{plural(done.hosts, 'host')}, {plural(done.environments, 'environment')}{older}", err=True)
    return ExitCode.INCOMPLETE if done.skipped and not values["allow_incomplete"] else ExitCode.COMPLETE
