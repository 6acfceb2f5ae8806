"""The paths of an environment."""

from __future__ import annotations

import os
import sys
import sysconfig
import venv
from pathlib import Path

from envcensus.model import paths


def test_paths_are_those_of_a_real_environment(tmp_path: Path) -> None:
    prefix = str(tmp_path / "a é")
    venv.create(prefix, with_pip=False, symlinks=True)
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    assert paths.site_packages(prefix, python) == sysconfig.get_path("purelib", "venv", vars={"base": prefix})
    assert Path(paths.site_packages(prefix, python)).is_dir()
    assert os.path.lexists(paths.program(prefix, "python"))
    assert Path(paths.config(prefix)).is_file()
    assert paths.site_packages("/e", "pypy3.10", "lib64") == "/e/lib64/pypy3.10/site-packages"
