"""Which environments are found, and what their files say about them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from envcensus.inventory import DiscoverOptions, discover, is_environment, scan
from envcensus.model.environment import Environment
from envcensus.model.listing import Listing
from envcensus.model.skipped import Skipped


def found(*roots: Path, **options: Any) -> list[Environment]:
    results = list(discover([str(root) for root in roots], DiscoverOptions(**options)))
    return [result for result in results if isinstance(result, Environment)]


def paths(environments: list[Environment], top: Path) -> list[str]:
    return [os.path.relpath(environment.path, top) for environment in environments]


def test_environments_come_in_order_and_nothing_below_them(make_venv: Any, tmp_path: Path) -> None:
    for name in ("b/.venv", "a/env", "c", "c/nested"):
        make_venv(name) if name != "c/nested" else (tmp_path / "c" / "nested").mkdir()
    make_venv("c/nested/env")
    assert paths(found(tmp_path), tmp_path) == ["a/env", "b/.venv", "c"]


def test_a_root_that_is_an_environment_gives_that_one(make_venv: Any) -> None:
    venv = make_venv()
    (environment,) = found(venv.path)
    assert environment.path == str(venv.path)
    assert environment.kind == "venv"
    assert environment.python == "3.11.7"
    assert environment.python_minor == "3.11"
    assert environment.site_dirs == (str(venv.site),)
    assert environment.owner is not None
    assert environment.owner.uid == os.getuid()
    assert environment.changed == venv.site.stat().st_mtime
    assert is_environment(str(venv.path))
    assert not is_environment(str(venv.path.parent))


@pytest.mark.parametrize(
    ("config", "kind", "python"),
    [
        ("version = 3.11.7\n", "venv", "3.11.7"),
        ("virtualenv = 20.1\nversion_info = 3.11.5.final.0\nimplementation = CPython\n", "virtualenv", "3.11.5"),
        ("uv = 0.5\nversion_info = 3.11.9\n", "uv", "3.11.9"),
        ("VERSION=3.9.1\n", "venv", "3.11"),
        ("version = \x1b[2J\n", "venv", "3.11"),
        ("home\n\0\xff = x\n=\n", "venv", "3.11"),
    ],
)
def test_pyvenv_cfg(make_venv: Any, config: str, kind: str, python: str) -> None:
    (environment,) = found(make_venv(config=config).path)
    assert (environment.kind, environment.python) == (kind, python)


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("pypoetry/virtualenvs/x", "poetry"),
        ("pdm/venvs/x", "pdm"),
        ("hatch/env/virtual/p/x", "hatch"),
        ("pipx/venvs/x", "pipx"),
        ("uv/tools/x", "uv-tool"),
    ],
)
def test_places_of_tools(make_venv: Any, tmp_path: Path, place: str, kind: str) -> None:
    make_venv(place)
    (environment,) = found(tmp_path)
    assert environment.kind == kind


@pytest.mark.parametrize(("marker", "kind"), [("pipx_metadata.json", "pipx"), ("uv-receipt.toml", "uv-tool")])
def test_markers_of_tools(make_venv: Any, marker: str, kind: str) -> None:
    venv = make_venv()
    (venv.path / marker).touch()
    assert found(venv.path)[0].kind == kind


def test_a_stray_pyvenv_cfg_hides_nothing(make_venv: Any, tmp_path: Path) -> None:
    (tmp_path / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.7\n")
    make_venv("below/env")
    assert paths(found(tmp_path), tmp_path) == ["below/env"]


def test_a_venv_without_site_packages_hides_nothing(make_venv: Any, tmp_path: Path) -> None:
    make_venv("home/apps/one")
    (tmp_path / "home" / "bin").mkdir()
    (tmp_path / "home" / "pyvenv.cfg").write_text("")
    assert paths(found(tmp_path), tmp_path) == ["home", "home/apps/one"]


def test_a_system_in_a_directory_is_found_at_its_usr_with_its_dist_packages(make_venv: Any, tmp_path: Path) -> None:
    usr = tmp_path / "chroot" / "usr"
    sites = ["local/lib/python3.11/dist-packages", "lib/python3/dist-packages", "lib/python3.11/dist-packages"]
    for folder in ("bin", "local/bin", *sites):
        (usr / folder).mkdir(parents=True)
    (usr / "lib" / "python3.11" / "os.py").touch()
    for name in ("bin", "lib"):
        (tmp_path / "chroot" / name).symlink_to(f"usr/{name}")
    make_venv("chroot/opt/app")
    app, system = found(tmp_path)
    assert (app.path, system.path, system.kind) == (f"{tmp_path}/chroot/opt/app", str(usr), "system")
    assert system.site_dirs == tuple(f"{usr}/{site}" for site in sites)


def test_a_conda_prefix_without_a_python_is_no_problem(tmp_path: Path) -> None:
    (tmp_path / "tools" / "conda-meta").mkdir(parents=True)
    (tmp_path / "tools" / "conda-meta" / "history").touch()
    (listing,) = scan(discover([str(tmp_path)]))
    assert isinstance(listing, Listing)
    assert (listing.environment.kind, listing.problems) == ("conda", ())


def test_conda_prefix_and_its_envs(tmp_path: Path) -> None:
    for prefix, version in (("conda", "3.12.4"), ("conda/envs/one", "3.10.2")):
        minor = version.rpartition(".")[0]
        (tmp_path / prefix / "conda-meta").mkdir(parents=True)
        (tmp_path / prefix / "conda-meta" / f"python-{version}-h99_0_cpython.json").write_text("{}")
        (tmp_path / prefix / "lib" / f"python{minor}" / "site-packages").mkdir(parents=True)
    environments = found(tmp_path)
    assert [(e.kind, e.python) for e in environments] == [("conda", "3.12.4"), ("conda", "3.10.2")]
    assert paths(environments, tmp_path) == ["conda", "conda/envs/one"]
    assert paths(found(tmp_path / "conda"), tmp_path) == ["conda"]


def make_prefix(path: Path, *versions: str) -> None:
    (path / "bin").mkdir(parents=True)
    for version in versions:
        (path / "lib" / f"python{version}" / "site-packages").mkdir(parents=True)
        (path / "lib" / f"python{version}" / "os.py").touch()


def test_an_interpreter_with_several_versions(tmp_path: Path) -> None:
    prefix = tmp_path / "opt"
    make_prefix(prefix, "3.9", "3.12", "3.13t")
    (prefix / "bin" / "python3").symlink_to("python3.12")
    (prefix / "include" / "python3.12").mkdir(parents=True)
    (prefix / "include" / "python3.12" / "patchlevel.h").write_text('#define PY_VERSION   "3.12.6+"\n')
    environments = found(prefix)
    assert [(e.python, e.free_threaded, os.path.relpath(e.path, prefix)) for e in environments] == [
        ("3.12.6", False, "."),
        ("3.9", False, "lib/python3.9"),
        ("3.13", True, "lib/python3.13t"),
    ]
    assert {e.kind for e in environments} == {"system"}


def test_pyenv_versions(tmp_path: Path, make_venv: Any) -> None:
    make_prefix(tmp_path / ".pyenv" / "versions" / "3.10.4", "3.10")
    make_venv(".pyenv/versions/3.10.4/envs/mine", "3.10.4")
    assert [(e.kind, e.python) for e in found(tmp_path)] == [("pyenv", "3.10.4"), ("venv", "3.10.4")]


def test_user_site(tmp_path: Path) -> None:
    (tmp_path / ".local" / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
    (environment,) = found(tmp_path)
    assert (environment.kind, environment.python) == ("user-site", "3.11")


def test_pypackages_and_target(tmp_path: Path) -> None:
    lib = tmp_path / "project" / "__pypackages__" / "3.9" / "lib"
    (lib / "x-1.dist-info").mkdir(parents=True)
    (environment,) = found(tmp_path)
    assert (environment.kind, environment.python, environment.site_dirs) == ("pypackages", "3.9", (str(lib),))
    (environment,) = found(lib)
    assert (environment.kind, environment.python, environment.site_dirs) == ("target", "", (str(lib),))


def test_pypy(tmp_path: Path) -> None:
    site = tmp_path / "env" / "lib" / "pypy3.10" / "site-packages"
    site.mkdir(parents=True)
    (tmp_path / "env" / "pyvenv.cfg").write_text("version = 3.10.14\nimplementation = PyPy\n")
    (environment,) = found(tmp_path)
    assert (environment.implementation, environment.python) == ("pypy", "3.10.14")


def test_lib64_counts_once_and_apart_where_it_is_apart(make_venv: Any) -> None:
    venv = make_venv()
    (venv.path / "lib64").symlink_to("lib")
    assert found(venv.path)[0].site_dirs == (str(venv.site),)
    (venv.path / "lib64").unlink()
    (venv.path / "lib64" / "python3.11" / "site-packages").mkdir(parents=True)
    assert found(venv.path)[0].site_dirs == (str(venv.path / "lib64/python3.11/site-packages"), str(venv.site))


def test_system_site_packages_adds_the_base(make_venv: Any, tmp_path: Path) -> None:
    make_prefix(tmp_path / "base", "3.11")
    config = f"home = {tmp_path}/base/bin\ninclude-system-site-packages = true\nversion = 3.11.7\n"
    venv = make_venv(config=config)
    (environment,) = found(venv.path)
    assert environment.system_site
    assert environment.site_dirs == (str(venv.site), str(tmp_path / "base/lib/python3.11/site-packages"))


def test_max_depth_and_exclude(make_venv: Any, tmp_path: Path) -> None:
    for name in ("env", "a/env", "a/b/env", "node_modules/env", "skip/env"):
        make_venv(name)
    assert paths(found(tmp_path, max_depth=1), tmp_path) == ["env"]
    assert paths(found(tmp_path, max_depth=2), tmp_path) == ["a/env", "env", "skip/env"]
    assert paths(found(tmp_path, exclude=("sk*", "*/a/b")), tmp_path) == ["a/env", "env"]


def test_symlinks_are_followed_only_when_asked_for_and_loops_end(make_venv: Any, tmp_path: Path) -> None:
    make_venv("real/env")
    (tmp_path / "top").mkdir()
    (tmp_path / "top" / "link").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "loop").symlink_to(tmp_path / "real")
    (tmp_path / "top" / "again").symlink_to(tmp_path / "real" / "env")
    assert found(tmp_path / "top") == []
    assert paths(found(tmp_path / "top", follow_symlinks=True), tmp_path) == ["top/again"]


def test_overlapping_roots_give_each_environment_once(make_venv: Any, tmp_path: Path) -> None:
    make_venv("a/env")
    make_venv("b/env")
    assert paths(found(tmp_path, tmp_path / "a", tmp_path), tmp_path) == ["a/env", "b/env"]


def test_absent_roots_are_skipped_rows(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    results = list(discover([str(tmp_path / "absent"), str(tmp_path / "file"), "nul\0byte"]))
    assert [type(result) for result in results] == [Skipped] * 3


def test_an_old_virtualenv_without_pyvenv_cfg(tmp_path: Path) -> None:
    (tmp_path / "env" / "lib" / "python2.7" / "site-packages").mkdir(parents=True)
    (tmp_path / "env" / "bin").mkdir()
    (tmp_path / "env" / "bin" / "activate").touch()
    (environment,) = found(tmp_path)
    assert (environment.kind, environment.python) == ("virtualenv", "2.7")


def test_well_known_places(make_venv: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_venv(".virtualenvs/one")
    make_venv(".local/share/pipx/venvs/two")
    make_venv("elsewhere/three")
    (tmp_path / ".conda").mkdir()
    (tmp_path / ".conda" / "environments.txt").write_text(f"{tmp_path}/elsewhere/three\n/absent\n")
    monkeypatch.setattr("envcensus.inventory.places._homes", lambda: [str(tmp_path)])
    monkeypatch.setattr("envcensus.inventory.places._SYSTEM", ())
    results = list(discover([], DiscoverOptions(system=True)))
    assert all(isinstance(result, Environment) for result in results)
    assert sorted(paths(found(system=True), tmp_path)) == [
        ".local/share/pipx/venvs/two",
        ".virtualenvs/one",
        "elsewhere/three",
    ]
