"""A document is written in three ways."""

from cnncalc.formats import html, latex, markdown, plain_text
from cnncalc.formats.document import Code, Document, Drawing, Heading, ListItem, Paragraph, Terms, Working
from cnncalc.formats.table import Column, Line, Table

AREA = Working("area", "height * width", {"height": 3, "width": 4}, "12")
TABLE = Table("", (), (Column("a", "name"), Column("b", "number", numeric=True)), (Line(("x", 1000)),), ())
DOCUMENT = Document(
    (Heading("A title", 1), Paragraph("Words."), ListItem("", "one"), ListItem("two", "more"), AREA, TABLE)
)


def test_text():
    assert list(plain_text.write(DOCUMENT, 80)) == [
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
    assert all(line.isascii() for line in plain_text.write(DOCUMENT, 80, ascii_only=True))


def test_a_long_working_is_a_line_a_step():
    values = {"a_long_name": 1_000_000, "another_name": 2_000_000}
    working = Working("quantity", "a_long_name * another_name", values, "2,000,000,000,000")
    lines = list(plain_text.write(Document((working,)), 60))
    assert lines == [
        "  quantity = a long name × another name",
        "           = 1,000,000 × 2,000,000",
        "           = 2,000,000,000,000",
    ]


def test_markdown():
    assert list(markdown.write(DOCUMENT)) == [
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
    lines = list(latex.write(DOCUMENT))
    assert r"\section*{A title}" in lines
    assert r"\[ \text{area} = \text{height} \times \text{width} = 3 \times 4 = 12 \]" in lines
    assert r"\noindent\begin{tabular}{lr}" in lines


def test_a_long_equation_in_latex_is_a_line_a_step():
    values = {"a_long_name": 1_000_000, "another_name": 2_000_000}
    working = Working("quantity", "a_long_name * another_name", values, "2,000,000,000,000")
    assert list(latex.write(Document((working,))))[2:-2] == [
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
    lines = list(latex.write(Document((working,))))[3:-3]
    assert lines[0] == r"\text{all} &= \text{quantity number a} \times \text{quantity number b} \\"
    assert lines[1] == r"&\quad {}\times \left(\text{quantity number c} + \text{quantity number d}\right) \\"
    assert lines[2] == r"&\quad {}\times \text{quantity number e} \\"
    assert lines[3:] == [r"&= 1 \times 1 \times \left(1 + 1\right) \times 1 \\", "&= 2"]


def test_long_names_in_latex_may_be_broken_and_numbers_not():
    name = "conv2_1.residual.3x3 of kernel 3x3/1 has 0.1 %"
    (line,) = (line for line in latex.write(Document((Paragraph(name),))) if line.startswith("conv"))
    broken = r"conv2\_\allowbreak{}1.\allowbreak{}residual.\allowbreak{}3x3 of kernel 3x3/1 has 0.1 \%"
    assert line == broken


def test_a_step_is_not_repeated():
    assert list(plain_text.write(Document((Working("filters", "filters", {"filters": 96}, "96"),)), 80)) == [
        "  filters = 96"
    ]


def test_a_function_has_no_result():
    assert list(plain_text.write(Document((Working("f(x)", "max(x, 0)", {}),)), 80)) == ["  f(x) = max(x, 0)"]


FURTHER = Document(
    (
        Heading("Low", 3),
        Terms(
            (("kernel", "size of the `filters` <b>"), ("", "default: 3"), ("a_long_term(with, many, arguments)", "x"))
        ),
        Code(("- conv: [64, 3]", "# 8 < 9 & \\end{verbatim}"), "yaml"),
        Drawing(lambda width, ascii_only: ("#" if ascii_only else "█", str(width))),
    )
)


def test_terms_code_and_drawings_as_text():
    assert list(plain_text.write(FURTHER, 60)) == [
        "Low",
        "  kernel        size of the `filters` <b>",
        "                default: 3",
        "  a_long_term(with, many, arguments)",
        "                x",
        "",
        "  - conv: [64, 3]",
        "  # 8 < 9 & \\end{verbatim}",
        "",
        "█",
        "60",
    ]
    assert list(plain_text.write(FURTHER, 60, ascii_only=True))[-2:] == ["#", "60"]


def test_terms_code_and_drawings_in_markdown():
    assert list(markdown.write(FURTHER)) == [
        "#### Low",
        "",
        "- kernel: size of the `filters` &lt;b&gt;; default: 3",
        r"- a\_long\_term(with, many, arguments): x".replace("\\_", "_"),
        "",
        "```yaml",
        "- conv: [64, 3]",
        "# 8 < 9 & \\end{verbatim}",
        "```",
        "",
        "```text",
        "█",
        "80",
        "```",
    ]


def test_terms_code_and_drawings_in_latex():
    lines = list(latex.write(FURTHER))
    assert r"\item[{kernel}] size of the `filters` \textless{}b\textgreater{}" in lines
    start = lines.index(r"\begin{verbatim}")
    assert lines[start : start + 4] == [
        r"\begin{verbatim}",
        "- conv: [64, 3]",
        r"# 8 < 9 & \end {verbatim}",
        r"\end{verbatim}",
    ]
    assert lines.count(r"\end{verbatim}") == 2
    assert "#" in lines


def test_a_page_of_html_has_every_block():
    page = "\n".join(html.write(Document((*DOCUMENT.blocks, *FURTHER.blocks))))
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>')
    assert "<dt>kernel</dt><dd>size of the `filters` &lt;b&gt;</dd>\n<dd>default: 3</dd>" in page
    assert "<pre>\n- conv: [64, 3]\n# 8 &lt; 9 &amp; \\end{verbatim}\n</pre>" in page
    assert page.count("<ul>") == page.count("</ul>") > 0
    assert page.count('<p class="formula">') == sum(isinstance(block, Working) for block in DOCUMENT.blocks)
