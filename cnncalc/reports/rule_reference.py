"""The reference of rules: their own pages as documents and as JSON, and all of them as a table.

A rule's page is its docstring: a summary, then texts and specs under the headings of the contract.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from inspect import cleandoc

from cnncalc.checks.rule import HEADINGS, Rule
from cnncalc.checks.rules import all_rules
from cnncalc.formats.document import Block, Code, Document, Heading, Paragraph, Terms
from cnncalc.formats.table import Column, Line, Table
from cnncalc.record import Record

SPECS = HEADINGS[1:3]
MORE = "`cnncalc lint --explain CODE` shows the page of a rule."
# The keys of JSON for the headings, in their order.
KEYS = ("why", "trigger", "better", "leave", "source")


class Page(Record):
    """A rule's page: a summary, and for each heading its text, a spec with its line breaks."""

    rule: Rule
    summary: str
    sections: dict[str, str]

    @property
    def trigger(self) -> str:
        """The spec with a finding."""
        return self.sections[SPECS[0]]

    @property
    def better(self) -> str:
        """The spec without a finding."""
        return self.sections[SPECS[1]]


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
    texts = {heading: textwrap.dedent("\n".join(lines)).strip("\n") for heading, lines in sections.items()}
    return Page(rule, " ".join(summary.split()), texts)


def catalogue() -> Table:
    """All rules as a table."""
    columns = (Column("code", "code"), Column("name", "name"), Column("severity", "severity"), Column("finds", "finds"))
    lines = tuple(
        Line((rule.code, rule.name, rule.severity.value, page(rule).summary.removesuffix("."))) for rule in all_rules()
    )
    return Table("", (), columns, lines, (("", MORE),))


def overview() -> Document:
    """All rules with their summaries."""
    terms = tuple((f"{rule.code} {rule.name}", f"{page(rule).summary} ({rule.severity.value})") for rule in all_rules())
    return Document((Heading("Rules", 1), Paragraph(MORE, has_code=True), Terms(terms)))


def document(rule: Rule) -> Document:
    """The page of a rule, with specs as code."""
    told = page(rule)
    blocks: list[Block] = [Heading(f"{rule.code} {rule.name} ({rule.severity.value})", 1), Paragraph(told.summary)]
    for heading, text in told.sections.items():
        is_spec = heading in SPECS
        blocks += (Heading(heading, 3), Code(tuple(text.splitlines()), "yaml") if is_spec else Paragraph(_joined(text)))
    return Document(tuple(blocks))


def write_json(rules: tuple[Rule, ...]) -> Iterator[str]:
    """The pages of rules as JSON."""
    pages = [
        {
            "code": rule.code,
            "name": rule.name,
            "severity": rule.severity.value,
            "summary": told.summary,
            **{
                key: text if heading in SPECS else _joined(text)
                for key, (heading, text) in zip(KEYS, told.sections.items(), strict=True)
            },
        }
        for rule, told in ((rule, page(rule)) for rule in rules)
    ]
    yield json.dumps({"rules": pages}, indent=2, ensure_ascii=False)


def _joined(text: str) -> str:
    """A paragraph on one line."""
    return " ".join(text.split())
