"""What to say about a command line that cannot be used: one line that names the thing and where to look."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any

from envcensus.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import click


def line(error: click.UsageError) -> str:
    """click's message in the form of our own."""
    from envcensus.model.display import neutral

    text = " ".join(error.format_message().split())
    text, _, guess = text.partition(". (Did you mean " if ". (Did you mean " in text else ". Did you mean ")
    text = text.removesuffix(".")
    if guess:
        text += f"; did you mean {guess.rstrip('?)').replace('one of: ', 'one of ')}"
    elif text.startswith("No such command"):
        from difflib import get_close_matches

        from envcensus.cli.main import COMMANDS

        meant = get_close_matches(text.split("'")[1], COMMANDS, 1) if "'" in text else []
        text += f"; did you mean '{meant[0]}'" if meant else ""
    path = error.ctx.command_path if error.ctx is not None else _command_path()
    return neutral(f"envcensus: {text[:1].lower()}{text[1:]}; see `{path} --help`")


def _command_path() -> str:
    """The command that was called, where click does not say it: its parser knows no context."""
    import sys

    from envcensus.cli.main import COMMANDS

    command = sys.argv[1] if len(sys.argv) > 1 and sys.argv[1] in COMMANDS else ""
    return f"envcensus {command}".rstrip()


def check(values: Mapping[str, Any], metrics_file: str | None) -> None:
    """Raise UsageError, before any work is done, for options that contradict each other and for files that have no
    directory to lie in."""
    if values.get("offline"):
        if values.get("refresh"):
            raise UsageError("--offline and --refresh cannot be combined", remedy="choose one")
        if values.get("no_cache"):
            raise UsageError("--offline and --no-cache cannot be combined", remedy="--offline answers from the cache")
    if values.get("upgrade_plan"):
        from envcensus.cli.upgrade_plan import refuse_others

        refuse_others()
    named = [("--output", path) for path in (*values.get("outputs", ()), values.get("output"))]
    for option, path in (*named, ("--metrics-file", metrics_file)):
        if path is None:
            continue
        if not path:
            raise UsageError(f"{option} names no file", remedy="give it a name")
        directory = os.path.dirname(path) or "."
        if os.path.isdir(path):
            raise UsageError(f"{path} is a directory", remedy="name a file in it")
        if not os.path.isdir(directory):
            raise UsageError(f"{path} cannot be written: {_why_none(directory)}", remedy="create it first")
        if not os.access(directory, os.W_OK | os.X_OK) and not _is_stream(path):
            raise UsageError(
                f"{path} cannot be written: no new file may be made in {directory}", remedy="choose another"
            )


def _why_none(directory: str) -> str:
    """Why nothing can be written in what is no directory, as far as this process may see."""
    from envcensus.runtime.refusals import is_gone, refusal

    if is_gone(directory):
        return f"no such directory: {directory}"
    try:
        os.listdir(directory)
    except OSError as error:
        return f"{directory}: {refusal(error)}"
    return f"no such directory: {directory}"  # it has come meanwhile


def _is_stream(path: str) -> bool:
    """Whether what is at `path` is written to as it is, such as /dev/stdout."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)
