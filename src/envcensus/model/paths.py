"""Where things are inside a POSIX environment: texts only, nothing is looked up.

Paths are joined as text and keep the surrogates of undecodable names; a trailing slash of the prefix does no harm.
"""

from __future__ import annotations


def site_packages(prefix: str, python_minor: str, implementation: str = "cpython", free_threaded: bool = False) -> str:
    """The directory of installed modules; `python_minor` is a version of two numbers ("3.11")."""
    name = "pypy" if implementation == "pypy" else "python"
    return f"{prefix}/lib/{name}{python_minor}{'t' if free_threaded else ''}/site-packages"


def bin_dir(prefix: str) -> str:
    """The directory of the environment's programs."""
    return f"{prefix}/bin"


def python_path(prefix: str) -> str:
    """The environment's interpreter: for showing, never for running."""
    return f"{prefix}/bin/python"


def config_path(prefix: str) -> str:
    """The file that makes a directory a virtual environment."""
    return f"{prefix}/pyvenv.cfg"
