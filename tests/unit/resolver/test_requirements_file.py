"""Requirements files as pip reads them; pip's own parser is the oracle where it can be."""

from __future__ import annotations

from pathlib import Path

import pytest

from envcensus.resolver.requirements_file import Entry, RequirementsFileError, read

TEXT = """\
# a comment
a==1  # another
b[x] >= 2 ; python_version > "3"
c \\
  == 3
-r other.txt
--requirement=more.txt
-c cons.txt
-i https://example.com/simple
--extra-index-url https://example.com/${PART}/simple
d==1 --hash=sha256:00ff \\
    --hash=sha256:AB00
--pre
--no-binary :all:
-e ./here
e @ https://example.com/e-1-py3-none-any.whl#sha256=00
f==1#not-a-comment
--find-links="/tmp/some where"
"""


def test_entries() -> None:
    assert list(read(TEXT, {"PART": "team"})) == [
        Entry(2, "", "a==1"),
        Entry(3, "", 'b[x] >= 2 ; python_version > "3"'),
        Entry(4, "", "c   == 3"),
        Entry(6, "requirement", "other.txt"),
        Entry(7, "requirement", "more.txt"),
        Entry(8, "constraint", "cons.txt"),
        Entry(9, "index-url", "https://example.com/simple"),
        Entry(10, "extra-index-url", "https://example.com/team/simple"),
        Entry(11, "", "d==1", ("sha256:00ff", "sha256:ab00")),
        Entry(13, "pre", ""),
        Entry(14, "no-binary", ":all:"),
        Entry(15, "editable", "./here"),
        Entry(16, "", "e @ https://example.com/e-1-py3-none-any.whl#sha256=00"),
        Entry(17, "", "f==1#not-a-comment"),
        Entry(18, "find-links", "/tmp/some where"),
    ]


def test_the_same_requirements_as_pip(tmp_path: Path) -> None:
    from pip._internal.network.session import PipSession
    from pip._internal.req.req_file import parse_requirements

    lines = [line for line in TEXT.splitlines(keepends=True) if not line.startswith(("-r", "--req", "-c", "#", "-e"))]
    path = tmp_path / "in.txt"
    path.write_text("".join(lines))
    theirs = [parsed.requirement for parsed in parse_requirements(str(path), PipSession())]
    assert [entry.value for entry in read("".join(lines), {}) if not entry.option] == theirs


@pytest.mark.parametrize(
    "text",
    ["--nonsense x", "-r", "a==1 --hash=md5:00", "a==1 --unknown", 'a==1 --hash="sha256:00', "--index-url"],
)
def test_what_pip_refuses(text: str) -> None:
    with pytest.raises(RequirementsFileError, match="line 1"):
        list(read(text, {}))


def test_an_unset_variable_stays() -> None:
    assert [entry.value for entry in read("a @ https://example.com/${NOPE}/a.whl", {})] == [
        "a @ https://example.com/${NOPE}/a.whl"
    ]


def test_a_comment_ends_a_continued_line() -> None:
    assert [entry.value for entry in read("a \\\n# gone\nb", {})] == ["a", "b"]


def test_several_options_on_a_line() -> None:
    text = (
        '-i https://example.com/a --extra-index-url "https://example.com/b" --pre --no-binary=x -f "a b"\n--pre -f c\n'
    )
    assert [(entry.option, entry.value) for entry in read(text, {})] == [
        ("index-url", "https://example.com/a"),
        ("extra-index-url", "https://example.com/b"),
        ("pre", ""),
        ("no-binary", "x"),
        ("find-links", "a b"),
        ("pre", ""),
        ("find-links", "c"),
    ]
