"""`envcensus list`: what is installed. For one environment it is `pip list`, byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    from envcensus.report.options import RenderOptions


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
def command(**values: Any) -> ExitCode:
    """List what is installed in the environments found below each ROOT.

    Where the one ROOT is itself an environment the output is that of `pip list`, with the same --format columns,
    freeze and json; where roots are searched it is a report per environment. Without a ROOT: the active virtualenv,
    else the current directory.
    """
    from envcensus.cli import streaming
    from envcensus.inventory import environments_at
    from envcensus.report.formats import for_file, known

    if values["outdated"] and values["uptodate"]:
        raise UsageError("--outdated and --uptodate cannot be combined", remedy="choose one")
    paths = options.roots(values)
    # (a prefix with several Pythons is as many environments)
    single = len(paths) == 1 and not values["system"] and len(environments_at(paths[0])) == 1
    if single:
        values["max_depth"] = 0  # a conda prefix alone, without those in its `envs`
    format_, outputs = values["format_"], values["outputs"]
    pip_shape = single and format_ in {"columns", "freeze", "json"}
    if not pip_shape:
        known(format_)
    deliver.check_outputs(outputs)
    # pip's columns have the build tag; installer and "requested" are in most other formats.
    asked = {format_, *map(for_file, outputs)}
    values["details"] = pip_shape or values["verbose"] or not asked <= {"columns", "freeze"}
    shape = deliver.render_options("list", show_all=True, verbose=values["verbose"])
    if not (pip_shape or values["outdated"] or values["uptodate"]) and streaming.possible(format_, outputs):
        census = _streamed(paths, values, shape)
    else:
        census = _whole(paths, values, shape, pip_shape=pip_shape)
    if not single:
        deliver.say_if_nothing_is_there(census, paths, system=values["system"], quiet=values["quiet"])
    return deliver.exit_code(census, allow_incomplete=values["allow_incomplete"])


def _streamed(paths: list[str], values: dict[str, Any], shape: RenderOptions) -> Census:
    """Write the report environment by environment; the census without them."""
    from envcensus.cli import streaming
    from envcensus.cli.progress import terminal_progress
    from envcensus.pipelines.installed import stream
    from envcensus.report.formats import render

    silent = values["quiet"] or streaming.on_terminal()
    with options.open_cache(values) as store, terminal_progress(values["progress"], quiet=silent) as progress:
        run = stream(
            paths, options.discover_options(values), store, _selection(values), progress=progress, **_scan(values)
        )
        streaming.to_all(run, render, values["format_"], values["outputs"], shape, quiet=values["quiet"])
        census = run.census()
    options.ran(values, store, census.metrics)
    return census


def _whole(paths: list[str], values: dict[str, Any], shape: RenderOptions, *, pip_shape: bool) -> Census:
    """Write the report when the census is complete."""
    from envcensus.cli.progress import terminal_progress

    with (
        options.open_cache(values) as store,
        terminal_progress(values["progress"], quiet=values["quiet"]) as progress,
    ):
        census = _take(paths, values, store, progress)
    options.ran(values, store, census.metrics)
    deliver.report(census, values, shape, lambda: _pip_lines(census, values) if pip_shape else None)
    if pip_shape:
        deliver.say_skipped(census.skipped)
        deliver.say_remarks(census)
    return census


def _take(paths: list[str], values: dict[str, Any], store: Store | NoStore, progress: Progress) -> Census:
    """The census with the rows that were asked for."""
    from envcensus.pipelines.installed import installed, select

    discovery = options.discover_options(values)
    chosen = _selection(values)
    if chosen.state == "all":
        census = installed(paths, discovery, store, progress=progress, **_scan(values))
    else:
        from envcensus.pipelines.outdated import OutdatedOptions, outdated

        census = outdated(
            paths,
            discovery,
            options.index_config(values),
            store,
            asking=options.ask_options(values),
            options=OutdatedOptions(pre=values["pre"], wanted=False),
            progress=progress,
            **_scan(values),
        )
    return select(census, chosen)


def _scan(values: dict[str, Any]) -> dict[str, bool]:
    return {"rescan": values["rescan"], "requires": values["not_required"], "details": values["details"]}


def _selection(values: dict[str, Any]) -> Selection:
    from envcensus.pipelines.installed import Selection

    state: ListState = "outdated" if values["outdated"] else "uptodate" if values["uptodate"] else "all"
    return Selection(
        state=state,
        editable=values["editable"],
        exclude_editable=values["exclude_editable"],
        exclude=values["exclude"],
        not_required=values["not_required"],
    )


def _pip_lines(census: Census, values: dict[str, Any]) -> Iterable[str]:
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
    return pip_list.render(
        values["format_"], distributions, latest=latest if values["outdated"] else None, verbose=values["verbose"]
    )
