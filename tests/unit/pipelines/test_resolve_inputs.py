"""Requirements files, pyproject.toml, scripts, paths, earlier answers."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from envcensus.errors import UsageError
from envcensus.pipelines.earlier_pins import earlier_pins, read_prefer
from envcensus.pipelines.resolve_inputs import Inputs, Reader
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


def test_what_is_not_fetched(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("a\n-r https://user:secret@example.com/more.txt\n")
    (tmp_path / "cons.txt").write_text("-c ftp://user:secret@example.com/c.txt\n")
    for fetch, path, where in (
        (None, str(tmp_path / "in.txt"), "in.txt (line 2): "),
        (fetching({}), str(tmp_path / "cons.txt"), "cons.txt (line 1): "),
        (None, "https://user:secret@example.com/more.txt", ""),
    ):
        with pytest.raises(UsageError, match=f"{re.escape(where)}this is not fetched: ") as caught:
            Reader({}, "", fetch).requirements_file(path)
        assert "secret" not in str(caught.value)
    with pytest.raises(UsageError, match="this is not fetched: "):
        read_prefer("https://example.com/earlier.txt")


def fetching(texts: dict[str, str]) -> Callable[[str, int], bytes]:
    """Lists as they lie at https://example.com, each to be asked for once."""
    return lambda url, _: texts.pop(url.removeprefix("https://example.com")).encode()


def test_lists_from_elsewhere_name_others_by_their_place(tmp_path: Path) -> None:
    texts = {
        "/a/in.txt?x=1": "-r sub/more.txt\n-c /c.txt\na\n",
        "/a/sub/more.txt": "-r ../last.txt\nb[x] --hash=sha256:00\n",
        "/a/last.txt": "-r https://example.com/c.txt\n",
        "/c.txt": "c<2\n-i https://example.com/simple\n-f https://example.com/links\n",
    }
    (tmp_path / "in.txt").write_text("-r https://example.com/a/in.txt?x=1\n-r file://" + str(tmp_path / "d.txt"))
    (tmp_path / "d.txt").write_text("d\n")
    reader = Reader({}, "", fetching(texts))
    reader.requirements_file((tmp_path / "in.txt").as_uri())
    assert [wanted.text for wanted in reader.inputs.requirements] == ["c<2", "b[x]", "a", "d"]
    assert [wanted.text for wanted in reader.inputs.constraints] == ["c<2"]
    assert reader.inputs.requirements[0].origin == "-r https://example.com/c.txt (line 1)"
    assert reader.inputs.requirements[2].origin == "-r https://example.com/a/in.txt?x=**** (line 3)"
    assert reader.inputs.index_url == "https://example.com/simple"
    assert not texts


def test_a_project_from_elsewhere() -> None:
    text = "[project]\nname='p'\ndependencies=['a']\nrequires-python='>=3'\n[dependency-groups]\ng=['b']\n"
    reader = Reader(
        {}, "", fetching({"/pyproject.toml?x": text, "/s.py": "# /// script\n# dependencies=['c']\n# ///\n"})
    )
    reader.requirements_file("https://example.com/pyproject.toml?x", groups=["g"])
    reader.requirements_file("https://example.com/s.py")
    assert [wanted.text for wanted in reader.inputs.requirements] == ["b", "c"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("-r file:///etc/passwd", "(line 1): a list from elsewhere names a file of this machine: file:///etc/passwd"),
        ("-c FILE:///etc/passwd", "names a file of this machine"),
        ("-e {here}", "names a file of this machine"),
        ("{here}/a-1-py3-none-any.whl", "names a file of this machine"),
        ("a @ file://{here}", "names a file of this machine"),
        ("a @ FILE://{here}", "names a file of this machine"),
        ("-f {here}", "names a place on this machine"),
        ("-f file://{here}", "names a place on this machine"),
        ("-r git+https://example.com/x", "this is not fetched"),
        ("-r http://[", "not a URL"),
        ("-r in.txt", "in a circle"),
        ("-r more.txt", "in a circle"),
    ],
)
def test_what_a_list_from_elsewhere_may_not_name(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname='here'\nversion='1'\n")
    (tmp_path / "a-1-py3-none-any.whl").touch()
    texts = {"/in.txt": text.format(here=tmp_path), "/more.txt": "-r in.txt"}
    with pytest.raises(UsageError) as caught:
        Reader({}, "", fetching(texts)).requirements_file("https://example.com/in.txt")
    assert said in str(caught.value)


def test_lists_from_elsewhere_see_no_variables() -> None:
    reader = Reader({"TOKEN": "secret"}, "", fetching({"/in.txt": "-i https://example.com/${TOKEN}/\na\n"}))
    reader.requirements_file("https://example.com/in.txt")
    assert reader.inputs.index_url == "https://example.com/${TOKEN}/"


def test_lists_without_end() -> None:
    def fetch(url: str, _: int) -> bytes:
        number = int(url.rpartition("/")[2])
        return f"-r {number + 1}\n-r {number + 1}\n".encode() if number < 40 else b"a\n"

    with pytest.raises(UsageError, match="more than 1000 requirements files"):
        Reader({}, "", fetch).requirements_file("https://example.com/0")
    many = "".join(f"-r /{number}\n" for number in range(1, 300)).encode()
    with pytest.raises(UsageError, match="more than 100 lists from elsewhere"):
        Reader({}, "", lambda url, _: many if url.endswith("/0") else b"").requirements_file("https://example.com/0")


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
