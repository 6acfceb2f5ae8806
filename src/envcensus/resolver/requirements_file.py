"""Requirements files, as pip reads them (Requirements File Format): text in, entries out. No file is opened here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

_COMMENT = re.compile(r"(^|\s+)#.*$")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")

# Options of a line of its own that take a value, and the name they are kept under.
_VALUED = {
    "-r": "requirement",
    "--requirement": "requirement",
    "-c": "constraint",
    "--constraint": "constraint",
    "-e": "editable",
    "--editable": "editable",
    "-i": "index-url",
    "--index-url": "index-url",
    "--pypi-url": "index-url",
    "--extra-index-url": "extra-index-url",
    "-f": "find-links",
    "--find-links": "find-links",
    "--no-binary": "no-binary",
    "--only-binary": "only-binary",
    "--trusted-host": "trusted-host",
    "--use-feature": "use-feature",
}
_FLAGS = {"--no-index": "no-index", "--pre": "pre", "--prefer-binary": "prefer-binary", "--require-hashes": "hashes"}
# Options behind a requirement.
_PER_REQUIREMENT = {"--hash", "--config-settings", "--config-setting", "--global-option", "--install-option", "-C"}


class Entry(Struct, frozen=True):
    """One logical line: a requirement (`option` empty), or an option with its value."""

    line: int  # of the file, counted from 1: where it begins
    option: str
    value: str
    hashes: tuple[str, ...] = ()


class RequirementsFileError(ValueError):
    """A line that pip would refuse; the text says which and why."""


def read(text: str, environ: Mapping[str, str]) -> Iterator[Entry]:
    """The entries of a requirements file. `${NAME}` is taken from `environ` where it is set there.

    Raises RequirementsFileError.
    """
    for number, line in _logical_lines(text):
        stripped = _COMMENT.sub("", line).strip()
        if stripped:
            yield from _entries(number, _VARIABLE.sub(lambda m: environ.get(m[1]) or m[0], stripped))


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines joined where they end in a backslash, each with the number it begins at."""
    parts: list[str] = []
    first = 1
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        if not parts:
            first = number
        if line.endswith("\\") and not re.match(r"\s*#", line):
            parts.append(line[:-1].strip("\\") if not parts else line[:-1])
            continue
        parts.append(" " if parts and re.match(r"\s*#", line) else line)  # a comment ends a continued line
        yield first, "".join(parts)
        parts = []
    if parts:
        yield first, "".join(parts)


def _entries(number: int, line: str) -> Iterator[Entry]:
    """A requirement, or the options of a line: there may be several."""
    if not line.startswith("-"):
        requirement, options = _split(line)
        yield Entry(number, "", requirement, _hashes(number, options))
        return
    while line:
        line, rest = _first(line)
        yield _option(number, line)
        line = rest


def _first(line: str) -> tuple[str, str]:
    """The first option of a line with its value, and the options behind it."""
    words = line.split(" ")
    last = 1 if words[0] in _FLAGS or "=" in words[0] else 2
    for i, word in enumerate(words):
        if i >= last and word.startswith("-"):
            return " ".join(words[:i]).strip(), " ".join(words[i:])
    return line, ""


def _option(number: int, line: str) -> Entry:
    name, separator, value = line.partition("=")
    if not separator or name not in _VALUED:
        name, _, value = line.partition(" ")
    if name in _FLAGS:
        return Entry(number, _FLAGS[name], "")
    if name not in _VALUED and len(line) > 2 and line[:2] in _VALUED and line[1] != "-":
        name, value = line[:2], line[2:]
    if name not in _VALUED:
        raise RequirementsFileError(f"line {number}: no such option in a requirements file: {name}")
    value = value.strip()
    if not value:
        raise RequirementsFileError(f"line {number}: {name} needs a value")
    if _VALUED[name] != "editable" and value[:1] in "'\"":
        value = " ".join(_words(number, value))
    return Entry(number, _VALUED[name], value)


def _split(line: str) -> tuple[str, str]:
    """The requirement, and the options behind it: they begin at the first word that is one."""
    words = line.split(" ")
    for i, word in enumerate(words):
        if word.startswith("--") or word.startswith("-C"):
            return " ".join(words[:i]).strip(), " ".join(words[i:])
    return line, ""


def _hashes(number: int, options: str) -> tuple[str, ...]:
    words = iter(_words(number, options))
    found = []
    for word in words:
        name, separator, value = word.partition("=")
        if name not in _PER_REQUIREMENT:
            raise RequirementsFileError(f"line {number}: no such option of a requirement: {name}")
        if not separator:
            value = next(words, "")
        if name == "--hash":
            if not re.fullmatch(r"(sha256|sha384|sha512):[0-9a-fA-F]+", value):
                raise RequirementsFileError(f"line {number}: not a hash that pip accepts: {value}")
            found.append(value.lower())
    return tuple(found)


def _words(number: int, text: str) -> list[str]:
    if not text:
        return []
    import shlex

    try:
        return shlex.split(text)
    except ValueError as error:
        raise RequirementsFileError(f"line {number}: unbalanced quotes") from error
