"""`envcensus why`: who requires a distribution."""

from __future__ import annotations

from typing import Any

import click

from envcensus.cli import deliver, options
from envcensus.errors import ExitCode, UsageError


@click.command("why", short_help="Who requires a distribution in an environment.")
@click.argument("name")
@options.environment
@options.format_("columns or json.")
@options.cache
@options.figures
def command(name: str, environment: str, **values: Any) -> ExitCode:
    """Draw who requires NAME in ENVIRONMENT, and who requires those, up to what nobody requires."""
    from envcensus._kernels.names import canonicalize_name
    from envcensus.analysis.tree import why
    from envcensus.cli.environment import one_survey
    from envcensus.pipelines.check import graph_of
    from envcensus.report import branches

    with options.open_cache(values) as store:
        survey, skipped, metrics = one_survey(environment, store, rescan=values["rescan"])
    options.ran(values, store, metrics)
    graph = graph_of(survey)
    wanted = canonicalize_name(name)
    if wanted not in graph.nodes and wanted not in graph.needed_by:
        raise UsageError(f"{name} is neither installed nor required in {environment}", remedy="see `envcensus list`")
    deliver.to_stdout(branches.render(values["format_"], [why(graph, wanted)], deliver.render_options("why")))
    deliver.say_skipped(skipped)
    return ExitCode.INCOMPLETE if skipped else ExitCode.COMPLETE
