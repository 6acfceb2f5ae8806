"""Requirements and markers: messages, hostile texts, memory, and what the resolver asks for."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from packaging.markers import InvalidMarker, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Theirs

from envcensus._kernels.requirement import Marker, MarkerEnvironment, Requirement, parse

LINUX = {
    "python_version": "3.11",
    "python_full_version": "3.11.7",
    "os_name": "posix",
    "sys_platform": "linux",
    "platform_release": "6.1.0",
    "platform_system": "Linux",
    "platform_version": "#1 SMP",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "implementation_name": "cpython",
    "implementation_version": "3.11.7",
}


def test_reads_the_parts() -> None:
    found = Requirement("Flask[Async_IO,async-io] (>=2,<3) ; python_version>='3.8'")
    assert (found.name, found.normalized) == ("Flask", "flask")
    assert found.extras == ("Async_IO", "async-io")
    assert found.normalized_extras == ("async-io",)
    assert found.specifier.contains("2.5")
    assert str(found.marker) == 'python_version >= "3.8"'
    assert found.url is None
    assert repr(found) == """<Requirement('Flask[Async_IO,async-io]<3,>=2; python_version >= "3.8"')>"""
    bare = Requirement("flask")
    assert not bare.specifier
    assert bare.marker is None
    assert Requirement("a @ https://example.com/a.whl ; os_name=='nt'").url == "https://example.com/a.whl"


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("", 1),
        ("foo bar", 5),
        ("foo>=1,>=x", 4),
        ("foo[a", 4),
        ("foo @ ", 7),
        ("foo; python_version ~ '3'", 21),
        ("foo; os_name == 'a' garbage", 21),
        ("foo>=1.*", 4),
        ("é", 1),
    ],
)
def test_errors_name_the_column(text: str, column: int) -> None:
    with pytest.raises(InvalidRequirement, match=f"at column {column}: "):
        Requirement(text)


@pytest.fixture
def usual_depth() -> Iterator[None]:
    """The interpreter's own limit of recursion, which decides how deep brackets may be nested: what ran before in this
    process may have left a higher one."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)
    yield
    sys.setrecursionlimit(before)


@pytest.mark.usefixtures("usual_depth")
@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000 + "!",
        "foo>=" + "1" * 1_000_000,
        "foo[" + "a," * 40_000,
        "foo; " + "(" * 100_000,
        "foo; " + "(" * 2_000 + "os_name == 'a'" + ")" * 2_000,
        "foo; os_name == '" + "a" * 100_000,
        "foo\x00",
        "foo\ud800",
        "foo; os_name == '\x00'",
        "foo>=" + "1" * 5_000,
        "\x00" * 1_000_000,
        " " * 1_000_000,
    ],
)
def test_hostile_texts_are_refused_with_a_short_message(text: str) -> None:
    with pytest.raises(InvalidRequirement) as caught:
        Requirement(text)
    assert len(str(caught.value)) < 2_000
    with pytest.raises(InvalidRequirement):
        parse(text)


def test_hostile_markers_are_refused() -> None:
    for text in ("(" * 100_000, "os_name == 'a' and " * 10_000, "\ud800", "os_name == 'a'\x00"):
        with pytest.raises(InvalidMarker) as caught:
            Marker(text)
        assert len(str(caught.value)) < 2_000


def test_long_but_valid_markers_hold() -> None:
    assert Marker(" and ".join(["os_name == 'posix'"] * 20_000)).evaluate(LINUX)
    nested = "(" * 60 + "os_name == 'posix'" + ")" * 60  # more than the kernel takes itself
    assert Marker(nested).evaluate(LINUX)
    assert Marker(nested + " and extra == 'x'").extras_mentioned == {"x"}


@pytest.mark.parametrize("bad", [None, 1, b"foo"])
def test_other_types_are_refused(bad: object) -> None:
    with pytest.raises(InvalidRequirement):
        Requirement(bad)  # type: ignore[arg-type]
    with pytest.raises(InvalidMarker):
        Marker(bad)  # type: ignore[arg-type]


def test_activation_splits_off_the_extras() -> None:
    target = MarkerEnvironment(LINUX)
    marker = Marker("(extra == 'Web_Server' or extra == 'all') and python_version >= '3.8'")
    assert marker.extras_mentioned == {"web-server", "all"}
    assert marker.activation(target) == (False, ("all", "web-server"))
    assert Marker("os_name == 'posix'").activation(target) == (True, ())
    assert Marker("os_name == 'nt' and extra == 'x'").activation(target) == (False, ())
    assert marker.evaluate(target, extras=frozenset({"other", "ALL"}))
    assert not marker.evaluate(target, extras=frozenset())
    assert marker.evaluate({**LINUX, "extra": "all"})


def test_nothing_is_taken_from_this_host() -> None:
    for text in ("python_version >= '3'", "'3' <= python_version and '\\x33' != os_name"):
        with pytest.raises(UndefinedEnvironmentName):
            Marker(text).evaluate({})
        with pytest.raises(UndefinedEnvironmentName):
            Marker(text).evaluate(MarkerEnvironment({}))


def test_results_belong_to_their_environment() -> None:
    marker = Marker("sys_platform == 'linux'")
    linux, windows = MarkerEnvironment(LINUX), MarkerEnvironment({**LINUX, "sys_platform": "win32"})
    for _ in range(2):
        assert marker.evaluate(linux)
        assert not marker.evaluate(windows)
    assert linux == pickle.loads(pickle.dumps(linux))
    assert linux != windows


def test_memory_of_results_is_bounded() -> None:
    target = MarkerEnvironment(LINUX)
    marker = Marker("extra == 'x1' and os_name == 'posix'")
    for i in range(70_000):
        assert marker.evaluate(target, f"x{i}") == (i == 1)


def test_a_literal_with_both_kinds_of_quotes() -> None:
    found = Requirement("""foo; os_name == "it's \\x22"  """)
    assert found.marker is not None
    assert not found.marker.evaluate(LINUX)
    assert "it's" in str(found)


def test_is_immutable_and_shared() -> None:
    found = parse("foo>=1; os_name == 'nt'")
    assert parse("foo>=1; os_name == 'nt'") is found
    with pytest.raises(TypeError):
        found.__init__("bar")
    with pytest.raises(TypeError):
        found.marker.__init__("os_name == 'a'")  # type: ignore[misc]
    with pytest.raises(AttributeError):
        found.name = "bar"
    assert found != "foo>=1"
    assert found.marker != "x"


def test_threads_share_what_is_remembered() -> None:
    target = MarkerEnvironment(LINUX)
    texts = [f"python_version >= '3.{i}' and extra == 'x{i % 7}'" for i in range(200)]

    def work(_: int) -> list[bool]:
        found = [parse(f"foo>={i}; {text}") for i, text in enumerate(texts)]
        markers = [requirement.marker for requirement in found]
        return [marker.evaluate(target, f"x{i % 7}") for i, marker in enumerate(markers) if marker is not None]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(work, range(64)))
    assert answers == [[i <= 11 for i in range(200)]] * 64


def test_backslashes_in_a_rare_requirement_are_read_once() -> None:
    text = 'foo @ ht\udcffp ; os_name == "n' + "\\" * 16 + 't"'
    assert str(Requirement(text)) == str(Theirs(text))
