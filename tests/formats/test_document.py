"""A document is written in three ways."""

from cnncalc.formats.document import Document, Heading, Point, Words, Working, write_latex, write_markdown, write_text
from cnncalc.formats.table import Column, Line, Table

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
    assert r"\noindent\begin{tabular}{lr}" in lines


def test_a_long_equation_in_latex_is_a_line_a_step():
    values = {"a_long_name": 1_000_000, "another_name": 2_000_000}
    working = Working("quantity", "a_long_name * another_name", values, "2,000,000,000,000")
    assert list(write_latex(Document((working,))))[2:-2] == [
        r"\begin{align*}",
        r"\text{quantity} &= \text{a long name} \times \text{another name} \\",
        r"&= 1{,}000{,}000 \times 2{,}000{,}000 \\",
        r"&= 2{,}000{,}000{,}000{,}000",
        r"\end{align*}",
    ]


def test_a_step_that_is_too_long_in_latex_is_broken_at_its_outermost_operators():
    """Not within parentheses and fractions, which are one part."""
    names = [f"quantity_number_{letter}" for letter in "abcde"]
    inner = f"({names[2]} + {names[3]})"
    working = Working("all", f"{names[0]} * {names[1]} * {inner} * {names[4]}", dict.fromkeys(names, 1), "2")
    lines = list(write_latex(Document((working,))))[3:-3]
    assert lines[0] == r"\text{all} &= \text{quantity number a} \times \text{quantity number b} \\"
    assert lines[1] == r"&\quad {}\times \left(\text{quantity number c} + \text{quantity number d}\right) \\"
    assert lines[2] == r"&\quad {}\times \text{quantity number e} \\"
    assert lines[3:] == [r"&= 1 \times 1 \times \left(1 + 1\right) \times 1 \\", "&= 2"]


def test_long_names_in_latex_may_be_broken_and_numbers_not():
    name = "conv2_1.residual.3x3 of kernel 3x3/1 has 0.1 %"
    (line,) = (line for line in write_latex(Document((Words(name),))) if line.startswith("conv"))
    broken = r"conv2\_\allowbreak{}1.\allowbreak{}residual.\allowbreak{}3x3 of kernel 3x3/1 has 0.1 \%"
    assert line == broken


def test_a_step_is_not_said_twice():
    assert list(write_text(Document((Working("filters", "filters", {"filters": 96}, "96"),)), 80)) == ["  filters = 96"]


def test_a_function_has_no_result():
    assert list(write_text(Document((Working("f(x)", "max(x, 0)", {}),)), 80)) == ["  f(x) = max(x, 0)"]
