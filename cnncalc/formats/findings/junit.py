"""Checks and findings as JUnit XML, which most CI systems read as test reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from cnncalc.checks.finding import Check, Finding, Outcome, Severity, State
from cnncalc.errors import Span
from cnncalc.formats.findings import line_of, message_of, of_rules
from cnncalc.record import Record
from cnncalc.text import plain


class Case(Record):
    """A test case: its name, its result (`failure`, `error`, `skipped` or empty), and its message."""

    name: str
    result: str = ""
    message: str = ""
    details: tuple[str, ...] = ()


def write(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """The lines of the XML: a suite per spec, with a case for its validity, each check and each finding of a rule."""
    names: Counter[tuple[str, str]] = Counter()
    suites = [(outcome, [_unique(outcome, case, names) for case in _cases(outcome)]) for outcome in outcomes]
    every = [case for _, cases in suites for case in cases]
    yield '<?xml version="1.0" encoding="utf-8"?>'
    yield f'<testsuites name="cnncalc" {_counts(every)}>'
    for outcome, cases in suites:
        yield f"  <testsuite name={_attribute(outcome.file)} {_counts(cases)}>"
        for case in cases:
            yield from _case(outcome, case)
        yield "  </testsuite>"
    yield "</testsuites>"


def _unique(outcome: Outcome, case: Case, names: Counter[tuple[str, str]]) -> Case:
    """A case with a unique name, because test reports identify cases by name; `names` counts the names."""
    file, name = plain(outcome.file), plain(case.name)
    while names[file, name]:
        names[file, plain(case.name)] += 1
        name = f"{plain(case.name)} ({names[file, plain(case.name)]})"
    names[file, name] = 1
    return case._replace(name=name)


def _cases(outcome: Outcome) -> Iterator[Case]:
    problems = [finding for finding in outcome.findings if finding.code == "spec"]
    if problems:
        yield Case("spec", "error", message_of(outcome, problems[0]), tuple(line_of(outcome, one) for one in problems))
        return
    yield Case("spec")
    if baseline := outcome.broken_baseline:
        yield Case("baseline", "error", message_of(outcome, baseline), (line_of(outcome, baseline),))
    broken = {(finding.code, finding.subject, finding.guard): finding for finding in outcome.findings}
    for check in outcome.checks:
        yield _of_check(outcome, check, broken.get((check.kind, check.subject, check.span)))
    for finding in of_rules(outcome):
        # Warnings and notes do not fail a test.
        result = "failure" if finding.severity is Severity.ERROR else ""
        name = f"{finding.code} {_line(outcome, finding.span)}".rstrip()
        yield Case(name, result, message_of(outcome, finding), finding.details)


def _of_check(outcome: Outcome, check: Check, finding: Finding | None) -> Case:
    """The case of a check; its name has the file or option of a guard outside the spec."""
    name = f"{check.kind} {check.label}"
    if not outcome.contains(check.span):
        name = f"{name} ({check.span.file})"
    if check.state is State.UNCHECKED:
        return Case(name, "skipped", "there is no baseline to compare with")
    if check.state is not State.BROKEN or finding is None:
        return Case(name)
    return Case(name, "failure", message_of(outcome, finding), (line_of(outcome, finding), *finding.details))


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


def _line(outcome: Outcome, span: Span | None) -> str:
    if span is None or not span.line:
        return ""
    return f"line {span.line}" if outcome.contains(span) else f"{span.file} line {span.line}"


def _attribute(text: str) -> str:
    return quoteattr(plain(text))
