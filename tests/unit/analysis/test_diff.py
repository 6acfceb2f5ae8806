"""differences: what changed, against a naive comparison."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from envcensus.analysis.diff import Difference, differences
from envcensus.model.distribution import Distribution
from envcensus.model.environment import Environment
from envcensus.model.listing import Listing

Contents = dict[tuple[str, str], dict[str, str]]


def listings(contents: Contents) -> list[Listing]:
    return [
        Listing(
            environment=Environment(
                path=path, host=host, kind="venv", python="3.11", implementation="cpython", site_dirs=()
            ),
            distributions=tuple(Distribution(name, name, version, "/p") for name, version in sorted(versions.items())),
        )
        for (host, path), versions in contents.items()
    ]


def test_each_kind_of_change() -> None:
    old: Contents = {
        ("a", "/x"): {"up": "1.9", "down": "2", "gone": "1", "same": "1", "odd": "1_!", "equal": "1.0"},
        ("a", "/gone"): {"p": "1"},
        ("b", "/x"): {"up": "1"},
    }
    new: Contents = {
        ("a", "/x"): {"up": "1.10", "down": "1", "new": "1", "same": "1", "odd": "2", "equal": "1"},
        ("a", "/new"): {},
        ("b", "/x"): {"up": "1"},
    }
    assert list(differences(listings(old), listings(new))) == [
        Difference("a", "/gone", "removed"),
        Difference("a", "/new", "added"),
        Difference("a", "/x", "downgraded", "down", "2", "1"),
        Difference("a", "/x", "changed", "equal", "1.0", "1"),
        Difference("a", "/x", "removed", "gone", "1", ""),
        Difference("a", "/x", "added", "new", "", "1"),
        Difference("a", "/x", "changed", "odd", "1_!", "2"),
        Difference("a", "/x", "upgraded", "up", "1.9", "1.10"),
    ]


names = st.sampled_from(["a", "b", "c", "d"])
contents = st.dictionaries(
    st.tuples(st.sampled_from(["", "h"]), st.sampled_from(["/x", "/y"])),
    st.dictionaries(names, st.sampled_from(["1", "1.0", "2", "x", ""])),
)


@given(contents, contents)
def test_applying_the_differences_to_the_old_gives_the_new(old: Contents, new: Contents) -> None:
    result = {key: dict(versions) for key, versions in old.items()}
    for row in differences(listings(old), listings(new)):
        key = (row.host, row.environment)
        if not row.name:
            if row.change == "removed":
                del result[key]
            else:
                result[key] = dict(new[key])
        elif row.change == "removed":
            assert result[key].pop(row.name) == row.before
        else:
            assert result[key].get(row.name, "") == row.before
            result[key][row.name] = row.after
    assert result == new
    assert list(differences(listings(new), listings(new))) == []
