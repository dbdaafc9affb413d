"""The rows of a comparison: how they fold into a narrow terminal, and the words for numbers, names and settings."""

from __future__ import annotations

from fractions import Fraction

import pytest

from cnncalc.analyses.totals import Sum, Totals
from cnncalc.analyses.tree import Figure
from cnncalc.formats.table import NONE
from cnncalc.layers.contract import NO_OPERATIONS
from cnncalc.reports.diff.rows import (
    DiffRow,
    DiffView,
    first_of,
    label,
    lines_of,
    reached_in,
    signed,
    signed_percent,
    value_text,
)

BEFORE = Sum(100, 0, NO_OPERATIONS, 50)
TOTALS = Totals(BEFORE, BEFORE, 1, 1)
ROW = DiffRow(
    "encoder.stage1.block2.residual.conv",
    "conv",
    ["filters 8 -> 16", "output 8x32x32 -> 16x32x32"],
    Figure(10, 0, 0, 0, 0),
)


def cells(width: int, row: DiffRow = ROW) -> list[tuple[object, ...]]:
    options = DiffView(("layer", "change", "params"), width=width)
    return [line.cells for line in lines_of([row], TOTALS, options)]


def test_a_row_that_fits_is_one_line() -> None:
    # 35 of the name, 43 of the change, 6 of the header params, and twice 2 between: 88.
    assert cells(88) == [(ROW.name, "filters 8 -> 16, output 8x32x32 -> 16x32x32", "+10")]
    assert cells(0) == cells(88)


def test_a_name_is_cut_before_a_dot() -> None:
    # A name of at most 24, 6 of params and 4 between leave 80 - 34 = 46 for the change: its 43 need one line.
    assert cells(80) == [
        ("encoder.stage1.block2", "filters 8 -> 16, output 8x32x32 -> 16x32x32", "+10"),
        ("    .residual.conv", None, None),
    ]


def test_what_is_said_is_cut_between_its_things() -> None:
    # 60 - 34 = 26: as long as the output, which stands in a line of its own.
    assert cells(60) == [
        ("encoder.stage1.block2", "filters 8 -> 16", "+10"),
        ("    .residual.conv", "output 8x32x32 -> 16x32x32", None),
    ]


def test_what_is_said_is_cut_at_spaces_where_it_must_be() -> None:
    # 50 - 34 = 16, but never less than 24.
    assert cells(50) == [
        ("encoder.stage1.block2", "filters 8 -> 16", "+10"),
        ("    .residual.conv", "output 8x32x32 ->", None),
        (None, " 16x32x32", None),
    ]


def test_a_short_row_among_long_ones_stays_one_line() -> None:
    options = DiffView(("layer", "change", "params"), width=60)
    short = DiffRow("relu", "relu", (), None)
    lines = [line.cells for line in lines_of([ROW, short], TOTALS, options)]
    assert lines[2:] == [("relu", "", None)]


def test_there_is_room_for_words_where_columns_are_left_out() -> None:
    # All columns leave 80 - 26 - 8 - 10 - 6 - 8 - 13 = 9. Names, params and MACs alone leave 80 - 26 - 8 - 6 = 40,
    # too little for the 43 of both things in one line.
    said = [line.cells[1] for line in lines_of([ROW], TOTALS, DiffView(width=80))]
    assert said == ["filters 8 -> 16", "output 8x32x32 -> 16x32x32"]


@pytest.mark.parametrize(("number", "words"), [(0, NONE), (27680, "+27,680"), (-5, "-5")])
def test_signed(number: int, words: str) -> None:
    assert signed(number) == words


@pytest.mark.parametrize(("number", "whole", "words"), [(0, 5, ""), (5, 0, ""), (52, 1000, "+5.2"), (-1, 2, "-50.0")])
def test_signed_percent(number: int, whole: int, words: str) -> None:
    assert signed_percent(number, whole) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "none"),
        (True, "true"),
        (False, "false"),
        ((1, (2, 3)), "[1, [2, 3]]"),
        (Fraction(1, 2), "0.5"),
        (Fraction(1, 3), "1/3"),
        ("same", "same"),
        (3, "3"),
    ],
)
def test_value_text(value: object, words: str) -> None:
    assert value_text(value) == words


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["conv1"], "conv1"),
        (["conv4_7", "conv4_8", "conv4_9"], "conv4_7..9 x3"),
        (["conv2_1.residual.conv", "conv2_3.residual.conv"], "conv2_1..3.residual.conv x2"),
        (["stage.one", "stage.two"], "stage.one..two x2"),
        (["a.b", "c.d"], "a.b .. c.d x2"),
        (["a.b", "c"], "a.b .. c x2"),
    ],
)
def test_label(names: list[str], words: str) -> None:
    assert label(names) == words


def test_lists_are_cut() -> None:
    assert first_of(["a"]) == "a"
    assert first_of(["a", "b", "c"]) == "a, b and c"
    assert first_of(["a", "b", "c", "d"]) == "a, b and 2 more"
    assert reached_in(["a", "b"]) == "in a and b"
    assert reached_in(["a", "b", "c"]) == "in 3 layers"
