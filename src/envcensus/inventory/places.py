"""Well-known places of environments and interpreters, for `--system`."""

from __future__ import annotations

import os
from collections.abc import Iterator

from envcensus._kernels.scan import read_file

# Absolute places, with how deep to look (None: to the ground).
_SYSTEM: tuple[tuple[str, int | None], ...] = (
    ("/usr", 0),
    ("/usr/local", 0),
    ("/opt", 2),
    ("/opt/pipx/venvs", 1),
    ("/usr/local/pipx/venvs", 1),
)
# Below each home directory.
_HOME: tuple[tuple[str, int | None], ...] = (
    (".local", 0),
    (".local/pipx/venvs", 1),
    (".local/share/pipx/venvs", 1),
    (".local/share/uv/tools", 1),
    (".local/share/uv/python", 1),
    (".local/share/virtualenvs", 1),
    (".local/share/hatch/env", None),
    (".local/share/pdm/venvs", 1),
    (".cache/pypoetry/virtualenvs", 1),
    (".pyenv/versions", 3),  # with what pyenv-virtualenv keeps in an interpreter's `envs`
    (".asdf/installs/python", 1),
    (".local/share/mise/installs/python", 1),
    (".rye/py", 1),
    (".rye/tools", 1),
    (".virtualenvs", 1),
    (".venvs", 1),
    ("anaconda3", 2),
    ("mambaforge", 2),
    ("miniconda3", 2),
    ("miniforge3", 2),
    ("micromamba", 2),
    (".local/share/mamba", 2),
    (".conda/envs", 1),
)
_LIST_LIMIT = 1 << 20  # bytes of conda's list of environments


def well_known_places() -> Iterator[tuple[str, int | None]]:
    """Directories worth a look, and how many levels below; most of them do not exist on a given host.

    The superuser looks into every user's home, others into their own.
    """
    yield from _SYSTEM
    for home in _homes():
        for place, depth in _HOME:
            yield f"{home}/{place}", depth
        listed = read_file(os.fsencode(f"{home}/.conda/environments.txt"), _LIST_LIMIT) or b""
        for line in listed.decode("utf-8", "surrogateescape").splitlines():
            if line.startswith("/"):
                yield line.strip(), 0


def _homes() -> list[str]:
    homes = [os.path.expanduser("~")]
    if os.geteuid() == 0:
        import pwd

        homes += [user.pw_dir for user in pwd.getpwall()]
    return [home for home in dict.fromkeys(homes) if home.startswith("/") and home != "/"]
