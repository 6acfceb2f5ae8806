"""Listings of real environments, compared with what pip and importlib.metadata say inside them."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from envcensus.inventory import discover, scan
from envcensus.model.distribution import HIDDEN_FROM_LISTS, Distribution
from envcensus.model.listing import Listing

BACKEND = """
import zipfile
def _wheel(folder, extra):
    name = "edit_able-0.2-py3-none-any.whl"
    with zipfile.ZipFile(folder + "/" + name, "w") as wheel:
        wheel.writestr("edit_able-0.2.dist-info/METADATA", "Metadata-Version: 2.1\\nName: Edit.Able\\nVersion: 0.2\\n")
        wheel.writestr("edit_able-0.2.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\n")
        wheel.writestr("edit_able-0.2.dist-info/RECORD", "")
        for file, text in extra.items():
            wheel.writestr(file, text)
    return name
def build_wheel(folder, config_settings=None, metadata_directory=None):
    return _wheel(folder, {"edit_able.py": ""})
def build_editable(folder, config_settings=None, metadata_directory=None):
    import os
    return _wheel(folder, {"edit_able.pth": os.getcwd() + "/src\\n"})
def get_requires_for_build_editable(config_settings=None):
    return []
"""

WHEELS = {
    "plain": ("plain", "1.0", ""),
    "Mixed_Case": ("Mixed.Case", "2.0.post1", "Requires-Dist: plain (>=1.0)\nRequires-Dist: six ; extra == 'x'\n"),
    "calendar": ("calendar", "2024.8.30", "Requires-Python: >=3.8\nProvides-Extra: x\n"),
    "argparse": ("argparse", "1.4.0", ""),
    "local": ("local", "1.0+cu118", ""),
    "zope.thing": ("zope.thing", "5.4.0rc1", ""),
}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of small wheels and an editable project, made without any index."""
    folder = tmp_path_factory.mktemp("wheels")
    for stem, (name, version, more) in WHEELS.items():
        info = f"{stem}-{version}.dist-info"
        with zipfile.ZipFile(folder / f"{stem}-{version}-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{stem}.py", "")
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}")
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")
    project = folder / "my project"
    (project / "src").mkdir(parents=True)
    (project / "backend.py").write_text(BACKEND)
    (project / "pyproject.toml").write_text(
        "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"
    )
    return folder


def clean() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTHON", "UV_"))} | {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "UV_NO_CONFIG": "1",
        "UV_OFFLINE": "1",
    }


def call(*command: str | Path) -> str:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, env=clean(), cwd="/", check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def make(tool: str, path: Path) -> None:
    if tool == "venv":
        call(sys.executable, "-m", "venv", "--without-pip", path)
    elif tool == "venv --system-site-packages":
        call(sys.executable, "-m", "venv", "--without-pip", "--system-site-packages", path)
    elif tool == "virtualenv":
        if importlib.util.find_spec("virtualenv") is None:
            pytest.skip("virtualenv is not installed")
        call(sys.executable, "-m", "virtualenv", "-q", "--no-download", path)
    else:
        uv = Path(sys.executable).with_name("uv")
        if not uv.exists():
            pytest.skip("uv is not installed")
        call(uv, "venv", "-q", "--no-project", "-p", sys.executable, path)


def fill(tool: str, path: Path, wheels: Path) -> None:
    """Let pip (or uv) install wheels, from a folder and by direct url, and an editable project."""
    files = [file for file in wheels.glob("*.whl") if not file.name.startswith("plain")]
    if tool == "uv":
        uv = Path(sys.executable).with_name("uv")
        install: list[str | Path] = [uv, "pip", "install", "-p", path / "bin" / "python"]
    else:
        install = [sys.executable, "-m", "pip", "--python", path / "bin" / "python", "install", "--no-compile"]
    install += ["-q", "--no-index", "--no-deps", "--no-build-isolation", "--find-links", wheels]
    call(*install, "plain", *files, "-e", wheels / "my project")


@pytest.mark.parametrize("tool", ["venv", "venv --system-site-packages", "virtualenv", "uv"])
def test_agreement(tool: str, wheels: Path, tmp_path: Path) -> None:
    """One environment of each tool; all comparisons on it, for making it is what takes time."""
    environment = tmp_path / "env"
    make(tool, environment)
    fill(tool, environment, wheels)
    compare_with_pip_list(environment)
    compare_with_pip_inspect(environment)
    compare_with_importlib_metadata(environment)
    check_what_the_files_say(environment)


def listing(path: Path, **options: Any) -> Listing:
    (result,) = scan(discover([str(path)]), **options)
    assert isinstance(result, Listing)
    assert not result.skipped
    return result


def pip(path: Path, *arguments: str) -> Any:
    """What pip prints about the environment: its own pip, or this interpreter's for one without."""
    python = path / "bin" / "python"
    if list(path.glob("lib/python*/site-packages/pip")):
        return json.loads(call(python, "-s", "-m", "pip", *arguments))
    return json.loads(call(sys.executable, "-m", "pip", "--python", python, *arguments))


def compare_with_pip_list(environment: Path) -> None:
    rows = [
        (row["name"], row["version"], row.get("editable_project_location", ""))
        for row in pip(environment, "list", "--format", "json")
    ]
    shown = [
        (d.name, d.version, d.location)
        for d in listing(environment).distributions
        if d.normalized not in HIDDEN_FROM_LISTS
    ]
    assert shown == rows
    assert ("Edit.Able", "0.2") in [row[:2] for row in rows]


def compare_with_pip_inspect(environment: Path) -> None:
    rows = {}
    for row in pip(environment, "inspect")["installed"]:
        url = row.get("direct_url", {})
        rows[row["metadata"]["name"]] = (
            row["metadata"]["version"],
            row["metadata_location"],
            row.get("installer", ""),
            row.get("requested", False),  # not said of egg-infos, as Debian has them
            url.get("url", ""),
            url.get("dir_info", {}).get("editable", False),
            row["metadata"].get("requires_python", ""),
        )
    shown = {
        d.name: (d.version, d.path, d.installer, d.requested, d.direct_url, d.editable, d.requires_python)
        for d in listing(environment, details=True, requires=True).distributions
        if d.kind == "dist-info" and d.normalized not in HIDDEN_FROM_LISTS
    }
    assert {name: row for name, row in rows.items() if row[1].endswith(".dist-info")} == shown


def compare_with_importlib_metadata(environment: Path) -> None:
    program = (
        "import importlib.metadata as m, json\n"
        "print(json.dumps([[d.metadata['Name'], d.version, d.requires or [],"
        " d.metadata.get_all('Provides-Extra') or [], str(d._path)] for d in m.distributions()]))\n"
    )
    rows: dict[str, tuple[Any, ...]] = {}
    for name, version, requires, extras, path in json.loads(call(environment / "bin" / "python", "-sIc", program)):
        rows.setdefault(name, (version, tuple(requires), tuple(extras), path))
    shown = {
        d.name: (d.version, d.requires, d.extras, d.path) for d in listing(environment, requires=True).distributions
    }
    assert shown == rows


def check_what_the_files_say(environment: Path) -> None:
    found: Distribution
    result = listing(environment, details=True)
    assert result.environment.python == ".".join(map(str, sys.version_info[:3]))
    assert result.environment.python_minor == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert not result.problems
    for found in result.distributions:
        if found.kind != "dist-info":
            continue  # Debian's Python has egg-infos, which have no RECORD
        assert found.has_record == (Path(found.path) / "RECORD").exists()
