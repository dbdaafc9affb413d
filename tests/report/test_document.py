"""A document is written in three ways."""

from cnncalc.report.document import (
    Document,
    Heading,
    Point,
    Words,
    Working,
    write_latex,
    write_markdown,
    write_text,
)
from cnncalc.report.table import Column, Line, Table

AREA = Working("area", "height * width", {"height": 3, "width": 4}, "12")
TABLE = Table("", (), (Column("a", "name"), Column("b", "number", numeric=True)), (Line(("x", 1000)),), ())
DOCUMENT = Document((Heading("A title", 1), Words("Words."), Point("", "one"), Point("two", "more"), AREA, TABLE))


def test_text():
    assert list(write_text(DOCUMENT, 80)) == [
        "A title",
        "═══════",
        "",
        "Words.",
        "",
        "- one",
        "- two: more",
        "",
        "  area = height × width = 3 × 4 = 12",
        "",
        "name  number",
        "────────────",
        "x      1,000",
    ]


def test_ascii():
    assert all(line.isascii() for line in write_text(DOCUMENT, 80, ascii_only=True))


def test_a_long_working_is_a_line_a_step():
    values = {"a_long_name": 1_000_000, "another_name": 2_000_000}
    working = Working("quantity", "a_long_name * another_name", values, "2,000,000,000,000")
    lines = list(write_text(Document((working,)), 60))
    assert lines == [
        "  quantity = a long name × another name",
        "           = 1,000,000 × 2,000,000",
        "           = 2,000,000,000,000",
    ]


def test_markdown():
    assert list(write_markdown(DOCUMENT)) == [
        "## A title",
        "",
        "Words.",
        "",
        "- one",
        "- two: more",
        "",
        r"$$\text{area} = \text{height} \times \text{width} = 3 \times 4 = 12$$",
        "",
        "| name | number |",
        "| --- | ---: |",
        "| x | 1,000 |",
        "",
    ]


def test_latex():
    lines = list(write_latex(DOCUMENT))
    assert r"\section*{A title}" in lines
    assert r"\[ \text{area} = \text{height} \times \text{width} = 3 \times 4 = 12 \]" in lines
    assert r"\begin{tabular}{lr}" in lines


def test_a_step_is_not_said_twice():
    assert list(write_text(Document((Working("filters", "filters", {"filters": 96}, "96"),)), 80)) == ["  filters = 96"]


def test_a_function_has_no_result():
    assert list(write_text(Document((Working("f(x)", "max(x, 0)", {}),)), 80)) == ["  f(x) = max(x, 0)"]
