"""Settings and the paths of an environment."""

from __future__ import annotations

import os
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from envcensus.model import paths
from envcensus.model.settings import Settings


def test_paths_are_those_of_a_real_environment(tmp_path: Path) -> None:
    prefix = str(tmp_path / "a é")
    venv.create(prefix, with_pip=False, symlinks=True)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert Path(paths.site_packages(prefix, version)).is_dir()
    assert Path(paths.bin_dir(prefix)).is_dir()
    assert os.path.lexists(paths.python_path(prefix))
    assert Path(paths.config_path(prefix)).is_file()
    expected = sysconfig.get_path("purelib", "venv", vars={"base": prefix})
    assert paths.site_packages(prefix, version) == expected


def test_names_of_other_pythons() -> None:
    assert paths.site_packages("/e", "3.10", "pypy") == "/e/lib/pypy3.10/site-packages"
    assert paths.site_packages("/e", "3.13", free_threaded=True) == "/e/lib/python3.13t/site-packages"


def test_settings_are_frozen_and_compare_by_value() -> None:
    settings = Settings(index_urls=("https://example.com/simple",), pre=True)
    assert settings == Settings(("https://example.com/simple",), pre=True)
    assert hash(settings) == hash(Settings(("https://example.com/simple",), pre=True))
    with pytest.raises(AttributeError):
        settings.pre = False  # type: ignore[misc]
