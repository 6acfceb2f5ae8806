"""What is shipped: the sdist holds all that its wheel is built and tested from, the wheel what runs and no more."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest
from packaging.metadata import Metadata
from packaging.requirements import Requirement

TREE = Path(__file__).parents[2]
NOT_SHIPPED = {".ci", ".gitattributes", ".gitignore"}
KERNELS = sorted(path.stem for path in (TREE / "ext/envcensus/_kernels").glob("*.pyx"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> tarfile.TarFile:
    """Built in a copy without git, by what is installed here, as a build frontend does it."""
    folder = tmp_path_factory.mktemp("sdist")
    ignored = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__", "*.so")
    shutil.copytree(TREE, folder / "tree", ignore=ignored)
    command = [sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", str(folder / "dist"), "."]
    done = subprocess.run(command, cwd=folder / "tree", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return tarfile.open(next((folder / "dist").iterdir()))


def members(sdist: tarfile.TarFile) -> set[str]:
    """Names of files below the sdist's one directory."""
    return {member.name.partition("/")[2] for member in sdist if member.isfile()}


def test_the_sdist_is_complete(sdist: tarfile.TarFile) -> None:
    names = members(sdist)
    made = {"PKG-INFO", "setup.cfg"} | {name for name in names if "src/envcensus.egg-info/" in name}
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(command, cwd=TREE, capture_output=True, text=True, check=True)
        kept = set(done.stdout.splitlines())
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not in a clone: nobody says which files belong to it")
    wanted = {name for name in kept if (TREE / name).exists() and name.partition("/")[0] not in NOT_SHIPPED}
    assert names - made == wanted


def test_the_sdist_holds_nothing_made(sdist: tarfile.TarFile) -> None:
    assert not [name for name in members(sdist) if re.search(r"\.(so|pyc)$|^(ext|src)/.*\.c$", name)]


def test_the_metadata(sdist: tarfile.TarFile) -> None:
    file = sdist.extractfile(next(member for member in sdist if re.fullmatch(r"[^/]+/PKG-INFO", member.name)))
    assert file is not None
    metadata = Metadata.from_email(file.read())  # validates
    assert metadata.license_expression == "MIT"
    assert metadata.license_files == ["LICENSE"]
    assert metadata.description_content_type == "text/markdown"
    assert (metadata.description or "").strip() == (TREE / "README.md").read_text(encoding="utf-8").strip()
    assert set(metadata.provides_extra or ()) == {"build", "dask", "keyring", "sbom"}
    for requirement in metadata.requires_dist or ():
        assert requirement.specifier, f"{requirement} without a bound"
        assert requirement.name.lower() not in {"cython", "setuptools"}, "needed to build, not to run"


def test_wheels_are_tested_on_every_python_we_claim() -> None:
    project = tomllib.loads((TREE / "pyproject.toml").read_text(encoding="utf-8"))
    claimed = re.findall(r"Python :: (3\.\d+)'", str(project["project"]["classifiers"]))
    built = project["tool"]["cibuildwheel"]["build"].split()
    assert built == [f"cp{version.replace('.', '')}-*" for version in claimed]


def test_the_wheel_holds_what_runs() -> None:
    try:
        files = [str(file) for file in importlib.metadata.files("envcensus") or ()]
    except importlib.metadata.PackageNotFoundError:
        files = []
    if not any(name.endswith(".dist-info/WHEEL") for name in files) or any("__editable__" in name for name in files):
        pytest.skip("not installed from a wheel")
    names = {name for name in files if name.startswith("envcensus/") and "__pycache__" not in name}
    sources = {str(path.relative_to(TREE / "src")) for path in (TREE / "src/envcensus").rglob("*") if path.is_file()}
    plain = {name for name in sources if not name.endswith((".so", ".pyc"))}
    compiled = names - plain
    assert plain <= names
    assert sorted(re.sub(r"envcensus/_kernels/(\w+)\..*\.so", r"\1", name) for name in compiled) == KERNELS
    assert {"envcensus/py.typed", *(f"envcensus/_kernels/{name}.pyi" for name in KERNELS)} <= names
    manuals = {Path(name).name for name in files if "share/man/man1/" in name}
    assert manuals == {path.name for path in (TREE / "docs/man").glob("*.1")}
    others = {name.partition("/")[0] for name in files if not name.startswith(("..", "envcensus/"))}
    assert others == {f"envcensus-{importlib.metadata.version('envcensus')}.dist-info"}


def test_extras_bring_what_is_imported() -> None:
    """Each extra names the distribution of the module that needs it."""
    extras = {"build": "build", "dask": "distributed", "keyring": "keyring", "sbom": "cyclonedx-python-lib"}
    project = tomllib.loads((TREE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {name: Requirement(lines[0]).name for name, lines in project["optional-dependencies"].items()} == extras
