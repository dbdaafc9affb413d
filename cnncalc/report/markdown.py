"""Tables as GitHub's Markdown has them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cnncalc.report.format import plain
from cnncalc.report.table import Table, text


def write(table: Table) -> Iterator[str]:
    """The lines of a table in Markdown."""
    if table.title:
        yield f"### {escape(table.title)}"
        yield ""
    for words in table.subtitle:
        yield escape(words)
        yield ""
    yield _row([escape(column.header) for column in table.columns])
    yield _row(["---:" if column.numeric else "---" for column in table.columns])
    for line in table.lines:
        cells = [escape(text(cell)) for cell in line.cells]
        # Ordinary spaces at the start of a cell are dropped; these are kept.
        cells[0] = "\N{EM SPACE}" * line.indent + cells[0]
        yield _row(cells)
    yield ""
    for label, note in table.notes:
        yield f"- {escape(label)}: {escape(note)}" if label else f"- {escape(note)}"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def escape(words: str) -> str:
    """Text that Markdown and the HTML in it leave as it is; the underscore inside a word needs no care."""
    safe = plain(words).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    safe = re.sub(r"([\\`*|\[\]#~])", r"\\\1", safe)
    return re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\\_", safe)
