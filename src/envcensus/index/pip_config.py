"""pip's configuration, read as pip reads it: files in layers, then `PIP_*`.

The order is pip's: global files, the user's, the environment's, the file named by PIP_CONFIG_FILE, the environment
variables; inside that, section [global], the section of the command, and last the variables. A key set to nothing
takes the value of the layers below away again. See pip's documentation, "Configuration".
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from envcensus.errors import IndexConfigError

ENVIRONMENT = ":env:"
_IGNORED_VARIABLES = frozenset({"version", "help"})
_TRUE = frozenset({"y", "yes", "t", "true", "on", "1"})
_NUMBERS: dict[str, Callable[[str], float]] = {"timeout": float, "default-timeout": float, "retries": int}
_CHOOSING = ("prefer-binary", "pre")
_FALSE = frozenset({"n", "no", "f", "false", "off", "0"})


class Layer(Struct, frozen=True):
    """One source of settings: a file, or the environment variables. Keys are "section.name"."""

    kind: str  # "global", "user", "site", "env", "env-var"
    source: str  # path of the file, or ":env:"
    values: dict[str, str]


class Choices(Struct, frozen=True, kw_only=True):
    """What pip's configuration says about the versions and files to be taken."""

    constraints: tuple[str, ...] = ()  # paths and URLs, as they stand
    kinds: tuple[tuple[str, str], ...] = ()  # ("only-binary" or "no-binary", names), in the order of application
    prefer_binary: bool = False
    pre: bool = False
    uploaded_prior_to: float | None = None  # seconds since the epoch


class Value(Struct, frozen=True):
    """The text in force for one option, and where it came from."""

    text: str
    source: str


def normalize_key(name: str) -> str:
    """One spelling for an option's name, whatever its source."""
    return name.lower().replace("_", "-").removeprefix("--")


def parse_bool(text: str, key: str, source: str) -> bool:
    """Read a yes/no value as pip does; raises IndexConfigError on anything else."""
    lowered = text.lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise IndexConfigError(f"{key} in {source} is neither yes nor no: {text!r}", remedy="write true or false")


def config_files(environ: Mapping[str, str], prefix: str, home: str) -> Iterator[tuple[str, str]]:
    """Yield (kind, path) of every file pip would read, weakest first. Paths need not exist."""
    chosen = environ.get("PIP_CONFIG_FILE")
    if chosen == os.devnull:
        return
    base = "pip.ini" if sys.platform == "win32" else "pip.conf"
    for directory in _global_directories(environ):
        yield "global", os.path.join(directory, base)
    if not (chosen and os.path.exists(chosen)):
        yield "user", os.path.join(home, "pip" if sys.platform == "win32" else ".pip", base)
        yield "user", os.path.join(_user_directory(environ, home), base)
    yield "site", os.path.join(prefix, base)
    if chosen is not None:
        yield "env", chosen


def _global_directories(environ: Mapping[str, str]) -> list[str]:
    if sys.platform in ("win32", "darwin"):
        import platformdirs

        if sys.platform == "win32":
            return [platformdirs.site_config_dir("pip", appauthor=False)]
        return platformdirs.site_data_dir("pip", appauthor=False, multipath=True).split(os.pathsep)
    listed = (path.strip() for path in environ.get("XDG_CONFIG_DIRS", "").split(os.pathsep))
    directories = [path for path in listed if os.path.isabs(path)] or ["/etc/xdg"]
    return [os.path.join(path, "pip") for path in directories] + ["/etc"]


def _user_directory(environ: Mapping[str, str], home: str) -> str:
    if sys.platform in ("win32", "darwin"):
        import platformdirs

        if sys.platform == "win32":
            return platformdirs.user_config_dir("pip", appauthor=False, roaming=True)
        own = platformdirs.user_data_dir("pip", appauthor=False, roaming=True)
        return own if os.path.isdir(own) else os.path.join(home, ".config", "pip")
    chosen = environ.get("XDG_CONFIG_HOME", "").strip()
    return os.path.join(chosen if os.path.isabs(chosen) else os.path.join(home, ".config"), "pip")


def read_layers(environ: Mapping[str, str], prefix: str, home: str) -> list[Layer]:
    """Read every existing file and the `PIP_*` variables, weakest first.

    A file that may not be read counts as absent, as for pip. Raises IndexConfigError for one that cannot be decoded
    or parsed: pip stops there too, and going on would ask another index than the one the user meant.
    """
    layers = [
        Layer(kind, path, _read_file(path))
        for kind, path in config_files(environ, prefix, home)
        if os.path.exists(path)
    ]
    variables = {
        f"{ENVIRONMENT}.{normalize_key(key[4:])}": value
        for key, value in environ.items()
        if key.startswith("PIP_") and key[4:].lower() not in _IGNORED_VARIABLES
    }
    return [*layers, Layer("env-var", ENVIRONMENT, variables)]


def _read_file(path: str) -> dict[str, str]:
    try:
        file = open(path, encoding="utf-8" if sys.flags.utf8_mode else "locale")  # noqa: SIM115  # closed below
    except OSError:
        return {}
    import configparser

    parser = configparser.RawConfigParser()
    parser.optionxform = normalize_key  # type: ignore[assignment,method-assign]
    try:
        with file:
            parser.read_file(file)
    except OSError:
        return {}
    except UnicodeDecodeError as error:
        raise IndexConfigError(f"pip's configuration {path} is not {error.encoding} text") from None
    except configparser.Error as error:
        line = getattr(error, "lineno", None)
        where = f" at line {line}" if line else ""
        raise IndexConfigError(f"pip's configuration {path} cannot be parsed{where}") from None
    return {f"{section}.{key}": value for section in parser.sections() for key, value in parser.items(section)}


def effective(layers: Iterable[Layer], command: str) -> dict[str, Value]:
    """The values a pip command named `command` would see, in the order pip would apply them.

    Raises IndexConfigError for a flag or a number that pip could not read.
    """
    sections: dict[str, dict[str, Value]] = {"global": {}, command: {}, ENVIRONMENT: {}}
    for layer in layers:
        for dotted, text in layer.values.items():
            # A section's name may itself hold a dot; pip splits at the first one, so such a section is never found.
            section, _, key = dotted.partition(".")
            if section in sections:
                sections[section][key] = Value(text, _describe(layer, section, key))
    merged: dict[str, Value] = {}
    for values in sections.values():
        for key, value in values.items():
            if value.text:
                _check(key, value)
                merged.pop(key, None)  # keep the order of application, for options with two names
                merged[key] = value
    return merged


def choices(merged: Mapping[str, Value], command: str) -> Choices:
    """Those among the values in force for a pip command. Raises IndexConfigError where one cannot be read."""
    kinds = tuple((key, value.text) for key, value in merged.items() if key in ("only-binary", "no-binary"))
    flags = {key: key in merged and parse_bool(merged[key].text, key, merged[key].source) for key in _CHOOSING}
    constraint = merged.get("constraint") if command == "install" else None
    limit = merged.get("uploaded-prior-to")
    return Choices(
        constraints=tuple(constraint.text.split()) if constraint else (),
        kinds=kinds,
        prefer_binary=flags["prefer-binary"],
        pre=flags["pre"],
        uploaded_prior_to=_moment(limit) if limit else None,
    )


def _moment(value: Value) -> float:
    import time

    from envcensus.model.moments import parse_moment

    try:
        return parse_moment(value.text, time.time())
    except ValueError:
        raise IndexConfigError(f"uploaded-prior-to in {value.source} is not a time: {value.text!r}") from None


def _check(key: str, value: Value) -> None:
    """pip stops at what it cannot read in one section even where another section has the last word."""
    if key == "no-index":
        parse_bool(value.text, key, value.source)
    elif key in _NUMBERS:
        try:
            _NUMBERS[key](value.text)
        except ValueError:
            raise IndexConfigError(f"{key} in {value.source} is no number: {value.text!r}") from None


def _describe(layer: Layer, section: str, key: str) -> str:
    if layer.source == ENVIRONMENT:
        return "PIP_" + key.upper().replace("-", "_")
    return f"{layer.source} [{section}]"


def default_index_url() -> str:
    """The index pip asks when nothing else is configured; read from the pip that is installed beside us."""
    try:
        return str(_models_index().PyPI.simple_url)
    except (ImportError, OSError, AttributeError):
        pass  # no pip, or one that keeps it elsewhere
    try:
        from pip._internal.models.index import PyPI
    except ImportError:
        raise IndexConfigError(
            "no index is configured, and pip, whose default would be used, is not installed",
            remedy="give --index-url",
        ) from None
    return str(PyPI.simple_url)


def _models_index() -> Any:
    """pip's module `_internal.models.index` by itself: the packages around it would load logging first."""
    from importlib.machinery import SourceFileLoader
    from types import ModuleType

    import pip

    path = os.path.join(os.path.dirname(pip.__file__), "_internal", "models", "index.py")
    module = ModuleType("pip._internal.models.index")
    SourceFileLoader(module.__name__, path).exec_module(module)
    return module
