"""Where things are inside a POSIX environment: texts only, nothing is looked up.

Paths are joined as text and keep the surrogates of undecodable names.
"""

from __future__ import annotations


def site_packages(prefix: str, python: str, lib: str = "lib") -> str:
    """The directory of installed modules; `python` is the name of the one above it ("python3.11", "pypy3.10")."""
    return f"{prefix}/{lib}/{python}/site-packages"


def program(prefix: str, name: str) -> str:
    """A program of the environment: for looking at, never for running."""
    return f"{prefix}/bin/{name}"


def config(prefix: str) -> str:
    """The file that makes a directory a virtual environment."""
    return f"{prefix}/pyvenv.cfg"
