"""A Python environment, as its files describe it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from envcensus.model.platform import Platform

Kind = Literal[
    "venv",
    "virtualenv",
    "conda",
    "pipx",
    "uv-tool",
    "uv",
    "poetry",
    "pdm",
    "hatch",
    "pyenv",
    "system",
    "user-site",
    "pypackages",
    "target",
]


class Owner(Struct, frozen=True, gc=False, omit_defaults=True):
    """Who owns the environment's directory. `name` is empty where the uid has none."""

    uid: int
    name: str


def owner_label(owner: Owner | None) -> str:
    """The name, or else the uid as text; empty where the owner is not known."""
    return "" if owner is None else owner.name or str(owner.uid)


class Environment(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, repr_omit_defaults=True):
    """One environment found below a root.

    Paths are text as `os.fsdecode` gives it: undecodable bytes are surrogates, so that a path always leads back
    to its directory. Nothing here was learnt by running what is in the environment.
    """

    path: str
    kind: Kind
    python: str  # "3.11.7", "3.11" where the files say no more, "" where they say nothing
    implementation: str  # as in sys.implementation.name: "cpython", "pypy"
    site_dirs: tuple[str, ...]  # purelib, platlib: absolute, each directory once
    free_threaded: bool = False
    base: str = ""  # directory of the base interpreter ("home" in pyvenv.cfg)
    system_site: bool = False  # include-system-site-packages
    prompt: str = ""
    owner: Owner | None = None
    created: float | None = None  # seconds since the epoch
    changed: float | None = None  # the newest mtime of the site directories
    host: str = ""  # empty on this host
    platform: Platform | None = None  # of that host; None on this one

    @property
    def python_minor(self) -> str:
        """Major and minor version ("3.11"), empty where unknown."""
        return ".".join(self.python.split(".")[:2])
