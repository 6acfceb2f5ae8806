"""Environments without a `pyvenv.cfg`: conda's, interpreters, user sites, virtualenvs of old, `__pypackages__`.

Loaded where the walk meets something of that shape: most fleets are virtual environments alone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection

from envcensus._kernels.scan import read_file
from envcensus.inventory.probe import (
    VERSION,
    PythonDir,
    base_prefix,
    base_site_dirs,
    choose,
    make_environment,
    minor_of,
    python_dirs,
    site_dirs,
    unique,
)
from envcensus.model import paths
from envcensus.model.environment import Environment, Kind

_CONDA_PYTHON = r"python-(\d{1,2}\.\d{1,3}(?:\.\d{1,3})?)[^-]*-[^-]*\.json"
_PATCHLEVEL = rb'#define\s+PY_VERSION\s+"(\d{1,2}\.\d{1,3}\.\d{1,3})'
_PATH_LIMIT = 1 << 12  # bytes of a file that holds a path
# Where pyenv keeps its interpreters, below the home directory or for all users.
_PYENV = ("/.pyenv/versions/", "/pyenv/versions/")


def probe(path: str, entries: Collection[str]) -> list[Environment]:
    """As `envcensus.inventory.probe.probe`, of a directory that is no virtual environment of today."""
    if "conda-meta" in entries:
        found = _conda(path, entries)
        if found is not None:
            return [found]
    if "lib-python" in entries and "site-packages" in entries:
        return _flat_pypy(path, entries)
    if "lib" not in entries and "lib64" not in entries:
        return []
    parent, name = os.path.split(path)
    if parent.endswith("/__pypackages__"):
        return _pypackages(path, name)
    if path == "/" or _is_merged(path):
        return []
    return _prefix(path, entries)


def _is_merged(path: str) -> bool:
    """Whether this is the top of a system whose /lib leads to /usr/lib, here or in a container's or chroot's tree: its
    prefix is `usr`."""
    try:
        return os.readlink(f"{path}/lib").strip("/") == "usr/lib"
    except OSError:
        return False


def _conda(path: str, entries: Collection[str]) -> Environment | None:
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
    python = choose(pythons, version)
    if python is not None and minor_of(version) != python.minor:
        version = python.minor
    return make_environment(
        path,
        "conda",
        version,
        python.implementation if python else "cpython",
        site_dirs(path, python.name, False) if python else {},
        free_threaded=python is not None and python.free_threaded,
    )


# --- interpreters, user sites, old virtualenvs --------------------------------------------------------------------


def _prefix(path: str, entries: Collection[str]) -> list[Environment]:
    """A directory with `lib`: an interpreter's prefix, a user site, or a virtualenv older than `pyvenv.cfg`."""
    pythons = python_dirs(path, entries)
    if not pythons:
        return []
    if os.path.basename(path) == ".local" and "pyvenv.cfg" not in entries:
        return [
            make_environment(
                path if len(pythons) == 1 else f"{path}/lib/{python.name}",
                "user-site",
                python.minor,
                python.implementation,
                sites,
                free_threaded=python.free_threaded,
            )
            for python in pythons
            if (sites := site_dirs(path, python.name, "lib64" in entries))
        ]
    if "bin" not in entries:
        return []
    old = _old_virtualenv(path, pythons[-1], entries)
    if old is not None:
        return [old]
    homes = [python for python in pythons if _has_stdlib(path, python)]
    default = _default_python(path, homes)
    homes.sort(key=lambda python: python is not default)
    return [
        make_environment(
            path if python is default else f"{path}/lib/{python.name}",
            "pyenv" if any(place in path for place in _PYENV) else "system",
            _full_version(path, python),
            python.implementation,
            base_site_dirs(path, python),
            free_threaded=python.free_threaded,
        )
        for python in homes
    ]


def _old_virtualenv(path: str, python: PythonDir, entries: Collection[str]) -> Environment | None:
    """A virtualenv of a release before 20, with links to the standard library and the prefix it was made from in
    `orig-prefix.txt`; or of one that left neither."""
    if not os.path.lexists(paths.program(path, "activate")):
        return None
    lib = f"{path}/lib/{python.name}"
    base = _origin(lib)
    if not base and _has_stdlib(path, python):
        return None
    sites = site_dirs(path, python.name, "lib64" in entries)
    system_site = bool(base) and not os.path.lexists(f"{lib}/no-global-site-packages.txt")
    if system_site:
        sites = unique((*sites, *base_site_dirs(base_prefix(base), python)))
    return make_environment(
        path,
        "virtualenv",
        _full_version(path, python),
        python.implementation,
        sites,
        base=base,
        system_site=system_site,
    )


def _origin(lib: str) -> str:
    """The directory of the interpreter that an old virtualenv was made from, by its library; empty where it says
    none."""
    raw = read_file(os.fsencode(f"{lib}/orig-prefix.txt"), _PATH_LIMIT) or b""
    prefix = os.fsdecode(raw).strip().rstrip("/")
    return f"{prefix}/bin" if prefix.startswith("/") and "\0" not in prefix else ""


def _flat_pypy(path: str, entries: Collection[str]) -> list[Environment]:
    """PyPy as it lay until Python 3.7, and for 2.7 still does: `lib-python`, `lib_pypy` and `site-packages` at the top;
    or a virtualenv of old made from it."""
    if "bin" not in entries or "lib_pypy" not in entries:
        return []
    version = _patchlevel(f"{path}/include/patchlevel.h")
    if not version:
        version = "2.7" if os.path.isdir(f"{path}/lib-python/2.7") else "3"
    if os.path.lexists(paths.program(path, "activate")):
        kind: Kind = "virtualenv"
    else:
        kind = "pyenv" if any(place in path for place in _PYENV) else "system"
    return [make_environment(path, kind, version, "pypy", unique((f"{path}/site-packages",)))]


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
    for name in (python.name, f"{python.name}m"):  # "m" until Python 3.7
        version = _patchlevel(f"{prefix}/include/{name}/patchlevel.h")
        if minor_of(version) == python.minor:
            return version
    named = re.search(VERSION, os.path.basename(prefix))
    return named[0] if named and minor_of(named[0]) == python.minor else python.minor


def _patchlevel(header: str) -> str:
    """The version that a `patchlevel.h` defines, empty where there is none."""
    raw = read_file(os.fsencode(header), 8192)
    match = re.search(_PATCHLEVEL, raw) if raw else None
    return match[1].decode() if match else ""


def _pypackages(path: str, name: str) -> list[Environment]:
    """`__pypackages__/X.Y` with its `lib` directory (PEP 582)."""
    if not re.fullmatch(VERSION, name) or not os.path.isdir(f"{path}/lib"):
        return []
    return [make_environment(path, "pypackages", name, "cpython", unique((f"{path}/lib",)))]
