"""A report of headings, sentences, worked formulas, code and tables.

Reports make documents, and each format writes them in its own way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from cnncalc.formats.mathematics import Number, Style, written
from cnncalc.formats.table import Table
from cnncalc.record import Record


class Heading(Record):
    """A heading; level 1 is the title."""

    text: str
    level: int = 2


class Paragraph(Record):
    """A paragraph; with `has_code`, text in backticks is code, as in our own documentation."""

    text: str
    has_code: bool = False


class ListItem(Record):
    """An item of a list: a label and its text."""

    label: str
    text: str
    colon: str = ": "


class Working(Record):
    """A worked formula: its quantity, its symbols, its numbers, and its result.

    `formula` is an expression of the spec language (see expressions.py), `values` the numbers of
    the names in it, `names` the notation of names that differ. Without a result, only the formula is
    written.
    """

    quantity: str
    formula: str
    values: Mapping[str, Number]
    result: str = ""
    names: Mapping[str, str] = MappingProxyType({})

    def steps(self, style: Style) -> list[str]:
        """The formula with symbols and with numbers, without repetitions."""
        symbols = written(self.formula, style, names=self.names)
        numbers = written(self.formula, style, self.values, self.names)
        plain_result = self.result.replace(",", "{,}") if style is Style.LATEX else self.result
        own = f"\\text{{{self.quantity}}}" if style is Style.LATEX else self.quantity
        return [step for step in dict.fromkeys((symbols, numbers)) if step not in (plain_result, own)]

    def parts(self, style: Style) -> list[str]:
        """All sides of the equation after the quantity."""
        # A negative result has the sign of the formula's style.
        result = re.sub(r"^-(?=[0-9])", "−", self.result) if style is Style.UNICODE else self.result
        return [*self.steps(style), *([result] if result else [])]


class Terms(Record):
    """Terms with their meanings; an entry without a term continues the previous term."""

    terms: tuple[tuple[str, str], ...]


class Code(Record):
    """Preformatted lines, such as a spec."""

    lines: tuple[str, ...]
    language: str = "text"


class Drawing(Record):
    """Lines that are drawn to a width, optionally in ASCII only."""

    draw: Callable[[int, bool], Iterable[str]]


Block: TypeAlias = Heading | Paragraph | ListItem | Working | Terms | Code | Drawing | Table


class Document(Record):
    """The blocks of a report, in order, and their language."""

    blocks: tuple[Block, ...]
    language: str = "en"
