"""`envcensus where`: which environments hold a project."""

from __future__ import annotations

from typing import Any

import click

from envcensus.cli import deliver, options
from envcensus.errors import ExitCode


@click.command("where", short_help="Which environments hold it: where 'numpy<2'.")
@click.argument("requirement")
@options.discovery_alone
@options.format_("columns, json, jsonl or csv.")
@options.cache
@click.option("--allow-incomplete", is_flag=True, help="Exit with 0 although something could not be looked at.")
@options.figures
@options.cluster
def command(requirement: str, **values: Any) -> ExitCode:
    """List the environments below each ROOT that hold REQUIREMENT: a name, with or without versions ('numpy<2')."""
    from envcensus.cli.progress import terminal_progress
    from envcensus.model.census import Metrics
    from envcensus.model.display import neutral, plural
    from envcensus.pipelines.where import where
    from envcensus.report import flat

    metrics = Metrics()
    with options.open_cache(values) as store, terminal_progress(None, quiet=False) as progress:
        found, skipped = where(
            requirement,
            options.roots(values),
            options.discover_options(values),
            store,
            rescan=values["rescan"],
            progress=progress,
            metrics=metrics,
        )
    options.ran(values, store, metrics)
    deliver.to_stdout(flat.render(values["format_"], found, deliver.render_options("where")))
    if not found and not skipped:
        click.echo(
            f"envcensus: none of {plural(metrics.environments, 'environment')} holds {neutral(requirement)}", err=True
        )
    deliver.say_skipped(skipped)
    return ExitCode.INCOMPLETE if skipped and not values["allow_incomplete"] else ExitCode.COMPLETE
