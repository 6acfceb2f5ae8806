"""Completion in the shells themselves, switched on as docs/cli.md says."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.command import neutral_environ

BASH = r"""
eval "$(_ENVCENSUS_COMPLETE=bash_source envcensus)"
complete -p envcensus >/dev/null || exit 1
COMP_WORDS=(%s)
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_envcensus_completion envcensus
printf '%%s\n' "${COMPREPLY[@]}"
"""
COMMANDS = {"envs", "list", "outdated", "resolve", "check", "where", "tree", "why", "cache", "config"}
TYPED = [
    ("out", {"outdated"}),
    ("outdated --fo", {"--format", "--follow-symlinks"}),
    ("outdated --format c", {"columns", "csv", "cyclonedx"}),
    ("envs --format j", {"json", "jsonl"}),
    ("why --format ''", {"columns", "json"}),
    ("check --fail-on yanked,arch", {"yanked,archived"}),
    ("cache v", {"verify"}),
    ("resolve --format py", {"pylock"}),
    ("cache info --format j", {"json"}),
]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment in which `envcensus` is a command."""
    script = tmp_path / "bin" / "envcensus"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m envcensus "$@"\n')
    script.chmod(0o755)
    environ = neutral_environ(tmp_path)
    return environ | {"PATH": f"{script.parent}{os.pathsep}{environ['PATH']}", "TERM": "dumb", "PS1": "> "}


def output(argv: list[str], environ: dict[str, str]) -> set[str]:
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return set(done.stdout.splitlines())


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
@pytest.mark.parametrize(("words", "offered"), TYPED, ids=[words for words, _ in TYPED])
def test_bash(words: str, offered: set[str], environ: dict[str, str]) -> None:
    assert output(["bash", "--norc", "-c", BASH % f"envcensus {words}"], environ) == offered


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_bash_offers_every_command(environ: dict[str, str]) -> None:
    assert output(["bash", "--norc", "-c", BASH % "envcensus ''"], environ) >= COMMANDS


@pytest.mark.skipif(shutil.which("fish") is None, reason="no fish")
@pytest.mark.parametrize(("words", "offered"), TYPED[:3])
def test_fish(words: str, offered: set[str], environ: dict[str, str]) -> None:
    script = f"_ENVCENSUS_COMPLETE=fish_source envcensus | source; complete -C 'envcensus {words}'"
    assert {line.split("\t")[0] for line in output(["fish", "--no-config", "-c", script], environ)} == offered


ZSH = 'autoload -Uz compinit; compinit -u -D; eval "$(_ENVCENSUS_COMPLETE=zsh_source envcensus)"\n'


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_tab_key(shell: str, environ: dict[str, str]) -> None:
    """A person at a terminal: types, presses TAB, reads the completed word."""
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell}")
    argv = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}[shell]
    setup = {"bash": 'eval "$(_ENVCENSUS_COMPLETE=bash_source envcensus)"\n', "zsh": ZSH}[shell]
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(argv[0], argv, environ)
    try:
        os.write(terminal, setup.encode() + b"echo rea''dy\n")
        read_until(terminal, b"ready\r\n")
        os.write(terminal, b"envcensus outd\t--sev\t")
        read_until(terminal, b"outdated --severity")
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(terminal)


def read_until(terminal: int, wanted: bytes, seconds: float = 30.0) -> None:
    """Read until `wanted` was written. Line editors step back over a character to write it anew: taken out."""
    seen = b""
    deadline = time.monotonic() + seconds
    while wanted not in re.sub(rb".\x08", b"", seen):
        left = deadline - time.monotonic()
        assert left > 0, seen
        if select.select([terminal], [], [], left)[0]:
            seen += os.read(terminal, 4096)
