"""The reference of rules: their own pages as documents and as records.

A rule's page is its docstring: a summary, then texts and specs under the headings of the contract.
"""

from __future__ import annotations

import textwrap
from inspect import cleandoc

from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import HEADINGS, Rule
from cnncalc.checks.rules import all_rules
from cnncalc.formats.document import Block, Code, Document, Heading, Paragraph, Terms
from cnncalc.formats.records import indented
from cnncalc.record import Record

MORE = "`cnncalc lint --explain CODE` shows the page of a rule."


class Page(Record):
    """A rule's page: a summary, and a text for each heading of the contract; `trigger` and `better` are specs."""

    code: str
    name: str
    severity: Severity
    summary: str
    why: str
    trigger: str
    better: str
    leave: str
    source: str


@indented(ascii_only=False)
class Pages(Record):
    """The pages of rules."""

    rules: tuple[Page, ...]


RECORDS = (Pages,)


def page(rule: Rule) -> Page:
    """The page of a rule."""
    summary, *rest = cleandoc(rule.page).split("\n\n")
    sections: dict[str, list[str]] = {}
    heading = ""
    for line in "\n\n".join(rest).splitlines():
        if line in HEADINGS:
            heading = line
            sections[heading] = []
        else:
            sections[heading].append(line)
    texts = [textwrap.dedent("\n".join(sections[heading])).strip("\n") for heading in HEADINGS]
    why, trigger, better, leave, source = texts
    return Page(
        rule.code,
        rule.name,
        rule.severity,
        _join_lines(summary),
        _join_lines(why),
        trigger,
        better,
        _join_lines(leave),
        _join_lines(source),
    )


def overview() -> Document:
    """All rules with their summaries."""
    terms = tuple((f"{one.code} {one.name}", f"{one.summary} ({one.severity.value})") for one in map(page, all_rules()))
    return Document((Heading("Rules", 1), Paragraph(MORE, has_code=True), Terms(terms)))


def document(shown: Page) -> Document:
    """The page of a rule, with specs as code."""
    blocks: list[Block] = [
        Heading(f"{shown.code} {shown.name} ({shown.severity.value})", 1),
        Paragraph(shown.summary),
    ]
    texts: tuple[Block, ...] = (
        Paragraph(shown.why),
        _spec(shown.trigger),
        _spec(shown.better),
        Paragraph(shown.leave),
        Paragraph(shown.source),
    )
    for heading, text in zip(HEADINGS, texts, strict=True):
        blocks += [Heading(heading, 3), text]
    return Document(tuple(blocks))


def _spec(text: str) -> Code:
    return Code(tuple(text.splitlines()), "yaml")


def _join_lines(text: str) -> str:
    """A paragraph on one line."""
    return " ".join(text.split())
