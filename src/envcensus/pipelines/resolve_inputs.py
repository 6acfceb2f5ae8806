"""What is asked for: the command line, requirements files, pyproject.toml, scripts, and earlier answers."""

from __future__ import annotations

import codecs
import os
import re
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from envcensus.errors import EnvcensusError, UsageError
from envcensus.model.redact import redact
from envcensus.model.resolution import Wanted
from envcensus.pipelines.resolve_kinds import limit
from envcensus.resolver.requirements_file import Entry, RequirementsFileError, read
from envcensus.runtime.refusals import is_gone, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from envcensus.index.config import IndexOptions
    from envcensus.pipelines.resolve_projects import Asked

    Fetch = Callable[[str, int], bytes]

_LARGEST = 32 << 20  # bytes of one input file
_DEEPEST = 50  # of files that name files
_MOST = 1000  # files that one run reads, each as often as it is named
_MOST_FETCHED = 100  # of them from elsewhere
_MARKS = (  # the longer ones first: that of UTF-16 is how that of UTF-32 begins
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
REMOTE = re.compile(r"(?!file:)[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_FETCHED = re.compile(r"https?://", re.IGNORECASE)
_LIKE_A_PATH = re.compile(r"[/@:]|^[.~]|\.(?:whl|zip|tar|tgz|tbz)")
_LOCAL = re.compile(r"[^;]*@\s*file:", re.IGNORECASE)


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

    def __init__(self, environ: Mapping[str, str], directory: str, fetch: Fetch | None = None) -> None:
        """`fetch` gives the bytes behind an http or https URL, at most so many; without it, no list is fetched."""
        self.inputs = Inputs()
        self._fetch = fetch
        self._fetched: dict[str, bytes] = {}
        self._read = 0
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
        name = os.path.basename(path.partition("?")[0] if _FETCHED.match(path) else path)
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

        self._asked(asked_by_project(self._text(path), redact(path), extras, groups), path)

    def script(self, path: str) -> None:
        """Inline script metadata (PEP 723)."""
        from envcensus.pipelines.resolve_projects import asked_by_script

        self._asked(asked_by_script(self._text(path), redact(path)), path)

    def _asked(self, asked: Asked, path: str) -> None:
        if asked.requires_python:
            self.inputs.requires_python.append(Wanted(asked.requires_python, redact(path)))
        for line, origin in asked.lines:
            self.inputs.requirements.append(Wanted(_found_in(path, line, origin), origin))

    def _file(self, path: str, *, constraint: bool) -> None:
        remote = _FETCHED.match(path) is not None
        real = path if remote else os.path.realpath(_path_of(path))
        if real in self._open or len(self._open) > _DEEPEST:
            raise UsageError(f"{redact(path)}: requirements files name each other in a circle")
        self._read += 1
        if self._read > _MOST:
            raise UsageError(f"{redact(path)}: more than {_MOST} requirements files")
        self._open.append(real)
        try:
            # What is written elsewhere has no business with this process's environment, and could send it away.
            for entry in read(self._text(path), {} if remote else self._environ):
                self._entry(entry, path, constraint=constraint)
        except RequirementsFileError as error:
            raise UsageError(f"{redact(path)}: {error}") from error
        finally:
            self._open.pop()

    def _entry(self, entry: Entry, path: str, *, constraint: bool) -> None:
        inputs, value = self.inputs, entry.value
        origin = f"{'-c' if constraint else '-r'} {redact(path)} (line {entry.line})"
        match entry.option:
            case "" | "editable":
                wanted = Wanted(_found_in(path, value, origin, self._directory), origin, entry.hashes)
                (inputs.constraints if constraint else inputs.requirements).append(wanted)
            case "requirement" | "constraint":
                nested = self._nested(value, path, f"{redact(path)} (line {entry.line}): ")
                if entry.option == "constraint" or constraint:
                    self._file(nested, constraint=True)
                else:
                    self.requirements_file(nested)
            case "index-url":
                inputs.index_url = value
            case "extra-index-url":
                inputs.extra_index_url.append(value)
            case "find-links":
                inputs.find_links.append(_links_in(path, value, origin))
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

    def _nested(self, value: str, path: str, where: str) -> str:
        """The file or URL that a list names with -r or -c: relative to its own place."""
        if _FETCHED.match(path):
            from urllib.parse import urljoin

            try:
                value = urljoin(path, value)
            except ValueError:
                raise UsageError(f"{where}not a URL: {redact(value)}") from None
            if not REMOTE.match(value):
                raise UsageError(f"{where}a list from elsewhere names a file of this machine: {redact(value)}")
        if REMOTE.match(value):
            if self._fetch is None or not _FETCHED.match(value):
                raise not_fetched(value, where)
            return value
        return os.path.join(os.path.dirname(_path_of(path)), _path_of(value))

    def _text(self, path: str) -> str:
        if not _FETCHED.match(path):
            return text_of(_path_of(path))
        if self._fetch is None:
            raise not_fetched(path)
        if path not in self._fetched:
            if len(self._fetched) == _MOST_FETCHED:
                raise UsageError(f"{redact(path)}: more than {_MOST_FETCHED} lists from elsewhere")
            self._fetched[path] = self._fetch(path, _LARGEST)
        return _decoded(self._fetched[path])


def _found_in(path: str, text: str, origin: str, directory: str | None = None) -> str:
    """A requirement that the list at `path` has. A path in it is relative to `directory`, as in pip, or to the list's
    own, where nothing is there and where no `directory` is given.

    Raises UsageError where a list from elsewhere names a file of this machine: its author cannot know what is here.
    """
    if not _FETCHED.match(path):
        folder = os.path.dirname(_path_of(path))
        return _reference(text, folder if directory is None else directory, origin, folder)
    found = _reference(text, "", origin)
    if _LOCAL.match(found):
        raise UsageError(f"{origin}: a list from elsewhere names a file of this machine: {text}")
    return found


def _links_in(path: str, value: str, origin: str) -> str:
    """A find-links location that the list at `path` has, likewise."""
    if _FETCHED.match(path):
        if not _FETCHED.match(value):
            raise UsageError(f"{origin}: a list from elsewhere names a place on this machine: {value}")
        return value
    local = os.path.join(os.path.dirname(_path_of(path)), value)
    return local if "://" not in value and not is_gone(local) else value


def _path_of(path: str) -> str:
    """A path, also one that is given as a file: URL."""
    if not path.startswith("file:"):
        return path
    from envcensus.index.places import path_of

    try:
        return path_of(path)
    except ValueError:
        raise UsageError(f"{path}: a file: URL with a host name", remedy="write file:///…") from None


def _reference(text: str, folder: str, origin: str, beside: str | None = None) -> str:
    """A path or a URL as a direct reference; anything else, which is what most lines are, as it is."""
    text = text.strip()
    if not _LIKE_A_PATH.search(text):
        return text
    from envcensus.pipelines.references import reference

    return reference(text, folder, origin, beside)


def text_of(path: str) -> str:
    """The text of a file; "-" is standard input. Raises UsageError."""
    try:
        if path == "-":
            import sys

            data = sys.stdin.buffer.read(_LARGEST + 1)
        elif REMOTE.match(path):
            raise not_fetched(path)
        else:
            with open(path, "rb") as file:
                data = file.read(_LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {refusal(error)}") from error
    if len(data) > _LARGEST:
        raise UsageError(f"{path}: too large to be a list of requirements")
    return _decoded(data)


def not_fetched(url: str, where: str = "") -> UsageError:
    """The error for a place that nothing is read from."""
    return UsageError(f"{where}this is not fetched: {redact(url)}", remedy="download it, and name the copy")


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
