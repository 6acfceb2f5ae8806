"""`envcensus tree`: the installed dependency tree of one environment."""

from __future__ import annotations

from typing import Any

import click

from envcensus.cli import deliver, options
from envcensus.errors import ExitCode


@click.command("tree", short_help="The installed dependency tree of an environment.")
@options.environment
@options.format_("columns or json.")
@options.cache
@options.figures
def command(environment: str, **values: Any) -> ExitCode:
    """Draw what is installed in ENVIRONMENT as a tree: below each distribution what it requires."""
    from envcensus.analysis.tree import forest
    from envcensus.cli.environment import one_survey
    from envcensus.pipelines.check import graph_of
    from envcensus.report import branches

    with options.open_cache(values) as store:
        survey, skipped, metrics = one_survey(environment, store, rescan=values["rescan"])
    options.ran(values, store, metrics)
    deliver.to_stdout(branches.render(values["format_"], forest(graph_of(survey)), deliver.render_options("tree")))
    deliver.say_skipped(skipped)
    return ExitCode.INCOMPLETE if skipped else ExitCode.COMPLETE
