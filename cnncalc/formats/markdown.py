"""Tables and documents in GitHub's Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cnncalc.formats.table import Table, text
from cnncalc.text import plain

if TYPE_CHECKING:
    from cnncalc.formats.document import Document

# Numbers and simple words, which are most cells, need no escapes.
PLAIN = re.compile(r"[0-9 ,()/%x+.-]*|[0-9A-Za-z ]*")
# A zero-width space, as an entity, which is visible in an editor.
NOTHING = "&#8203;"
# The beginning of a list item, of the line below a heading, or of a GitLab command: /close.
BEGINNING = re.compile(r"^(\s*)([-+=](?=\s+\S|[-= ]*[-=])|[0-9]+(?=[.)](\s|$))|/(?=[A-Za-z]))")
# Text that GitHub or GitLab turns into links, images, notifications or references: @octocat, #12, GH-12, !12 and
# the like, and :tada:. A commit's id does so from seven digits on.
REFERENCE = re.compile(r"(?:[@#!%~$^]|&amp;|\bGH-)(?=\w)|:(?=([\w+-]*[a-z+-][\w+-]*|100|1234):)", re.IGNORECASE)
COMMIT = re.compile(r"\b[0-9a-f]{7,}\b", re.IGNORECASE)
SHORTEST_COMMIT = 7


def write(report: Table | Document) -> Iterator[str]:
    """The lines of a table or a document in Markdown."""
    if isinstance(report, Table):
        return _table(report)
    from cnncalc.formats import markdown_document

    return markdown_document.write(report)


def _table(table: Table) -> Iterator[str]:
    if table.title:
        yield f"### {escape(table.title)}"
        yield ""
    for words in table.subtitle:
        yield paragraph(words)
        yield ""
    yield _row([escape(column.header) for column in table.columns])
    yield _row(["---:" if column.numeric else "---" for column in table.columns])
    for line in table.lines:
        cells = [escape(text(cell)) for cell in line.cells]
        # Markdown drops ordinary spaces at the start of a cell, but not these.
        cells[0] = "\N{EM SPACE}" * line.indent + cells[0]
        yield _row(cells)
    yield ""
    for label, note in table.notes:
        yield f"- {paragraph(label)}: {escape(note)}" if label else f"- {paragraph(note)}"


def prose(words: str) -> str:
    """Documentation as Markdown: text between backticks is code, the rest is escaped."""
    parts = re.split(r"(`[^`]*`)", words)
    return "".join(part if part.startswith("`") and len(part) > 1 else escape(part) for part in parts)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def escape(words: str) -> str:
    """Text escaped for Markdown and HTML; underscores inside words need no escape.

    GitHub turns addresses and commits into links, notifies users with @, and references issues with #12. Zero-width
    spaces prevent this.
    """
    if PLAIN.fullmatch(words) and not COMMIT.search(words):
        return words
    safe = plain(words).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    safe = re.sub(r"([\\`*|\[\]#~$])", r"\\\1", safe)
    safe = re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\\_", safe)
    safe = re.sub(r":(?=//)|(?<=www)\.", r"\\\g<0>", safe, flags=re.IGNORECASE)
    safe = REFERENCE.sub(rf"\g<0>{NOTHING}", safe)
    return COMMIT.sub(_apart, safe)


def _apart(commit: re.Match[str]) -> str:
    """A commit's id, split into parts that are too short for a link."""
    return re.sub(rf".{{{SHORTEST_COMMIT - 1}}}(?=.)", rf"\g<0>{NOTHING}", commit.group())


def paragraph(words: str) -> str:
    """Text for the start of a line, escaped so that it begins no list and makes no heading."""
    return BEGINNING.sub(_not_begun, escape(words))


def _not_begun(found: re.Match[str]) -> str:
    """The sign of a list item or heading, escaped with a backslash; for `1.` it is before the dot."""
    space, sign = found.group(1), found.group(2)
    return f"{space}{sign}\\" if sign.isdigit() else f"{space}\\{sign}"
