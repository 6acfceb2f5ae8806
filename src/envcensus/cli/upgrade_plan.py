"""`envcensus outdated --upgrade-plan`: what one environment could be upgraded to as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from envcensus.cli import deliver, options
from envcensus.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from envcensus.model.resolution import Wanted

# They choose rows, group them or judge them, and a plan is a whole; it is made by one process on one host.
_OTHER = (
    "only", "exclude", "severity", "direct", "policy", "by", "since", "fail_on", "workers", "cluster", "host_timeout",
)  # fmt: skip


def refuse_others() -> None:
    """Raise UsageError for an option of the running command that has no meaning with --upgrade-plan."""
    from click.core import ParameterSource

    context = click.get_current_context()
    for parameter in context.command.params:
        name = parameter.name or ""
        if name in _OTHER and context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            option = next(each for each in parameter.opts if each.startswith("--"))
            raise UsageError(
                f"--upgrade-plan plans for one environment as a whole: {option} has no place there",
                remedy=f"leave out {option}",
            )


def run(roots: Sequence[str], values: Mapping[str, Any]) -> ExitCode:
    """Plan, write, and say what could not be looked at."""
    import time

    from envcensus.cli.moments import latest_upload
    from envcensus.cli.solving import solving
    from envcensus.inventory import environments_at
    from envcensus.model.census import Metrics
    from envcensus.model.display import neutral
    from envcensus.model.resolution import Conflict
    from envcensus.pipelines.upgrade_plan import PlanOptions, upgrade_plan
    from envcensus.report import upgrade_plan as report

    format_ = report.known(values["format_"])
    for path in values["outputs"]:
        report.for_file(path)  # before any work is done
    if len(roots) == 1 and len(environments_at(roots[0])) == 1:
        values = {**values, "max_depth": 0}  # a conda prefix alone, without those in its `envs`
    metrics = Metrics()
    with options.open_cache(values) as store, solving(values) as progress:
        plan = upgrade_plan(
            roots,
            options.discover_options(values),
            options.index_config(values),
            store,
            options=PlanOptions(
                constraints=_constraints(values),
                pre=values["pre"],
                uploaded_prior_to=latest_upload(values, time.time()),
                refresh=values["refresh"],
                offline=values["offline"],
                max_age=values["max_age"],
            ),
            metrics=metrics,
            rescan=values["rescan"],
            progress=progress,
        )
    options.ran(values, store, metrics)
    deliver.say_skipped(plan.skipped)
    if isinstance(plan, Conflict):
        for line in plan.lines:
            click.echo(neutral(line), err=True)
        return ExitCode.INCOMPLETE if plan.skipped else ExitCode.FAILED
    for warning in plan.warnings:
        click.echo(f"envcensus: {neutral(warning)}", err=True)
    with deliver.to_files(values["outputs"], lambda name: report.render(name, plan), report.for_file):
        if not values["quiet"]:
            deliver.to_stdout(report.render(format_, plan, show_all=values["show_all"]))
    return ExitCode.COMPLETE if not plan.skipped or values["allow_incomplete"] else ExitCode.INCOMPLETE


def _constraints(values: Mapping[str, Any]) -> tuple[Wanted, ...]:
    import os

    from envcensus.pipelines.resolve_inputs import Reader

    reader = Reader(os.environ, os.getcwd(), options.fetch_list(values))
    for path in values["constraints"]:
        reader.constraints_file(path)
    return tuple(reader.inputs.constraints)
