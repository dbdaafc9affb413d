"""Tables and documents as GitHub's Markdown has them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cnncalc.formats.table import Table, text
from cnncalc.text import plain

if TYPE_CHECKING:
    from cnncalc.formats.document import Document

# Numbers and single words, which most cells are, have nothing to escape.
PLAIN = re.compile(r"[0-9 ,()/%x+.-]*|[0-9A-Za-z ]*")
# A space of no width, as the entity that is seen where the text is edited.
NOTHING = "&#8203;"
# What begins an item of a list, or makes a heading of the line above, or commands GitLab: /close.
BEGINNING = re.compile(r"^(\s*)([-+=](?=\s+\S|[-= ]*[-=])|[0-9]+(?=[.)](\s|$))|/(?=[A-Za-z]))")
# What GitHub or GitLab makes a link or a picture of, sends word to, or notes at the other end: @octocat, #12, GH-12,
# !12 and the like, and :tada:. A commit's id does from its seventh digit on.
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
        # Ordinary spaces at the start of a cell are dropped; these are kept.
        cells[0] = "\N{EM SPACE}" * line.indent + cells[0]
        yield _row(cells)
    yield ""
    for label, note in table.notes:
        yield f"- {paragraph(label)}: {escape(note)}" if label else f"- {paragraph(note)}"


def prose(words: str) -> str:
    """Documentation as Markdown: code between backticks stays code, all else is plain text."""
    parts = re.split(r"(`[^`]*`)", words)
    return "".join(part if part.startswith("`") and len(part) > 1 else escape(part) for part in parts)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def escape(words: str) -> str:
    """Text that Markdown and the HTML in it leave as it is; the underscore inside a word needs no care.

    It becomes no link, calls nobody and is noted nowhere: GitHub makes links of addresses and of commits, and sends
    word to whom an @ names and to what a #12 counts. Signs of no width keep such words apart.
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
    """A commit's id in parts that are too short for one."""
    return re.sub(rf".{{{SHORTEST_COMMIT - 1}}}(?=.)", rf"\g<0>{NOTHING}", commit.group())


def paragraph(words: str) -> str:
    """Text at the start of a line that begins no list there, and makes no heading of the line above."""
    return BEGINNING.sub(_not_begun, escape(words))


def _not_begun(found: re.Match[str]) -> str:
    """The sign of a list's item or of a heading, which is none behind a backslash; that of `1.` is its point."""
    space, sign = found.group(1), found.group(2)
    return f"{space}{sign}\\" if sign.isdigit() else f"{space}\\{sign}"
