"""Numbers, shapes and texts as they are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from cnncalc.formats import csv, html, latex, markdown
from cnncalc.formats.shapes import shape, window
from cnncalc.layers.shapes import Shape, SlidingWindow, SpreadWindow
from cnncalc.text import Share, integer, percent, plain, size


def test_integer():
    assert integer(138_357_544) == "138,357,544"


@pytest.mark.parametrize(
    ("part", "whole", "written"),
    [
        (102_764_544, 138_357_544, "74.3"),
        (1, 8, "12.5"),
        (1, 1, "100.0"),
        (0, 5, "0.0"),
        (1, 10_000, "<0.1"),
        (0, 0, ""),
    ],
)
def test_percent(part, whole, written):
    assert percent(Share(part, whole)) == written


@given(some.integers(0, 10**18), some.integers(1, 10**18))
def test_percent_rounds_half_up(part, whole):
    written = percent(Share(part, whole))
    tenths = 1000 * part / whole
    if written != "<0.1":
        assert abs(float(written) * 10 - tenths) <= 0.5 + tenths * 1e-9


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (138_357_544 * 4, "527.8 MiB"),
        (2**40, "1.0 TiB"),
        (2**70, "1,048,576.0 PiB"),
    ],
)
def test_size(number, written):
    assert size(number) == written


def test_shape():
    assert shape(Shape((3, 224, 227))) == "3x224x227"
    assert shape(Shape((3, 224, 227)), "hwc") == "224x227x3"
    assert shape(Shape((4096,)), "hwc") == "4096"


def test_window():
    assert window((SlidingWindow(7, 2, 3, 3), SlidingWindow(7, 2, 3, 3))) == "7x7/2/3"
    assert window((SlidingWindow(1), SlidingWindow(7, 1, 3, 3))) == "1x7/1/0x3"
    assert window((SlidingWindow(3, 2, 0, 1), SlidingWindow(3, 2, 0, 1))) == "3x3/2/0+1"
    assert window((SlidingWindow(3, 1, 2, 2, 2), SlidingWindow(3, 1, 2, 2, 2))) == "3x3/1/2 d2"
    assert window((SpreadWindow(4, 2),)) == ""


@given(some.text())
def test_no_control_character_passes(words):
    assert all(character.isprintable() or character.isspace() for character in plain(words))
    assert "\x1b" not in plain(words)
    assert "\n" not in plain(words)


HOSTILE = "<b>|`*_[x](y)~#\\ =1+1 \x1b[31m {$&%^}"


def test_markdown_takes_nothing_for_markup():
    escaped = markdown.escape(HOSTILE)
    assert "<" not in escaped
    assert "\x1b" not in escaped
    assert r"\|" in escaped
    assert markdown.escape("max_pool") == "max_pool"
    assert markdown.escape("_max_") == r"\_max\_"


def test_latex_takes_nothing_for_a_command():
    assert latex.escape("50 % of a_b & {c}") == r"50 \% of a\_b \& \{c\}"
    assert latex.escape("\\input{x}") == r"\textbackslash{}input\{x\}"


def test_csv_quotes_and_gives_no_formula():
    assert csv.escape("=cmd|' /C calc'!A0") == "'=cmd|' /C calc'!A0"
    assert csv.escape('a,"b"') == '"a,""b"""'
    assert csv.escape("conv1") == "conv1"


def test_html_escapes():
    from cnncalc.formats.table import Column, Line, Table

    table = Table("<script>", ("a & b",), (Column("name", "layer"),), (Line(("<i>",), 1),), (("", "<p>"),))
    text = "\n".join(html.write(table))
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert "<i>" not in text
    assert "<p>" not in text
