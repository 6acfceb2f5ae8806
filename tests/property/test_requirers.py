"""Who requires what is installed: the quick way finds what the whole graph says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from envcensus.analysis.graph import Edge, Lines, build_graph, requirers
from envcensus.model.distribution import Distribution
from tests.support.markers import MARKERS

NAMES = st.sampled_from(["a", "b", "c", "d-e", "absent"])
LINES = st.builds(
    "{}{}{}{}".format,
    st.one_of(NAMES, st.sampled_from(["A", "d_E", "not a name", "ä", ""])),
    st.sampled_from(["", "", "[x]", "[x,y]"]),
    st.sampled_from(["", ">=1", " (<2)", "!=1,>0", "=="]),
    st.sampled_from(
        [
            "",
            "; extra == 'x'",
            ' ; extra == "y"',
            "; python_version > '3'",
            "; sys_platform == 'win32'",
            "; os_name == 'ä' or extra == 'x'",
            "; extra == 'x' and python_version > '3'",
        ]
    ),
)
INSTALLED = st.lists(
    st.builds(
        lambda name, requires: Distribution(
            name=name, normalized=name, version="1", path=f"/{name}", requires=tuple(requires)
        ),
        NAMES.filter(lambda name: name != "absent"),
        st.lists(LINES, max_size=5),
    ),
    max_size=6,
)


def told(edges: list[Edge]) -> list[tuple[str, str, str]]:
    return sorted((edge.requirer.path, str(edge.requirement), edge.extra) for edge in edges)


@given(st.lists(INSTALLED, min_size=1, max_size=3))
def test_the_requirers_are_those_of_the_graph(environments: list[list[Distribution]]) -> None:
    lines = Lines(MARKERS)  # shared between environments, as a run does
    for installed in environments:
        whole, quick = build_graph(installed, MARKERS), requirers(installed, lines)
        assert quick.nodes == whole.nodes
        expected = {name: told(edges) for name, edges in whole.needed_by.items() if name in whole.nodes}
        found = {name: told(edges) for name, edges in quick.needed_by.items() if name in quick.nodes}
        assert found == expected
        assert [quick.direct(name) for name in whole.nodes] == [whole.direct(name) for name in whole.nodes]
