"""Write what is known of the command line into docs/cli.md and docs/man: python docs/reference.py

Everything comes from the commands themselves, so that neither can say what the program does not do.
"""

from __future__ import annotations

import inspect
import pathlib
from collections.abc import Iterator
from typing import NamedTuple

import click

from envcensus import __version__
from envcensus.cli.main import COMMANDS, cli
from envcensus.errors import ExitCode

HERE = pathlib.Path(__file__).parent
MARK = "<!-- what follows is written by docs/reference.py -->\n"

EXITS = {
    ExitCode.COMPLETE: "complete",
    ExitCode.FAILED: "failed: nothing to report, or the report could not be written, or the time was over",
    ExitCode.USAGE: "the command line or a setting cannot be used; nothing was done",
    ExitCode.FINDINGS: "findings that a rule of --fail-on names",
    ExitCode.INCOMPLETE: "incomplete: something could not be looked at, and the report says what",
    ExitCode.LOCKED: "another run holds the lock of --lock",
    ExitCode.INTERRUPTED: "interrupted (SIGINT, SIGTERM, SIGHUP)",
}
VARIABLES = {
    "ENVCENSUS_CACHE_DIR": "where the cache lies, as --cache-dir",
    "ENVCENSUS_INDEX_URL, ENVCENSUS_RETRIES, …": "settings of the index, as the options of the same name",
    "PIP_*, PIP_CONFIG_FILE": "pip's own settings, which count below ours; `envcensus config` shows what is in force",
    "HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE": "as everywhere",
    "NO_COLOR, FORCE_COLOR": "no colour; colour although standard output is no terminal",
    "ENVCENSUS_TRACEBACK": "show where an internal error happened",
}


class Command(NamedTuple):
    """A command as it is typed."""

    path: str  # "envcensus cache info"
    help: str
    arguments: list[str]
    options: list[tuple[str, str]]  # ("-o, --output FILE", what it does)


def commands() -> Iterator[Command]:
    """All of them, groups before their members."""
    context = click.Context(cli, info_name="envcensus")
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        yield _described(command, f"envcensus {name}")
        if isinstance(command, click.Group):
            for member, inner in command.commands.items():
                yield _described(inner, f"envcensus {name} {member}")


def _described(command: click.Command, path: str) -> Command:
    arguments, options = [], []
    for param in command.params:
        if isinstance(param, click.Option):
            options.append((_spelled(param), _meaning(param)))
        else:
            arguments.append(_argument(param))
    if isinstance(command, click.Group):
        arguments.append("COMMAND")
    return Command(path, inspect.cleandoc(command.help or ""), arguments, options)


def _argument(param: click.Parameter) -> str:
    name = (param.name or "").upper()
    if param.nargs != -1:
        return name
    return f"[{name.removesuffix('S')}]..."


def _spelled(option: click.Option) -> str:
    names = ", ".join(option.opts) + "".join(f" / {name}" for name in option.secondary_opts)
    if option.is_flag:
        return names
    if isinstance(option.type, click.Choice):
        return f"{names} {'|'.join(str(choice) for choice in option.type.choices)}"
    return f"{names} {option.metavar or (option.name or '').strip('_').upper()}"


def _meaning(option: click.Option) -> str:
    text = " ".join((option.help or "").split())
    if option.show_default and isinstance(option.default, str):
        text = f"{text}  [default: {option.default}]".strip()
    return text


def markdown() -> str:
    """The part of docs/cli.md below the mark."""
    pieces = []
    for command in commands():
        usage = " ".join([command.path, "[OPTIONS]", *command.arguments])
        pieces += [f"### {command.path}\n", f"```text\n{usage}\n```\n", f"{command.help}\n"]
        if command.options:
            rows = [f"| `{_cell(spelled)}` | {_cell(meaning)} |" for spelled, meaning in command.options]
            pieces.append("\n".join(["| option | |", "|---|---|", *rows]) + "\n")
    exits = [f"| {int(code)} | {text} |" for code, text in EXITS.items()]
    pieces += ["## Exit codes\n", "\n".join(["| code | meaning |", "|---|---|", *exits]) + "\n"]
    pieces.append("`--allow-incomplete` turns 4 into 0. Of several, the first that applies counts: 2, 5, 1, 4, 3.\n")
    variables = [f"| `{name}` | {text} |" for name, text in VARIABLES.items()]
    pieces += ["## Environment\n", "\n".join(["| variable | meaning |", "|---|---|", *variables]) + "\n"]
    return "\n".join(pieces)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def pages() -> dict[str, str]:
    """File name → manual page, one for each command and one for all."""
    found: dict[str, list[Command]] = {}
    for command in commands():
        found.setdefault(command.path.split()[1], []).append(command)
    made = {f"envcensus-{name}.1": _page(name, members) for name, members in found.items()}
    lines = _head("envcensus", (cli.help or "").strip().rstrip("."))
    lines += [".SH SYNOPSIS", r".B envcensus", r".I COMMAND", "[OPTIONS] [ARGUMENTS]", ".SH COMMANDS"]
    for name, help_text in COMMANDS.items():
        lines += [".TP", rf".BR {_roff(f'envcensus-{name}')} (1)", _roff(help_text)]
    made["envcensus.1"] = "\n".join([*lines, *_tail([])]) + "\n"
    return made


def _page(name: str, members: list[Command]) -> str:
    lines = _head(f"envcensus-{name}", COMMANDS[name].rstrip("."))
    lines.append(".SH SYNOPSIS")
    for index, command in enumerate(members if len(members) == 1 else members[1:]):
        lines += [".br"] * bool(index)
        lines += [rf".B {_roff(command.path)}", _roff(" ".join(["[OPTIONS]", *command.arguments]))]
    lines.append(".SH DESCRIPTION")
    for command in members:
        if command is not members[0]:
            lines.append(rf".SS {_roff(command.path)}")
        for number, paragraph in enumerate(command.help.split("\n\n")):
            lines += [".PP"] * bool(number) + [_roff(" ".join(paragraph.split()))]
        if command.options and command is members[0]:
            lines.append(".SH OPTIONS")
        for spelled, meaning in command.options:
            lines += [".TP", rf".B {_roff(spelled)}", _roff(meaning) or r"\&"]
    others = [other for other in COMMANDS if other != name]
    return "\n".join([*lines, *_tail(others)]) + "\n"


def _head(name: str, summary: str) -> list[str]:
    title = f'.TH {_roff(name.upper())} 1 "" "envcensus {__version__}" "User Commands"'
    return [r".\" Written by docs/reference.py", title, ".SH NAME", rf"{_roff(name)} \- {_roff(summary)}"]


def _tail(others: list[str]) -> list[str]:
    lines = [".SH EXIT STATUS"]
    for code, text in EXITS.items():
        lines += [".TP", rf".B {int(code)}", _roff(text)]
    lines.append(".SH ENVIRONMENT")
    for name, text in VARIABLES.items():
        lines += [".TP", rf".B {_roff(name)}", _roff(text)]
    if others:
        lines += [".SH SEE ALSO", ".BR envcensus (1),"]
        lines += [
            rf".BR {_roff(f'envcensus-{other}')} (1){',' if other != others[-1] else ''}" for other in sorted(others)
        ]
    return lines


def _roff(text: str) -> str:
    """Text that roff prints as it is: its own characters escaped, nothing at the start of a line taken as a request."""
    text = text.replace("\\", r"\e").replace("-", r"\-").replace("…", "...").replace("`", "")
    text = "".join(each if each.isascii() else f"\\[u{ord(each):04X}]" for each in text)
    return rf"\&{text}" if text.startswith((".", "'")) else text


def files() -> dict[pathlib.Path, str]:
    """Path → the text it should have."""
    guide = HERE / "cli.md"
    before = guide.read_text(encoding="utf-8").partition(MARK)[0]
    made = {guide: before + MARK + "\n" + markdown()}
    return made | {HERE / "man" / name: text for name, text in pages().items()}


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
