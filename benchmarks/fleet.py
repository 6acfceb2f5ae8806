"""Directories shaped like Python environments, the same for the same arguments, without network or installers.

    python -m benchmarks.fleet OUT --envs 200 --packages 100 [--hardlink] [--kind KIND]

About 94 % of the distributions have a dist-info, 4 % an egg-info directory or file, one or two are editable, and every
fifth environment holds a broken one (no METADATA, an empty one, binary rubbish, a leftover `~ame`).
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import json
import os
import random
import sys
from dataclasses import dataclass, field
from typing import Literal, get_args

from benchmarks import catalog

Kind = Literal["venv", "virtualenv", "conda", "pipx", "target", "mixed"]
KINDS: tuple[Kind, ...] = ("venv", "virtualenv", "conda", "pipx", "target")
WHEEL = b"Wheel-Version: 1.0\nGenerator: benchmarks (1.0)\nRoot-Is-Purelib: true\nTag: py3-none-any\n\n"
MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
VERSION = ".".join(map(str, sys.version_info[:3]))


@dataclass
class Writer:
    """Writes files; with `pool`, equal contents share one inode, as installers with a store do."""

    pool: str | None = None
    files: int = 0
    size: int = 0
    _known: set[str] = field(default_factory=set)

    def put(self, path: str, data: bytes) -> None:
        """Write `data` to `path`, by hard link where the pool allows."""
        self.files += 1
        self.size += len(data)
        if self.pool and len(data) > 100:
            stored = os.path.join(self.pool, hashlib.blake2b(data, digest_size=16).hexdigest())
            if stored not in self._known and not os.path.exists(stored):
                _write(stored, data)
            self._known.add(stored)
            try:
                os.link(stored, path)
                return
            except OSError:  # too many links to one inode
                pass
        _write(path, data)


def _write(path: str, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.write(descriptor, data)
    os.close(descriptor)


@functools.lru_cache(maxsize=6000)
def _parts(name: str, version: str) -> tuple[bytes, bytes]:
    """METADATA and RECORD of one release."""
    rng = random.Random(f"record:{name}:{version}")
    module = catalog.module_of(name)
    metadata = catalog.metadata_of(name, version)
    rows = [
        f"{module}/{rng.choice(catalog.SECOND)}/{rng.choice(catalog.WORDS)}_{number}.py,"
        f"sha256={rng.getrandbits(256):043x},{rng.randint(100, 90_000)}"
        for number in range(int(min(400, max(20, rng.lognormvariate(4.0, 0.8)))))
    ]
    rows += [f"{module}-{version}.dist-info/{part},," for part in ("METADATA", "WHEEL", "INSTALLER", "RECORD")]
    return metadata, ("\n".join(rows) + "\n").encode()


def _dist_info(writer: Writer, site: str, name: str, version: str, *, editable: bool) -> None:
    module = catalog.module_of(name)
    metadata, record = _parts(name, version)
    folder = f"{site}/{module}-{version}.dist-info"
    os.mkdir(folder)
    writer.put(f"{folder}/METADATA", metadata)
    writer.put(f"{folder}/RECORD", record)
    writer.put(f"{folder}/WHEEL", WHEEL)
    writer.put(f"{folder}/INSTALLER", b"pip\n")
    writer.put(f"{folder}/top_level.txt", f"{module}\n".encode())
    if editable:
        source = f"/srv/src/{name}"
        direct = {"url": f"file://{source}", "dir_info": {"editable": True}}
        writer.put(f"{folder}/direct_url.json", json.dumps(direct).encode())
        writer.put(f"{site}/__editable__.{module}-{version}.pth", f"{source}\n".encode())


def _egg_info(writer: Writer, site: str, name: str, version: str, *, single: bool) -> None:
    metadata, record = _parts(name, version)
    path = f"{site}/{catalog.module_of(name)}-{version.replace('-', '_')}-py{MINOR}.egg-info"
    if single:
        writer.put(path, metadata)
        return
    os.mkdir(path)
    writer.put(f"{path}/PKG-INFO", metadata)
    writer.put(f"{path}/SOURCES.txt", record)
    writer.put(f"{path}/top_level.txt", f"{catalog.module_of(name)}\n".encode())
    writer.put(f"{path}/requires.txt", b"acorn>=1\n\n[test]\namber\n")


def _modules(writer: Writer, site: str, name: str) -> None:
    """A package directory with a few modules, so that site-packages has as many entries as a real one."""
    rng = random.Random("modules:" + name)
    package = f"{site}/{catalog.module_of(name)}"
    os.mkdir(package)
    for module in ["__init__", *rng.sample(catalog.WORDS, k=rng.randint(1, 3))]:
        writer.put(f"{package}/{module}.py", b"def main(x):\n    return x\n" * rng.randint(1, 40))


def _broken(writer: Writer, site: str, number: int) -> None:
    """One broken distribution, of four kinds in turn."""
    kind = number // 5 % 4
    folder = f"{site}/{'~' if kind == 3 else 'b'}roken-1.{number}.0.dist-info"
    os.mkdir(folder)
    writer.put(f"{folder}/INSTALLER", b"pip\n")
    if kind:
        contents = [b"", bytes(range(256)) * 16, b"Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n\n"]
        writer.put(f"{folder}/METADATA", contents[kind - 1])


def _choose(rng: random.Random, packages: int) -> list[str]:
    """Names of one environment: the popular third comes up more often, as in real fleets."""
    if packages >= len(catalog.NAMES):
        return list(catalog.NAMES)
    popular = len(catalog.NAMES) // 3
    weight = {name: rng.random() ** (1 / (3 if i < popular else 1)) for i, name in enumerate(catalog.NAMES)}
    return sorted(catalog.NAMES, key=weight.__getitem__, reverse=True)[:packages]


def _skeleton(writer: Writer, path: str, kind: Kind, python: str) -> str:
    """The frame of an environment; gives its site-packages directory."""
    if kind == "target":
        os.makedirs(path)
        return path
    site = f"{path}/lib/python{MINOR}/site-packages"
    os.makedirs(site)
    os.mkdir(f"{path}/bin")
    os.symlink(python, f"{path}/bin/python")
    os.symlink("python", f"{path}/bin/python{MINOR}")
    if kind == "conda":
        os.mkdir(f"{path}/conda-meta")
        record = {"name": "python", "version": VERSION, "build": "0", "build_number": 0, "channel": "example"}
        writer.put(f"{path}/conda-meta/python-{VERSION}-0.json", json.dumps(record).encode())
        writer.put(f"{path}/conda-meta/history", b"==> 2025-01-01 00:00:00 <==\n")
        return site
    lines = [f"home = {os.path.dirname(python)}", "include-system-site-packages = false", f"version = {VERSION}"]
    if kind == "virtualenv":
        lines[1:1] = ["implementation = CPython", "virtualenv = 20.26.0", f"version_info = {VERSION}.final.0"]
    else:
        lines += [f"executable = {python}", f"command = {python} -m venv {path}"]
    writer.put(f"{path}/pyvenv.cfg", ("\n".join(lines) + "\n").encode())
    if kind == "pipx":
        writer.put(
            f"{path}/pipx_metadata.json", b'{"pipx_metadata_version": "0.5", "main_package": {"package": "acorn"}}'
        )
    return site


def make_environment(
    path: str, number: int, packages: int, writer: Writer, *, kind: Kind = "venv", seed: int = 1, modules: bool = True
) -> None:
    """Write environment `number` of a fleet to `path`; the same arguments always give the same files."""
    rng = random.Random(f"{seed}:{number}")
    python = os.path.realpath(sys.executable)
    if kind == "mixed":
        kind = KINDS[number % len(KINDS)]
    site = _skeleton(writer, path, kind, python)
    editables, eggs = rng.randint(1, 2), packages * 4 // 100
    for place, name in enumerate(_choose(rng, packages)):
        version = catalog.installed_version(rng, name)
        if editables <= place < editables + eggs:
            _egg_info(writer, site, name, version, single=rng.random() < 0.3)
        else:
            _dist_info(writer, site, name, version, editable=place < editables)
        if modules and place >= editables:
            _modules(writer, site, name)
    if number % 5 == 3:
        _broken(writer, site, number)


def make_fleet(
    out: str,
    envs: int,
    packages: int,
    *,
    kind: Kind = "venv",
    hardlink: bool = False,
    modules: bool = True,
    seed: int = 1,
    distinct: int | None = None,
) -> Writer:
    """Write `envs` environments of `packages` distributions below `out`.

    `distinct` makes the fleet repeat after so many environments: a larger fleet of the same projects.
    """
    out = os.path.abspath(out)
    os.makedirs(out)
    writer = Writer()
    if hardlink:
        writer.pool = out + ".pool"
        os.makedirs(writer.pool, exist_ok=True)
    for number in range(envs):
        path = f"{out}/env{number:05}"
        make_environment(path, number % (distinct or envs), packages, writer, kind=kind, seed=seed, modules=modules)
    return writer


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--envs", type=int, default=200)
    parser.add_argument("--packages", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", choices=get_args(Kind), default="venv")
    parser.add_argument("--hardlink", action="store_true", help="equal contents share one inode")
    parser.add_argument("--no-modules", action="store_true", help="only the metadata directories")
    given = parser.parse_args()
    writer = make_fleet(
        given.out,
        given.envs,
        given.packages,
        kind=given.kind,
        hardlink=given.hardlink,
        modules=not given.no_modules,
        seed=given.seed,
    )
    print(f"{given.envs} environments, {writer.files} files, {writer.size / 1e6:.0f} MB", file=sys.stderr)


if __name__ == "__main__":
    main()
