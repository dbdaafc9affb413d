"""Tables and documents in LaTeX; tables use the package booktabs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from cnncalc.formats.table import Cell, Table, text
from cnncalc.formats.terminal import columns_of
from cnncalc.record import Record
from cnncalc.text import plain

if TYPE_CHECKING:
    from cnncalc.formats.document import Document

LONG_WORD = re.compile(r"\S{14,}")
BREAK = re.compile(r"(?<=\w)((?<![0-9])\.|\.(?![0-9])|\\_|=|/)(?=\w)|(?<=[a-z])(?=[A-Z])")
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


# The text width of LaTeX's article class on A4 or letter paper, and the width of a character, in points.
LINE = 345.0
CHARACTER = 5.3
# Font sizes, the width of a digit relative to the normal size (in Computer Modern, small fonts are wider than their
# size), and half of the gap between columns for each.
SIZES = (("", 1.0, 6.0), (r"\small", 0.93, 4.0), (r"\footnotesize", 0.85, 4.0), (r"\scriptsize", 0.8, 3.0))
TINY = (r"\tiny", 0.68, 2.0)
# The index of the size from which columns become paragraphs.
SMALL = 2
# The number of lines on a page.
MOST_ROWS = 40
# Columns with longer texts become paragraphs; columns with shorter texts only as a last resort.
LONGEST_TEXTS = (34, 16)
WIDEST_PARAGRAPH = 100


class _TableShape(Record):
    """The layout of a table: its environment, the columns' letters, its font size, and whether it is scaled."""

    long: bool
    columns: str
    paragraphs: frozenset[int]
    size: str
    gap: float
    scaled: bool

    @property
    def packages(self) -> list[str]:
        return ["booktabs", *(["longtable"] if self.long else []), *(["graphicx"] if self.scaled else [])]


def write(report: Table | Document) -> Iterator[str]:
    """The lines of a table or a document in LaTeX."""
    if isinstance(report, Table):
        return _table(report)
    from cnncalc.formats import latex_document

    return latex_document.write(report)


def _table(table: Table) -> Iterator[str]:
    """The lines of a tabular for the package booktabs, or of a longtable if it does not fit on a page.

    A table that is too wide has a smaller font, and is scaled if that is not enough.
    """
    title = f"{plain(table.title)}: " if table.title else ""
    yield rf"% {title}needs \usepackage{{{','.join(_fit(table).packages)}}}"
    yield from body(table)
    yield from notes(table)


def notes(table: Table) -> Iterator[str]:
    """The notes of a table as comments."""
    for label, note in table.notes:
        yield f"% {plain(f'{label}: {note}' if label else note)}"


def body(table: Table) -> Iterator[str]:
    """The lines of a table without its title and notes."""
    shape = _fit(table)
    environment = "longtable" if shape.long else "tabular"
    end = r" \tabularnewline" if shape.paragraphs else r" \\"
    if shape.size:
        yield rf"\begingroup{shape.size}\setlength{{\tabcolsep}}{{{shape.gap:g}pt}}"
    if shape.scaled:
        yield r"\noindent\resizebox{\linewidth}{!}{%"
    place = "" if shape.long or shape.scaled else r"\noindent"
    yield rf"{place}\begin{{{environment}}}{'[l]' if shape.long else ''}{{{shape.columns}}}"
    yield r"\toprule"
    yield f"{' & '.join(escape(column.header) for column in table.columns)}{end}"
    yield r"\midrule"
    if shape.long:
        yield r"\endhead"
    for line in table.lines:
        cells = [
            _paragraph(cell) if number in shape.paragraphs else _cell(cell) for number, cell in enumerate(line.cells)
        ]
        cells[0] = rf"\hspace*{{{line.indent}em}}{cells[0]}" if line.indent else cells[0]
        yield f"{' & '.join(cells)}{end}"
    yield r"\bottomrule"
    yield rf"\end{{{environment}}}{'}' if shape.scaled else ''}"
    if shape.size:
        yield r"\endgroup"


def packages(tables: Iterable[Table]) -> list[str]:
    """The packages that tables need."""
    return list(dict.fromkeys(package for table in tables for package in _fit(table).packages))


def _fit(table: Table) -> _TableShape:
    """The layout of a table: with a smaller font, else with long texts as paragraphs, else scaled.

    A table of several pages cannot be scaled, so its font is tiny.
    """
    widths = _widths(table)
    texts = [number for number, column in enumerate(table.columns) if number and not column.numeric]
    choices = [
        (longest, frozenset(number for number in texts if widths[number] > longest)) for longest in LONGEST_TEXTS
    ]
    scaled = False
    for longest, paragraphs in choices:
        fixed = sum(width for number, width in enumerate(widths) if number not in paragraphs)
        least = fixed + longest * len(paragraphs)
        fitting = SIZES[SMALL:] if paragraphs else SIZES
        size = next((size for size in fitting if _points(least, table, size) <= LINE), None)
        if size is not None:
            break
    else:
        scaled = len(table.lines) <= MOST_ROWS
        longest, paragraphs = choices[0 if scaled else -1]
        fixed = sum(width for number, width in enumerate(widths) if number not in paragraphs)
        size = SIZES[-1] if scaled else TINY
    name, part, gap = size
    letters = ["r" if column.numeric else "l" for column in table.columns]
    rows = len(table.lines)
    if paragraphs:
        room = max(LINE - _points(fixed, table, (name, part, gap)), LINE / 4)
        # Each column has its minimum, and a part of the rest in proportion to its texts.
        narrowest = min(longest * CHARACTER * part, room / len(paragraphs))
        further = {number: min(widths[number], WIDEST_PARAGRAPH) - longest for number in paragraphs}
        for number, more in further.items():
            share = narrowest + (room - narrowest * len(paragraphs)) * more / sum(further.values())
            letters[number] = rf"p{{{share / LINE:.2f}\linewidth}}"
            # Estimate the lines of a row as half of those of the longest text.
            rows = max(rows, len(table.lines) * round(widths[number] * CHARACTER * part / share / 2))
    long = rows > MOST_ROWS and not scaled
    columns = "".join(letters)
    return _TableShape(long, f"@{{}}{columns}@{{}}" if name or long else columns, paragraphs, name, gap, scaled)


def _widths(table: Table) -> list[int]:
    """The characters of each column's longest cell."""
    widths = [columns_of(column.header) for column in table.columns]
    for line in table.lines:
        for number, cell in enumerate(line.cells):
            indent = 2 * line.indent if number == 0 else 0
            widths[number] = max(widths[number], columns_of(text(cell)) + indent)
    return widths


def _points(characters: int, table: Table, size: tuple[str, float, float]) -> float:
    """The width of a table with this number of characters."""
    _, part, gap = size
    return characters * CHARACTER * part + 2 * gap * len(table.columns)


def _paragraph(cell: Cell) -> str:
    return rf"\raggedright {breakable(text(cell))}"


def _cell(cell: Cell) -> str:
    # Braces prevent the space after a decimal comma.
    return escape(text(cell)).replace(",", "{,}") if isinstance(cell, int) else escape(text(cell))


def escape(words: str) -> str:
    """Text escaped for LaTeX."""
    safe = "".join(SPECIAL.get(character, character) for character in plain(words))
    # At the start of a row, LaTeX reads these as arguments of the previous row.
    return f"{{{safe[0]}}}{safe[1:]}" if safe[:1] in ("[", "*") else safe


def breakable(words: str) -> str:
    """Text escaped for LaTeX, which may break a long name after dots, underscores and signs, and before capitals."""
    return LONG_WORD.sub(lambda word: BREAK.sub(r"\g<0>\\allowbreak{}", word.group()), escape(words))
