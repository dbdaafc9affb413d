"""Tables and documents as HTML: a page, or a fragment for notebooks."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from cnncalc.formats.document import Block, Code, Document, Drawing, Heading, ListItem, Paragraph, Terms, Working
from cnncalc.formats.mathematics import UNBROKEN, Style
from cnncalc.formats.plain_text import USUAL_WIDTH
from cnncalc.formats.table import Table, text
from cnncalc.text import plain

# Rows below it are indented no further by classes.
DEEPEST_CLASS = 9
# Colors follow the reader's light or dark scheme.
STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 72em; margin: 2em auto; padding: 0 1em; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 1em 0; }
td, th { padding: 0.15em 0.7em; }
thead { border-bottom: 1px solid; }
pre, .formula { overflow-x: auto; margin-left: 1.5em; }
dd { margin-left: 2em; }
"""


def write(report: Table | Document) -> Iterator[str]:
    """The lines of a page; text of a spec is escaped."""
    yield "<!DOCTYPE html>"
    yield f'<html lang="{report.language}">'
    yield f'<head><meta charset="utf-8"><title>{safe(_title(report))}</title><style>{STYLE}</style></head>'
    yield "<body>"
    yield from fragment(report) if isinstance(report, Table) else blocks(report)
    yield "</body>"
    yield "</html>"


def _title(report: Table | Document) -> str:
    if isinstance(report, Table):
        title = report.title
    else:
        title = next((block.text for block in report.blocks if isinstance(block, Heading)), "")
    return title or "cnncalc"


def blocks(document: Document, *, styled: bool = True) -> Iterator[str]:
    """The lines of a document without a page around them."""
    is_list = False
    for block in document.blocks:
        if isinstance(block, ListItem) != is_list:
            is_list = not is_list
            yield "<ul>" if is_list else "</ul>"
        yield from _block(block, styled=styled)
    if is_list:
        yield "</ul>"


def _block(block: Block, *, styled: bool) -> Iterator[str]:
    if isinstance(block, Heading):
        yield f"<h{block.level}>{safe(block.text)}</h{block.level}>"
    elif isinstance(block, Paragraph):
        yield f"<p>{safe(block.text)}</p>"
    elif isinstance(block, ListItem):
        label = f"<strong>{safe(block.label)}</strong>{block.colon}" if block.label else ""
        yield f"<li>{label}{safe(block.text)}</li>"
    elif isinstance(block, Working):
        sides = " = ".join([block.quantity, *block.parts(Style.UNICODE)])
        yield f'<p class="formula">{safe(sides.replace(UNBROKEN, " "))}</p>'
    elif isinstance(block, Terms):
        yield "<dl>"
        for term, words in block.terms:
            yield f"{f'<dt>{safe(term)}</dt>' if term else ''}<dd>{safe(words)}</dd>"
        yield "</dl>"
    elif isinstance(block, Code | Drawing):
        yield "<pre>"
        yield from map(safe, block.lines if isinstance(block, Code) else block.draw(USUAL_WIDTH, False))
        yield "</pre>"
    else:
        yield from fragment(block, styled=styled)


def fragment(table: Table, *, styled: bool = True) -> Iterator[str]:
    """The lines of a table in HTML; text of a spec is escaped.

    Cells are aligned by their own styles; if they are not `styled`, by classes of the page: `n` for numbers.
    """
    align = _align if styled else _align_by_class
    yield "<div>"
    if table.title:
        yield f"<strong>{safe(table.title)}</strong>"
    for words in table.subtitle:
        yield f"<div>{safe(words)}</div>"
    yield "<table>"
    heads = (f"<th{align(numeric=column.numeric)}>{safe(column.header)}</th>" for column in table.columns)
    yield f"<thead><tr>{''.join(heads)}</tr></thead>"
    yield "<tbody>"
    for line in table.lines:
        cells = []
        for position, (column, cell) in enumerate(zip(table.columns, line.cells, strict=True)):
            indent = line.indent if position == 0 else 0
            cells.append(f"<td{align(numeric=column.numeric, indent=indent)}>{safe(text(cell))}</td>")
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody>"
    yield "</table>"
    for label, note in table.notes:
        yield f"<div>{safe(f'{label}: {note}' if label else note)}</div>"
    yield "</div>"


def _align(*, numeric: bool, indent: int = 0) -> str:
    """The style of a cell: names left-aligned and indented below their block, numbers right-aligned."""
    return f' style="text-align: {"right" if numeric else "left"}; padding-left: {indent + 0.5}em"'


def _align_by_class(*, numeric: bool, indent: int = 0) -> str:
    if numeric:
        return ' class="n"'
    return f' class="l{min(indent, DEEPEST_CLASS)}"' if indent else ""


def safe(words: str) -> str:
    """A text with everything escaped that HTML could interpret."""
    return escape(plain(words))
