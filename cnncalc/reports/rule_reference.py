"""The reference of rules: their own pages as text, Markdown and JSON, and all of them as a table.

A rule's page is its docstring: a summary, then texts and specs under the headings of the contract.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from inspect import cleandoc
from typing import NamedTuple

from cnncalc.checks.rule import HEADINGS, Rule
from cnncalc.checks.rules import all_rules
from cnncalc.formats import markdown
from cnncalc.formats.table import Column, Line, Table

WIDTH = 80
INDENT = "  "
SPECS = HEADINGS[1:3]
# The keys of JSON for the headings, in their order.
KEYS = ("why", "trigger", "better", "leave", "source")


class Page(NamedTuple):
    """A rule's page: a summary, and for each heading its text, a spec with its line breaks."""

    rule: Rule
    summary: str
    sections: dict[str, str]

    @property
    def trigger(self) -> str:
        """The spec in which the rule finds something."""
        return self.sections[SPECS[0]]

    @property
    def better(self) -> str:
        """The spec in which it does not."""
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
    return Table("", (), columns, lines, (("", "cnncalc lint --explain CODE tells all of one"),))


def write_all(width: int = WIDTH) -> Iterator[str]:
    """The lines of all rules with what they find, at most `width` wide."""
    yield from _wrapped("Rules with their severities. `cnncalc lint --explain CODE` tells all of one.", width, "")
    for rule in all_rules():
        yield ""
        yield f"{rule.code}  {rule.name} ({rule.severity.value})"
        yield from _wrapped(page(rule).summary, width, INDENT * 3)


def write(rule: Rule, width: int = WIDTH) -> Iterator[str]:
    """The lines of a rule's page, at most `width` wide; specs stay as they are."""
    told = page(rule)
    yield f"{rule.code}  {rule.name} ({rule.severity.value})"
    yield from ("", *_wrapped(told.summary, width, ""))
    for heading, text in told.sections.items():
        yield from ("", heading)
        if heading in SPECS:
            yield from (f"{INDENT}{line}" for line in text.splitlines())
        else:
            yield from _wrapped(text, width, INDENT)


def write_markdown(rule: Rule) -> Iterator[str]:
    """A rule's page in Markdown."""
    told = page(rule)
    yield f"### {rule.code} {markdown.escape(rule.name)}"
    yield ""
    yield f"{markdown.escape(told.summary)} Severity: {rule.severity.value}."
    for heading, text in told.sections.items():
        yield ""
        yield f"#### {heading}"
        yield ""
        if heading in SPECS:
            yield from ("```yaml", *text.splitlines(), "```")
        else:
            yield markdown.escape(" ".join(text.split()))


def write_json(rules: tuple[Rule, ...]) -> Iterator[str]:
    """The pages of rules as JSON."""
    pages = [
        {
            "code": rule.code,
            "name": rule.name,
            "severity": rule.severity.value,
            "summary": told.summary,
            **{
                key: text if heading in SPECS else " ".join(text.split())
                for key, (heading, text) in zip(KEYS, told.sections.items(), strict=True)
            },
        }
        for rule, told in ((rule, page(rule)) for rule in rules)
    ]
    yield json.dumps({"rules": pages}, indent=2, ensure_ascii=False)


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(" ".join(text.split()), width, initial_indent=indent, subsequent_indent=indent)
