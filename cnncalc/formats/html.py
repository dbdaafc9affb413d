"""Tables and documents as HTML: a page, or a fragment for notebooks."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from cnncalc.formats.document import Block, Code, Document, Drawing, Heading, ListItem, Paragraph, Terms, Working
from cnncalc.formats.mathematics import UNBROKEN, Style
from cnncalc.formats.plain_text import USUAL_WIDTH
from cnncalc.formats.table import Table, text
from cnncalc.text import plain

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
    yield f'<head><meta charset="utf-8"><title>{_safe(_title(report))}</title><style>{STYLE}</style></head>'
    yield "<body>"
    yield from fragment(report) if isinstance(report, Table) else _blocks(report)
    yield "</body>"
    yield "</html>"


def _title(report: Table | Document) -> str:
    if isinstance(report, Table):
        title = report.title
    else:
        title = next((block.text for block in report.blocks if isinstance(block, Heading)), "")
    return title or "cnncalc"


def _blocks(document: Document) -> Iterator[str]:
    is_list = False
    for block in document.blocks:
        if isinstance(block, ListItem) != is_list:
            is_list = not is_list
            yield "<ul>" if is_list else "</ul>"
        yield from _block(block)
    if is_list:
        yield "</ul>"


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Heading):
        yield f"<h{block.level}>{_safe(block.text)}</h{block.level}>"
    elif isinstance(block, Paragraph):
        yield f"<p>{_safe(block.text)}</p>"
    elif isinstance(block, ListItem):
        label = f"<strong>{_safe(block.label)}</strong>{block.colon}" if block.label else ""
        yield f"<li>{label}{_safe(block.text)}</li>"
    elif isinstance(block, Working):
        sides = " = ".join([block.quantity, *block.parts(Style.UNICODE)])
        yield f'<p class="formula">{_safe(sides.replace(UNBROKEN, " "))}</p>'
    elif isinstance(block, Terms):
        yield "<dl>"
        for term, words in block.terms:
            yield f"{f'<dt>{_safe(term)}</dt>' if term else ''}<dd>{_safe(words)}</dd>"
        yield "</dl>"
    elif isinstance(block, Code | Drawing):
        yield "<pre>"
        yield from map(_safe, block.lines if isinstance(block, Code) else block.draw(USUAL_WIDTH, False))
        yield "</pre>"
    else:
        yield from fragment(block)


def fragment(table: Table) -> Iterator[str]:
    """The lines of a table in HTML; text of a spec is escaped."""
    yield "<div>"
    if table.title:
        yield f"<strong>{_safe(table.title)}</strong>"
    for words in table.subtitle:
        yield f"<div>{_safe(words)}</div>"
    yield "<table>"
    heads = (f"<th{_align(numeric=column.numeric)}>{_safe(column.header)}</th>" for column in table.columns)
    yield f"<thead><tr>{''.join(heads)}</tr></thead>"
    yield "<tbody>"
    for line in table.lines:
        cells = []
        for position, (column, cell) in enumerate(zip(table.columns, line.cells, strict=True)):
            indent = line.indent if position == 0 else 0
            cells.append(f"<td{_align(numeric=column.numeric, indent=indent)}>{_safe(text(cell))}</td>")
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody>"
    yield "</table>"
    for label, note in table.notes:
        yield f"<div>{_safe(f'{label}: {note}' if label else note)}</div>"
    yield "</div>"


def _align(*, numeric: bool, indent: int = 0) -> str:
    """The style of a cell: names left-aligned and indented below their block, numbers right-aligned."""
    return f' style="text-align: {"right" if numeric else "left"}; padding-left: {indent + 0.5}em"'


def _safe(words: str) -> str:
    return escape(plain(words))
