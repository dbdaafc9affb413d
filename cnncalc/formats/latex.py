"""Tables and documents as LaTeX has them; tables with the rules of the package booktabs."""

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

LONG_WORD = re.compile(r"\S{16,}")
BREAK = re.compile(r"(?<=\w)((?<![0-9])\.|\.(?![0-9])|\\_|=|/)(?=\w)")
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


# The text of LaTeX's own article class on A4 or letter paper, and a character of it, in points.
LINE = 345.0
CHARACTER = 5.3
# Font sizes, how wide a digit of them is against that of the normal one (in Computer Modern smaller ones are wider
# than their size), and half the gap between columns that goes with each.
SIZES = (("", 1.0, 6.0), (r"\small", 0.93, 4.0), (r"\footnotesize", 0.85, 4.0), (r"\scriptsize", 0.8, 3.0))
TINY = (r"\tiny", 0.68, 2.0)
# The place of the size from which on paragraphs are set.
SMALL = 2
# What fits a page.
MOST_ROWS = 40
# A column of longer texts is a column of paragraphs: of those that are shorter only where nothing else helps.
LONGEST_TEXTS = (34, 16)
WIDEST_PARAGRAPH = 100


class _TableShape(Record):
    """How a table fits the page: its environment, the columns' letters, its font size, and what remains too wide."""

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
    """The lines of a tabular for the package booktabs, or of a longtable where a page is too short for it.

    A table that is too wide has smaller type, and is scaled to the line where that is not enough.
    """
    title = f"{plain(table.title)}: " if table.title else ""
    yield rf"% {title}wants \usepackage{{{','.join(_fit(table).packages)}}}"
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
    """The packages that tables want."""
    return list(dict.fromkeys(package for table in tables for package in _fit(table).packages))


def _fit(table: Table) -> _TableShape:
    """How a table fits: with smaller type, else with its longer texts as paragraphs, else scaled.

    A table of several pages cannot be scaled: its type is tiny.
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
        # Each has what it needs at least, and of the rest the more the longer its texts are.
        narrowest = min(longest * CHARACTER * part, room / len(paragraphs))
        further = {number: min(widths[number], WIDEST_PARAGRAPH) - longest for number in paragraphs}
        for number, more in further.items():
            share = narrowest + (room - narrowest * len(paragraphs)) * more / sum(further.values())
            letters[number] = rf"p{{{share / LINE:.2f}\linewidth}}"
            # The longest text says how many lines a row has at most: half of them is a fair guess.
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
    """The width of a table of that many characters."""
    _, part, gap = size
    return characters * CHARACTER * part + 2 * gap * len(table.columns)


def _paragraph(cell: Cell) -> str:
    return rf"\raggedright {breakable(text(cell))}"


def _cell(cell: Cell) -> str:
    # The braces keep a decimal comma's space out of the thousands.
    return escape(text(cell)).replace(",", "{,}") if isinstance(cell, int) else escape(text(cell))


def escape(words: str) -> str:
    """Text that LaTeX prints as it is."""
    safe = "".join(SPECIAL.get(character, character) for character in plain(words))
    # At the start of a row these would be arguments of the row before.
    return f"{{{safe[0]}}}{safe[1:]}" if safe[:1] in ("[", "*") else safe


def breakable(words: str) -> str:
    """Text that LaTeX prints as it is, and may break behind the dots, underscores and signs of a long name."""
    return LONG_WORD.sub(lambda word: BREAK.sub(r"\g<0>\\allowbreak{}", word.group()), escape(words))
