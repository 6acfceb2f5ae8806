"""`envcensus envs`: the environments found below the roots."""

from __future__ import annotations

from typing import Any

import click

from envcensus.cli import deliver, options
from envcensus.errors import ExitCode


@click.command("envs", short_help="Environments found below the roots.")
@options.discovery_alone
@options.format_("columns, json or jsonl.")
@options.output
@options.cluster
def command(**values: Any) -> ExitCode:
    """List the Python environments found below each ROOT: path, kind, Python version and owner.

    Nothing that is found is executed. Without a ROOT: the active virtualenv, else the current directory.
    """
    from envcensus.cli import streaming
    from envcensus.pipelines.collect import environments
    from envcensus.report.formats import known, render_envs

    format_, outputs, quiet = values["format_"], values["outputs"], values["quiet"]
    known(format_, envs=True)
    deliver.check_outputs(outputs, envs=True)
    run = environments(options.roots(values), options.discover_options(values))
    shape = deliver.render_options("envs")
    if streaming.possible(format_, outputs):
        streaming.to_all(run, render_envs, format_, outputs, shape, quiet=quiet)
        census = run.census()
        options.ran(values, None, census.metrics)
    else:
        census = run.census()
        options.ran(values, None, census.metrics)
        with deliver.to_files(outputs, lambda name: render_envs(name, census, deliver.for_files(shape))):
            if not quiet or census.skipped:
                deliver.to_stdout(render_envs(format_, census, shape))
    return deliver.exit_code(census, allow_incomplete=values["allow_incomplete"])
