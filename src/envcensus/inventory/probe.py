"""Recognise an environment by its files. Nothing in it is ever run.

A directory is looked at through the set of its entries' names, which the walk has at hand already; only a likely
environment costs more. What its files say is untrusted: `pyvenv.cfg` may be a FIFO or full of lies, so it is read in
part, and the name of `lib/pythonX.Y` outweighs it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from functools import lru_cache

from envcensus._kernels.scan import read_file
from envcensus.model import paths
from envcensus.model.environment import Environment, Kind, Owner

VERSION = r"\d{1,2}\.\d{1,3}(?:\.\d{1,3})?"
_PYTHON_DIR = r"(python|pypy)(\d{1,2}\.\d{1,3})(t?)"
_CONFIG_LIMIT = 1 << 16  # bytes of pyvenv.cfg

# Path segments by which tools mark the environments they keep in a place of their own.
_PLACES: tuple[tuple[str, Kind], ...] = (
    ("/pypoetry/virtualenvs/", "poetry"),
    ("/pdm/venvs/", "pdm"),
    ("/hatch/env/virtual/", "hatch"),
    ("/pipx/venvs/", "pipx"),
    ("/uv/tools/", "uv-tool"),
)

Sites = dict[str, os.stat_result]  # directories of distributions, each once, in the order they are searched in


class PythonDir:
    """One `lib/pythonX.Y` of a prefix."""

    __slots__ = ("free_threaded", "implementation", "minor", "name")

    def __init__(self, name: str, implementation: str, minor: str, free_threaded: bool) -> None:
        self.name = name
        self.implementation = implementation
        self.minor = minor
        self.free_threaded = free_threaded


def environments_at(path: str) -> list[Environment]:
    """What the directory itself is: several where a prefix has several Pythons. Unreadable or absent: nothing."""
    try:
        entries = set(os.listdir(path))
    except OSError:
        return []
    found = probe(path, entries)
    target = probe_target(path, entries) if not found else None
    return [target] if target is not None else found or python_of_prefix(path)


def probe(path: str, entries: Collection[str]) -> list[Environment]:
    """The environments a directory is: usually none or one; a prefix with several Pythons gives one for each.

    Args:
        path: absolute path of the directory.
        entries: names of what is in it.
    """
    if "pyvenv.cfg" in entries:
        found = _probe_venv(path, entries)
        if found is not None:
            return [found]
    if "lib" in entries or "conda-meta" in entries or "lib64" in entries or "lib-python" in entries:
        from envcensus.inventory import prefixes

        return prefixes.probe(path, entries)
    return []


def python_of_prefix(path: str) -> list[Environment]:
    """The environment that is called by its library, PREFIX/lib/pythonX.Y, as one is beside others in its prefix."""
    prefix, _, name = path.rpartition("/lib/")
    if not re.fullmatch(_PYTHON_DIR, name):
        return []
    try:
        found = probe(prefix, set(os.listdir(prefix)))
    except OSError:
        return []
    return [each for each in found if each.path == path]


def probe_target(path: str, entries: Collection[str]) -> Environment | None:
    """A directory that holds distributions itself, as `pip install --target` makes it. Only for explicit roots."""
    if not any(name.endswith((".dist-info", ".egg-info")) for name in entries):
        return None
    sites = unique((path,))
    python = next((m for part in reversed(path.split("/")) if (m := re.fullmatch(_PYTHON_DIR, part))), None)
    if python is None:
        return make_environment(path, "target", "", "cpython", sites)
    implementation = "pypy" if python[1] == "pypy" else "cpython"
    return make_environment(path, "target", python[2], implementation, sites, free_threaded=python[3] == "t")


# --- virtual environments -----------------------------------------------------------------------------------------


def _read_config(path: str) -> dict[str, str]:
    """The settings of a `pyvenv.cfg`, read as the `site` module does: keys in lower case, the last one wins."""
    raw = read_file(os.fsencode(path), _CONFIG_LIMIT) or b""
    config = {}
    for line in raw.decode("utf-8", "surrogateescape").splitlines():
        key, separator, value = line.partition("=")
        if separator:
            config[key.strip().lower()] = value.strip()
    return config


def _probe_venv(path: str, entries: Collection[str]) -> Environment | None:
    """A directory with a `pyvenv.cfg`: an environment if it also has `lib/pythonX.Y` or a `bin` directory.

    The file alone is not believed: a stray one at the top of a tree would hide everything below it.
    """
    config = _read_config(paths.config(path))
    told = re.match(VERSION, config.get("version_info") or config.get("version") or "")
    version = told[0] if told else ""
    python, sites = _python_of(path, entries, minor_of(version))
    if python is None and "bin" not in entries:
        return None
    if python is not None and minor_of(version) != python.minor:
        version = python.minor
    base = config.get("home", "")
    base = base if base.startswith("/") and "\0" not in base else ""
    implementation = _implementation(python, config, base)
    if python is None and implementation == "pypy" and "site-packages" in entries:
        sites = unique((f"{path}/site-packages",))  # until Python 3.7, and for 2.7 still
    system_site = config.get("include-system-site-packages", "").lower() == "true"
    if system_site and base and python:
        sites = unique((*sites, *base_site_dirs(base_prefix(base), python)))
    return make_environment(
        path,
        _venv_kind(path, entries, config),
        version,
        implementation,
        sites,
        free_threaded=python is not None and python.free_threaded,
        base=base,
        system_site=system_site,
        prompt=config.get("prompt", "").strip("'\""),
        born=paths.config(path),
    )


def _python_of(path: str, entries: Collection[str], minor: str) -> tuple[PythonDir | None, Sites]:
    """The Python of a virtual environment and its site directories: the one its configuration names where that is
    there, which need not be looked for."""
    if minor:
        sites = site_dirs(path, f"python{minor}", "lib64" in entries)
        if sites:
            return PythonDir(f"python{minor}", "cpython", minor, False), sites
    python = choose(python_dirs(path, entries), minor)
    return python, site_dirs(path, python.name, "lib64" in entries) if python else {}


def _implementation(python: PythonDir | None, config: dict[str, str], base: str) -> str:
    """As in `sys.implementation.name`. GraalPy's directories are called as CPython's; of a venv made by itself the
    place it lies in is all that tells them apart."""
    if python is not None and python.implementation != "cpython":
        return python.implementation
    told = config.get("implementation", "").lower()
    if told in {"graalvm", "graalpy"} or any(part.startswith("graalpy") for part in base.split("/")[-2:]):
        return "graalpy"
    return "pypy" if told == "pypy" and python is None else "cpython"


def _venv_kind(path: str, entries: Collection[str], config: dict[str, str]) -> Kind:
    if "pipx_metadata.json" in entries:
        return "pipx"
    if "uv-receipt.toml" in entries:
        return "uv-tool"
    for segment, kind in _PLACES:
        if segment in path:
            return kind
    if "uv" in config:
        return "uv"
    return "virtualenv" if "virtualenv" in config else "venv"


# --- parts --------------------------------------------------------------------------------------------------------


def python_dirs(prefix: str, entries: Collection[str]) -> list[PythonDir]:
    """The `lib/pythonX.Y` of a prefix, oldest first."""
    found: dict[str, PythonDir] = {}
    for lib in ("lib", "lib64"):
        if lib not in entries:
            continue
        try:
            names = os.listdir(f"{prefix}/{lib}")
        except OSError:
            continue
        graalpy = any(re.match(r"graalpy\d", name) for name in names)  # its own part lies beside the library
        for name in names:
            match = re.fullmatch(_PYTHON_DIR, name)
            if match:
                implementation = "pypy" if match[1] == "pypy" else "graalpy" if graalpy else "cpython"
                found[name] = PythonDir(name, implementation, match[2], match[3] == "t")
        if found:
            break
    return sorted(found.values(), key=lambda python: [int(part) for part in python.minor.split(".")])


def choose(pythons: list[PythonDir], version: str) -> PythonDir | None:
    """The directory that belongs to `version`; the newest where none does."""
    for python in pythons:
        if python.minor == minor_of(version):
            return python
    return pythons[-1] if pythons else None


def minor_of(version: str) -> str:
    """Major and minor version."""
    return ".".join(version.split(".")[:2])


def base_prefix(base: str) -> str:
    """The prefix of an interpreter from the directory it lies in. (GraalPy's own venvs name the prefix itself.)"""
    return os.path.dirname(base) if os.path.basename(base) == "bin" else base


def base_site_dirs(prefix: str, python: PythonDir) -> Sites:
    """The site directories of an interpreter, in the order of its `sys.path`, without any user's own.

    Debian's and Ubuntu's Pythons below /usr use `dist-packages`, first /usr/local's. So do those of a system that lies
    in a directory: a container's layers, a chroot.
    """
    if not prefix.endswith("/usr"):
        return site_dirs(prefix, python.name, True)
    if os.path.isdir(f"{prefix}/lib/python3/dist-packages"):
        return unique(
            (
                f"{prefix}/local/lib/{python.name}/dist-packages",
                f"{prefix}/lib/python3/dist-packages",
                f"{prefix}/lib/{python.name}/dist-packages",
            )
        )
    return unique((*site_dirs(f"{prefix}/local", python.name, True), *site_dirs(prefix, python.name, True)))


def site_dirs(prefix: str, python: str, lib64: bool) -> Sites:
    """Platlib and purelib, as far as they exist; `lib64` that leads to `lib` counts once."""
    pure = paths.site_packages(prefix, python)
    found = unique((pure, paths.site_packages(prefix, python, "lib64")) if lib64 else (pure,))
    # Where they are two directories, the interpreter searches lib64 first.
    return found if len(found) < 2 else dict(reversed(found.items()))


def unique(paths: tuple[str, ...]) -> Sites:
    """Those that are directories, each directory once."""
    found: dict[tuple[int, int], str] = {}
    sites = {}
    for path in paths:
        try:
            status = os.stat(path)
        except (OSError, ValueError):
            continue
        if status.st_mode & 0o170000 == 0o040000 and found.setdefault((status.st_dev, status.st_ino), path) is path:
            sites[path] = status
    return sites


@lru_cache(maxsize=1024)
def _owner(uid: int) -> Owner:
    import pwd

    try:
        return Owner(uid, pwd.getpwuid(uid).pw_name)
    except (KeyError, OSError):
        return Owner(uid, "")


def make_environment(
    path: str,
    kind: Kind,
    python: str,
    implementation: str,
    sites: Sites,
    *,
    free_threaded: bool = False,
    base: str = "",
    system_site: bool = False,
    prompt: str = "",
    born: str = "",
) -> Environment:
    """The record, with owner and times from `stat`."""
    owner = created = None
    try:
        owner = _owner(os.stat(path).st_uid)
        if born:
            created = os.lstat(born).st_mtime
    except OSError:
        pass  # going away while it is looked at: the scan will say so
    return Environment(
        path=path,
        kind=kind,
        python=python,
        implementation=implementation,
        site_dirs=tuple(sites),
        free_threaded=free_threaded,
        base=base,
        system_site=system_site,
        prompt=prompt,
        owner=owner,
        created=created,
        changed=max([status.st_mtime for status in sites.values()], default=None),
    )
