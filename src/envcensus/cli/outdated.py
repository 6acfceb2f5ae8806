"""`envcensus outdated`: the main job, one report over all environments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from envcensus.cli import deliver, options
from envcensus.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from envcensus.analysis.selection import RowFilter
    from envcensus.model.census import Census
    from envcensus.model.changes import TrendPoint
    from envcensus.pipelines.outdated import OutdatedOptions
    from envcensus.report.options import RenderOptions


@click.command("outdated", short_help="What could be upgraded, in every environment below the roots.")
@options.discovery
@options.format_("columns, json, jsonl, csv, html …")
@click.option("--by", type=click.Choice(["environment", "project", "owner"]), default="environment", help="Group rows.")
@click.option("--all", "show_all", is_flag=True, help="Show every distribution, not only those that need attention.")
@click.option("--only", multiple=True, metavar="GLOB", help="Report matching projects alone; may be repeated.")
@click.option("--exclude", multiple=True, metavar="GLOB", help="Leave matching projects out; may be repeated.")
@click.option("--direct", "--not-required", is_flag=True, help="Leave out what another distribution requires.")
@click.option("--severity", type=click.Choice(["major", "minor", "patch"]), help="Leave out smaller steps.")
@click.option("--pre", is_flag=True, help="Take pre-releases into account.")
@click.option("--uploaded-prior-to", metavar="TIME", help="Ignore later uploads (ISO 8601, or days as P30D).")
@click.option("--min-age", type=click.IntRange(0), metavar="DAYS", help="Ignore uploads younger than DAYS.")
@click.option(
    "-c", "--constraint", "constraints", multiple=True, metavar="FILE", help="What `wanted` must also respect."
)
@click.option("--policy", metavar="FILE", help="What to ignore, and until when.  [default: envcensus.toml]")
@click.option(
    "--since",
    metavar="FILE|auto",
    help="What changed since FILE, a JSON report or a snapshot; auto: the last such run.",
)
@click.option("--upgrade-plan", is_flag=True, help="Of one environment: the newest versions that fit together.")
@options.index
@options.cache
@options.fail_on
@options.output
@options.cluster
def command(**values: Any) -> ExitCode:
    """Say what is outdated in the environments found below each ROOT.

    Each project is asked for once, however many environments hold it, and answers are cached. Nothing that is found
    is executed. Without a ROOT: the active virtualenv, else the current directory.
    """
    from envcensus.cli.progress import terminal_progress
    from envcensus.pipelines.outdated import outdated

    if values["upgrade_plan"]:
        from envcensus.cli import upgrade_plan

        return upgrade_plan.run(options.roots(values), values)
    rules = deliver.rules(values["fail_on"])
    _check_format(values["format_"], values["by"])
    _check_since(values)
    deliver.check_outputs(values["outputs"])
    paths = options.roots(values)
    with (
        options.open_cache(values) as store,
        terminal_progress(values["progress"], quiet=values["quiet"]) as progress,
    ):
        census = outdated(
            paths,
            options.discover_options(values),
            options.index_config(values),
            store,
            asking=options.ask_options(values),
            options=_what(values),
            rescan=values["rescan"],
            progress=progress,
        )
    options.ran(values, store, census.metrics)
    census, trend = _compared(census, values, values.get("remembered_as", paths))
    shape = deliver.render_options("outdated", show_all=values["show_all"], trend=trend)
    deliver.report(census, values, shape, lambda: _grouped(values["by"], values["format_"], census, shape))
    deliver.say_if_nothing_is_there(census, paths, system=values["system"], quiet=values["quiet"])
    return deliver.exit_code(census, rules, allow_incomplete=values["allow_incomplete"])


def _check_format(format_: str, by: str) -> None:
    """Raise UsageError for a format that the grouping does not have."""
    if by == "environment":
        from envcensus.report import formats

        formats.known(format_)
    else:
        from envcensus.report import flat

        flat.known(format_)


def _what(values: Mapping[str, Any]) -> OutdatedOptions:
    """Which rows there are, and what decides about them."""
    import os
    import time

    from envcensus.cli.moments import latest_upload
    from envcensus.pipelines.constraints import read_constraints
    from envcensus.pipelines.outdated import OutdatedOptions
    from envcensus.pipelines.policy import load_policy

    return OutdatedOptions(
        pre=values["pre"],
        uploaded_prior_to=latest_upload(values, time.time()),
        constraints=read_constraints(values["constraints"], fetch=options.fetch_list(values)),
        policy=load_policy(values["policy"], os.getcwd()),
        rows=_rows(values),
    )


def _rows(values: Mapping[str, Any]) -> RowFilter:
    from envcensus.analysis.selection import RowFilter

    return RowFilter(
        only=values["only"], exclude=values["exclude"], severity=values["severity"], direct=values["direct"]
    )


def _check_since(values: Mapping[str, Any]) -> None:
    """Raise UsageError for a comparison that cannot be made, before any work is done."""
    if values["since"] not in (None, "auto"):
        from envcensus.pipelines.earlier_file import check_file

        check_file(values["since"], _rows(values))


def _compared(census: Census, values: Mapping[str, Any], roots: Sequence[str]) -> tuple[Census, tuple[TrendPoint, ...]]:
    """The census with what changed, and how things stood over time; both only with --since."""
    since = values["since"]
    if since is None:
        return census, ()
    if since == "auto":
        from envcensus.pipelines.history import compare_with_last

        compared, trend, problem = compare_with_last(census, roots, _chosen(values))
        if problem:
            from envcensus.model.display import neutral

            click.echo(f"envcensus: --since auto: this run cannot be remembered: {neutral(problem)}", err=True)
        return compared, trend
    from envcensus.pipelines.earlier_file import compare_with_file

    return compare_with_file(census, since, _rows(values)), ()


# What a run is about: where one of these differs, rows are there or not for another reason than time.
_CHOOSING = (
    *("system", "max_depth", "exclude_dirs", "one_file_system", "follow_symlinks"),
    *("only", "exclude", "direct", "severity", "pre", "uploaded_prior_to", "min_age"),
)


def _chosen(values: Mapping[str, Any]) -> list[str]:
    """The options that make this run another one than the one without them, as text."""
    given = {name: values[name] for name in _CHOOSING}
    given["one_file_system"] = not given["one_file_system"]  # the one that is on where nothing is said
    texts = {name: repr(sorted(value) if isinstance(value, tuple) else value) for name, value in given.items()}
    return [f"{name} {text}" for name, text in texts.items() if text not in ("None", "False", "[]")]


def _grouped(by: str, format_: str, census: Census, shape: RenderOptions) -> Iterable[str] | None:
    """The rows per project or owner, None for the ordinary report. What is missing is said on standard error."""
    if by == "environment":
        return None
    from envcensus.analysis.views import by_owner, by_project
    from envcensus.report import flat

    failed = sum(finding.state == "failed" for survey in census.surveys for finding in survey.findings)
    if failed:
        click.echo(f"envcensus: {failed} packages could not be looked up", err=True)
    deliver.say_skipped(census.skipped)
    deliver.say_remarks(census)
    rows = by_project(census.surveys) if by == "project" else by_owner(census.surveys)
    return flat.render(format_, rows, shape)
