"""`envcensus envs`: the environments found below the roots."""

from __future__ import annotations

from typing import IO, Any

import click

from envcensus.cli import deliver, options
from envcensus.errors import ExitCode


@click.command("envs", short_help="Environments found below the roots.")
@options.discovery_alone
@options.format_("columns, json or jsonl.")
@options.output
@options.cluster
def command(
    roots: tuple[str, ...],
    roots_from: IO[bytes] | None,
    format_: str,
    outputs: tuple[str, ...],
    quiet: bool,
    allow_incomplete: bool,
    **more: Any,
) -> ExitCode:
    """List the Python environments found below each ROOT: path, kind, Python version and owner.

    Nothing that is found is executed. Without a ROOT: the active virtualenv, else the current directory.
    """
    from envcensus.cli import streaming
    from envcensus.cli.roots import resolve_roots
    from envcensus.pipelines.collect import environments
    from envcensus.report.formats import known, render_envs

    known(format_, envs=True)
    deliver.check_outputs(outputs, envs=True)
    run = environments(resolve_roots(roots, roots_from, system=more["system"]), options.discover_options(more))
    shape = deliver.render_options("envs")
    if streaming.possible(format_, outputs):
        streaming.to_all(run, render_envs, format_, outputs, shape, quiet=quiet)
        options.ran(more, None, run.metrics)
        return deliver.exit_code(run.census(), allow_incomplete=allow_incomplete)
    found = run.census()
    options.ran(more, None, found.metrics)
    with deliver.to_files(outputs, lambda name: render_envs(name, found, deliver.for_files(shape))):
        if not quiet or found.skipped:
            deliver.to_stdout(render_envs(format_, found, shape))
    return deliver.exit_code(found, allow_incomplete=allow_incomplete)
