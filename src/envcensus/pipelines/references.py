"""Paths and URLs in lists of requirements, as direct references."""

from __future__ import annotations

import os
import re

from envcensus._kernels.names import parse_sdist_filename, parse_wheel_filename
from envcensus.errors import UsageError
from envcensus.model.page import ARCHIVES
from envcensus.model.redact import redact
from envcensus.runtime.refusals import is_gone, refusal

_LARGEST = 32 << 20  # bytes of a pyproject.toml
_EXTRAS = re.compile(r"(?P<path>.+?)(?P<extras>\[[^\[\]]*\])?")
_REFERENCE = re.compile(r"[\w.-]+\s*(?:\[[^\]]*\])?\s*@\s*[a-zA-Z][a-zA-Z0-9+.-]*://")
_RELATIVE = re.compile(
    r"(?P<name>[\w.-]+\s*(?:\[[^\]]*\])?)\s*@\s*(?:(?P<file>file:)(?!/)|(?=\.{1,2}/))(?P<path>.+?)(?P<marker>\s+;.*)?"
)


def _at_hand(path: str, folder: str, beside: str | None) -> str:
    """A path relative to `folder`; where nothing is there, to `beside`, if that is given."""
    path = os.path.expanduser(path)
    found = os.path.join(folder, path)
    return os.path.join(beside, path) if beside is not None and is_gone(found) else found


def reference(text: str, folder: str, origin: str, beside: str | None = None) -> str:
    """A path or a URL as a direct reference (PEP 508); anything else as it is."""
    text = text.strip()
    if _REFERENCE.match(text):
        return text
    if at := _RELATIVE.fullmatch(text):
        path = at["path"]
        if at["file"]:
            from urllib.parse import unquote

            path = unquote(path)
        return f"{at['name'].strip()} @ {_uri(os.path.abspath(_at_hand(path, folder, beside)))}{at['marker'] or ''}"
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
            raise UsageError(f"{_at(origin)}a URL needs a name: NAME @ {redact(path)}")
        return f"{name}{extras} @ {path}{marker}"
    relative = _at_hand(path, folder, beside)
    looks_local = path.startswith((".", "/", "~")) or (path.endswith(ARCHIVES) and os.sep in path)
    if looks_local or (path.endswith(ARCHIVES) and os.path.isfile(relative)):
        local = os.path.abspath(relative)
        if is_gone(local):
            raise UsageError(f"{_at(origin)}no such file or directory: {path}")
        try:
            os.stat(local)
        except OSError as error:
            raise UsageError(f"{_at(origin)}{path} cannot be read: {refusal(error)}") from None
        return f"{_name_of_path(local, origin)}{extras} @ {_uri(local)}{marker}"
    return text


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
