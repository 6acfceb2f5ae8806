"""Cleaning, measuring and cutting text for a terminal."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envcensus.model.display import neutral
from envcensus.report import text

ANSI = re.compile(r"\x1b\[\d+m")


@given(st.text(st.characters(categories=None)))
def test_clean_text_holds_nothing_a_terminal_obeys(raw: str) -> None:
    cleaned = neutral(raw)
    assert cleaned.isprintable()
    cleaned.encode()
    assert cleaned == raw or not raw.isprintable()


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("requests", "requests"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\r\nb", "a\\x0d\\x0ab"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("caf\udce9", "caf\\udce9"),
        ("naïve 数", "naïve 数"),
    ],
)
def test_clean(raw: str, cleaned: str) -> None:
    assert neutral(raw) == cleaned


@given(st.text(st.characters(categories=["L", "N", "P", "M"])), st.integers(1, 30))
def test_cut_fits(raw: str, width: int) -> None:
    assert text.width_of(text.cut(raw, width)) <= width
    assert text.width_of(text.cut_left(raw, width)) <= width


def test_cut_keeps_the_telling_end() -> None:
    assert text.cut("a-long-name", 6) == "a-lon…"
    assert text.cut_left("/srv/www/app", 6) == "…w/app"
    assert text.cut_left("/srv", 6) == "/srv"


@given(st.lists(st.tuples(*[st.text("abc 数", max_size=30)] * 3), min_size=1, max_size=5), st.integers(10, 60))
def test_table_fits_a_terminal_and_colour_changes_nothing_else(rows: list[tuple[str, str, str]], width: int) -> None:
    header = ("Package", "Version", "Notes")
    plain = text.table(header, rows, width=width, elastic=header)
    assert all(text.width_of(line) <= max(width, 26) for line in plain)
    assert all(line == line.rstrip() or not line.strip() for line in plain[:2])
    coloured = text.table(
        header, rows, width=width, elastic=header, color=True, styles=[("red", "", "bold")] * len(rows)
    )
    assert [ANSI.sub("", line) for line in coloured] == plain


def test_wide_characters_stay_aligned() -> None:
    lines = text.table(("Package", "V"), [("数数", "1"), ("abcd", "2")])
    assert lines == ["Package V", "------- -", "数数    1", "abcd    2"]


CELLS = st.text(st.sampled_from("ab%s -1"), max_size=6)


@given(st.integers(1, 3).flatmap(lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1)))
def test_plain_tables_are_padded_cell_by_cell(rows: list[list[str]]) -> None:
    header, *body = rows
    sizes = [max(map(len, column)) for column in zip(*rows, strict=True)]
    expected = [" ".join(cell.ljust(size) for cell, size in zip(row, sizes, strict=True)).rstrip() for row in rows]
    expected.insert(1, " ".join("-" * size for size in sizes).rstrip())
    assert text.table(header, body) == expected
    assert text.aligned(
        header, [list(column) for column in zip(*body, strict=True)] or [[]] * len(header)
    ) == "\n".join(expected)


@pytest.mark.parametrize("letter", ["x", "\u00e9"])
def test_a_cell_beyond_the_widest_sticks_out_of_any_table(letter: str) -> None:
    lines = text.table(["Name", "V"], [[letter * 10_000, "1"], ["y", "2"]])
    assert lines[1] == "-" * text.WIDEST + " -"
    assert lines[2:] == [letter * 10_000 + " 1", "y".ljust(text.WIDEST) + " 2"]
    assert max(map(len, text.table(["Name", "V"], [[letter * 10_000, "1"]], width=80, elastic=["Name"]))) == 80
