"""Documents as plain text."""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.formats import terminal
from cnncalc.formats.document import Block, Code, Document, Drawing, Heading, ListItem, Paragraph, Terms, Working
from cnncalc.formats.mathematics import UNBROKEN, Style
from cnncalc.text import plain

MIN_WIDTH = 40
USUAL_WIDTH = 80
INDENT = "  "
LEAST_TERM = 12
# ASCII replacements of Unicode characters.
ASCII = {**terminal.ASCII, ord("×"): "x"}
# Longer terms are on their own line.
LONGEST_TERM = 28


def write(document: Document, width: int = USUAL_WIDTH, *, ascii_only: bool = False) -> Iterator[str]:
    """The lines of a document as plain text, wrapped to `width` columns."""
    style = Style.ASCII if ascii_only else Style.UNICODE
    previous: Block | None = None
    for block in document.blocks:
        if previous is not None and not _stand_together(previous, block):
            yield ""
        for line in _text(block, max(width, MIN_WIDTH), style):
            yield line.translate(ASCII) if ascii_only else line
        previous = block


def _stand_together(block: Block, following: Block) -> bool:
    """Whether two blocks are not separated by an empty line: a low heading and its text, list items, formulas."""
    if isinstance(block, Heading):
        return block.level > 2
    return isinstance(block, ListItem | Working) and type(block) is type(following)


def _text(block: Block, width: int, style: Style) -> Iterator[str]:
    if isinstance(block, Heading):
        yield from terminal.wrapped(block.text, width)
        if block.level <= 2:
            rule = ("=" if block.level == 1 else "-") if style is Style.ASCII else ("═" if block.level == 1 else "─")
            yield rule * min(terminal.columns_of(plain(block.text)), width)
    elif isinstance(block, Paragraph):
        yield from terminal.wrapped(block.text, width)
    elif isinstance(block, ListItem):
        label = f"- {block.label}{block.colon}" if block.label else "- "
        first, *rest = terminal.wrapped(f"{label}{block.text}", width - 2)
        yield first
        yield from (f"  {line}" for line in rest)
    elif isinstance(block, Working):
        yield from _steps([block.quantity, *block.parts(style)], width)
    elif isinstance(block, Terms):
        yield from _terms(block, width)
    elif isinstance(block, Code):
        yield from (f"{INDENT}{plain(line)}" for line in block.lines)
    elif isinstance(block, Drawing):
        yield from block.draw(width, style is Style.ASCII)
    else:
        yield from (line.text for line in terminal.layout(block, width))


def _steps(parts: list[str], width: int) -> Iterator[str]:
    """`quantity = symbols = numbers = result`, with one step per line if one line is too short."""
    whole = " = ".join(parts)
    if terminal.columns_of(whole) + 2 <= width:
        yield f"  {whole}".replace(UNBROKEN, " ")
        return
    indent = " " * (terminal.columns_of(parts[0]) + 3)
    for position, part in enumerate(parts[1:]):
        lines = terminal.wrapped(part, max(width - len(indent) - 4, MIN_WIDTH // 2))
        yield f"  {f'{parts[0]} = ' if position == 0 else f'{indent[:-2]}= '}{lines[0]}".replace(UNBROKEN, " ")
        yield from (f"  {indent}  {line}".replace(UNBROKEN, " ") for line in lines[1:])


def _terms(block: Terms, width: int) -> Iterator[str]:
    """Terms with their meanings beside them, in a column that is wide enough for all but very long terms."""
    widths = [terminal.columns_of(plain(term)) for term, _ in block.terms]
    column = max([LEAST_TERM, *(wide for wide in widths if wide <= LONGEST_TERM)]) + len(INDENT)
    for (term, words), wide in zip(block.terms, widths, strict=True):
        start = f"{INDENT}{plain(term)}"
        if wide > LONGEST_TERM:
            yield start
            start = INDENT
        indent = " " * (len(INDENT) + column)
        start += indent[terminal.columns_of(start) :]
        for line in terminal.wrapped(words, width - len(indent), break_long=False):
            yield f"{start}{line}".rstrip()
            start = indent
