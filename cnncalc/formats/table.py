"""Tables as records, for all output formats."""

from __future__ import annotations

from typing import TypeAlias

from cnncalc.record import Record
from cnncalc.text import BYTES, Share, integer, percent, several, size


class Items(tuple[str, ...]):
    """Several texts in a cell: formats for programs have all of them, those for people the first ones."""

    __slots__ = ()


Cell: TypeAlias = int | str | Share | Items | None

NONE = "-"
LEFT_OUT = "hidden at this width: {columns}; choose with --columns, or widen the terminal"


class Ordinal(int):
    """A number that is not an amount, such as a year or a line: written without separators."""

    __slots__ = ()


class Memory(int):
    """An amount of bytes: a number in formats for programs, binary units in those for people."""

    __slots__ = ()


class Measured(int):
    """An amount with a bar beside it in a wide terminal, as a part of `most`."""

    most: int

    def __new__(cls, amount: int, most: int) -> Measured:  # noqa: PYI034 - Self is of Python 3.11
        measured = super().__new__(cls, amount)
        measured.most = most
        return measured


class MeasuredMemory(Measured, Memory):
    """An amount of bytes with a bar beside it."""


class Column(Record):
    """A column. In a narrow terminal, columns with the highest `drop` are hidden first, 0 never.

    If `bars` is not 0, a terminal draws bars beside measured numbers and shares; the bars are hidden like a column
    with this `drop`. Texts of a column without bars may be shortened to `least`, if that is not 0.
    """

    key: str
    header: str
    numeric: bool = False
    drop: int = 0
    bars: int = 0
    least: int = 0


class Line(Record):
    """A row. `indent` is its level in a tree; `faint` rows are not counted."""

    cells: tuple[Cell, ...]
    indent: int = 0
    heading: bool = False
    faint: bool = False


class Table(Record):
    """A titled table with notes below; a note is a label and its text.

    `left_out` is the note of a terminal that is too narrow for all {columns}.
    """

    title: str
    subtitle: tuple[str, ...]
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    notes: tuple[tuple[str, str], ...]
    left_out: str = LEFT_OUT
    language: str = "en"


def to_cell(number: int, unit: str) -> int:
    """The cell of a number in its unit."""
    return Memory(number) if unit == BYTES else number


def text(cell: Cell) -> str:
    """The text of a cell for people."""
    if cell is None:
        return ""
    if isinstance(cell, Share):
        return percent(cell)
    if isinstance(cell, Items):
        return several(cell)
    if isinstance(cell, Ordinal):
        return str(int(cell))
    if isinstance(cell, Memory):
        return size(cell) if cell else NONE
    if isinstance(cell, int):
        return integer(cell) if cell else NONE
    return cell
