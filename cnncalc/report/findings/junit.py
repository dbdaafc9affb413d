"""Checks and findings as JUnit's XML, which the test reports of most CI systems read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from cnncalc.finding import Check, Finding, Outcome, Severity, State
from cnncalc.problem import Span, sentence
from cnncalc.report.findings import of_rules
from cnncalc.report.format import plain


class Case(NamedTuple):
    """A test case: its name, what came of it (`failure`, `error`, `skipped` or nothing), and the words for that."""

    name: str
    result: str = ""
    message: str = ""
    details: tuple[str, ...] = ()


def write(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """The lines of the XML: a suite a spec; a case for its validity, for each check, and for each finding of a rule."""
    suites = [(outcome, list(_cases(outcome))) for outcome in outcomes]
    every = [case for _, cases in suites for case in cases]
    yield '<?xml version="1.0" encoding="utf-8"?>'
    yield f'<testsuites name="cnncalc" {_counts(every)}>'
    for outcome, cases in suites:
        yield f"  <testsuite name={_attribute(outcome.file)} {_counts(cases)}>"
        for case in cases:
            yield from _case(outcome, case)
        yield "  </testsuite>"
    yield "</testsuites>"


def _cases(outcome: Outcome) -> Iterator[Case]:
    problems = [finding for finding in outcome.findings if finding.code == "spec"]
    if problems:
        yield Case("spec", "error", _message(problems[0]), tuple(map(str, problems)))
        return
    yield Case("spec")
    if baseline := outcome.broken_baseline:
        yield Case("baseline", "error", _message(baseline), (str(baseline),))
    broken = {(finding.code, finding.subject, finding.span): finding for finding in outcome.findings}
    for check in outcome.checks:
        yield _of_check(check, broken)
    for finding in of_rules(outcome):
        # A warning or a note fails no test.
        result = "failure" if finding.severity is Severity.ERROR else ""
        yield Case(f"{finding.code} {_line(finding.span)}".rstrip(), result, _message(finding), finding.details)


def _of_check(check: Check, findings: dict[tuple[str, str, Span | None], Finding]) -> Case:
    name = f"{check.kind} {check.subject}"
    if check.state is State.UNCHECKED:
        return Case(name, "skipped", "there is no baseline to hold it against")
    finding = findings.get((check.kind, check.subject, check.span if check.span.line else None))
    if check.state is not State.BROKEN or finding is None:
        return Case(name)
    return Case(name, "failure", _message(finding), (str(finding), *finding.details))


def _case(outcome: Outcome, case: Case) -> Iterator[str]:
    start = f"    <testcase classname={_attribute(outcome.file)} name={_attribute(case.name)}"
    if not case.message:
        yield f"{start}/>"
        return
    yield f"{start}>"
    if case.result:
        yield f"      <{case.result} message={_attribute(case.message)}>"
        yield from (escape(plain(line)) for line in case.details)
        yield f"      </{case.result}>"
    else:
        yield f"      <system-out>{escape(plain(case.message))}</system-out>"
    yield "    </testcase>"


def _counts(cases: Sequence[Case]) -> str:
    results = [case.result for case in cases]
    counted = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    numbers = {"tests": len(cases), **{key: results.count(result) for key, result in counted.items()}}
    return " ".join(f'{key}="{number}"' for key, number in numbers.items())


def _message(finding: Finding) -> str:
    return sentence(finding.message, finding.hint)


def _line(span: Span | None) -> str:
    return f"line {span.line}" if span is not None and span.line else ""


def _attribute(text: str) -> str:
    return quoteattr(plain(text))
