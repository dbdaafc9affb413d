"""Findings as SARIF 2.1.0 (OASIS 2020), which code scanning reads."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

import cnncalc
from cnncalc.checks import rules
from cnncalc.checks.finding import BASELINE, Finding, Outcome
from cnncalc.errors import Span
from cnncalc.formats.findings import message_of
from cnncalc.formats.json import dumps
from cnncalc.spec.guards import ASSERT, BUDGET, EXPECT, INCREASE
from cnncalc.text import plain

GUARD_DOCS = {
    "spec": "A spec must be valid.",
    BUDGET: "A network must stay within the budget of its spec.",
    INCREASE: "A network must not grow more than allowed.",
    EXPECT: "A network must have the figures and shapes that its spec expects.",
    ASSERT: "The assertions of a spec must hold.",
    BASELINE: "The network that a network is compared with must be usable.",
}


def write(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """The lines of the log: one run, with a rule for each code that occurs."""
    found = [(outcome, finding) for outcome in outcomes for finding in outcome.findings]
    codes = sorted({finding.code for _, finding in found})
    driver = {"name": "cnncalc", "version": cnncalc.__version__, "rules": [_rule(code) for code in codes]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(outcome, finding, codes) for outcome, finding in found],
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    yield dumps(log, indent=2)


def _rule(code: str) -> dict[str, Any]:
    """The description of a rule: its name and summary."""
    if code in GUARD_DOCS:
        return {"id": code, "shortDescription": {"text": GUARD_DOCS[code]}}
    rule = next(rule for rule in rules.all_rules() if rule.code == code)
    return {
        "id": code,
        "name": rule.name,
        "shortDescription": {"text": rule.page.partition("\n")[0]},
        "fullDescription": {"text": inspect.cleandoc(rule.page)},
        "help": {"text": f"cnncalc lint --explain {code}"},
    }


def _result(outcome: Outcome, finding: Finding, codes: Sequence[str]) -> dict[str, Any]:
    message = "\n".join([message_of(outcome, finding), *finding.details])
    location: dict[str, Any] = {"physicalLocation": _place(outcome, finding.span)}
    if finding.layer:
        location["logicalLocations"] = [{"fullyQualifiedName": plain(finding.layer)}]
    related = [
        {"physicalLocation": _place(outcome, span), "message": {"text": text}}
        for span, text in _related(outcome, finding)
    ]
    return {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": finding.severity.value,
        "message": {"text": "\n".join(_without_links(plain(line)) for line in message.split("\n"))},
        "locations": [location],
        **({"relatedLocations": related} if related else {}),
    }


def _without_links(words: str) -> str:
    """A line of a message, escaped so that it has no links: `[text](address)` is a link even in plain text of SARIF."""
    return words.replace("](", "\\](")


def _related(outcome: Outcome, finding: Finding) -> Iterator[tuple[Span | None, str]]:
    """Related places of a finding: a guard that is written elsewhere, and the spec that uses the file."""
    if finding.guard is not None and finding.guard.line and finding.guard != finding.span:
        yield finding.guard, f"The {finding.code} is set here."
    if finding.span is not None and not outcome.contains(finding.span):
        yield None, "The spec that this finding is about."


def _place(outcome: Outcome, span: Span | None) -> dict[str, Any]:
    """The file and the place in it; without a line, the whole spec."""
    if span is None or not span.line:
        return {"artifactLocation": {"uri": _uri(outcome.file)}}
    region = {"startLine": span.line, "startColumn": span.column}
    return {"artifactLocation": {"uri": _uri(span.file)}, "region": region}


def _uri(file: str) -> str:
    """A file's relative URI, with special characters escaped."""
    return quote(file.replace(os.sep, "/"), errors="backslashreplace")
