"""What a scan says about the distributions of one environment."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from envcensus._kernels.scan import REQUIRES, Directory, read_ahead
from envcensus.inventory import discover, scan
from envcensus.model.distribution import Distribution
from envcensus.model.listing import Listing
from envcensus.model.skipped import Skipped


def listing(path: Path, **options: Any) -> Listing:
    """Discover and scan the one environment at `path`."""
    (result,) = scan(discover([str(path)]), **options)
    assert isinstance(result, Listing)
    return result


def codes(result: Listing) -> list[str]:
    return sorted(problem.code for problem in result.problems)


def only(result: Listing) -> Distribution:
    (distribution,) = result.distributions
    return distribution


def test_names_and_versions_are_the_metadatas_sorted_by_normalized_name(make_venv: Any) -> None:
    venv = make_venv()
    venv.add("zope.interface", "5.4.0", entry="zope.interface-5.4.0.dist-info")
    venv.add("Flask", "2.0.1")
    venv.add("ruamel_yaml", "0.17.0.post1")
    result = listing(venv.path)
    assert [(d.name, d.normalized, d.version) for d in result.distributions] == [
        ("Flask", "flask", "2.0.1"),
        ("ruamel_yaml", "ruamel-yaml", "0.17.0.post1"),
        ("zope.interface", "zope-interface", "5.4.0"),
    ]
    assert result.distributions[0].path == str(venv.site / "Flask-2.0.1.dist-info")
    assert not result.problems
    assert not result.skipped


def test_the_header_ends_where_email_ends_it(make_venv: Any) -> None:
    venv = make_venv()
    venv.add("one", "1.0", metadata="Name: one\r\nVersion: 1.0\r\n\r\nName: body\r\n")
    venv.add("two", "1.0", metadata="name:two\nVERSION:\t1.0  \nName: second\n")
    venv.add("three", "1.0", metadata="no header at all\nName: body\nVersion: 9\n")
    result = listing(venv.path)
    assert [(d.name, d.version) for d in result.distributions] == [("one", "1.0"), ("three", "1.0"), ("two", "1.0")]
    assert codes(result) == ["no-metadata"]


def test_a_name_beyond_the_first_block_is_read(make_venv: Any) -> None:
    venv = make_venv()
    filler = "".join(f"Classifier: {'x' * 70}{n}\n" for n in range(1000))
    venv.add("late", "1.0", metadata=f"Metadata-Version: 2.1\n{filler}Name: LATE\nVersion: 1.0\n\nbody")
    assert only(listing(venv.path)).name == "LATE"


def test_missing_and_empty_metadata_fall_back_to_the_directory_name(make_venv: Any) -> None:
    venv = make_venv()
    (venv.site / "gone_pkg-1.5.dist-info").mkdir()
    venv.add("empty", "2.0", metadata="")
    venv.add("junk", "3.0", metadata=bytes(range(256)) * 16)
    result = listing(venv.path)
    assert [(d.name, d.version) for d in result.distributions] == [
        ("empty", "2.0"),
        ("gone_pkg", "1.5"),
        ("junk", "3.0"),
    ]
    assert codes(result) == ["no-metadata", "no-metadata", "no-metadata"]


def test_leftovers_of_an_interrupted_pip_are_problems_not_distributions(make_venv: Any) -> None:
    venv = make_venv()
    venv.add("name", "1.0", entry="~ame-1.0.dist-info")
    (venv.site / "~umpy").mkdir()
    result = listing(venv.path)
    assert not result.distributions
    assert codes(result) == ["leftover", "leftover"]


def test_mismatches_between_directory_and_metadata(make_venv: Any) -> None:
    venv = make_venv()
    venv.add("alpha", "1.0", metadata="Name: beta\nVersion: 1.0\n")
    venv.add("gamma", "1.0", metadata="Name: gamma\nVersion: 2.0\n")
    venv.add("date", "2024.8.30", metadata="Name: date\nVersion: 2024.08.30\n")
    venv.add("local", "1.0+cu_1", metadata="Name: local\nVersion: 1.0+cu.1\n")
    result = listing(venv.path)
    assert codes(result) == ["name-mismatch", "version-mismatch"]
    assert next((d.normalized, d.name) for d in result.distributions) == ("alpha", "beta")


def test_invalid_names_and_versions(make_venv: Any) -> None:
    venv = make_venv()
    venv.add("pkg", "not.a.version")
    venv.add("-bad", "1.0", entry="-bad-1.0.dist-info")
    result = listing(venv.path)
    assert codes(result) == ["invalid-name", "invalid-version"] or codes(result) == ["invalid-version", "name-mismatch"]
    assert ("pkg", "not.a.version") in [(d.name, d.version) for d in result.distributions]


def test_duplicates_keep_the_first_of_the_directory_and_say_so(make_venv: Any) -> None:
    venv = make_venv()
    for version in ("1.0", "2.0", "3.0"):
        venv.add("pkg", version)
    result = listing(venv.path)
    assert os.path.basename(only(result).path) == os.listdir(venv.site)[0]
    assert codes(result) == ["duplicate", "duplicate"]


def test_egg_info_directory_and_file(make_venv: Any) -> None:
    venv = make_venv()
    venv.add("egg", "1.0", entry="egg-1.0-py3.11.egg-info", requires__txt="six\n\n[test]\npytest>=6\n")
    (venv.site / "old-2.0.egg-info").write_text("Metadata-Version: 1.0\nName: old\nVersion: 2.0\nSummary: x\n")
    result = listing(venv.path, requires=True)
    assert [(d.name, d.version, d.kind) for d in result.distributions] == [
        ("egg", "1.0", "egg-info"),
        ("old", "2.0", "egg-info-file"),
    ]
    assert result.distributions[0].requires == ("six", 'pytest>=6; extra == "test"')
    assert result.distributions[0].extras == ("test",)
    assert not result.problems


def test_requires_are_read_only_when_asked_for(make_venv: Any) -> None:
    venv = make_venv()
    text = (
        "Metadata-Version: 2.1\nName: pkg\nVersion: 1.0\nRequires-Python: >=3.8\nRequires-Dist: six (>=1.0)\n"
        "Requires-Dist: pytest ; extra ==\n 'test'\nrequires-dist: attrs\nProvides-Extra: test\n\nRequires-Dist: body\n"
    )
    venv.add("pkg", "1.0", metadata=text)
    assert only(listing(venv.path)).requires_read is False
    full = only(listing(venv.path, requires=True))
    assert full.requires == ("six (>=1.0)", "pytest ; extra == 'test'", "attrs")
    assert (full.requires_python, full.extras, full.requires_read) == (">=3.8", ("test",), True)


def test_details_are_read_only_when_asked_for(make_venv: Any) -> None:
    venv = make_venv()
    venv.add("pkg", "1.0", INSTALLER="uv\n", REQUESTED="", RECORD="", WHEEL="Wheel-Version: 1.0\nBuild: 3\n")
    venv.add("bare", "1.0")
    bare, pkg = listing(venv.path, details=True).distributions
    assert (pkg.installer, pkg.requested, pkg.has_record, pkg.build) == ("uv", True, True, "3")
    assert (bare.installer, bare.requested, bare.has_record) == ("", False, False)
    assert listing(venv.path).distributions[1].installer == ""


@pytest.mark.parametrize(
    ("record", "url", "editable", "location"),
    [
        (
            {"url": "file:///srv/my%20src", "dir_info": {"editable": True}},
            "file:///srv/my%20src",
            True,
            "/srv/my src",
        ),
        ({"url": "file:///srv/src", "dir_info": {}}, "file:///srv/src", False, ""),
        (
            {"url": "https://user:secret@example.com/x.whl?token=secret#sha256=1", "archive_info": {}},
            "https://example.com/x.whl",
            False,
            "",
        ),
        (
            {"url": "ssh://git@example.com/x.git", "vcs_info": {"vcs": "git", "commit_id": "1"}},
            "ssh://git@example.com/x.git",
            False,
            "",
        ),
    ],
)
def test_direct_url(make_venv: Any, record: dict[str, Any], url: str, editable: bool, location: str) -> None:
    venv = make_venv()
    venv.add("pkg", "1.0", direct_url__json=json.dumps(record))
    found = only(listing(venv.path))
    assert (found.direct_url, found.editable, found.location) == (url, editable, location)
    assert "secret" not in repr(found)


def test_a_damaged_direct_url_is_a_problem(make_venv: Any) -> None:
    venv = make_venv()
    venv.add("pkg", "1.0", direct_url__json="[1, 2")
    result = listing(venv.path)
    assert only(result).direct_url == ""
    assert codes(result) == ["unreadable"]


def test_egg_link_gives_an_editable_at_its_project(make_venv: Any, tmp_path: Path) -> None:
    venv = make_venv()
    project = tmp_path / "project"
    (project / "my_proj.egg-info").mkdir(parents=True)
    (project / "my_proj.egg-info" / "PKG-INFO").write_text("Name: my-proj\nVersion: 0.3\n")
    (venv.site / "my-proj.egg-link").write_text(f"{project}\n.")
    (venv.site / "easy-install.pth").write_text(f"{project}\n")
    result = listing(venv.path)
    found = only(result)
    assert (found.name, found.version, found.editable, found.location) == ("my-proj", "0.3", True, str(project))
    assert not result.problems


def test_pth_directories_are_searched_after_their_site_and_imports_never_run(make_venv: Any, tmp_path: Path) -> None:
    venv = make_venv()
    (tmp_path / "more").mkdir()
    extra = type(venv)(tmp_path / "other")
    extra.add("shared", "1.0")
    extra.add("own", "1.0")
    venv.add("shared", "2.0")
    (venv.site / "x.pth").write_text(
        f"import os; os.mkdir({str(tmp_path / 'RAN')!r})\n# comment\n{extra.site}\nabsent\n"
    )
    (venv.site / ".hidden.pth").write_text(f"{tmp_path}\n")
    result = listing(venv.path)
    assert [(d.name, d.version) for d in result.distributions] == [("own", "1.0"), ("shared", "2.0")]
    assert codes(result) == ["duplicate"]
    assert not (tmp_path / "RAN").exists()


def test_nothing_found_is_executed(make_venv: Any) -> None:
    venv = make_venv()
    venv.add("pkg", "1.0")
    listing(venv.path, requires=True, details=True)
    assert not (venv.path / "EXECUTED").exists()


def test_results_come_in_order_with_skipped_in_place(make_venv: Any) -> None:
    paths = []
    for number in range(40):
        venv = make_venv(f"env{number:02}")
        venv.add("pkg", f"{number}.0")
        paths.append(str(venv.path))
    found = [*discover(paths[:20]), Skipped("root", "x", "y"), *discover(paths[20:])]
    for threads in (1, 2, 7):
        results = list(scan(found, threads=threads))
        assert results[20] == Skipped("root", "x", "y")
        seen = [r.distributions[0].version for r in results if isinstance(r, Listing)]
        assert seen == [f"{n}.0" for n in range(40)]


def test_what_is_read_ahead_is_bounded(make_venv: Any) -> None:
    venv = make_venv()
    lines = "".join(f"Requires-Dist: project-{number:032}\n" for number in range(18_000))
    folder = venv.add("pkg", "1.0", metadata=f"Metadata-Version: 2.1\nName: pkg\nVersion: 1.0\n{lines}\n")
    directories = [Directory(os.fsencode(venv.site), REQUIRES) for _ in range(40)]
    read_ahead([*directories, Directory(b"/nonexistent/site"), Directory(b"a\0b")])
    shutil.rmtree(folder)
    found = [directory.read(Distribution, lambda *_: None)[0] for directory in directories]
    assert [len(distribution.requires) for distribution in found[0]] == [18_000]
    ahead = sum(map(len, found))
    assert 16 <= ahead < 40  # those behind were read when they were asked for: there was nothing left
    assert [len(each) for each in found] == [1] * ahead + [0] * (40 - ahead)


def test_a_directory_that_cannot_be_opened_says_so_when_it_is_asked_for() -> None:
    directories = [Directory(b"/nonexistent/site"), Directory(b"a\0b"), Directory(b"/dev/null")]
    read_ahead(directories)
    for directory in directories:
        with pytest.raises(OSError, match="cannot open directory"):
            directory.read(Distribution, lambda *_: None)


def test_an_abandoned_scan_ends_its_threads(make_venv: Any) -> None:
    import threading

    paths = [str(make_venv(f"env{number}").path) for number in range(50)]
    before = threading.active_count()
    results = scan(discover(paths), threads=2)
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


def test_base_interpreter_that_is_gone(make_venv: Any) -> None:
    venv = make_venv()
    (venv.path / "bin" / "python").unlink()
    (venv.path / "bin" / "python").symlink_to("/nonexistent/python3")
    assert codes(listing(venv.path)) == ["no-base"]


def test_the_egg_info_beside_an_editables_sources_is_no_second_copy(make_venv: Any, tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "src" / "My_Proj.egg-info").mkdir(parents=True)
    (project / "src" / "My_Proj.egg-info" / "PKG-INFO").write_text("Name: My.Proj\nVersion: 0.2\n")
    (tmp_path / "link").symlink_to(project)
    for name, location in (("direct", project), ("through-a-link", tmp_path / "link")):
        venv = make_venv(name)
        origin = json.dumps({"url": f"file://{location}", "dir_info": {"editable": True}})
        venv.add("My.Proj", "0.3", entry="my_proj-0.3.dist-info", direct_url__json=origin)
        (venv.site / "__editable__.my_proj-0.3.pth").write_text(f"{project}/src\n")
        result = listing(venv.path)
        assert (only(result).version, only(result).editable, result.problems) == ("0.3", True, ())


def test_a_copy_in_another_project_remains_a_duplicate_of_an_editable(make_venv: Any, tmp_path: Path) -> None:
    for project in ("project", "project-2"):
        (tmp_path / project / "pkg.egg-info").mkdir(parents=True)
        (tmp_path / project / "pkg.egg-info" / "PKG-INFO").write_text("Name: pkg\nVersion: 1.0\n")
    venv = make_venv()
    origin = json.dumps({"url": f"file://{tmp_path}/project", "dir_info": {"editable": True}})
    venv.add("pkg", "1.0", direct_url__json=origin)
    (venv.site / "a.pth").write_text(f"{tmp_path}/project\n{tmp_path}/project-2\n")
    (problem,) = listing(venv.path).problems
    assert (problem.code, problem.where) == ("duplicate", f"{tmp_path}/project-2/pkg.egg-info")


@pytest.fixture
def conda_prefix(make_venv: Any) -> Any:
    """A prefix as conda leaves it: `six` and `eggy` are conda's, `shap` is pip's over an older one of conda's."""
    conda = make_venv("conda")
    (conda.path / "pyvenv.cfg").unlink()
    (conda.path / "conda-meta").mkdir()
    for record in (
        "python-3.11.7-h1_0",
        "six-1.16.0-py_0",
        "eggy-1.0-0",
        "shap-0.1-0",
        "libzlib-1.3-0",
        "bare-2.0.0-0",
    ):
        (conda.path / "conda-meta" / f"{record}.json").write_text("{}")
    (conda.path / "conda-meta" / "history").write_text("")
    conda.add("six", "1.16.0", INSTALLER="conda\n")
    conda.add("eggy", "1.0", entry="eggy-1.0.egg-info")
    conda.add("shap", "0.2", INSTALLER="pip\n")
    conda.add("bare", "2.0")  # of a build that left no INSTALLER; and the record spells the version otherwise
    conda.add("stray", "1.0")
    return conda


@pytest.mark.parametrize("options", [{}, {"details": True}, {"requires": True}])
def test_what_conda_installed_is_told_apart_from_what_pip_did(conda_prefix: Any, options: dict[str, bool]) -> None:
    result = listing(conda_prefix.path, **options)
    assert (result.environment.kind, result.environment.python) == ("conda", "3.11.7")
    assert {d.name: d.installer for d in result.distributions} == {
        "bare": "conda",
        "eggy": "conda",
        "shap": "pip",
        "six": "conda",
        "stray": "",
    }
    assert not result.problems


def test_a_venv_with_a_stray_conda_meta_is_none_of_condas(make_venv: Any) -> None:
    venv = make_venv()
    (venv.path / "conda-meta").mkdir()
    (venv.path / "conda-meta" / "pkg-1.0-0.json").write_text("{}")
    venv.add("pkg", "1.0")
    assert only(listing(venv.path)).installer == ""
