"""Requirements and markers agree with packaging on generated and mutated texts."""

from __future__ import annotations

import pickle
import warnings

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from packaging.markers import InvalidMarker, UndefinedComparison, UndefinedEnvironmentName
from packaging.markers import Marker as OracleMarker
from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Oracle

from envcensus._kernels.requirement import Marker, MarkerEnvironment, Requirement, leading_names, parse

from .strategies import MARKERS, MUTATED_MARKERS, MUTATED_REQUIREMENTS, requirements

ENVIRONMENT = {
    "python_version": "3.11",
    "python_full_version": "3.11.7",
    "os_name": "posix",
    "sys_platform": "linux",
    "platform_release": "6.1.0-13-amd64",
    "platform_system": "Linux",
    "platform_version": "#1 SMP",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "implementation_name": "cpython",
    "implementation_version": "3.11.7",
}
ENVIRONMENTS = st.fixed_dictionaries(
    {},
    optional={
        "python_full_version": st.sampled_from(["3.11.7+", "3.12.0rc1", "not a version"]),
        "python_version": st.sampled_from(["2.7", "3.8", "3.*", ""]),
        "platform_release": st.sampled_from(["6.1.0", "6.1.0+local", "é"]),
        "extras": st.sampled_from([frozenset(), frozenset({"web", "Foo"}), frozenset({"Web.Server"})]),
        "dependency_groups": st.sampled_from([frozenset({"web"}), frozenset({"a_b"})]),
    },
).map(lambda changes: {**ENVIRONMENT, **changes})
UNDEFINED = (UndefinedComparison, UndefinedEnvironmentName)


def oracle_requirement(text: str) -> Oracle | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = Oracle(text)
            str(found.specifier)
            found.specifier.contains("1.0")  # reads the versions, too
        except (InvalidRequirement, AssertionError):
            return None
    return found


def oracle_marker(text: str) -> OracleMarker | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return OracleMarker(text)
        except InvalidMarker:
            return None


@given(st.one_of(MUTATED_REQUIREMENTS, requirements(), st.text(max_size=12)))
def test_requirements_agree(text: str) -> None:
    expected = oracle_requirement(text)
    if expected is None:
        with pytest.raises(InvalidRequirement, match="at column"):
            Requirement(text)
        with pytest.raises(InvalidRequirement, match="at column"):
            parse(text)
        return
    found = Requirement(text)
    assert found.name == expected.name
    assert set(found.extras) == expected.extras
    assert found.specifier.prereleases == expected.specifier.prereleases
    assert found.url == expected.url
    try:
        assert str(found) == str(expected)
    except ValueError:  # packaging cannot print a literal with both kinds of quotes
        return
    assert (found.marker is None) == (expected.marker is None)
    assert parse(text) == found
    assert hash(parse(text)) == hash(found)
    assert pickle.loads(pickle.dumps(found)) == found


@given(st.one_of(MUTATED_REQUIREMENTS, requirements(), st.text(max_size=12)))
@example("Größe; extra == 'ä'")
@example("a; os_name == 'ä'")
def test_the_name_alone_is_that_of_the_whole(text: str) -> None:
    try:
        whole = parse(text)
    except ValueError:
        return
    (name,) = leading_names((text,))
    assert name == whole.normalized or (name == "" and "extra ==" in text)


@given(requirements(), requirements())
def test_equality_agrees(a: str, b: str) -> None:
    left, right = oracle_requirement(a), oracle_requirement(b)
    if left is not None and right is not None:
        assert (Requirement(a) == Requirement(b)) == (left == right)


@given(MUTATED_MARKERS)
def test_markers_agree(text: str) -> None:
    expected = oracle_marker(text)
    if expected is None:
        with pytest.raises(InvalidMarker, match="at column"):
            Marker(text)
        return
    found = Marker(text)
    assert str(found) == str(expected)
    if oracle_marker(str(expected)) is not None:  # not where an escape became a line break
        assert Marker(str(found)) == found
        assert hash(Marker(str(found))) == hash(found)


@given(MARKERS, ENVIRONMENTS, st.sampled_from(["", "web", "Web.Server", "a-b", "3.8"]))
def test_evaluation_agrees(text: str, values: dict[str, object], extra: str) -> None:
    oracle = oracle_marker(text)
    if oracle is None:
        return
    marker = Marker(text)
    target = MarkerEnvironment(values)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = oracle.evaluate({**values, "extra": extra}, "requirement")  # type: ignore[dict-item]
    except UNDEFINED as error:
        with pytest.raises(type(error)):
            marker.evaluate(values, extra)
        with pytest.raises(type(error)):
            marker.evaluate(target, extra)
        return
    assert marker.evaluate(values, extra) == expected
    assert marker.evaluate(target, extra) == expected
    assert marker.evaluate(target, extra) == expected  # from memory
    assert marker.evaluate(target, extras=[extra] if extra else []) == expected
    base, extras = marker.activation(target)
    assert base == marker.evaluate(values, "")
    for name in marker.extras_mentioned - {""}:
        assert (name in extras) == marker.evaluate(values, name)
