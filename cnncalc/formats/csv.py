"""Tables as comma-separated values: numbers without commas, shares as decimals, no notes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cnncalc.formats.table import Cell, Items, Table
from cnncalc.text import Share, plain

NUMBER = re.compile(r"-[0-9]+(\.[0-9]+)?")
# Characters that begin a formula in a spreadsheet, also in full width as in Japanese ones. In locales with a
# decimal comma, a semicolon begins a new cell.
FORMULA = re.compile(r"(^\s*|;\s*)(?=[=+@＝＋－＠-])")


def write(table: Table) -> Iterator[str]:
    """The lines of a table; the header has the columns' keys."""
    yield ",".join(escape(column.key) for column in table.columns)
    for line in table.lines:
        # Readers skip empty lines.
        yield ",".join(map(_cell, line.cells)) or '""'


def _cell(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Share):
        millionths = (2_000_000 * cell.part + cell.whole) // (2 * cell.whole) if cell.whole else 0
        return f"{millionths // 1_000_000}.{millionths % 1_000_000:06}"
    if isinstance(cell, int):
        return str(cell)
    if isinstance(cell, Items):
        return escape(", ".join(cell))
    return escape(cell)


def escape(words: str) -> str:
    """Text with quotes if needed, escaped so that spreadsheets do not read it as a formula."""
    safe = plain(words)
    if not NUMBER.fullmatch(safe):
        safe = FORMULA.sub(r"\1'", safe)
    quoted = safe.replace('"', '""')
    return f'"{quoted}"' if any(character in safe for character in ',"\n') else safe
