"""Requirements files, pyproject.toml, scripts, paths, earlier answers."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from envcensus.errors import UsageError
from envcensus.pipelines.resolve_inputs import Inputs, Reader, earlier_pins
from envcensus.pipelines.resolve_kinds import listed
from tests.support.wheels import add_wheel


def _texts(inputs: Inputs) -> list[str]:
    return [wanted.text for wanted in inputs.requirements]


def test_nested_files_with_their_origins(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "in.txt").write_text(
        "a\n-r sub/more.txt\n-c cons.txt\n--pre\n--only-binary a,b\n--only-binary :none:\n"
    )
    (tmp_path / "sub" / "more.txt").write_text("\nb<2 --hash=sha256:00\n-f wheels\n")
    (tmp_path / "sub" / "wheels").mkdir()
    (tmp_path / "cons.txt").write_text("c==1\n")
    reader = Reader({}, str(tmp_path))
    reader.requirements_file(str(tmp_path / "in.txt"))
    inputs = reader.inputs
    assert _texts(inputs) == ["a", "b<2"]
    assert inputs.requirements[1].origin == f"-r {tmp_path}/sub/more.txt (line 2)"
    assert inputs.requirements[1].hashes == ("sha256:00",)
    assert [wanted.text for wanted in inputs.constraints] == ["c==1"]
    assert (inputs.pre, inputs.only_binary, inputs.find_links) == (True, [], [f"{tmp_path}/sub/wheels"])


def test_files_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("-r b.txt\n")
    (tmp_path / "b.txt").write_text("-r a.txt\n")
    with pytest.raises(UsageError, match="circle"):
        Reader({}, "").requirements_file(str(tmp_path / "a.txt"))


PYPROJECT = """
[project]
name = "Mine"
version = "1"
dependencies = ["a>1"]
[project.optional-dependencies]
x = ["b", "mine[y]"]
y = ["c"]
[dependency-groups]
dev = ["d", {include-group = "more"}]
more = ["e"]
"""


@pytest.mark.parametrize(
    ("extras", "groups", "expected"),
    [
        ([], [], ["a>1"]),
        (["X"], [], ["a>1", "b", "c"]),
        ([], ["dev"], ["d", "e"]),
        (["y"], ["more"], ["a>1", "c", "e"]),
        ([":all:"], [], ["a>1", "b", "c", "c"]),
    ],
)
def test_pyproject(tmp_path: Path, extras: list[str], groups: list[str], expected: list[str]) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text(PYPROJECT)
    reader = Reader({}, "")
    reader.requirements_file(str(path), extras, groups)
    assert _texts(reader.inputs) == expected


def test_what_pyproject_lacks_is_named(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text(PYPROJECT)
    with pytest.raises(UsageError, match="no extra zz; it has x, y"):
        Reader({}, "").pyproject(str(path), ["zz"])
    with pytest.raises(UsageError, match="no dependency group zz; it has dev, more"):
        Reader({}, "").pyproject(str(path), (), ["zz"])


def test_script_metadata(tmp_path: Path) -> None:
    path = tmp_path / "tool.py"
    path.write_text('# /// script\n# dependencies = [\n#   "a<3",\n# ]\n# ///\nprint()\n')
    reader = Reader({}, "")
    reader.requirements_file(str(path))
    assert _texts(reader.inputs) == ["a<3"]
    path.write_text("print()\n")
    with pytest.raises(UsageError, match="no block of script metadata"):
        reader.requirements_file(str(path))


def test_paths_and_urls_become_direct_references(tmp_path: Path) -> None:
    wheel = add_wheel(tmp_path, "some-thing", "1.0")
    project = tmp_path / "proj"
    project.mkdir()
    (project / "pyproject.toml").write_text('[project]\nname = "Proj"\nversion = "1"\n')
    reader = Reader({}, str(tmp_path))
    reader.requirement(f"./{wheel.name}[x]")
    reader.requirement("./proj ; python_version > '3'")
    reader.requirement("https://example.com/a_b-1.0-py3-none-any.whl")
    reader.requirement("name @ ./proj")
    reader.requirement("plain[x]>1 ; os_name == 'posix'")
    assert _texts(reader.inputs) == [
        f"some-thing[x] @ {wheel.as_uri()}",
        f"Proj @ {project.as_uri()} ; python_version > '3'",
        "a-b @ https://example.com/a_b-1.0-py3-none-any.whl",
        f"name @ {project.as_uri()}",
        "plain[x]>1 ; os_name == 'posix'",
    ]
    with pytest.raises(UsageError, match="no such file"):
        reader.requirement("./nowhere")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        Reader({}, "").requirements_file(str(tmp_path / "none.txt"))


def test_lists_are_not_fetched(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("a\n-r https://user:secret@example.com/more.txt\n")
    (tmp_path / "cons.txt").write_text("-c http://example.com/c.txt\n")
    for path, where in (
        (str(tmp_path / "in.txt"), "in.txt (line 2): "),
        (str(tmp_path / "cons.txt"), "cons.txt (line 1): "),
        ("https://user:secret@example.com/more.txt", ""),
    ):
        with pytest.raises(
            UsageError, match=f"{re.escape(where)}lists of requirements are not fetched: http"
        ) as caught:
            Reader({}, "").requirements_file(path)
        assert "secret" not in str(caught.value)


def test_lists_of_names() -> None:
    assert listed(["x", "A.b,c"]) == ["x", "a-b", "c"]
    assert listed(["x", ":none:,c"]) == ["c"]
    assert listed([":all:"]) == [":all:"]


def test_pins_of_an_earlier_answer() -> None:
    text = "a==1 \\\n    --hash=sha256:00\n    # via b\nB.c[x]==2.0 ; os_name == 'nt'\nd>3\n"
    assert earlier_pins(text, "requirements.txt") == {"a": "1", "b-c": "2.0"}
    lock = '[[packages]]\nname = "a"\nversion = "1"\n[[packages]]\nname = "dir"\n'
    assert earlier_pins(lock, "pylock.toml") == {"a": "1"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[project]\ndependencies = 'a'", "dependencies is no list of requirements"),
        ("[project]\ndependencies = [1]", "dependencies is no list of requirements"),
        ("[project]\ndynamic = 1", "dynamic is no list"),
        ("[project]\noptional-dependencies = ['x']", "optional-dependencies is no table of extras"),
        ("[project]\nname = 'me'\ndependencies = ['me[x]']\noptional-dependencies = 1", "no table of extras"),
        ("[project.optional-dependencies]\nx = 'a'", "x is no list of requirements"),
        ("project = 1", "no [project] table"),
        ("a = " + "[" * 5000, "pyproject.toml: "),
    ],
)
def test_pyprojects_of_another_shape(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        Reader({}, "").requirements_file(str(path), extras=["x"])
    assert says in str(caught.value)
    if "name" not in text:  # as a directory, of which the name is wanted
        with pytest.raises(UsageError):
            Reader({}, "").requirement(str(tmp_path))


def test_extras_that_name_each_other(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text(
        "[project]\nname = 'me'\n[project.optional-dependencies]\nx = ['a', 'me[y]']\ny = ['b', 'me[x]', 'me[x, y]']\n"
    )
    reader = Reader({}, "")
    reader.requirements_file(str(path), extras=["x"])
    assert set(_texts(reader.inputs)) == {"a", "b"}


def test_an_answer_of_another_shape_has_no_pins() -> None:
    for text in ("packages = 1", "packages = [1]", "[packages]\na = 1", "x = 1"):
        assert earlier_pins(text, "pylock.toml") == {}


def test_standard_input_that_is_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(b"caf\xe9\n")

    monkeypatch.setattr("sys.stdin", Stdin())
    reader = Reader({}, "")
    reader.requirements_file("-")
    assert _texts(reader.inputs) == ["caf\xe9"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "utf-32-be", "latin-1"])
def test_encodings_are_told_by_their_mark(tmp_path: Path, encoding: str) -> None:
    """As pip reads them; what is neither marked nor UTF-8 is Latin-1, which has no wrong bytes."""
    mark = "\ufeff" if encoding.endswith("-be") else ""
    path = tmp_path / "in.txt"
    path.write_bytes(f"{mark}# caf\xe9\r\na<2\r\n".encode(encoding))
    reader = Reader({}, str(tmp_path))
    reader.requirements_file(str(path))
    assert _texts(reader.inputs) == ["a<2"]


def test_a_script_with_the_line_ends_of_windows(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_bytes(b'# /// script\r\n# dependencies = ["a<3"]\r\n# ///\r\nprint()\r\n')
    reader = Reader({}, str(tmp_path))
    reader.script(str(tmp_path / "x.py"))
    assert _texts(reader.inputs) == ["a<3"]
