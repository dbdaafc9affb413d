"""Tables as JSON: a list of objects, one per line, with the columns' keys."""

from __future__ import annotations

import json
from collections.abc import Iterator

from cnncalc.formats.table import Cell, Table
from cnncalc.text import COMMAND, Share, is_hidden


def write(table: Table) -> Iterator[str]:
    """The lines of the JSON text."""
    yield "["
    for position, line in enumerate(table.lines):
        cells = zip(table.columns, line.cells, strict=True)
        comma = "," if position + 1 < len(table.lines) else ""
        yield f"  {dumps({column.key: _value(cell) for column, cell in cells})}{comma}"
    yield "]"


def dumps(value: object, *, indent: int | None = None, ascii_only: bool = True) -> str:
    """JSON text that is safe in terminals and CI logs, with the same content.

    Without `ascii_only`, letters beyond ASCII are not escaped.
    """
    written = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    if not ascii_only and not written.isprintable():
        written = "".join(
            json.dumps(character)[1:-1] if character != "\n" and is_hidden(character) else character
            for character in written
        )
    # These characters occur only in texts. The first is escaped.
    return COMMAND.sub(lambda found: f"\\u{ord(found.group()[0]):04x}{found.group()[1]}", written)


def _value(cell: Cell) -> object:
    """A share as a number from 0 to 1."""
    if isinstance(cell, Share):
        return cell.part / cell.whole if cell.whole else None
    return cell
