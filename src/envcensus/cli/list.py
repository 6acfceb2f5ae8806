"""`envcensus list`: what is installed. For one environment it is `pip list`, byte for byte."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

import click

from envcensus.cli import deliver, options
from envcensus.errors import ExitCode, UsageError
from envcensus.model.skipped import Skipped

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envcensus.cache.store import NoStore, Store
    from envcensus.model.census import Census
    from envcensus.pipelines.installed import ListState, Selection
    from envcensus.pipelines.progress import Progress


@click.command("list", short_help="What is installed: pip list, for one environment or thousands.")
@options.discovery
@options.format_("columns, freeze, json, jsonl, csv …")
@click.option("--outdated", is_flag=True, help="List what has a newer version.")
@click.option("-u", "--uptodate", is_flag=True, help="List what has none.")
@click.option("-e", "--editable", is_flag=True, help="List editable projects only.")
@click.option("--exclude-editable", is_flag=True, help="Leave out editable projects.")
@click.option("--not-required", is_flag=True, help="Leave out what another distribution requires.")
@click.option("--exclude", multiple=True, metavar="NAME", help="Leave out NAME; may be repeated.")
@click.option("--pre", is_flag=True, help="Take pre-releases into account.")
@click.option("-v", "--verbose", is_flag=True, help="Show locations and installers.")
@options.index
@options.cache
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
    """List what is installed in the environments found below each ROOT.

    Where the one ROOT is itself an environment the output is that of `pip list`, with the same --format columns,
    freeze and json; where roots are searched it is a report per environment. Without a ROOT: the active virtualenv,
    else the current directory.
    """
    from envcensus.cli import streaming
    from envcensus.cli.progress import terminal_progress
    from envcensus.cli.roots import resolve_roots
    from envcensus.inventory import environments_at
    from envcensus.pipelines.installed import stream
    from envcensus.report.formats import for_file, known, render

    if more["outdated"] and more["uptodate"]:
        raise UsageError("--outdated and --uptodate cannot be combined", remedy="choose one")
    paths = resolve_roots(roots, roots_from, system=more["system"])
    # (a prefix with several Pythons is as many environments)
    single = len(paths) == 1 and not more["system"] and len(environments_at(paths[0])) == 1
    if single:
        more["max_depth"] = 0  # a conda prefix alone, without those in its `envs`
    pip_shape = single and format_ in {"columns", "freeze", "json"}
    if not pip_shape:
        known(format_)
    deliver.check_outputs(outputs)
    shape = deliver.render_options("list", show_all=True, verbose=more["verbose"])
    # pip's columns have the build tag; installer and "requested" are in most other formats.
    asked = {format_, *map(for_file, outputs)}
    more["details"] = pip_shape or more["verbose"] or not asked <= {"columns", "freeze"}
    streams = not (pip_shape or more["outdated"] or more["uptodate"]) and streaming.possible(format_, outputs)
    silent = quiet or (streams and streaming.on_terminal())
    with options.open_cache(more) as store, terminal_progress(more["progress"], quiet=silent) as progress:
        if streams:
            run = stream(
                paths, options.discover_options(more), store, _selection(more), progress=progress, **_scan(more)
            )
            streaming.to_all(run, render, format_, outputs, shape, quiet=quiet)
            census = run.census()
        else:
            census = _take(paths, more, store, progress)
    options.ran(more, store, census.metrics)
    if not single:
        deliver.say_if_nothing_is_there(census, paths, system=more["system"], quiet=quiet)
    if streams:
        return deliver.exit_code(census, allow_incomplete=allow_incomplete)
    with deliver.to_files(outputs, lambda name: render(name, census, deliver.for_files(shape))):
        if not quiet or deliver.newsworthy(census):
            deliver.to_stdout(_pip_lines(format_, census, more) if pip_shape else render(format_, census, shape))
    if pip_shape:
        deliver.say_skipped(census.skipped)
        deliver.say_remarks(census)
    return deliver.exit_code(census, allow_incomplete=allow_incomplete)


def _take(paths: list[str], more: dict[str, Any], store: Store | NoStore, progress: Progress) -> Census:
    """The census with the rows that were asked for."""
    from envcensus.pipelines.installed import installed, select

    discovery = options.discover_options(more)
    chosen = _selection(more)
    if chosen.state == "all":
        census = installed(paths, discovery, store, progress=progress, **_scan(more))
    else:
        from envcensus.pipelines.outdated import OutdatedOptions, outdated

        census = outdated(
            paths,
            discovery,
            options.index_config(more),
            store,
            asking=options.ask_options(more),
            options=OutdatedOptions(pre=more["pre"], wanted=False),
            progress=progress,
            **_scan(more),
        )
    return select(census, chosen)


def _scan(more: dict[str, Any]) -> dict[str, bool]:
    return {"rescan": more["rescan"], "requires": more["not_required"], "details": more["details"]}


def _selection(more: dict[str, Any]) -> Selection:
    from envcensus.pipelines.installed import Selection

    state: ListState = "outdated" if more["outdated"] else "uptodate" if more["uptodate"] else "all"
    return Selection(
        state=state,
        editable=more["editable"],
        exclude_editable=more["exclude_editable"],
        exclude=more["exclude"],
        not_required=more["not_required"],
    )


def _pip_lines(format_: str, census: Census, more: dict[str, Any]) -> Iterable[str]:
    """The lines of `pip list`; rows whose look-up failed are on standard error, as pip's warnings are."""
    from envcensus.report import pip_list

    findings = [finding for survey in census.surveys for finding in survey.findings]
    deliver.say_skipped(
        Skipped("project", finding.distribution.name, finding.reason)
        for finding in findings
        if finding.state == "failed"
    )
    shown = [finding for finding in findings if finding.state != "failed"]
    latest = {finding.distribution.normalized: finding.latest for finding in shown if finding.latest}
    distributions = [finding.distribution for finding in shown]
    return pip_list.render(format_, distributions, latest=latest if more["outdated"] else None, verbose=more["verbose"])
