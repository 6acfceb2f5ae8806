"""Which environments are found, and what their files say about them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from envcensus.inventory import DiscoverOptions, discover, environments_at, scan
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
    assert environments_at(str(venv.path)) == [environment]
    assert environments_at(str(venv.path.parent)) == environments_at("/nonexistent") == []


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
    assert paths(found(tmp_path / "conda"), tmp_path) == ["conda", "conda/envs/one"]
    assert paths(found(tmp_path / "conda", max_depth=0), tmp_path) == ["conda"]


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


def make_activate(path: Path) -> None:
    (path / "bin").mkdir(parents=True, exist_ok=True)
    (path / "bin" / "activate").touch()


@pytest.mark.parametrize("isolated", [True, False])
def test_virtualenv_of_old(tmp_path: Path, isolated: bool) -> None:
    """A release before 20 links the standard library's modules, and says where from."""
    make_prefix(tmp_path / "base", "3.6")
    env = tmp_path / "env"
    make_prefix(env, "3.6")
    make_activate(env)
    (env / "lib" / "python3.6" / "orig-prefix.txt").write_text(f"{tmp_path}/base")
    if isolated:
        (env / "lib" / "python3.6" / "no-global-site-packages.txt").touch()
    (environment,) = found(env)
    assert (environment.kind, environment.python, environment.base) == ("virtualenv", "3.6", f"{tmp_path}/base/bin")
    assert environment.system_site is not isolated
    (env / "include" / "python3.6m").mkdir(parents=True)
    (env / "include" / "python3.6m" / "patchlevel.h").write_text('#define PY_VERSION "3.6.15"\n')
    assert found(env)[0].python == "3.6.15"
    sites = [str(place / "lib" / "python3.6" / "site-packages") for place in (env, tmp_path / "base")]
    assert list(environment.site_dirs) == sites[: 1 if isolated else 2]


@pytest.mark.parametrize("origin", [b"", b"relative", b"/a\0b", b"\xff" * 9000])
def test_virtualenv_of_old_whose_origin_is_no_path(tmp_path: Path, origin: bytes) -> None:
    make_prefix(tmp_path, "3.6")
    make_activate(tmp_path)
    (tmp_path / "lib" / "python3.6" / "orig-prefix.txt").write_bytes(origin)
    assert [(e.kind, e.base) for e in found(tmp_path)] == [("system", "")]


def test_pypy(tmp_path: Path) -> None:
    site = tmp_path / "env" / "lib" / "pypy3.10" / "site-packages"
    site.mkdir(parents=True)
    (tmp_path / "env" / "pyvenv.cfg").write_text("version = 3.10.14\nimplementation = PyPy\n")
    (environment,) = found(tmp_path)
    assert (environment.implementation, environment.python) == ("pypy", "3.10.14")


def test_pypy_itself(tmp_path: Path) -> None:
    home = tmp_path / "pypy3.10-v7.3.17-linux64"
    (home / "bin").mkdir(parents=True)
    (home / "lib" / "pypy3.10" / "site-packages").mkdir(parents=True)
    (home / "lib" / "pypy3.10" / "os.py").touch()
    (home / "include" / "pypy3.10").mkdir(parents=True)
    (home / "include" / "pypy3.10" / "patchlevel.h").write_text('#define PY_VERSION\t\t"3.10.14"\n')
    (environment,) = found(tmp_path)
    assert (environment.kind, environment.implementation, environment.python) == ("system", "pypy", "3.10.14")


@pytest.mark.parametrize(
    ("place", "kind", "activate"),
    [(".pyenv/versions/pypy2.7-7.3.17", "pyenv", False), ("opt/pypy", "system", False), ("env", "virtualenv", True)],
)
def test_pypy_whose_packages_are_at_the_top(tmp_path: Path, place: str, kind: str, activate: bool) -> None:
    home = tmp_path / place
    for folder in ("bin", "include", "lib-python/2.7", "lib_pypy", "site-packages/x-1.0.dist-info"):
        (home / folder).mkdir(parents=True)
    if activate:
        make_activate(home)
    (environment,) = found(tmp_path)
    assert (environment.kind, environment.implementation, environment.python) == (kind, "pypy", "2.7")
    assert environment.site_dirs == (str(home / "site-packages"),)
    (home / "include" / "patchlevel.h").write_text('#define PY_VERSION "2.7.18"\n')
    assert found(tmp_path)[0].python == "2.7.18"


def test_venv_of_such_a_pypy(tmp_path: Path) -> None:
    for folder in ("bin", "site-packages"):
        (tmp_path / "env" / folder).mkdir(parents=True)
    (tmp_path / "env" / "pyvenv.cfg").write_text(
        "home = /opt/pypy/bin\nimplementation = PyPy\nversion_info = 3.7.13.final.0\nvirtualenv = 20.16\n"
    )
    (environment,) = found(tmp_path)
    assert (environment.implementation, environment.python) == ("pypy", "3.7.13")
    assert environment.site_dirs == (str(tmp_path / "env" / "site-packages"),)


@pytest.mark.parametrize(
    "config",
    [
        "home = /usr/bin\nimplementation = GraalVM\nversion_info = 3.11.7.final.0\nvirtualenv = 20.26\n",
        "home = /opt/graalpy-24.1.1-linux-amd64/bin\nversion = 3.11.7\n",
        "home = /opt/graalpy-24.1.1-linux-amd64\nversion = 3.11.7\n",
    ],
)
def test_graalpy(make_venv: Any, config: str) -> None:
    (environment,) = found(make_venv(config=config).path)
    assert (environment.implementation, environment.python) == ("graalpy", "3.11.7")


def test_graalpy_itself_and_a_venv_that_sees_its_packages(tmp_path: Path, make_venv: Any) -> None:
    home = tmp_path / "graalpy-24.1.1-linux-amd64"
    make_prefix(home, "3.11")
    (home / "lib" / "graalpy24.1").mkdir()
    venv = make_venv(config=f"home = {home}\nversion = 3.11.7\ninclude-system-site-packages = true\n")
    below, itself = found(tmp_path)
    assert (itself.kind, itself.implementation, itself.python) == ("system", "graalpy", "3.11")
    assert below.site_dirs == (str(venv.site), str(home / "lib/python3.11/site-packages"))


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


def test_roots_that_overlap_with_another_between_them(make_venv: Any, tmp_path: Path) -> None:
    for name in ("app/venv/env", "app-old/env"):
        make_venv(name)
    roots = [tmp_path / "app", tmp_path / "app-old", tmp_path / "app" / "venv"]
    assert paths(found(*roots), tmp_path) == ["app/venv/env", "app-old/env"]


def test_a_target_given_twice_is_one(tmp_path: Path) -> None:
    (tmp_path / "lib" / "x-1.0.dist-info").mkdir(parents=True)
    (tmp_path / "link").symlink_to("lib")
    assert len(found(tmp_path / "lib", tmp_path / "lib", tmp_path / "link")) == 1
    assert len(found(tmp_path, tmp_path / "lib")) == 1  # the walk goes through it first


@pytest.mark.parametrize("glob", ["old/", "{top}/srv/old/", "{top}/*/old", "srv/old", "./srv/old/", "o?d"])
def test_exclude_takes_a_name_a_path_or_the_end_of_one(make_venv: Any, tmp_path: Path, glob: str) -> None:
    for name in ("srv/new/env", "srv/old/env"):
        make_venv(name)
    assert paths(found(tmp_path, exclude=(glob.format(top=tmp_path),)), tmp_path) == ["srv/new/env"]
    assert len(found(tmp_path, exclude=("rv/old", "old/new"))) == 2


def test_system_looks_into_what_pyenv_keeps(make_venv: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("envcensus.inventory.places._homes", lambda: [str(tmp_path)])
    monkeypatch.setattr("envcensus.inventory.places._SYSTEM", ())
    make_prefix(tmp_path / ".pyenv" / "versions" / "3.10.4", "3.10")
    make_venv(".pyenv/versions/3.10.4/envs/mine", "3.10.4")
    places = [".pyenv/versions/3.10.4", ".pyenv/versions/3.10.4/envs/mine"]
    assert paths(found(system=True), tmp_path) == places


def test_pyenv_for_all_users(tmp_path: Path) -> None:
    make_prefix(tmp_path / "pyenv" / "versions" / "3.10.4", "3.10")
    assert found(tmp_path)[0].kind == "pyenv"
