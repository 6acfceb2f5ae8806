"""What the shell offers after a part of a word was typed; see docs/cli.md for how to switch that on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from click import Context, Parameter
    from click.shell_completion import CompletionItem

_FLAT = {"where": ("columns", "json", "jsonl", "csv"), "tree": ("columns", "json"), "why": ("columns", "json")}


def formats(context: Context, _parameter: Parameter, incomplete: str) -> list[str]:
    """Names of the formats that the command writes."""
    from envcensus.report import formats as known

    names = _FLAT.get(context.info_name or "") or known.names(envs=context.info_name == "envs")
    return [name for name in names if name.startswith(incomplete)]


def directories(_context: Context, _parameter: Parameter, incomplete: str) -> list[CompletionItem]:
    """Directories, found by the shell itself."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="dir")]


def rules(_context: Context, _parameter: Parameter, incomplete: str) -> list[str]:
    """Rules of --fail-on; the last one of a list that is separated by commas."""
    from envcensus.analysis.rules import RULES

    before, comma, word = incomplete.rpartition(",")
    return [before + comma + rule for rule in RULES if rule.startswith(word)]
