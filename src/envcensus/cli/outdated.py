"""`envcensus outdated`: the main job, one report over all environments."""

from __future__ import annotations

from typing import IO, Any

import click

from envcensus.cli import deliver, options
from envcensus.errors import ExitCode


@click.command("outdated", short_help="What could be upgraded, in every environment below the roots.")
@options.discovery
@click.option("--format", "format_", default="columns", show_default=True, help="columns, json, jsonl, csv, html …")
@click.option("--pre", is_flag=True, help="Take pre-releases into account.")
@click.option("--all", "show_all", is_flag=True, help="Show every distribution, not only those that need attention.")
@options.index
@options.cache
@options.fail_on
@options.output
def command(
    roots: tuple[str, ...],
    roots_from: IO[bytes] | None,
    format_: str,
    pre: bool,
    show_all: bool,
    outputs: tuple[str, ...],
    quiet: bool,
    allow_incomplete: bool,
    fail_on: tuple[str, ...],
    **more: Any,
) -> ExitCode:
    """Say what is outdated in the environments found below each ROOT.

    Each project is asked for once, however many environments hold it, and answers are cached. Nothing that is found
    is executed. Without a ROOT: the active virtualenv, else the current directory.
    """
    from envcensus.analysis.rules import parse_rules
    from envcensus.cli.progress import terminal_progress
    from envcensus.cli.roots import resolve_roots
    from envcensus.pipelines.outdated import OutdatedOptions, outdated
    from envcensus.report.formats import known, render

    rules = parse_rules(fail_on)
    known(format_)
    deliver.check_outputs(outputs)
    with options.open_cache(more) as store, terminal_progress(more["progress"], quiet=quiet) as progress:
        census = outdated(
            resolve_roots(roots, roots_from, system=more["system"]),
            options.discover_options(more),
            options.index_config(more),
            store,
            asking=options.ask_options(more),
            options=OutdatedOptions(pre=pre),
            rescan=more["rescan"],
            progress=progress,
        )
    options.report_cache(store)
    shape = deliver.render_options("outdated", show_all=show_all)
    deliver.to_files(outputs, lambda name: render(name, census, deliver.for_files(shape)))
    if not quiet or deliver.newsworthy(census):
        deliver.to_stdout(render(format_, census, shape))
    return deliver.exit_code(census, rules, allow_incomplete=allow_incomplete)
