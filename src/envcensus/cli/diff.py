"""`envcensus diff`: what changed between two snapshots."""

from __future__ import annotations

from typing import Any

import click

from envcensus.cli import deliver, options
from envcensus.cli.sizes import PATH
from envcensus.errors import ExitCode


@click.command("diff", short_help="What changed between two snapshots or directories.")
@click.argument("old", type=PATH)
@click.argument("new", type=PATH)
@click.option("--format", "format_", default="columns", show_default=True, help="columns, json, jsonl or csv.")
@options.cache
@options.figures
@click.option("--allow-incomplete", is_flag=True, help="Exit with 0 although something could not be looked at.")
def command(old: str, new: str, **values: Any) -> ExitCode:
    """List what was added, removed, upgraded or downgraded from OLD to NEW: snapshots, or directories of this host.

    Environments are the same when host and path are.
    """
    from envcensus.cli.progress import terminal_progress
    from envcensus.cli.roots import resolve_roots
    from envcensus.inventory import DiscoverOptions
    from envcensus.model.census import Metrics
    from envcensus.pipelines.diff import diff
    from envcensus.report import flat

    flat.known(values["format_"])
    before, after = resolve_roots([old, new], None)
    with options.open_cache(values) as store, terminal_progress(None, quiet=False) as progress:
        found, skipped = diff(before, after, DiscoverOptions(), store, rescan=values["rescan"], progress=progress)
    options.ran(values, store, Metrics())
    deliver.to_stdout(flat.render(values["format_"], found, deliver.render_options("diff")))
    deliver.say_skipped(skipped)
    return ExitCode.INCOMPLETE if skipped and not values["allow_incomplete"] else ExitCode.COMPLETE
