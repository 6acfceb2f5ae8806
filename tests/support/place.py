"""A small /srv, an index and wheels of their own: a test module imports the fixture by name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from benchmarks.index_server import Running, Universe, running
from tests.support.command import neutral_environ
from tests.support.site import install
from tests.support.wheels import add_wheel


class Place(NamedTuple):
    """Where the examples live."""

    path: Path  # the working directory, with srv/ and wheels/ in it
    server: Running


def make_environment(path: Path, python: str) -> Path:
    """What `venv` leaves, with an interpreter that is none; its site-packages directory."""
    site = path / f"lib/python{python}/site-packages"
    site.mkdir(parents=True)
    (path / "bin").mkdir()
    (path / "bin/python").touch()
    (path / "pyvenv.cfg").write_text(f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {python}.4\n")
    return site


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Two environments, and nobody's settings but ours."""
    site = make_environment(tmp_path / "srv/shop/venv", "3.12")
    install(site, "flask", "3.0.3", "Requires-Dist: werkzeug<3.1")
    install(site, "werkzeug", "3.0.3")
    install(site, "requests", "2.31.0")
    install(make_environment(tmp_path / "srv/wiki/venv", "3.11"), "requests", "2.32.3", "Requires-Dist: idna")
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    add_wheel(wheels, "app", "1.0", ["flask>=3"])
    for version, requires in (("2.3.0", "werkzeug<3"), ("3.0.3", "werkzeug<3.1"), ("3.1.0", "werkzeug>=3.1")):
        add_wheel(wheels, "flask", version, [requires])
    for version in ("2.3.8", "3.0.6", "3.1.3"):
        add_wheel(wheels, "werkzeug", version)
    for name in set(os.environ) - set(environ := neutral_environ(tmp_path)):
        monkeypatch.delenv(name)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ENVCENSUS_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    versions = {"flask": ["3.0.3", "3.1.0"], "werkzeug": ["3.0.3", "3.0.6", "3.1.3"], "requests": ["2.31.0", "2.32.3"]}
    with running(Universe(versions)) as server:
        monkeypatch.setenv("ENVCENSUS_INDEX_URL", server.url)
        yield Place(tmp_path, server)
