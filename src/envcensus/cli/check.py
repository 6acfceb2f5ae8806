"""`envcensus check`: missing, conflicting, duplicate, broken, end-of-life."""

from __future__ import annotations

from typing import IO, Any

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
def command(
    roots: tuple[str, ...],
    roots_from: IO[bytes] | None,
    format_: str,
    outputs: tuple[str, ...],
    quiet: bool,
    allow_incomplete: bool,
    fail_on: tuple[str, ...],
    **more: Any,
) -> ExitCode:
    """Say what is wrong in the environments found below each ROOT: what `pip check` finds, and what only files tell.

    Without a ROOT: the active virtualenv, else the current directory. With `--fail-on problem` the exit code is 3 when
    there is anything.
    """
    from envcensus.cli.progress import terminal_progress
    from envcensus.cli.roots import resolve_roots
    from envcensus.pipelines.check import check
    from envcensus.report.formats import known, render

    rules = deliver.rules(fail_on)
    known(format_)
    deliver.check_outputs(outputs)
    paths = resolve_roots(roots, roots_from, system=more["system"])
    with options.open_cache(more) as store, terminal_progress(more["progress"], quiet=quiet) as progress:
        census = check(
            paths,
            options.discover_options(more),
            store,
            rescan=more["rescan"],
            progress=progress,
        )
    options.ran(more, store, census.metrics)
    shape = deliver.render_options("check")
    with deliver.to_files(outputs, lambda name: render(name, census, deliver.for_files(shape))):
        if not quiet or deliver.newsworthy(census):
            deliver.to_stdout(render(format_, census, shape))
    deliver.say_if_nothing_is_there(census, paths, system=more["system"], quiet=quiet)
    return deliver.exit_code(census, rules, allow_incomplete=allow_incomplete)
