"""One field of many records, read from where their type keeps it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from msgspec import Struct

from envcensus._kernels.table import gather
from envcensus.model.distribution import Distribution


class Other(Struct):
    name: str
    editable: bool = False


class Inherits(Other):
    pass


class Computes:
    __slots__ = ("editable",)

    @property
    def name(self) -> str:
        return "computed"


def _distribution(name: str) -> Distribution:
    return Distribution(name, name, "1", f"/e/{name}-1.dist-info", editable=name == "b")


def test_it_is_what_getattr_gives() -> None:
    found: list[Any] = [_distribution(name) for name in ("a", "b", "c")]
    for field in Distribution.__struct_fields__:
        assert gather(found, field) == gather(tuple(found), field) == [getattr(each, field) for each in found]
    assert gather([], "name") == []


def test_records_of_several_types_may_be_mixed() -> None:
    found = [Other("x"), _distribution("a"), Inherits("y"), Computes(), SimpleNamespace(name="z"), Other("w")]
    assert gather(found, "name") == ["x", "a", "y", "computed", "z", "w"]
    assert gather([Other("x"), _distribution("b")], "editable") == [False, True]


@pytest.mark.parametrize("found", [[SimpleNamespace()], [Computes()], [Other("x"), 7]])
def test_what_has_no_such_field_is_an_attribute_error(found: list[Any]) -> None:
    with pytest.raises(AttributeError):
        gather(found, "editable")


def test_a_type_is_no_record_of_its_own_fields() -> None:
    # The descriptor is found on the type and on its metatype: only a slot of the record itself counts.
    assert gather([Other], "name") == [Other.name]
