"""Read what is installed in one environment, in the order in which its interpreter would search."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from operator import attrgetter

import msgspec

from envcensus._kernels.scan import DETAILS, INSTALLER, REQUIRES, Directory, read_ahead, read_file, watch
from envcensus.inventory.egg import read_egg_requires
from envcensus.inventory.judge import judge
from envcensus.model.distribution import Distribution
from envcensus.model.environment import Environment
from envcensus.model.skipped import Problem, Skipped

# (path, device, inode, mtime_ns, ctime_ns, size) of something a listing depends on; all zero where it is absent.
Watch = tuple[str, int, int, int, int, int]

_LINK_LIMIT = 1 << 16  # bytes of a .pth or .egg-link file
_EXTRA_LIMIT = 1000  # directories that .pth and .egg-link files may add to one environment
_UNSAFE = "[^A-Za-z0-9.]+"
# Flaws that are put right inside an entry, which the times of the directory it lies in do not tell.
_INSIDE = frozenset(
    {
        *("no-metadata", "name-mismatch", "version-mismatch", "invalid-name", "invalid-version"),
        *("broken-symlink", "unreadable", "oversized", "not-a-file"),
    }
)


class Reading(msgspec.Struct):
    """The result of reading an environment, and what it depends on."""

    distributions: tuple[Distribution, ...]
    problems: tuple[Problem, ...]
    skipped: tuple[Skipped, ...]
    watches: tuple[Watch, ...]


def look_ahead(environments: Sequence[Environment], level: int) -> list[dict[str, Directory]]:
    """The site directories of some environments, their files read in one go; for `read_environment`.

    Threads that do this for several environments at a time have little to wait for from each other.
    """
    ahead = [
        {site: Directory(os.fsencode(site), _level(environment, level)) for site in environment.site_dirs}
        for environment in environments
    ]
    read_ahead([directory for directories in ahead for directory in directories.values()])
    return ahead


def read_environment(environment: Environment, level: int, ahead: dict[str, Directory] | None = None) -> Reading:
    """Read all distributions of an environment.

    Of a project that is installed more than once the first one counts, as for pip: site directories in the order of
    `sys.path`, each followed by its egg-links' projects and the directories its `.pth` files add; within a directory
    the order in which the file system lists it.

    Args:
        environment: from `discover`.
        level: of `envcensus._kernels.scan`.
        ahead: from `look_ahead`, with the same level.
    """
    return _Reader(environment, level, ahead or {}).read()


def _level(environment: Environment, level: int) -> int:
    """In a conda prefix it is the installer that tells conda's own packages apart."""
    return level | INSTALLER if environment.kind == "conda" else level


class _Reader:
    def __init__(self, environment: Environment, level: int, ahead: dict[str, Directory]) -> None:
        self.environment = environment
        self.level = _level(environment, level)
        self.ahead = ahead
        self.found: list[Distribution] = []  # sorted by normalized name, each once
        self.names: dict[str, Distribution] = {}  # the same by name, once there is more than one directory
        self.problems: list[Problem] = []
        self.skipped: list[Skipped] = []
        self.watches: list[Watch] = []
        self.links: set[str] = set()  # names of all .egg-link files
        self.visited: set[str] = set(environment.site_dirs)

    def read(self) -> Reading:
        for path in self.environment.site_dirs:
            others = self._read_directory(path)
            self._follow_links(path, others)
            for name in sorted(name for name in others if name.endswith(".pth") and not name.startswith(".")):
                for extra in self._read_pth(path, name):
                    self._follow_links(extra, self._read_directory(extra, foreign=True))
        if self.links:
            self._mark_linked()
        if self.environment.kind == "conda":
            self._mark_condas()
        problems = sorted(self.problems, key=attrgetter("where", "code"))
        for where in dict.fromkeys([problem.where for problem in problems if problem.code in _INSIDE]):
            for name in ("", "/PKG-INFO", "/METADATA"):
                self._watch(where + name)
        return Reading(tuple(self.found), tuple(problems), tuple(self.skipped), tuple(self.watches))

    def _read_directory(self, path: str, *, foreign: bool = False) -> list[str]:
        """Take in the distributions of one directory; the names of its .pth, .egg-link and leftover entries.

        `foreign`: not a site directory but someone's project: its metadata may be rewritten in place.
        """
        directory = self.ahead.pop(path, None) or Directory(os.fsencode(path), self.level)
        try:
            found, duplicates, others, identity, whole = directory.read(Distribution, self._odd)
        except OSError as error:
            self._watch(path)
            if not foreign:
                reason = os.strerror(error.errno or 0)
                self.skipped.append(Skipped("directory", path, reason))
                self.problems.append(Problem("unreadable", path, reason))  # or it would read as an empty one
            elif isinstance(error, NotADirectoryError):
                self._take_archive(path)
            elif not isinstance(error, FileNotFoundError):
                self.problems.append(Problem("unreadable", path, os.strerror(error.errno or 0)))
            return []
        self.watches.append((path, *identity, 0))
        if not whole:
            self.skipped.append(Skipped("directory", path, "more entries than the limit: read in part"))
            self.problems.append(Problem("oversized", path, "more entries than the limit: read in part"))
        self._take(found)
        for distribution, first in duplicates:
            self._add_duplicate(distribution, first)
        if foreign:
            for distribution in found:
                for name in ("", "/PKG-INFO", "/METADATA", "/requires.txt"):
                    self._watch(distribution.path + name)
        for name in others:
            if name.startswith("~"):
                self.problems.append(Problem("leftover", f"{path}/{name}"))
        return others

    def _take_archive(self, path: str) -> None:
        """Take in the distributions of a zipped egg."""
        from envcensus.inventory.zipped import read_archive

        self._take(read_archive(path, self.problems, requires=bool(self.level & REQUIRES)))

    def _take(self, found: list[Distribution]) -> None:
        """Add one directory's distributions, which come sorted and each name once, behind those found before."""
        if not found:
            return
        if not self.found:
            self.found = found
            return
        first = self.names or {distribution.normalized: distribution for distribution in self.found}
        for distribution in found:
            kept = first.setdefault(distribution.normalized, distribution)
            if kept is not distribution:
                self._add_duplicate(distribution, kept)
        self.names = first
        self.found = sorted(first.values(), key=attrgetter("normalized"))

    def _add_duplicate(self, distribution: Distribution, first: Distribution) -> None:
        if first.path == distribution.path or self._is_shadowed(distribution) or _is_own_source(distribution, first):
            return
        detail = f"{distribution.version}; {first.path} comes first"
        self.problems.append(Problem("duplicate", distribution.path, detail))

    def _is_shadowed(self, distribution: Distribution) -> bool:
        """Whether it belongs to the base interpreter of an environment that may hide it: no flaw."""
        own = f"{self.environment.path}/"
        return self.environment.system_site and not distribution.path.startswith(own)

    def _odd(self, path: str, kind: str, *rest: object) -> Distribution | None:
        """What the kernel calls for an entry that is not plainly in order."""
        decide: Callable[..., Distribution | None] = judge
        distribution = decide(path, kind, *rest, requires_read=bool(self.level & REQUIRES), problems=self.problems)
        if distribution is not None and self.level & REQUIRES and kind == "egg-info" and not distribution.requires:
            requires, extras = read_egg_requires(path)
            if requires or extras:
                distribution = msgspec.structs.replace(distribution, requires=requires, extras=extras)
        return distribution

    # --- what leads elsewhere ---

    def _read_pth(self, site: str, name: str) -> list[str]:
        """The directories a `.pth` file adds to `sys.path`. Its `import` lines are never run."""
        path = f"{site}/{name}"
        self._watch(path)
        raw = read_file(os.fsencode(path), _LINK_LIMIT)
        added: list[str] = []
        for line in map(str.rstrip, (raw or b"").decode("utf-8", "surrogateescape").splitlines()):
            if not line or line.startswith(("#", "import ", "import\t")) or "\0" in line:
                continue
            target = os.path.normpath(os.path.join(site, line))
            if target in self.visited:
                continue
            if len(self.visited) >= _EXTRA_LIMIT:
                self.problems.append(Problem("oversized", path, f"more than {_EXTRA_LIMIT} directories added"))
                break
            self.visited.add(target)
            present = watch(target)
            if present[2]:
                added.append(target)
            else:
                self.watches.append(present)  # it may come
        return added

    def _follow_links(self, site: str, others: list[str]) -> None:
        """Take in the projects that `.egg-link` files lead to."""
        for name in others:
            if not name.endswith(".egg-link") or len(self.links) >= _EXTRA_LIMIT:
                continue
            path = f"{site}/{name}"
            self.links.add(name)
            self._watch(path)
            raw = read_file(os.fsencode(path), _LINK_LIMIT)
            lines = (raw or b"").decode("utf-8", "surrogateescape").splitlines()
            target = next((line.strip() for line in lines if line.strip()), "")
            if not target or "\0" in target:
                self.problems.append(Problem("no-metadata", path, "leads nowhere"))
                continue
            project = os.path.normpath(os.path.join(site, target))
            self.visited.add(project)  # easy-install.pth names it once more
            before = len(self.found)
            self._read_directory(project, foreign=True)
            if len(self.found) == before and not os.path.isdir(project):
                self.problems.append(Problem("broken-symlink", path, "the project's directory is gone"))

    def _mark_linked(self) -> None:
        """Distributions with an egg-link of their name, and no direct url, are editable: pip's rule."""
        for position, distribution in enumerate(self.found):
            if distribution.direct_url or distribution.editable:
                continue
            name = distribution.name
            if f"{name}.egg-link" in self.links or re.sub(_UNSAFE, "-", name) + ".egg-link" in self.links:
                location = os.path.dirname(distribution.path)
                self.found[position] = msgspec.structs.replace(distribution, editable=True, location=location)

    def _mark_condas(self) -> None:
        from envcensus.inventory.conda import conda_packages, with_owner

        self._watch(f"{self.environment.path}/conda-meta")
        packages = conda_packages(self.environment.path)
        self.found = [with_owner(distribution, packages) for distribution in self.found]

    def _watch(self, path: str) -> None:
        self.watches.append(watch(path))


def _is_own_source(distribution: Distribution, first: Distribution) -> bool:
    """Whether it lies in the project that `first` is an editable install of: setuptools leaves an egg-info directory
    beside the sources, and the `.pth` file of the install leads there."""
    if not first.editable or not first.location.startswith("/"):
        return False
    if distribution.path.startswith(f"{first.location.rstrip('/')}/"):
        return True
    return os.path.realpath(distribution.path).startswith(f"{os.path.realpath(first.location)}/")


def level_of(*, details: bool, requires: bool) -> int:
    """The kernel's level for what a caller wants to know."""
    return (DETAILS if details else 0) | (REQUIRES if requires else 0)
