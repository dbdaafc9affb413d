"""Tables, documents and findings in each output format.

A format is a module of this folder with a function `write` that takes a table or a document and yields lines.
Commands offer the formats that are named here. Formats of findings are in `findings/`.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnncalc.formats.document import Document
    from cnncalc.formats.table import Table

# The first is the default, which fits the width and colors of a terminal. JSON is written from records.
TABLE = ("table", "json", "csv", "markdown", "latex", "html")
DOCUMENT = ("text", "json", "markdown", "latex", "html")


def write(report: Table | Document, form: str) -> Iterator[str]:
    """The lines of a report in a format other than `table` and `text`."""
    lines: Iterator[str] = import_module(f"{__name__}.{form}").write(report)
    return lines
