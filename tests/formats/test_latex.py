"""Tables in LaTeX fit the page of an article."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from cnncalc.formats import latex
from cnncalc.formats.table import Column, Line, Table

HEAD = r"\documentclass{article}\usepackage{amsmath,booktabs,graphicx,longtable}\begin{document}"
# What is widest: long tables and names, all columns, many columns of text, and a network's formulas.
WIDE = [
    ("layers",),
    ("layers", "conv"),
    ("list",),
    ("summary", "lenet5"),
    ("summary", "mobilenet_v2", "--depth", "2"),
    ("summary", "vgg16", "--columns", "all"),
    ("summary", "densenet121"),
    ("summary", "resnet152", "--depth", "all"),
    ("sharing", "mobilenet_v2"),
    ("memory", "mobilenet_v2"),
    ("field", "resnet50"),
    ("compare", "vgg16", "resnet50", "mobilenet_v2"),
    ("compare", "vgg16", "resnet50", "--transpose"),
    ("explain", "mobilenet_v2"),
    ("explain", "alexnet", "conv1"),
    ("explain", "mobilenet_v2", "stage7.block1.residual.expand.conv"),
    ("explain", "googlenet", "inception_3a.5x5_reduce"),
    ("explain", "unet", "up1.up_conv"),
    ("explain", "alexnet", "norm1"),
    ("explain", "resnet50", "conv2_1.residual.3x3.batch_norm"),
]


def table(widths: list[int], rows: int = 2, *, numeric: bool = False) -> Table:
    """A table whose cells have so many letters; the first column has names."""
    columns = tuple(Column(f"c{n}", "c", numeric=numeric and n > 0) for n in range(len(widths)))
    cells = tuple("n" * width for width in widths)
    return Table("", (), columns, (Line(cells),) * rows, ())


def test_a_narrow_table_is_a_tabular_of_normal_size() -> None:
    assert next(iter(latex.body(table([10, 10])))) == r"\noindent\begin{tabular}{ll}"
    assert next(iter(latex.write(table([10, 10])))) == r"% needs \usepackage{booktabs}"


def test_a_wider_table_has_smaller_type() -> None:
    """60 characters of 5.3 pt with four gaps of 12 pt are 366 pt, and the line has 345."""
    lines = list(latex.body(table([20, 15, 15, 10], numeric=True)))
    assert lines[0].startswith(r"\begingroup\small")
    assert lines[1] == r"\noindent\begin{tabular}{@{}lrrr@{}}"
    assert lines[-1] == r"\endgroup"


def test_long_texts_are_paragraphs() -> None:
    lines = list(latex.body(table([10, 90, 10])))
    assert lines[1].startswith(r"\noindent\begin{tabular}{@{}lp{0.")
    assert lines[-4] == rf"{10 * 'n'} & \raggedright {90 * 'n'} & {10 * 'n'} \tabularnewline"


def test_a_table_too_wide_at_every_size_is_scaled() -> None:
    lines = list(latex.write(table([15] * 12, numeric=True)))
    assert lines[0] == r"% needs \usepackage{booktabs,graphicx}"
    assert lines[2] == r"\noindent\resizebox{\linewidth}{!}{%"
    assert lines[-2:] == [r"\end{tabular}}", r"\endgroup"]


def test_a_table_longer_than_a_page_continues_on_the_next() -> None:
    lines = list(latex.write(table([10, 10], 41)))
    assert lines[0] == r"% needs \usepackage{booktabs,longtable}"
    assert lines[1] == r"\begin{longtable}[l]{@{}ll@{}}"
    assert r"\endhead" in lines
    assert next(iter(latex.body(table([10, 10], 40)))).startswith(r"\noindent\begin{tabular}")
    # A table of several pages cannot be scaled.
    assert next(iter(latex.body(table([15] * 12, 41, numeric=True)))).startswith(r"\begingroup\tiny")


@pytest.mark.long
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="LaTeX is not installed")
@pytest.mark.parametrize("arguments", WIDE, ids=" ".join)
def test_no_line_is_too_long(arguments: tuple[str, ...], run, tmp_path: Path) -> None:
    """As LaTeX itself finds; the columns of a longtable need a second run."""
    text = run(*arguments, "--format", "latex").output
    (tmp_path / "page.tex").write_text(f"{HEAD}\n{text}\n\\end{{document}}\n")
    for _ in range(2):
        subprocess.run(
            ["pdflatex", "-interaction=batchmode", "-halt-on-error", "page.tex"],
            cwd=tmp_path,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    log = (tmp_path / "page.log").read_text(errors="replace")
    assert [line for line in log.splitlines() if line.startswith("Overfull")] == []
