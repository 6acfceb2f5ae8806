"""`envcensus check`: missing, conflicting, duplicate, broken, end-of-life."""

from __future__ import annotations

from typing import Any

import click

from envcensus.cli import deliver, options
from envcensus.errors import ExitCode


@click.command("check", short_help="Missing, conflicting, duplicate, broken, end-of-life.")
@options.discovery_alone
@options.format_("columns, json, jsonl, junit, sarif …")
@options.cache
@options.fail_on
@options.output
@options.cluster
def command(**values: Any) -> ExitCode:
    """Say what is wrong in the environments found below each ROOT: what `pip check` finds, and what only files tell.

    Without a ROOT: the active virtualenv, else the current directory. With `--fail-on problem` the exit code is 3 when
    there is anything.
    """
    from envcensus.cli.progress import terminal_progress
    from envcensus.pipelines.check import check
    from envcensus.report.formats import known

    rules = deliver.rules(values["fail_on"])
    known(values["format_"])
    deliver.check_outputs(values["outputs"])
    paths = options.roots(values)
    with (
        options.open_cache(values) as store,
        terminal_progress(values["progress"], quiet=values["quiet"]) as progress,
    ):
        census = check(paths, options.discover_options(values), store, rescan=values["rescan"], progress=progress)
    options.ran(values, store, census.metrics)
    deliver.report(census, values, deliver.render_options("check"))
    deliver.say_if_nothing_is_there(census, paths, system=values["system"], quiet=values["quiet"])
    return deliver.exit_code(census, rules, allow_incomplete=values["allow_incomplete"])
