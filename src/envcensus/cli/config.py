"""`envcensus config`: what is in force, and where each value came from."""

from __future__ import annotations

from typing import Any

import click

from envcensus.cli import options
from envcensus.errors import ExitCode


@click.command("config")
@options.index
@click.option(
    "--for",
    "command_name",
    type=click.Choice(["list", "install"]),
    default="list",
    show_default=True,
    help="The pip command whose section of pip.conf counts: list for outdated, install for resolve.",
)
@click.option("--format", "style", type=click.Choice(["columns", "json"]), default="columns", show_default=True)
def command(**values: Any) -> int:
    """Show the settings in force, and where each value came from.

    The configuration of pip counts (files, then PIP_* variables); above it [index] of envcensus.toml, or
    [tool.envcensus.index] of pyproject.toml, in the working directory; above that ENVCENSUS_* variables; and above
    all the options on the command line. Credentials are not shown.
    """
    from envcensus.model.display import neutral
    from envcensus.pipelines.config import config_problems, render_json, render_rows

    config = options.index_config(values, values["command_name"])
    problems = config_problems(config)
    click.echo(
        render_json(config.settings, problems) if values["style"] == "json" else render_rows(config.settings), nl=False
    )
    for problem in problems:
        click.echo(f"envcensus: {neutral(f'{problem.where}: {problem.reason}')}", err=True)
    return ExitCode.INCOMPLETE if problems else ExitCode.COMPLETE
