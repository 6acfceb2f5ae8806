"""The pip shapes, compared with the real pip on the same directory."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pip
import pytest

from envcensus.errors import UsageError
from envcensus.model.distribution import Distribution
from envcensus.model.page import Latest
from envcensus.report.pip_list import canonical_version, render

pytestmark = pytest.mark.skipif(
    int(pip.__version__.partition(".")[0]) < 26, reason=f"the shapes are those of pip 26; this is {pip.__version__}"
)
SPECS = [
    # name, version, installer, build tag, editable location
    ("Zope.Interface", "7.0", "pip", "", ""),
    ("requests", "2.31.0", "pip", "", ""),
    ("Django", "4.2rc1", "uv", "", ""),
    ("A", "1", "", "", ""),
    ("odd_version", "1.0.0-RC.1", "pip", "", ""),
    ("legacy", "2004d_x", "pip", "", ""),
    ("padded", "01.02", "pip", "", ""),
    ("local", "1.0+Ubuntu.01", "pip", "", ""),
    ("argparse", "1.4", "pip", "", ""),
]
EDITABLE = ("my_app", "0.1", "pip", "", "/srv/my app")
BUILD = ("built", "1.0", "pip", "1local", "")


def install(site: pathlib.Path, specs: list[tuple[str, str, str, str, str]]) -> list[Distribution]:
    """Write dist-infos as an installer does, and say what an inventory reads from them."""
    made = []
    for name, version, installer, build, location in specs:
        info = site / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\n")
        tag = f"Build: {build}\n" if build else ""
        (info / "WHEEL").write_text(f"Wheel-Version: 1.0\n{tag}Root-Is-Purelib: true\nTag: py3-none-any\n\n")
        (info / "RECORD").write_text("")
        if installer:
            (info / "INSTALLER").write_text(installer + "\n")
        if location:
            url = "file://" + location.replace(" ", "%20")
            (info / "direct_url.json").write_text(json.dumps({"url": url, "dir_info": {"editable": True}}))
        made.append(
            Distribution(
                name=name,
                normalized=name.lower().replace("_", "-").replace(".", "-"),
                version=version,
                path=str(info),
                installer=installer,
                build=build,
                editable=bool(location),
                location=location,
            )
        )
    return made


def pip_list(*arguments: str) -> str:
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "PYTHON"))}
    environ.update(PIP_CONFIG_FILE=os.devnull, PIP_DISABLE_PIP_VERSION_CHECK="1")
    command = [sys.executable, "-m", "pip", "list", *arguments]
    return subprocess.run(command, env=environ, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("format", ["columns", "freeze", "json"])
@pytest.mark.parametrize("verbose", [False, True], ids=["plain", "verbose"])
@pytest.mark.parametrize(
    "specs", [SPECS, [*SPECS, EDITABLE], [*SPECS, EDITABLE, BUILD]], ids=["plain", "editable", "build"]
)
def test_same_bytes_as_pip(
    tmp_path: pathlib.Path, format: str, verbose: bool, specs: list[tuple[str, str, str, str, str]]
) -> None:
    distributions = install(tmp_path, specs)
    flags = ["--verbose"] if verbose else []
    expected = pip_list("--path", str(tmp_path), "--format", format, *flags)
    assert "requests" in expected
    assert "".join(render(format, distributions, verbose=verbose)) == expected


@pytest.mark.parametrize("format", ["columns", "json"])
@pytest.mark.parametrize("verbose", [False, True], ids=["plain", "verbose"])
def test_same_outdated_bytes_as_pip(tmp_path: pathlib.Path, format: str, verbose: bool) -> None:
    specs = [spec for spec in SPECS if canonical_version(spec[1])]  # pip itself fails on any other
    site, links = tmp_path / "site", tmp_path / "links"
    site.mkdir()
    links.mkdir()
    distributions = install(site, [*specs, EDITABLE])
    for wheel in ("zope_interface-8.0-py3-none-any", "a-1-py3-none-any", "my_app-3.0.post1-py3-none-any"):
        (links / f"{wheel}.whl").write_bytes(b"")
    (links / "requests-2.32.tar.gz").write_bytes(b"")
    latest = {
        "zope-interface": Latest(version="8.0", filetype="wheel"),
        "my-app": Latest(version="3.0-1", filetype="wheel"),
        "requests": Latest(version="2.32", filetype="sdist"),
    }
    flags = ["--verbose"] if verbose else []
    sources = ["--no-index", "--find-links", str(links)]
    expected = pip_list("--path", str(site), "--outdated", "--format", format, *sources, *flags)
    if verbose:  # pip tells its plans on the same stream; the report is what follows
        start = "Package " if format == "columns" else "[{"
        expected = expected[expected.index(start) :]
    assert "3.0.post1" in expected
    assert "".join(render(format, distributions, latest=latest, verbose=verbose)) == expected


@pytest.mark.parametrize(("format", "text"), [("columns", ""), ("freeze", ""), ("json", "[]\n")])
def test_nothing_installed(tmp_path: pathlib.Path, format: str, text: str) -> None:
    assert pip_list("--path", str(tmp_path), "--format", format) == text
    assert "".join(render(format, [])) == text


def test_the_first_of_two_copies_is_listed() -> None:
    copies = [Distribution(name=n, normalized="a", version=v, path="/x/a") for n, v in (("A", "2"), ("a", "1"))]
    assert list(render("freeze", copies)) == ["A==2\n"]


def test_hostile_text_is_escaped() -> None:
    bad = Distribution(name="a\x1b[2J\nb", normalized="a", version="1\u202e", path="/x/a")
    for format in ("columns", "freeze", "json"):
        text = "".join(render(format, [bad]))
        assert all(c.isprintable() or c == "\n" for c in text)
        assert "\nb" not in text


def test_refusals() -> None:
    with pytest.raises(UsageError, match="cannot be used with the --outdated"):
        list(render("freeze", [], latest={}))
    with pytest.raises(UsageError, match="columns, freeze, json"):
        list(render("yaml", []))
