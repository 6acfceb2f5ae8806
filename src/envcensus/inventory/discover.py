"""Walk roots for environments.

The walk prunes: nothing below a found environment, no kernel file systems, no other file system and no symbolic
link unless asked. A directory is listed once; only what looks like an environment costs more.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from msgspec import Struct

from envcensus.inventory.places import well_known_places
from envcensus.inventory.probe import probe, probe_target, python_of_prefix
from envcensus.model.environment import Environment
from envcensus.model.skipped import Skipped
from envcensus.runtime.stop import current as current_stop

# Directories that never hold an environment and often hold many files.
PRUNED = frozenset({".git", ".hg", ".svn", ".bzr", "__pycache__", "node_modules", "site-packages", "dist-packages"})
# Of a system prefix, what its own packages fill.
_LIBRARIES = frozenset({"bin", "include", "lib", "lib-python", "lib32", "lib64", "lib_pypy", "libx32", "sbin"})
_KEEP_OTHERS = frozenset({"conda", "pyenv"})  # kinds with further environments in their `envs`
_KERNEL_FILE_SYSTEMS = ("/proc", "/sys", "/dev")
_NETWORK_TYPES = frozenset({"9p", "afs", "ceph", "cifs", "fuse.glusterfs", "fuse.s3fs", "fuse.sshfs", "gfs2"}) | {
    "glusterfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "smb3",
    "smbfs",
}


class DiscoverOptions(Struct, frozen=True, kw_only=True):
    """What the walk may do. `max_depth` 0 looks at the roots alone."""

    max_depth: int | None = None
    exclude: tuple[str, ...] = ()  # glob patterns of a directory's name, absolute path, or the end of a path
    one_file_system: bool = True
    follow_symlinks: bool = False
    system: bool = False  # also look at the well-known places


def discover(roots: Sequence[str], options: DiscoverOptions | None = None) -> Iterator[Environment | Skipped]:
    """The environments below `roots`, in the order of their paths below each root, as the walk finds them.

    A root that is itself an environment gives that one, and of conda and pyenv those in its `envs`, too. A root that
    holds distributions itself (`pip install --target`) is one of kind "target". What cannot be looked at comes as
    `Skipped`.
    """
    walk = _Walk(options or DiscoverOptions(), roots)
    for root in roots:
        yield from walk.root(root)
    if walk.options.system:
        for place, depth in well_known_places():
            yield from walk.root(place, depth, optional=True)


class _Walk:
    """One run over all roots: the options, the mount points, and what was seen where that can happen twice."""

    def __init__(self, options: DiscoverOptions, roots: Sequence[str]) -> None:
        self.options = options
        self.exclude = tuple(map(_pattern, options.exclude))
        self.mounts = _read_mounts()
        self.seen: set[tuple[int, int]] | None = set() if self._may_repeat(roots) else None
        self.targets: set[tuple[int, int]] = set()  # a walk from above may have gone through them
        self.device = 0

    def _may_repeat(self, roots: Sequence[str]) -> bool:
        """Whether a directory may be met twice: through links, overlapping roots or mounts below a root.

        Only then is what was seen remembered: a set of 100,000 directories is several megabytes.
        """
        if self.options.follow_symlinks or self.options.system:
            return True
        # With a slash behind each, what lies below a path comes next to it: "/a-b" is between "/a" and "/a/c".
        paths = sorted(os.path.realpath(root).rstrip("/") + "/" for root in roots if "\0" not in root)
        nested = any(later.startswith(earlier) for earlier, later in pairwise(paths))
        return nested or any(mount.startswith(path) and mount != path for path in paths for mount in self.mounts)

    def root(self, root: str, depth: int | None = None, *, optional: bool = False) -> Iterator[Environment | Skipped]:
        """Walk one root; `optional`: its absence is no news."""
        path = os.path.abspath(root)
        try:
            status = os.stat(path)
            names = os.listdir(path)
        except (OSError, ValueError) as error:
            if not optional:
                yield Skipped("root", root, _refusal(error))
            elif not isinstance(error, FileNotFoundError | NotADirectoryError):
                yield Skipped("directory", root, _reason(error))
            return
        self.device = status.st_dev
        limit = self.options.max_depth if depth is None else depth
        if found := probe(path, names):
            if found[0].kind not in _KEEP_OTHERS:
                limit = 0
        else:
            target = probe_target(path, names)
            if target is not None:
                if (status.st_dev, status.st_ino) not in self.targets:
                    self.targets.add((status.st_dev, status.st_ino))
                    yield target
                return
            if one := python_of_prefix(path):
                yield from one
                return
        yield from self._walk(path, limit)

    def _walk(self, top: str, max_depth: int | None) -> Iterator[Environment | Skipped]:
        """Depth first, in the order of names, without recursion: trees may be deeper than the stack."""
        # Directories still to be looked at, as one list of names for each level.
        pending = [("", [top])]
        stop = current_stop()
        while pending:
            parent, names = pending[-1]
            if not names:
                pending.pop()
                continue
            if stop is not None:
                stop.check()
            depth = len(pending) - 1
            path = f"{parent}{names.pop()}"
            try:
                status = os.stat(path) if depth == 0 or self.options.follow_symlinks else os.lstat(path)
                if depth and not self._may_enter(path, status):
                    continue
                if not self._is_new(status):
                    continue
                with os.scandir(path) as listing:
                    entries = {entry.name: entry for entry in listing}
            except FileNotFoundError:
                if depth == 0:
                    yield Skipped("root", path, "No such file or directory")
                continue  # deleted meanwhile
            except OSError as error:
                yield Skipped("directory", path, _reason(error))
                continue
            environments = probe(path, entries)
            yield from environments
            if max_depth is not None and depth >= max_depth:
                continue
            inside = [
                entry.name
                for entry in _below(environments, entries)
                if self._is_directory(entry) and not self._is_excluded(path, entry.name)
            ]
            if inside:
                inside.sort(reverse=True)
                pending.append((f"{path}/" if path != "/" else path, inside))

    def _is_new(self, status: os.stat_result) -> bool:
        """Whether the directory was not met before, as far as that can happen."""
        if self.seen is None:
            return True
        known = len(self.seen)
        self.seen.add((status.st_dev, status.st_ino))
        return len(self.seen) > known

    def _may_enter(self, path: str, status: os.stat_result) -> bool:
        if status.st_dev == self.device:
            return True
        if self.options.one_file_system or path in _KERNEL_FILE_SYSTEMS:
            return False
        return self.mounts.get(path, "") not in _NETWORK_TYPES

    def _is_directory(self, entry: os.DirEntry[str]) -> bool:
        try:
            return entry.is_dir(follow_symlinks=self.options.follow_symlinks)
        except OSError:
            return False

    def _is_excluded(self, parent: str, name: str) -> bool:
        if name in PRUNED:
            return True
        if not self.exclude:
            return False
        from fnmatch import fnmatchcase

        path = f"{parent}/{name}" if parent != "/" else f"/{name}"
        return any(fnmatchcase(name, pattern) or fnmatchcase(path, pattern) for pattern in self.exclude)


def _pattern(glob: str) -> str:
    """A pattern as `_is_excluded` compares it: without the slash that a shell completes a directory with; one that
    begins in the middle of a path ("venvs/old") may begin anywhere."""
    glob = glob.rstrip("/") or "/"
    return glob if "/" not in glob or glob.startswith(("/", "*")) else "*/" + glob.removeprefix("./")


def _below(environments: list[Environment], entries: Mapping[str, os.DirEntry[str]]) -> list[os.DirEntry[str]]:
    """What to look at below a directory: everything, unless it is an environment.

    conda and pyenv keep further environments in `envs`; a system prefix such as /usr/local is no reason to overlook
    what else lies there, except in its own library; a `pyvenv.cfg` without site-packages is none at all.
    """
    if not environments:
        return list(entries.values())
    kind = environments[0].kind
    if kind in _KEEP_OTHERS:
        return [entries["envs"]] if "envs" in entries else []
    if kind in {"system", "user-site"}:
        return [entry for name, entry in entries.items() if name not in _LIBRARIES]
    return [] if environments[0].site_dirs else list(entries.values())


def _read_mounts() -> dict[str, str]:
    """Mount points with their file system types; empty where the system has no /proc/self/mountinfo."""
    mounts = {}
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as lines:
            for line in lines:
                fields = line.split(" ")
                mounts[_unescape(fields[4])] = fields[fields.index("-", 6) + 1]
    except (OSError, ValueError, IndexError):
        pass
    return mounts


def _unescape(path: str) -> str:
    """Undo the octal escapes of mountinfo: space, tab, newline and backslash."""
    if "\\" not in path:
        return path
    for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        path = path.replace(code, char)
    return path


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _refusal(error: OSError | ValueError) -> str:
    from envcensus.runtime.refusals import refusal

    return refusal(error) if isinstance(error, OSError) else _reason(error)
