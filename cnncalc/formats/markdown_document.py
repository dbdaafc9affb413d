"""Documents in GitHub's Markdown, with its mathematics."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from cnncalc.formats import markdown
from cnncalc.formats.document import Code, Document, Drawing, Heading, ListItem, Paragraph, Terms, Working
from cnncalc.formats.latex_document import sides
from cnncalc.formats.plain_text import USUAL_WIDTH
from cnncalc.text import plain


def write(document: Document) -> Iterator[str]:
    """The lines of a document in Markdown, with formulas as GitHub's mathematics."""
    for block, following in zip_longest(document.blocks, document.blocks[1:]):
        if isinstance(block, Heading):
            yield f"{'#' * (block.level + 1)} {markdown.escape(block.text)}"
        elif isinstance(block, Paragraph):
            yield markdown.prose(block.text) if block.has_code else markdown.paragraph(block.text)
        elif isinstance(block, ListItem):
            label = f"{markdown.escape(block.label)}{block.colon}" if block.label else ""
            yield f"- {label}{markdown.escape(block.text)}"
        elif isinstance(block, Working):
            yield f"$${' = '.join(sides(block))}$$"
        elif isinstance(block, Terms):
            yield from _terms(block)
        elif isinstance(block, Code | Drawing):
            lines = block.lines if isinstance(block, Code) else tuple(block.draw(USUAL_WIDTH, False))
            fence = "````" if any("```" in line for line in lines) else "```"
            yield from (f"{fence}{block.language if isinstance(block, Code) else 'text'}", *map(plain, lines), fence)
        else:
            yield from markdown.write(block)
            continue
        if following is not None and not (isinstance(block, ListItem) and isinstance(following, ListItem)):
            yield ""


def _terms(block: Terms) -> Iterator[str]:
    """A list of terms; continuations follow their term."""
    item = ""
    for term, words in block.terms:
        if term and item:
            yield item
        item = f"- {markdown.prose(term)}: {markdown.prose(words)}" if term else f"{item}; {markdown.prose(words)}"
    if item:
        yield item
