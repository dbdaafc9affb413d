"""A table as a record: what every output format writes, each in its own way."""

from __future__ import annotations

from typing import TypeAlias

from cnncalc.record import Record
from cnncalc.text import BYTES, Share, integer, percent, several, size


class Items(tuple[str, ...]):
    """Several texts in a cell: programs read all of them, people the first where they are many."""

    __slots__ = ()


Cell: TypeAlias = int | str | Share | Items | None

NONE = "-"
LEFT_OUT = "left out at this width: {columns}; --columns chooses, a wider terminal shows all"


class Ordinal(int):
    """A number that is no amount, such as a year or a line: written as it is."""

    __slots__ = ()


class Memory(int):
    """An amount of bytes: programs read the number, people binary units."""

    __slots__ = ()


class Measured(int):
    """An amount that a terminal with room draws a bar beside: its part of `most`."""

    most: int

    def __new__(cls, amount: int, most: int) -> Measured:  # noqa: PYI034 - Self is of Python 3.11
        measured = super().__new__(cls, amount)
        measured.most = most
        return measured


class Column(Record):
    """A column; those with the highest `drop` are left out first where a terminal is narrow, 0 never.

    A terminal draws bars beside its measured numbers and shares where `bars` is not 0; they are left out
    as a column of that `drop` would be. Texts of a column without bars may be cut to `least`, where that is not 0.
    """

    key: str
    header: str
    numeric: bool = False
    drop: int = 0
    bars: int = 0
    least: int = 0


class Line(Record):
    """A row. `indent` is its level in a tree, `faint` what is not counted."""

    cells: tuple[Cell, ...]
    indent: int = 0
    heading: bool = False
    faint: bool = False


class Table(Record):
    """A titled table with notes below; a note is a label and its text.

    `left_out` is what a terminal says that is too narrow for all {columns}.
    """

    title: str
    subtitle: tuple[str, ...]
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    notes: tuple[tuple[str, str], ...]
    left_out: str = LEFT_OUT
    language: str = "en"


def to_cell(number: int, unit: str) -> int:
    """A number as the cell of its unit."""
    return Memory(number) if unit == BYTES else number


def text(cell: Cell) -> str:
    """A cell as people read it."""
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
