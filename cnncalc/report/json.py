"""Tables as JSON: a list of objects, one a line, with the columns' keys."""

from __future__ import annotations

import json
from collections.abc import Iterator

from cnncalc.report.format import Share
from cnncalc.report.table import Cell, Table


def write(table: Table) -> Iterator[str]:
    """The lines of the JSON text."""
    yield "["
    for position, line in enumerate(table.lines):
        cells = zip(table.columns, line.cells, strict=True)
        comma = "," if position + 1 < len(table.lines) else ""
        yield f"  {json.dumps({column.key: _value(cell) for column, cell in cells})}{comma}"
    yield "]"


def _value(cell: Cell) -> object:
    """A share as a part of 1."""
    if isinstance(cell, Share):
        return cell.part / cell.whole if cell.whole else None
    return cell
