"""A report of headings, sentences, worked formulas, code and tables.

Facts become a Document once; each format has a way to write it.
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
    """A paragraph; backticks hold code in it where `has_code`, as in documentation of our own."""

    text: str
    has_code: bool = False


class ListItem(Record):
    """An item of a list: what it is about, and what is said of it."""

    label: str
    text: str
    colon: str = ": "


class Working(Record):
    """A worked formula: what it gives, as symbols, with the numbers in, and the result.

    `formula` is an expression of the spec language (see expressions.py), `values` the numbers of
    the names in it, `names` how those are written where not as they are. Without a result, the formula
    is all there is to say.
    """

    quantity: str
    formula: str
    values: Mapping[str, Number]
    result: str = ""
    names: Mapping[str, str] = MappingProxyType({})

    def steps(self, style: Style) -> list[str]:
        """The formula as symbols and with the numbers, each but once."""
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
    """Terms with what they mean; one without a term goes on with the term before it."""

    terms: tuple[tuple[str, str], ...]


class Code(Record):
    """Lines that stay as they are, such as a spec."""

    lines: tuple[str, ...]
    language: str = "text"


class Drawing(Record):
    """Lines that are drawn to a width, in ASCII alone where that is asked for."""

    draw: Callable[[int, bool], Iterable[str]]


Block: TypeAlias = Heading | Paragraph | ListItem | Working | Terms | Code | Drawing | Table


class Document(Record):
    """The blocks of a report, in order, and the language that they are in."""

    blocks: tuple[Block, ...]
    language: str = "en"
