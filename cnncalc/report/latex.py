"""Tables as LaTeX has them, with the rules of the package booktabs."""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.report.format import plain
from cnncalc.report.table import Cell, Table, text

SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "^": r"\textasciicircum{}",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "%": r"\%",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "×": r"$\times$",
}


def write(table: Table) -> Iterator[str]:
    """The lines of a tabular for the package booktabs."""
    yield f"% {f'{plain(table.title)}: ' if table.title else ''}wants \\usepackage{{booktabs}}"
    yield rf"\begin{{tabular}}{{{''.join('r' if column.numeric else 'l' for column in table.columns)}}}"
    yield r"\toprule"
    yield _row([escape(column.header) for column in table.columns])
    yield r"\midrule"
    for line in table.lines:
        cells = [_cell(cell) for cell in line.cells]
        cells[0] = rf"\hspace*{{{line.indent}em}}{cells[0]}" if line.indent else cells[0]
        yield _row(cells)
    yield r"\bottomrule"
    yield r"\end{tabular}"
    for label, note in table.notes:
        yield f"% {plain(f'{label}: {note}' if label else note)}"


def _cell(cell: Cell) -> str:
    # The braces keep a decimal comma's space out of the thousands.
    return escape(text(cell)).replace(",", "{,}") if isinstance(cell, int) else escape(text(cell))


def _row(cells: list[str]) -> str:
    return f"{' & '.join(cells)} \\\\"


def escape(words: str) -> str:
    """Text that LaTeX prints as it is."""
    safe = "".join(SPECIAL.get(character, character) for character in plain(words))
    # At the start of a row these would be arguments of the row before.
    return f"{{{safe[0]}}}{safe[1:]}" if safe[:1] in ("[", "*") else safe
