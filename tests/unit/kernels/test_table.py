"""Plain tables, laid out by the kernel; their shape is compared in tests/unit/report/test_report_text.py."""

from __future__ import annotations

import pytest

from envcensus._kernels.table import lay_out


def test_a_table() -> None:
    columns = [["a", "long-name", ""], ["1.0", "", ""], ["", "x", " "]]
    assert lay_out(["Package", "V", "T"], columns) == (
        "Package   V   T\n--------- --- -\na         1.0\nlong-name     x\n"
    )
    assert lay_out(["T"], [[]]) == "T\n-"
    assert lay_out(["T", ""], [["x"], [""]]) == "T\n-\nx"


@pytest.mark.parametrize("cell", ["caf\u00e9", "\x7f", "\x1b[2J", "a\nb", "\udcff", "漢"])
def test_what_is_not_plain_is_for_others(cell: str) -> None:
    assert lay_out(["T"], [[cell]]) is None
    assert lay_out([cell], [["x"]]) is None


def test_what_is_too_wide_is_for_others() -> None:
    table = [["ab", "c"], ["1", "2"]]
    assert lay_out(["N", "V"], table, 4) == lay_out(["N", "V"], table) == "N  V\n-- -\nab 1\nc  2"
    assert lay_out(["N", "V"], table, 3) is None
    assert lay_out(["N", "V"], [["abcdef"], ["1"]], 10, 5) is None


def test_a_cell_beyond_the_widest_sticks_out() -> None:
    assert lay_out(["N", "V"], [["abcdef", "c"], ["1", "2"]], -1, 4) == "N    V\n---- -\nabcdef 1\nc    2"


def test_one_long_name_does_not_make_every_row_as_long() -> None:
    text = lay_out(["N", "V"], [["x" * 1_000_000, *["y"] * 10_000], ["1"] * 10_001])
    assert text is not None
    assert len(text) < 1_000_000 + 10_010 * 510


@pytest.mark.parametrize(
    ("titles", "columns", "error"),
    [
        ([], [], ValueError),
        (["a"], [], ValueError),
        (["a", "b"], [["x"], []], ValueError),
        (["a"], [[None]], TypeError),
        ([b"a"], [["x"]], TypeError),
        (["a"], ["x"], TypeError),
        (None, [["x"]], TypeError),
    ],
)
def test_misuse(titles: list[str], columns: list[list[str]], error: type[Exception]) -> None:
    with pytest.raises(error):
        lay_out(titles, columns)
