"""What is asked for: the command line, requirements files, pyproject.toml, scripts, and earlier answers."""

from __future__ import annotations

import codecs
import os
import re
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from envcensus._kernels.names import canonicalize_name, parse_sdist_filename, parse_wheel_filename
from envcensus.errors import EnvcensusError, UsageError
from envcensus.model.page import ARCHIVES
from envcensus.model.resolution import Wanted
from envcensus.pipelines.resolve_kinds import limit
from envcensus.resolver.requirements_file import Entry, RequirementsFileError, read
from envcensus.runtime.refusals import is_gone, refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from envcensus.index.config import IndexOptions
    from envcensus.pipelines.resolve_projects import Asked

_LARGEST = 32 << 20  # bytes of one input file
_DEEPEST = 50  # of files that name files
_EXTRAS = re.compile(r"(?P<path>.+?)(?P<extras>\[[^\[\]]*\])?")
_REFERENCE = re.compile(r"[\w.-]+\s*(?:\[[^\]]*\])?\s*@\s*[a-zA-Z][a-zA-Z0-9+.-]*://")
_MARKS = (  # the longer ones first: that of UTF-16 is how that of UTF-32 begins
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_REMOTE = re.compile(r"(?!file:)[a-zA-Z][a-zA-Z0-9+.-]*://")


class Inputs(Struct):
    """Everything the inputs say, in their order."""

    requirements: list[Wanted] = []
    constraints: list[Wanted] = []
    overrides: list[Wanted] = []
    requires_python: list[Wanted] = []  # of projects and scripts: specifiers, and where they are stated
    index_url: str = ""
    extra_index_url: list[str] = []
    find_links: list[str] = []
    trusted_host: list[str] = []
    no_index: bool = False
    pre: bool = False
    prefer_binary: bool = False
    only_binary: list[str] = []
    no_binary: list[str] = []

    def added_to(self, options: IndexOptions) -> IndexOptions:
        """The index settings that a command line or a call gives, then those of the files."""
        return structs.replace(
            options,
            index_url=options.index_url or self.index_url or None,
            extra_index_url=(*options.extra_index_url, *self.extra_index_url),
            find_links=(*options.find_links, *self.find_links),
            trusted_host=(*options.trusted_host, *self.trusted_host),
            no_index=options.no_index or self.no_index or None,
        )


class Reader:
    """Collects `Inputs`. Every method raises UsageError for what cannot be read, naming file, line and reason."""

    def __init__(self, environ: Mapping[str, str], directory: str) -> None:
        self.inputs = Inputs()
        self._environ = environ
        self._directory = directory
        self._open: list[str] = []

    def requirement(self, text: str, origin: str = "") -> None:
        """One requirement: PEP 508, a path, or a URL of a file."""
        if not text.strip():
            raise UsageError("an empty requirement", remedy="name a project")
        self.inputs.requirements.append(Wanted(_reference(text, self._directory, origin), origin))

    def constraint(self, text: str, origin: str = "") -> None:
        """A bound on one project."""
        self.inputs.constraints.append(Wanted(text, origin))

    def override(self, text: str, origin: str = "") -> None:
        """A requirement that replaces whatever anybody says about its project."""
        self.inputs.overrides.append(Wanted(_reference(text, self._directory, origin), origin))

    def requirements_file(self, path: str, extras: Iterable[str] = (), groups: Iterable[str] = ()) -> None:
        """A requirements file, a pyproject.toml, or a script with inline metadata, told apart by the name."""
        name = os.path.basename(path)
        if name.endswith(".toml"):
            self.pyproject(path, extras, groups)
        elif name.endswith((".py", ".pyw")):
            self.script(path)
        else:
            self._file(path, constraint=False)

    def constraints_file(self, path: str) -> None:
        """A constraints file: versions are bounded, nothing is asked for."""
        self._file(path, constraint=True)

    def overrides_file(self, path: str) -> None:
        """Requirements that replace whatever anybody says about their projects."""
        before = self.inputs.requirements
        self.inputs.requirements = []
        self._file(path, constraint=False)
        self.inputs.overrides += self.inputs.requirements
        self.inputs.requirements = before

    def pyproject(self, path: str, extras: Iterable[str] = (), groups: Iterable[str] = ()) -> None:
        """[project] dependencies with `extras`, and [dependency-groups]. With groups alone, these alone."""
        from envcensus.pipelines.resolve_projects import asked_by_project

        self._asked(asked_by_project(_text(path), path, extras, groups), path)

    def script(self, path: str) -> None:
        """Inline script metadata (PEP 723)."""
        from envcensus.pipelines.resolve_projects import asked_by_script

        self._asked(asked_by_script(_text(path), path), path)

    def _asked(self, asked: Asked, path: str) -> None:
        folder = os.path.dirname(path)
        if asked.requires_python:
            self.inputs.requires_python.append(Wanted(asked.requires_python, path))
        for line, origin in asked.lines:
            self.inputs.requirements.append(Wanted(_reference(line, folder, origin), origin))

    def _file(self, path: str, *, constraint: bool) -> None:
        real = os.path.realpath(path)
        if real in self._open or len(self._open) > _DEEPEST:
            raise UsageError(f"{path}: requirements files name each other in a circle")
        self._open.append(real)
        try:
            for entry in read(_text(path), self._environ):
                self._entry(entry, path, constraint=constraint)
        except RequirementsFileError as error:
            raise UsageError(f"{path}: {error}") from error
        finally:
            self._open.pop()

    def _entry(self, entry: Entry, path: str, *, constraint: bool) -> None:
        inputs, value = self.inputs, entry.value
        folder = os.path.dirname(path)
        origin = f"{'-c' if constraint else '-r'} {path} (line {entry.line})"
        match entry.option:
            case "" | "editable":
                wanted = Wanted(_reference(value, folder, origin), origin, entry.hashes)
                (inputs.constraints if constraint else inputs.requirements).append(wanted)
            case "requirement" | "constraint":
                if _REMOTE.match(value):
                    raise _not_fetched(value, f"{path} (line {entry.line}): ")
                nested = os.path.join(folder, value.removeprefix("file://"))
                if entry.option == "constraint" or constraint:
                    self._file(nested, constraint=True)
                else:
                    self.requirements_file(nested)
            case "index-url":
                inputs.index_url = value
            case "extra-index-url":
                inputs.extra_index_url.append(value)
            case "find-links":
                local = os.path.join(folder, value)
                inputs.find_links.append(local if "://" not in value and not is_gone(local) else value)
            case "trusted-host":
                inputs.trusted_host.append(value)
            case "no-index":
                inputs.no_index = True
            case "pre":
                inputs.pre = True
            case "prefer-binary":
                inputs.prefer_binary = True
            case "only-binary":
                limit(value, inputs.only_binary, inputs.no_binary)
            case "no-binary":
                limit(value, inputs.no_binary, inputs.only_binary)
            case _:
                pass  # --require-hashes, --use-feature: nothing to resolving


def _reference(text: str, folder: str, origin: str) -> str:
    """A path or a URL as a direct reference (PEP 508); anything else as it is."""
    text = text.strip()
    if _REFERENCE.match(text):
        return text
    found = _EXTRAS.fullmatch(text)
    path, extras = (found["path"], found["extras"] or "") if found else (text, "")
    marker = ""
    if " ;" in path or "; " in path:
        path, _, marker = path.partition(";")
        path, marker = path.strip(), f" ; {marker.strip()}"
    if path.startswith("file:") and not path.startswith("file:/"):
        from urllib.parse import unquote

        path, _, fragment = path.removeprefix("file:").partition("#")  # relative, which pip takes
        path = os.path.join(".", unquote(path))
        egg = re.search(r"egg=[\w.-]+(\[[^\[\]]*\])", fragment)
        extras = extras or (egg[1] if egg else "")
    scheme = re.match(r"([a-z][a-z0-9+.-]*):", path)
    if scheme and "@" not in path.split("://", 1)[0] and "://" in path:
        name = _name_of_url(path)
        if not name:
            raise UsageError(f"{_at(origin)}a URL needs a name: NAME @ {_safe(path)}")
        return f"{name}{extras} @ {path}{marker}"
    relative = os.path.join(folder, path)
    looks_local = path.startswith((".", "/", "~")) or (path.endswith(ARCHIVES) and os.sep in path)
    if looks_local or (path.endswith(ARCHIVES) and os.path.isfile(relative)):
        local = os.path.abspath(os.path.expanduser(relative))
        if is_gone(local):
            raise UsageError(f"{_at(origin)}no such file or directory: {path}")
        try:
            os.stat(local)
        except OSError as error:
            raise UsageError(f"{_at(origin)}{path} cannot be read: {refusal(error)}") from None
        return f"{_name_of_path(local, origin)}{extras} @ {_uri(local)}{marker}"
    if (at := re.match(r"([\w.-]+\s*(?:\[[^\]]*\])?)\s*@\s*(file:)?(\.{1,2}/.*)$", text)) is not None:
        return f"{at[1].strip()} @ {_uri(os.path.abspath(os.path.join(folder, at[3])))}"
    return text


def _text(path: str) -> str:
    try:
        if path == "-":
            import sys

            data = sys.stdin.buffer.read(_LARGEST + 1)
        elif _REMOTE.match(path):
            raise _not_fetched(path)
        else:
            with open(path, "rb") as file:
                data = file.read(_LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {refusal(error)}") from error
    if len(data) > _LARGEST:
        raise UsageError(f"{path}: too large to be a list of requirements")
    return _decoded(data)


def _not_fetched(url: str, where: str = "") -> UsageError:
    """pip would fetch it. What a list asks for, and from which indexes, is for the user to read first."""
    return UsageError(
        f"{where}lists of requirements are not fetched: {_safe(url)}", remedy="download it, read it, and name the copy"
    )


def _decoded(data: bytes) -> str:
    """A file's text: by its byte order mark, as UTF-8, or else as Latin-1, which takes everything."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def check_python(inputs: Inputs, python: str) -> None:
    """Raise EnvcensusError where a project or script that was read does not run on `python`, a full version."""
    from envcensus._kernels.specifier import specifier_set

    for wanted in inputs.requires_python:
        try:
            fits = specifier_set(wanted.text).contains(python, prereleases=True)
        except ValueError:
            raise UsageError(f"{wanted.origin}: requires-python is no specifier: {wanted.text}") from None
        if not fits:
            raise EnvcensusError(
                f"{wanted.origin} needs Python {wanted.text}, and the target is {python}",
                remedy="name another with --python-version",
            )


def earlier_pins(text: str, name: str) -> dict[str, str]:
    """The pins of an earlier answer: a requirements file or a pylock.toml. Raises UsageError."""
    if name.endswith(".toml"):
        from envcensus.pipelines.resolve_projects import toml

        packages = toml(text, name).get("packages")
        rows = [
            row
            for row in (packages if isinstance(packages, list) else ())
            if isinstance(row, dict) and isinstance(row.get("version"), str)
        ]
        return {canonicalize_name(str(row["name"])): str(row["version"]) for row in rows if "name" in row}
    pins = {}
    try:
        for entry in read(text, {}):
            found = re.match(r"([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*===?\s*([^\s;,]+)\s*(?:;.*)?$", entry.value)
            if not entry.option and found:
                pins[canonicalize_name(found[1])] = found[2]
    except RequirementsFileError as error:
        raise UsageError(f"{name}: {error}") from error
    return pins


def read_prefer(path: str) -> dict[str, str]:
    """The pins of a file that `--prefer` names; none where it does not exist yet."""
    if is_gone(path):
        return {}
    return earlier_pins(_text(path), path)


def _name_of_url(url: str) -> str:
    from urllib.parse import unquote, urlsplit

    egg = re.search(r"[#&]egg=([A-Za-z0-9._-]+)", url)
    return egg[1] if egg else _name_of_file(unquote(urlsplit(url).path).rsplit("/", 1)[-1])


def _name_of_file(filename: str) -> str:
    try:
        if filename.endswith(".whl"):
            return str(parse_wheel_filename(filename)[0])
        return str(parse_sdist_filename(filename)[0])
    except ValueError:
        return ""


def _name_of_path(path: str, origin: str) -> str:
    if os.path.isdir(path):
        from envcensus.pipelines.resolve_projects import toml

        try:
            with open(os.path.join(path, "pyproject.toml"), "rb") as file:
                project = toml(file.read(_LARGEST).decode("utf-8", "replace"), path).get("project")
        except FileNotFoundError:
            project = None
        except OSError as error:
            raise UsageError(f"{_at(origin)}{path} cannot be read: {refusal(error)}") from None
        name = project.get("name") if isinstance(project, dict) else None
        if not isinstance(name, str):
            raise UsageError(f"{_at(origin)}{path}: only a build would tell its name", remedy="write NAME @ file://…")
        return name
    name = _name_of_file(os.path.basename(path))
    if not name:
        raise UsageError(f"{_at(origin)}{path}: neither a wheel nor an sdist")
    return name


def _uri(path: str) -> str:
    from urllib.parse import quote

    return "file://" + quote(os.fsencode(path))


def _at(origin: str) -> str:
    return f"{origin}: " if origin else ""


def _safe(url: str) -> str:
    from envcensus.model.redact import redact

    return redact(url)
