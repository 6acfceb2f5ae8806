"""A resolution as pylock.toml (PEP 751, the pylock.toml specification), checked by packaging before it is written."""

from __future__ import annotations

import datetime
import posixpath
from collections.abc import Iterable
from typing import Any

from envcensus.errors import EnvcensusError
from envcensus.model.page import ARCHIVES, File
from envcensus.model.redact import redact
from envcensus.model.resolution import Pin, Resolution


def render(resolution: Resolution) -> Iterable[str]:
    """The lock file. Raises EnvcensusError where a file has no hash or a pin no file: a lock needs both."""
    document = lock(resolution)
    from packaging.pylock import Pylock, PylockValidationError

    try:
        Pylock.from_dict(document).validate()
    except PylockValidationError as error:
        raise EnvcensusError(f"the answer cannot be written as pylock.toml: {error}") from error
    yield from _toml(document)


def lock(resolution: Resolution) -> dict[str, Any]:
    """The document as data."""
    python = resolution.environment.get("python_version", "")
    environment = " and ".join(
        f"{name} == '{resolution.environment[name]}'"
        for name in ("python_version", "implementation_name", "sys_platform", "platform_machine")
        if resolution.environment.get(name)
    )
    document: dict[str, Any] = {"lock-version": "1.0"}
    if environment:
        document["environments"] = [environment]
    if python:
        document["requires-python"] = f"=={python}.*"
    document["created-by"] = "envcensus"
    document["packages"] = [_package(pin) for pin in resolution.pins]
    return document


def _package(pin: Pin) -> dict[str, Any]:
    package: dict[str, Any] = {"name": pin.name, "version": pin.version}
    if pin.metadata is not None and pin.metadata.requires_python:
        package["requires-python"] = pin.metadata.requires_python
    if pin.requires:
        package["dependencies"] = [{"name": name} for name in pin.requires]
    if pin.url:
        _reference(pin, package)
        return package
    wheels = [_file(file, pin) for file in pin.files if file.filename.endswith(".whl")]
    sdists = [_file(file, pin) for file in pin.files if file.filename.endswith((".tar.gz", ".zip"))]
    if not wheels and not sdists:
        raise EnvcensusError(f"no files are known of {pin.name} {pin.version}: it cannot be locked")
    if sdists:
        package["sdist"] = sdists[0]
    if wheels:
        package["wheels"] = wheels
    return package


def _reference(pin: Pin, package: dict[str, Any]) -> None:
    url = pin.url.partition("#")[0]
    place = {"url": redact(url)}
    if url.startswith("file:"):
        from urllib.parse import unquote, urlsplit

        place = {"path": unquote(urlsplit(url).path)}  # uv takes no file: URL of an archive
        if not url.lower().endswith(ARCHIVES):
            del package["version"]  # a directory's may change
            package["directory"] = place
            return
    if not pin.files:
        raise EnvcensusError(
            f"{pin.name} comes from a URL without a hash: it cannot be locked", remedy="add #sha256=… to the reference"
        )
    package["archive"] = {**place, "hashes": pin.files[0].hashes}


def _file(file: File, pin: Pin) -> dict[str, Any]:
    if not file.hashes:
        raise EnvcensusError(f"the index gives no hash of {file.filename}: {pin.name} cannot be locked")
    entry: dict[str, Any] = {}
    if posixpath.basename(file.url) != file.filename:
        entry["name"] = file.filename
    entry["url"] = redact(file.url)
    if file.upload_time is not None:
        entry["upload-time"] = datetime.datetime.fromtimestamp(file.upload_time, datetime.UTC)
    if file.size is not None:
        entry["size"] = file.size
    entry["hashes"] = file.hashes
    return entry


def _toml(document: dict[str, Any]) -> Iterable[str]:
    for key, value in document.items():
        if key != "packages":
            yield f"{key} = {_value(value)}\n"
    for package in document["packages"]:
        yield "\n[[packages]]\n"
        for key, value in package.items():
            if key == "wheels" or (key == "dependencies" and len(value) > 1):
                yield f"{key} = [\n" + "".join(f"    {_value(item)},\n" for item in value) + "]\n"
            else:
                yield f"{key} = {_value(value)}\n"


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, datetime.datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value)


def _text(text: str) -> str:
    """A basic string (TOML 1.0)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'
