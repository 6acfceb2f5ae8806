"""The entry point: a click group that imports a command's module only when that command runs."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from typing import Any, TypeGuard

import click

from envcensus import __version__
from envcensus.cli import start
from envcensus.errors import EnvcensusError, ExitCode
from envcensus.runtime import signals

# name → one line of help; the module is envcensus.cli.<name>, its command is `command`.
COMMANDS: dict[str, str] = {
    "envs": "Environments found below the roots.",
    "list": "What is installed: pip list, for one environment or thousands.",
    "outdated": "What could be upgraded, in every environment below the roots.",
    "scan": "Write what is installed below the roots to a snapshot, to be reported on elsewhere.",
    "merge": "Put the snapshots of many hosts into one.",
    "diff": "What changed between two snapshots or directories.",
    "resolve": "Pin a tree of requirements, however large, or say why that cannot be done.",
    "check": "Missing, conflicting, duplicate, broken, end-of-life.",
    "where": "Which environments hold it: where 'numpy<2'.",
    "tree": "The installed dependency tree of an environment.",
    "why": "Who requires a distribution in an environment.",
    "cache": "What the cache holds; clear, prune and verify it.",
    "config": "Show the settings in force, and where each came from.",
}


_NO_MEMORY = (os.strerror(errno.ENOMEM), "failed to map segment")
_NO_FILES = (os.strerror(errno.EMFILE), os.strerror(errno.ENFILE))
# Of a write without a name: standard output, most of all.
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}


class _Left(BaseException):
    """Carries what ended a command past click, which would print an empty line, or exit with 1 for a closed pipe."""

    def __init__(self, reason: BaseException) -> None:
        self.reason = reason


class LazyGroup(click.Group):
    """Subcommands are listed from COMMANDS, so that `--help` imports none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        start.import_msgspec()
        command: click.Command = importlib.import_module(f"envcensus.cli.{cmd_name}").command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, BrokenPipeError) as reason:
            raise _Left(reason) from reason

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="envcensus")
def cli() -> None:
    """A census of Python environments: what is installed, what is outdated, what breaks."""


def main() -> None:
    """Run the command line and exit with one of `ExitCode`. No traceback reaches a user."""
    signals.install()
    try:
        code = _run()
    except click.ClickException as error:
        code = _refused(error)
    except EnvcensusError as error:
        _say(str(error))
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        print(("\n" if sys.stderr.isatty() else "") + "envcensus: interrupted", file=sys.stderr)  # a line after "^C"
        code = ExitCode.INTERRUPTED
    except BrokenPipeError:
        _write_no_more()
        code = ExitCode.COMPLETE
    except Exception as error:
        if os.environ.get("ENVCENSUS_TRACEBACK"):
            raise
        _say(_what_went_wrong(error))
        if _is_full(error):
            _write_no_more()
        code = ExitCode.FAILED
    signals.relent()  # while the interpreter ends, an exception would be a traceback
    sys.exit(int(code or 0))


def _run() -> int | None:
    try:
        code: int | None = cli.main(prog_name="envcensus", standalone_mode=False)
        sys.stdout.flush()
    except _Left as left:
        raise left.reason from None
    return code


def _say(text: str) -> None:
    """One line on standard error, where what it quotes (a path, a line of a file) neither steers the terminal nor tells
    a password."""
    from envcensus.model.display import neutral
    from envcensus.model.redact import redact

    print(f"envcensus: {neutral(redact(text))}", file=sys.stderr)


def _what_went_wrong(error: Exception) -> str:
    """One line about what nobody expected: a limit of the system, or a fault of ours."""
    if _is_full(error):
        return f"the output cannot be written: {error.strerror}"
    if isinstance(error, FileNotFoundError) and not _is_somewhere():
        return "the current directory does not exist any more; change to another one"
    # Importing and name resolution have errors of their own for some of these.
    if isinstance(error, MemoryError) or any(text in str(error) for text in _NO_MEMORY):
        return "there is not enough memory; raise the limit (`ulimit -v`), or name fewer ROOTs at a time"
    if any(text in str(error) for text in _NO_FILES):
        return "too many files are open; raise the limit (`ulimit -n`)"
    if "can't start new thread" in str(error):
        return "no more threads may be started; raise the limit (`ulimit -u`, or that of memory, `ulimit -v`)"
    what = f"{type(error).__name__}: {error}".splitlines()[0]
    return f"internal error: {what}; set ENVCENSUS_TRACEBACK=1 to see where"


def _is_full(error: Exception) -> TypeGuard[OSError]:
    """Whether the standard output can take no more."""
    return isinstance(error, OSError) and error.errno in _FULL and error.filename is None


def _is_somewhere() -> bool:
    """Whether the current directory still exists."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return False
    return True


def _refused(error: click.ClickException) -> ExitCode:
    from envcensus.cli import usage

    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return ExitCode.USAGE
    if isinstance(error, click.UsageError):
        print(usage.line(error), file=sys.stderr)
        return ExitCode.USAGE
    print(f"envcensus: {error.format_message()}", file=sys.stderr)
    return ExitCode.FAILED


def _write_no_more() -> None:
    """Let what is left in the buffer go nowhere at exit, where a failure would be a message of the interpreter's."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
