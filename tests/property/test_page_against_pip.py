"""What the packed page answers, against pip's own finder on the same page."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pip._internal.exceptions import InstallationError
from pip._internal.index.collector import IndexContent, parse_links
from pip._internal.index.package_finder import CandidateEvaluator, LinkEvaluator
from pip._internal.models.candidate import InstallationCandidate
from pip._internal.models.target_python import TargetPython
from pip._vendor.packaging.tags import Tag
from pip._vendor.packaging.version import InvalidVersion

from envcensus._kernels import page as kernel

URL = "https://index.example.com/simple/demo-x/"
TAGS = [
    "cp311-cp311-manylinux_2_17_x86_64",
    "cp311-abi3-manylinux_2_17_x86_64",
    "cp311-none-manylinux_2_17_x86_64",
    "py3-none-manylinux_2_17_x86_64",
    "cp311-none-any",
    "py3-none-any",
]
PYTHON = TargetPython(py_version_info=(3, 11, 7))
PYTHON._valid_tags = [Tag(*tag.split("-")) for tag in TAGS]
PYTHON._valid_tags_set = set(PYTHON._valid_tags)


def pips_latest(
    body: bytes, *, pre: bool, formats: frozenset[str], limit: float | None
) -> tuple[str, str] | type[InstallationError] | None:
    """What `pip list --outdated` would name, as its list command decides."""
    prior = None if limit is None else datetime.datetime.fromtimestamp(limit, datetime.UTC)
    judge = LinkEvaluator("demo-x", "demo-x", formats, PYTHON, False, uploaded_prior_to=prior)  # type: ignore[arg-type,unused-ignore]
    found = []
    for link in parse_links(IndexContent(body, "application/vnd.pypi.simple.v1+json", None, URL, False)):
        result, detail = judge.evaluate_link(link)
        if result.name == "upload_time_missing":
            return InstallationError
        if result.name == "candidate":
            try:
                found.append(InstallationCandidate("demo-x", detail, link))
            except InvalidVersion:
                pass
    if not pre:
        found = [c for c in found if not c.version.is_prerelease]
    best = CandidateEvaluator.create("demo-x", PYTHON).sort_best_candidate(found)
    return (str(best.version), "wheel" if best.link.is_wheel else "sdist") if best else None


VERSIONS = st.sampled_from(
    [
        "1",
        "1.0",
        "1.0.0",
        "1.0.1",
        "v1.0.2",
        "1.1rc1",
        "1.1.dev3",
        "1.1a0",
        "1.1",
        "1.1.post1",
        "1.1-1",
        "1.1+local",
        "1.1+local.2",
        "2.0",
        "2.0rc1",
        "2.0.DEV1",
        "20240115",
        "2024.1.15",
        "1!0.5",
        "0.9",
        "00.9",
        "1.0-alpha-1",
        "9",
        "10",
        "1.0.0.0.0.0.0.1",
        "not.a.version",
        "1.0-py3.11x",
        "3.11.4b2",
        "2_0",
    ]
)
NAMES = st.sampled_from(["demo_x", "demo_x", "demo-x", "Demo.X", "demo__x", "demo", "demo_xy", "d\u00e9mo_x"])
TAG_TEXTS = st.sampled_from(
    [
        *TAGS,
        "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64",
        "py2.py3-none-any",
        "py2-none-any",
        "cp38-abi3-win_amd64",
        "cp311-cp311-win32",
        "CP311-cp311-manylinux_2_17_x86_64",
        "py3-none",
        "py3..py2-none-any",
        "3py-none-any",
        "1-py3-none-any",
        "1a-py3-none-any",
        "a1-py3-none-any",
        "py3-none-any-x-y",
    ]
)
SDISTS = st.sampled_from(
    [
        ".tar.gz",
        ".tar.gz",
        ".zip",
        ".tgz",
        ".tar.bz2",
        ".tar",
        ".egg",
        ".exe",
        ".rpm",
        ".tar.xz",
        ".TAR.GZ",
        ".tar.GZ",
        ".ZIP",
        "",
    ]
)
FILE_NAMES = st.one_of(
    st.builds("demo_x-{}-{}.whl".format, VERSIONS, st.sampled_from(TAGS)),
    st.builds("{}-{}-{}.whl".format, NAMES, VERSIONS, TAG_TEXTS),
    st.builds("{}-{}{}".format, NAMES, VERSIONS, SDISTS),
)
TIMES = st.sampled_from(
    [
        "2024-01-01T00:00:00Z",
        "2024-01-01T00:00:00.000001Z",
        "2024-02-01T10:00:00.123456Z",
        "2024-03-01T10:00:00+05:30",
    ]
)
PYTHONS = st.sampled_from(
    [None, "", ">=3.8", ">=3.12", "<3.11.8", "==3.11.*", "!=3.11.7", ">=3.11.8", "nonsense", "~=3.11"]
)
YANKED = st.sampled_from([False, False, False, False, "", "broken", True, None])


@st.composite
def pages(draw: st.DrawFn) -> bytes:
    timed = draw(st.booleans())
    files: list[dict[str, Any]] = []
    for name in draw(st.lists(FILE_NAMES, max_size=12)):
        file: dict[str, Any] = {"filename": name, "url": f"https://files.example.com/{name}", "hashes": {}}
        file["requires-python"] = draw(PYTHONS)
        file["yanked"] = draw(YANKED)
        if timed or draw(st.booleans()):
            file["upload-time"] = draw(TIMES)
        files.append(file)
    return json.dumps({"meta": {"api-version": "1.1"}, "name": "demo-x", "files": files}).encode()


@given(
    body=pages(),
    pre=st.booleans(),
    kinds=st.sampled_from(["", "only", "no"]),
    limit=st.sampled_from([None, None, 1704067200.0, 1704067201.0, 1707000000.0, 1711000000.0]),
)
def test_latest_is_pips(body: bytes, pre: bool, kinds: str, limit: float | None) -> None:
    formats = {"": {"binary", "source"}, "only": {"binary"}, "no": {"source"}}[kinds]
    expected = pips_latest(body, pre=pre, formats=frozenset(formats), limit=limit)
    target = kernel.Target(
        python="3.11.7",
        tags=TAGS,
        pre=pre,
        uploaded_prior_to=limit,
        only_binary=["demo-x"] if kinds == "only" else [],
        no_binary=[":all:"] if kinds == "no" else [],
    )
    record, _ = kernel.pack_json(body, URL)
    found = kernel.latest(record, target, "demo-x")
    if expected is InstallationError:
        # pip gives up on the whole run; here files without a time do not count, and the reason is told
        assert found is not None or kernel.why_none(record, target, "demo-x")
    else:
        assert (found and found[:2]) == expected
        assert (found is None) == bool(kernel.why_none(record, target, "demo-x"))


@given(body=pages())
def test_candidates_hold_what_pip_could_choose(body: bytes) -> None:
    judge = LinkEvaluator("demo-x", "demo-x", frozenset(["binary", "source"]), PYTHON, True)  # type: ignore[arg-type,unused-ignore]
    usable: set[str] = set()
    yanked: set[str] = set()
    for link in parse_links(IndexContent(body, "application/vnd.pypi.simple.v1+json", None, URL, False)):
        result, detail = judge.evaluate_link(link)
        if result.name == "candidate":
            try:
                version = InstallationCandidate("demo-x", detail, link).version
            except InvalidVersion:
                continue
            (yanked if link.is_yanked else usable).add(str(version))  # what === looks at
    record, _ = kernel.pack_json(body, URL)
    offered = kernel.candidates(record, kernel.Target(python="3.11.7", tags=TAGS))
    versions = [InstallationCandidate("demo-x", text, link=None).version for text in offered.versions]  # type: ignore[arg-type,unused-ignore]
    assert versions == sorted(versions)
    assert len(set(offered.versions)) == len(versions)
    assert {v for i, v in enumerate(offered.versions) if offered.usable >> i & 1} == usable
    assert {v for i, v in enumerate(offered.versions) if offered.yanked >> i & 1} == yanked - usable
    assert {v for i, v in enumerate(versions) if offered.pre >> i & 1} == {v for v in versions if v.is_prerelease}


@pytest.mark.parametrize("implementation", ["3.11", "3.11.7", "3", "3.14.0rc1", ""])
def test_partial_pythons(implementation: str) -> None:
    body = json.dumps(
        {
            "files": [{"filename": "demo-x-1.0.tar.gz", "url": "x", "requires-python": ">=3.11"}],
        }
    ).encode()
    record, _ = kernel.pack_json(body, URL)
    found = kernel.latest(record, kernel.Target(python=implementation, tags=TAGS))
    assert (found is not None) == (implementation != "3")
