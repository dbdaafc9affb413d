"""A report of headings, sentences, worked formulas and tables, and its writers.

Facts become a Document once; text, Markdown and LaTeX are three ways to write it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from cnncalc.errors import listed
from cnncalc.formats import latex, markdown, terminal
from cnncalc.formats.mathematics import UNBROKEN, Number, Style, written
from cnncalc.formats.table import Table
from cnncalc.text import plain

MIN_WIDTH = 40
# How many characters a line of LaTeX's article takes in a formula, and what counts how much there.
LATEX_COLUMNS = 62
TOKEN = re.compile(r"\\left(?![a-z])|\\right(?![a-z])|[{}]| (?:\\times|[+-]) ")
FRACTION = re.compile(r"\\frac\{((?:[^{}]|\{[^{}]*\})*)\}\{((?:[^{}]|\{[^{}]*\})*)\}")
COMMAND = re.compile(r"\\([A-Za-z]+) ?|\\(?=[^A-Za-z])|[{}_]")
SIGNS = {
    **dict.fromkeys(("times", "le", "ge", "ne", "lfloor", "rfloor", "lceil", "rceil"), "*"),
    **dict.fromkeys(("text", "left", "right", "begin", "end"), ""),
}


class Heading(NamedTuple):
    """A heading; level 1 is the title."""

    text: str
    level: int = 2


class Words(NamedTuple):
    """A paragraph."""

    text: str


class Point(NamedTuple):
    """An item of a list: what it is about, and what is said of it."""

    label: str
    text: str


class Working(NamedTuple):
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
        own = latex_text(self.quantity) if style is Style.LATEX else self.quantity
        return [step for step in dict.fromkeys((symbols, numbers)) if step not in (plain_result, own)]

    def parts(self, style: Style) -> list[str]:
        """All sides of the equation after the quantity."""
        # A negative result has the sign of the formula's style.
        result = re.sub(r"^-(?=[0-9])", "−", self.result) if style is Style.UNICODE else self.result
        return [*self.steps(style), *([result] if result else [])]


Block: TypeAlias = Heading | Words | Point | Working | Table


class Document(NamedTuple):
    """The blocks of a report, in order."""

    blocks: tuple[Block, ...]


def write_text(document: Document, width: int, *, ascii_only: bool = False) -> Iterator[str]:
    """The lines of a document as plain text, wrapped to `width` columns."""
    style = Style.ASCII if ascii_only else Style.UNICODE
    previous: Block | None = None
    for block in document.blocks:
        if previous is not None and not (isinstance(block, Point | Working) and type(block) is type(previous)):
            yield ""
        yield from _text(block, max(width, MIN_WIDTH), style)
        previous = block


def _text(block: Block, width: int, style: Style) -> Iterator[str]:
    if isinstance(block, Heading):
        yield from terminal.wrapped(block.text, width)
        if block.level <= 2:
            rule = ("=" if block.level == 1 else "-") if style is Style.ASCII else ("═" if block.level == 1 else "─")
            yield rule * min(terminal.columns_of(plain(block.text)), width)
    elif isinstance(block, Words):
        yield from terminal.wrapped(block.text, width)
    elif isinstance(block, Point):
        label = f"- {block.label}: " if block.label else "- "
        first, *rest = terminal.wrapped(f"{label}{block.text}", width - 2)
        yield first
        yield from (f"  {line}" for line in rest)
    elif isinstance(block, Working):
        yield from _steps([block.quantity, *block.parts(style)], width)
    else:
        signs = terminal.ASCII if style is Style.ASCII else {}
        yield from (line.text.translate(signs) for line in terminal.layout(block, width))


def _steps(parts: list[str], width: int) -> Iterator[str]:
    """`quantity = symbols = numbers = result`, a line a step where one line is too short."""
    whole = " = ".join(parts)
    if terminal.columns_of(whole) + 2 <= width:
        yield f"  {whole}".replace(UNBROKEN, " ")
        return
    indent = " " * (terminal.columns_of(parts[0]) + 3)
    for position, part in enumerate(parts[1:]):
        lines = terminal.wrapped(part, max(width - len(indent) - 4, MIN_WIDTH // 2))
        yield f"  {f'{parts[0]} = ' if position == 0 else f'{indent[:-2]}= '}{lines[0]}".replace(UNBROKEN, " ")
        yield from (f"  {indent}  {line}".replace(UNBROKEN, " ") for line in lines[1:])


def write_markdown(document: Document) -> Iterator[str]:
    """The lines of a document in Markdown, with formulas as GitHub's mathematics."""
    for block, following in zip_longest(document.blocks, document.blocks[1:]):
        if isinstance(block, Heading):
            yield f"{'#' * (block.level + 1)} {markdown.escape(block.text)}"
        elif isinstance(block, Words):
            yield markdown.paragraph(block.text)
        elif isinstance(block, Point):
            label = f"{markdown.escape(block.label)}: " if block.label else ""
            yield f"- {label}{markdown.escape(block.text)}"
        elif isinstance(block, Working):
            yield f"$${_latex(block)}$$"
        else:
            yield from markdown.write(block)
            continue
        if following is not None and not (isinstance(block, Point) and isinstance(following, Point)):
            yield ""


def write_latex(document: Document) -> Iterator[str]:
    """The lines of a document in LaTeX, whose lines fit the page of an article."""
    tables = latex.packages(block for block in document.blocks if isinstance(block, Table))
    yield f"% wants {listed(['amsmath', *tables])}, and ctex or xeCJK for Chinese"
    # Long names leave lines short: then spaces are wide.
    yield r"\begingroup\emergencystretch=6em"
    for block in document.blocks:
        if isinstance(block, Heading):
            command = "section" if block.level == 1 else "subsection" if block.level == 2 else "paragraph"
            yield f"\\{command}*{{{latex.breakable(block.text)}}}"
        elif isinstance(block, Words):
            yield latex.breakable(block.text)
        elif isinstance(block, Point):
            label = f"\\textbf{{{latex.breakable(block.label)}}}: " if block.label else ""
            yield f"\\par\\noindent {label}{latex.breakable(block.text)}"
        elif isinstance(block, Working):
            yield from _equation(block)
        else:
            yield from latex.body(block)
            yield from latex.notes(block)
        yield ""
    yield r"\endgroup"


def _equation(block: Working) -> Iterator[str]:
    """A displayed formula: in one line where it fits, else a line a step, and those broken at their operators."""
    first, *steps = _sides(block)
    if sum(map(_columns, (first, *steps))) + 3 * len(steps) <= LATEX_COLUMNS or not steps:
        yield f"\\[ {_latex(block)} \\]"
        return
    # A long quantity has a line of its own.
    alone = _columns(first) > LATEX_COLUMNS // 3
    room = LATEX_COLUMNS - (4 if alone else _columns(first) + 3)
    equals, indent = (r"&\quad = ", r"&\qquad\quad ") if alone else ("&= ", r"&\quad ")
    lines = [f"&{first}"] if alone else []
    for step in steps:
        broken = _broken(step, room)
        lines += [f"{equals}{broken[0]}", *(f"{indent}{line}" for line in broken[1:])]
    if not alone:
        lines[0] = f"{first} {lines[0]}"
    yield r"\begin{align*}"
    yield from (f"{line} \\\\" for line in lines[:-1])
    yield lines[-1]
    yield r"\end{align*}"


def _broken(step: str, room: int) -> list[str]:
    """A side of an equation in lines, all but the first with the operator that they go on with."""
    lines: list[str] = []
    for part in _parts(step):
        if lines and _columns(lines[-1]) + _columns(part) <= room:
            lines[-1] += part
        else:
            lines.append(part.strip() if not lines else f"{{}}{part.strip()}" if part[0] == " " else part)
    return lines


def _parts(step: str) -> Iterator[str]:
    """The operands of the outermost operators, each but the first with the operator before it."""
    depth = start = 0
    for found in TOKEN.finditer(step):
        token = found.group()
        if token in ("{", r"\left"):
            depth += 1
        elif token in ("}", r"\right"):
            depth -= 1
        elif not depth and token[0] == " ":
            yield step[start : found.start()]
            start = found.start()
    yield step[start:]


def _columns(words: str) -> int:
    """About how many characters of text are as wide as a formula."""
    words = FRACTION.sub(lambda found: max(found.groups(), key=_columns), words)
    return terminal.columns_of(COMMAND.sub(lambda found: SIGNS.get(found.group(1), found.group(1) or ""), words))


def _latex(block: Working) -> str:
    return " = ".join(_sides(block))


def _sides(block: Working) -> list[str]:
    """All sides of an equation in LaTeX."""
    number = re.fullmatch(r"-?[0-9,.]+", block.result)
    result = block.result.replace(",", "{,}") if number else latex_text(block.result) if block.result else ""
    parts = [latex_text(block.quantity), *block.steps(Style.LATEX), result]
    return [part for part in parts if part]


def latex_text(words: str) -> str:
    """Words inside a formula."""
    return f"\\text{{{latex.escape(words)}}}"
