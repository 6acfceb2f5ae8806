"""The benchmarks' generators: what they write and serve is what the measurements claim to measure."""

from __future__ import annotations

import email.parser
import gzip
import http.client
import importlib.metadata
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename
from packaging.version import Version

from benchmarks import catalog, deep_tree
from benchmarks.fleet import make_fleet
from benchmarks.index_server import Running, Universe, running
from benchmarks.pages import JSON_TYPE
from tests.support.local_index import fleet_dir, fleet_index

__all__ = ["fleet_dir", "fleet_index"]
SITE = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"


def get(
    index: Running, path: str, headers: Mapping[str, str] | None = None, method: str = "GET"
) -> tuple[int, Mapping[str, str], bytes]:
    """Status, headers and body of one request."""
    connection = http.client.HTTPConnection("127.0.0.1", index.port, timeout=10)
    try:
        connection.request(method, path, headers=dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def test_names_are_normalized_and_unique() -> None:
    assert len(set(catalog.NAMES)) == catalog.PROJECTS
    assert all(canonicalize_name(name) == name for name in catalog.NAMES)
    assert all(canonicalize_name(catalog.spelling_of(name)) == name for name in catalog.NAMES)


@pytest.mark.parametrize("name", catalog.NAMES[::75])
def test_releases_ascend_and_files_name_them(name: str) -> None:
    versions = [Version(version) for version in catalog.versions_of(name)]
    assert versions == sorted(set(versions))
    found = set()
    for file in catalog.files_of(name):
        filename = file["filename"]
        if filename.endswith(".whl"):
            project, version = parse_wheel_filename(filename)[:2]
        else:
            project, version = parse_sdist_filename(filename)
        assert project == name
        found.add(version)
        SpecifierSet(file["requires_python"])
    assert found == set(versions)


@pytest.mark.parametrize("name", catalog.NAMES[::150])
def test_metadata_is_valid(name: str) -> None:
    version = catalog.versions_of(name)[0]
    message = email.parser.BytesParser().parsebytes(catalog.metadata_of(name, version))
    assert canonicalize_name(message["Name"]) == name
    assert message["Version"] == version
    for line in message.get_all("Requires-Dist", []):
        Requirement(line)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below `folder` except those that name the folder itself."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name != "pyvenv.cfg")
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_same_arguments_same_files(tmp_path: Path) -> None:
    make_fleet(str(tmp_path / "a"), 2, 12)
    make_fleet(str(tmp_path / "b"), 2, 12, hardlink=True)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_hardlinks_share_inodes(tmp_path: Path) -> None:
    make_fleet(str(tmp_path / "envs"), 2, 150, hardlink=True, modules=False)
    inodes = [path.stat().st_ino for path in (tmp_path / "envs").rglob("METADATA")]
    assert len(set(inodes)) < len(inodes)


def test_a_longer_fleet_repeats_the_same_projects(tmp_path: Path) -> None:
    make_fleet(str(tmp_path / "envs"), 4, 10, distinct=2, modules=False)
    assert contents(tmp_path / "envs/env00000") == contents(tmp_path / "envs/env00002")
    assert contents(tmp_path / "envs/env00000") != contents(tmp_path / "envs/env00001")


def test_an_environment_reads_as_one(fleet_dir: Path) -> None:
    for number in (0, 1, 3):
        site = fleet_dir / f"env{number:05}" / SITE
        found = list(importlib.metadata.distributions(path=[str(site)]))
        named = {canonicalize_name(one.metadata["Name"]) for one in found if one.metadata and one.metadata["Name"]}
        assert len(named - {"broken"}) == 20
    assert len(list(fleet_dir.glob("*/lib/*/site-packages/*roken-*"))) == 2


@pytest.mark.parametrize(
    ("kind", "mark"),
    [
        ("venv", "pyvenv.cfg"),
        ("virtualenv", "pyvenv.cfg"),
        ("conda", "conda-meta/history"),
        ("pipx", "pipx_metadata.json"),
    ],
)
def test_kinds_have_their_marks(tmp_path: Path, kind: Any, mark: str) -> None:
    make_fleet(str(tmp_path / "envs"), 1, 3, kind=kind)
    assert (tmp_path / "envs/env00000" / mark).is_file()
    assert (tmp_path / "envs/env00000/bin/python").exists()


def test_json_page_agrees_with_html(fleet_index: Running) -> None:
    name = catalog.NAMES[70]
    status, headers, body = get(fleet_index, f"/simple/{name}/", {"Accept": JSON_TYPE})
    assert (status, headers["content-type"]) == (200, JSON_TYPE)
    page = json.loads(body)
    assert [Version(version) for version in page["versions"]] == [Version(v) for v in catalog.versions_of(name)]
    assert all("upload-time" in file and "requires-python" in file for file in page["files"])
    status, headers, text = get(fleet_index, f"/simple/{catalog.spelling_of(name)}/")
    assert headers["content-type"].startswith("text/html")
    assert re.findall(r">([^<]+)</a>", text.decode()) == [file["filename"] for file in page["files"]]


def test_entity_tags_compression_and_counters(fleet_index: Running) -> None:
    path = f"/simple/{catalog.NAMES[0]}/"
    _, headers, plain = get(fleet_index, path, {"Accept": JSON_TYPE})
    _, packed_headers, packed = get(fleet_index, path, {"Accept": JSON_TYPE, "Accept-Encoding": "gzip, deflate"})
    assert packed_headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed) == plain
    status, again, body = get(fleet_index, path, {"Accept": JSON_TYPE, "If-None-Match": headers["etag"]})
    assert (status, body, again["etag"]) == (304, b"", headers["etag"])
    status, _, body = get(fleet_index, path, {"Accept": JSON_TYPE}, "HEAD")
    assert (status, body) == (200, b"")
    assert get(fleet_index, "/simple/no-such-project/")[0] == 404
    stats = fleet_index.stats()
    assert (stats["requests"], stats["unique"], stats["most"]) == (5, 2, 4)
    assert stats["status"] == {"200": 3, "304": 1, "404": 1}
    fleet_index.reset()
    assert fleet_index.stats()["requests"] == 0


def test_errors_come_at_the_rate_that_was_set(fleet_index: Running) -> None:
    fleet_index.set(errors=1)
    assert get(fleet_index, f"/simple/{catalog.NAMES[0]}/")[0] == 503
    fleet_index.set(errors=0)
    assert get(fleet_index, f"/simple/{catalog.NAMES[0]}/")[0] == 200


def test_own_projects_and_metadata_files() -> None:
    with running(Universe({"demo": ["1.0", "2.0"]})) as index:
        _, _, body = get(index, "/simple/demo/", {"Accept": JSON_TYPE})
        page = json.loads(body)
        assert page["versions"] == ["1.0", "2.0"]
        status, _, metadata = get(index, page["files"][0]["url"] + ".metadata")
        assert status == 200
        assert b"Version: 1.0" in metadata


def test_the_planted_solution_of_the_deep_tree_holds() -> None:
    tree = deep_tree.make_tree(140, 10, 14)
    depth: dict[str, int] = {}
    excluded = 0
    for name in reversed(tree.releases):
        needs = [Requirement(line) for line in tree.releases[name][tree.planted[name]]]
        assert all(need.specifier.contains(tree.planted[need.name]) for need in needs)
        depth[name] = 1 + max((depth[need.name] for need in needs), default=0)
        newest = [Requirement(line) for line in tree.releases[name][max(tree.releases[name], key=Version)]]
        excluded += sum(not need.specifier.contains(tree.planted[need.name]) for need in newest)
    assert max(depth[name] for name in tree.roots) >= 6
    assert excluded > 0
