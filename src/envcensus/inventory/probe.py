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

_PYTHON_DIR = r"(python|pypy)(\d{1,2}\.\d{1,3})(t?)"
_VERSION = r"\d{1,2}\.\d{1,3}(?:\.\d{1,3})?"
_CONDA_PYTHON = r"python-(\d{1,2}\.\d{1,3}(?:\.\d{1,3})?)[^-]*-[^-]*\.json"
_PATCHLEVEL = rb'#define\s+PY_VERSION\s+"(\d{1,2}\.\d{1,3}\.\d{1,3})'
_CONFIG_LIMIT = 1 << 16  # bytes of pyvenv.cfg

# Path segments by which tools mark the environments they keep in a place of their own.
_PLACES: tuple[tuple[str, Kind], ...] = (
    ("/pypoetry/virtualenvs/", "poetry"),
    ("/pdm/venvs/", "pdm"),
    ("/hatch/env/virtual/", "hatch"),
    ("/pipx/venvs/", "pipx"),
    ("/uv/tools/", "uv-tool"),
)


class PythonDir:
    """One `lib/pythonX.Y` of a prefix."""

    __slots__ = ("free_threaded", "implementation", "minor", "name")

    def __init__(self, name: str, implementation: str, minor: str, free_threaded: bool) -> None:
        self.name = name
        self.implementation = implementation
        self.minor = minor
        self.free_threaded = free_threaded


def is_environment(path: str) -> bool:
    """Whether the directory itself is an environment. Unreadable or absent: no."""
    try:
        return bool(probe(path, set(os.listdir(path))))
    except OSError:
        return False


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
    if "conda-meta" in entries:
        found = _probe_conda(path, entries)
        if found is not None:
            return [found]
    if "lib" not in entries and "lib64" not in entries:
        return []
    parent, name = os.path.split(path)
    if parent.endswith("/__pypackages__"):
        return _probe_pypackages(path, name)
    if path == "/" or _is_merged(path):
        return []
    return _probe_prefix(path, entries)


def _is_merged(path: str) -> bool:
    """Whether this is the top of a system whose /lib leads to /usr/lib, here or in a container's or chroot's tree: its
    prefix is `usr`."""
    try:
        return os.readlink(f"{path}/lib").strip("/") == "usr/lib"
    except OSError:
        return False


# --- virtual environments -----------------------------------------------------------------------------------------


def _read_config(path: str) -> dict[str, str] | None:
    """The settings of a `pyvenv.cfg`, read as the `site` module does: keys in lower case, the last one wins."""
    raw = read_file(os.fsencode(path), _CONFIG_LIMIT)
    if raw is None:
        return None
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
    pythons = python_dirs(path, entries)
    if not pythons and "bin" not in entries:
        return None
    config = _read_config(paths.config(path)) or {}
    told = re.match(_VERSION, config.get("version_info") or config.get("version") or "")
    version = told[0] if told else ""
    python = _choose(pythons, version)
    if python is not None and _minor(version) != python.minor:
        version = python.minor
    site_dirs = _site_dirs(path, python, "lib64" in entries) if python else ()
    base = config.get("home", "")
    base = base if base.startswith("/") and "\0" not in base else ""
    system_site = config.get("include-system-site-packages", "").lower() == "true"
    if system_site and base and python:
        site_dirs = _unique((*site_dirs, *base_site_dirs(os.path.dirname(base), python)))
    implementation = python.implementation if python else config.get("implementation", "cpython").lower()
    return _environment(
        path,
        _venv_kind(path, entries, config),
        version,
        implementation if implementation in {"cpython", "pypy", "graalpy"} else "cpython",
        site_dirs,
        free_threaded=python is not None and python.free_threaded,
        base=base,
        system_site=system_site,
        prompt=config.get("prompt", "").strip("'\""),
        born=paths.config(path),
    )


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


# --- conda --------------------------------------------------------------------------------------------------------


def _probe_conda(path: str, entries: Collection[str]) -> Environment | None:
    """A conda prefix; the version is part of the file name of python's own record. None where it has no Python."""
    version = ""
    try:
        names = os.listdir(f"{path}/conda-meta")
    except OSError:
        names = []
    for name in names:
        match = re.fullmatch(_CONDA_PYTHON, name)
        if match:
            version = match[1]
    if not version and "history" not in names:
        return None
    pythons = python_dirs(path, entries)
    python = _choose(pythons, version)
    if python is not None and _minor(version) != python.minor:
        version = python.minor
    return _environment(
        path,
        "conda",
        version,
        python.implementation if python else "cpython",
        _site_dirs(path, python, False) if python else (),
        free_threaded=python is not None and python.free_threaded,
    )


# --- interpreters, user sites, old virtualenvs --------------------------------------------------------------------


def _probe_prefix(path: str, entries: Collection[str]) -> list[Environment]:
    """A directory with `lib`: an interpreter's prefix, a user site, or a virtualenv older than `pyvenv.cfg`."""
    pythons = python_dirs(path, entries)
    if not pythons:
        return []
    if os.path.basename(path) == ".local" and "pyvenv.cfg" not in entries:
        return [
            _environment(
                path if len(pythons) == 1 else f"{path}/lib/{python.name}",
                "user-site",
                python.minor,
                python.implementation,
                site_dirs,
                free_threaded=python.free_threaded,
            )
            for python in pythons
            if (site_dirs := _site_dirs(path, python, "lib64" in entries))
        ]
    if "bin" not in entries:
        return []
    if os.path.lexists(paths.program(path, "activate")) and not _has_stdlib(path, pythons[-1]):
        site_dirs = _site_dirs(path, pythons[-1], "lib64" in entries)
        return [_environment(path, "virtualenv", pythons[-1].minor, pythons[-1].implementation, site_dirs)]
    homes = [python for python in pythons if _has_stdlib(path, python)]
    default = _default_python(path, homes)
    homes.sort(key=lambda python: python is not default)
    return [
        _environment(
            path if python is default else f"{path}/lib/{python.name}",
            "pyenv" if "/.pyenv/versions/" in path else "system",
            _full_version(path, python),
            python.implementation,
            base_site_dirs(path, python),
            free_threaded=python.free_threaded,
        )
        for python in homes
    ]


def _has_stdlib(prefix: str, python: PythonDir) -> bool:
    """Whether an interpreter's standard library is there, by the landmark that CPython itself looks for."""
    return any(os.path.lexists(f"{prefix}/{lib}/{python.name}/os.py") for lib in ("lib", "lib64"))


def _default_python(prefix: str, pythons: list[PythonDir]) -> PythonDir | None:
    """The one `bin/python3` (or `bin/python`) leads to, else the newest."""
    for name in ("python3", "python"):
        try:
            target = os.path.basename(os.readlink(paths.program(prefix, name)))
        except OSError:
            continue
        for python in pythons:
            if target == python.name:
                return python
    return pythons[-1] if pythons else None


def _full_version(prefix: str, python: PythonDir) -> str:
    """Major, minor and micro from the installed headers or the name of the prefix; else major and minor."""
    suffix = "t" if python.free_threaded else ""
    raw = read_file(os.fsencode(f"{prefix}/include/python{python.minor}{suffix}/patchlevel.h"), 8192)
    match = re.search(_PATCHLEVEL, raw) if raw else None
    if match and _minor(match[1].decode()) == python.minor:
        return match[1].decode()
    named = re.search(_VERSION, os.path.basename(prefix))
    return named[0] if named and _minor(named[0]) == python.minor else python.minor


def base_site_dirs(prefix: str, python: PythonDir) -> tuple[str, ...]:
    """The site directories of an interpreter, in the order of its `sys.path`, without any user's own.

    Debian's and Ubuntu's Pythons below /usr use `dist-packages`, first /usr/local's. So do those of a system that lies
    in a directory: a container's layers, a chroot.
    """
    if prefix.endswith("/usr"):
        debian = tuple(
            path
            for path in (
                f"{prefix}/local/lib/{python.name}/dist-packages",
                f"{prefix}/lib/python3/dist-packages",
                f"{prefix}/lib/{python.name}/dist-packages",
            )
            if os.path.isdir(path)
        )
        if os.path.isdir(f"{prefix}/lib/python3/dist-packages"):
            return debian
        local = _site_dirs(f"{prefix}/local", python, True)
        return _unique((*local, *_site_dirs(prefix, python, True)))
    return _site_dirs(prefix, python, True)


def _probe_pypackages(path: str, name: str) -> list[Environment]:
    """`__pypackages__/X.Y` with its `lib` directory (PEP 582)."""
    if not re.fullmatch(_VERSION, name) or not os.path.isdir(f"{path}/lib"):
        return []
    return [_environment(path, "pypackages", name, "cpython", (f"{path}/lib",))]


def probe_target(path: str, entries: Collection[str]) -> Environment | None:
    """A directory that holds distributions itself, as `pip install --target` makes it. Only for explicit roots."""
    if not any(name.endswith((".dist-info", ".egg-info")) for name in entries):
        return None
    python = next((m for part in reversed(path.split("/")) if (m := re.fullmatch(_PYTHON_DIR, part))), None)
    if python is None:
        return _environment(path, "target", "", "cpython", (path,))
    implementation = "pypy" if python[1] == "pypy" else "cpython"
    return _environment(path, "target", python[2], implementation, (path,), free_threaded=python[3] == "t")


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
        for name in names:
            match = re.fullmatch(_PYTHON_DIR, name)
            if match:
                implementation = "pypy" if match[1] == "pypy" else "cpython"
                found[name] = PythonDir(name, implementation, match[2], match[3] == "t")
        if found:
            break
    return sorted(found.values(), key=lambda python: [int(part) for part in python.minor.split(".")])


def _choose(pythons: list[PythonDir], version: str) -> PythonDir | None:
    """The directory that belongs to `version`; the newest where none does."""
    for python in pythons:
        if python.minor == _minor(version):
            return python
    return pythons[-1] if pythons else None


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _site_dirs(prefix: str, python: PythonDir, lib64: bool) -> tuple[str, ...]:
    """Platlib and purelib, as far as they exist; `lib64` that leads to `lib` counts once."""
    pure = paths.site_packages(prefix, python.name)
    candidates = (pure, paths.site_packages(prefix, python.name, "lib64")) if lib64 else (pure,)
    found = _unique(candidates)
    # Where they are two directories, the interpreter searches lib64 first.
    return found[::-1]


def _unique(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Those that are directories, each directory once."""
    found: dict[tuple[int, int], str] = {}
    for path in paths:
        try:
            status = os.stat(path)
        except (OSError, ValueError):
            continue
        found.setdefault((status.st_dev, status.st_ino), path)
    return tuple(found.values())


@lru_cache(maxsize=1024)
def _owner(uid: int) -> Owner:
    import pwd

    try:
        return Owner(uid, pwd.getpwuid(uid).pw_name)
    except (KeyError, OSError):
        return Owner(uid, "")


def _environment(
    path: str,
    kind: Kind,
    python: str,
    implementation: str,
    site_dirs: tuple[str, ...],
    *,
    free_threaded: bool = False,
    base: str = "",
    system_site: bool = False,
    prompt: str = "",
    born: str = "",
) -> Environment:
    """The record, with owner and times from `stat`."""
    owner = created = changed = None
    try:
        owner = _owner(os.stat(path).st_uid)
        if born:
            created = os.lstat(born).st_mtime
        changed = max((os.stat(site).st_mtime for site in site_dirs), default=None)
    except OSError:
        pass  # going away while it is looked at: the scan will say so
    return Environment(
        path=path,
        kind=kind,
        python=python,
        implementation=implementation,
        site_dirs=site_dirs,
        free_threaded=free_threaded,
        base=base,
        system_site=system_site,
        prompt=prompt,
        owner=owner,
        created=created,
        changed=changed,
    )
