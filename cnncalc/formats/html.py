"""Tables as HTML, as notebooks show them."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from cnncalc.formats.table import Table, text
from cnncalc.text import plain


def write(table: Table) -> Iterator[str]:
    """The lines of a table in HTML; nothing of a spec's text is taken for markup."""
    yield "<div>"
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
    """Names to the left, below their block; numbers to the right."""
    return f' style="text-align: {"right" if numeric else "left"}; padding-left: {indent + 0.5}em"'


def _safe(words: str) -> str:
    return escape(plain(words))
