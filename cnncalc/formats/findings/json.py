"""Findings and checks as JSON with stable keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal, TypeAlias

from cnncalc.checks.finding import Check, Finding, Outcome, Severity, State
from cnncalc.errors import Span
from cnncalc.formats.records import ABSENT, Absent, Count, Flat, Keywords, Number, Positive, indented
from cnncalc.formats.records import write as write_record
from cnncalc.record import Record

Figure: TypeAlias = Number | tuple[int, ...]


class GuardRecord(Record):
    """The place of a guard outside the spec: an option of the command, or a place in a file."""

    option: str | None
    file: str | None
    line: Positive | None
    column: Positive | None


class CheckRecord(Record):
    """A guard, the network's value, and whether the check passes; `convention` counts the value, if not cnncalc."""

    kind: Literal["budget", "increase", "expect", "assert"]
    subject: str
    state: State
    value: Figure | None
    limits: dict[str, Figure]
    before: int | None
    file: str | None
    line: Positive | None
    column: Positive | None
    convention: str | Absent = ABSENT


class FindingRecord(Record):
    """A finding of a guard or of a rule."""

    spec: str
    code: str
    severity: Severity
    message: str
    hint: str | None
    details: tuple[str, ...]
    layer: str | None
    layers: tuple[str, ...]
    guard: GuardRecord | None
    file: str | None
    line: Positive | None
    column: Positive | None


class SpecRecord(Record):
    """The result for a spec."""

    file: str
    name: str | None
    usable: bool
    blocks: Count | None
    checks: tuple[CheckRecord, ...]
    findings: tuple[FindingRecord, ...]


class StatesRecord(Record):
    """The number of checks in each state."""

    states: Annotated[Flat, Keywords(**dict.fromkeys([state.value for state in State], Count))]


@indented()
class Findings(Record):
    """The results for several specs."""

    schema: Literal[1]
    specs: tuple[SpecRecord, ...]
    checks: StatesRecord


RECORDS = (Findings,)


def write(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """The lines of the JSON text."""
    states = [check.state for outcome in outcomes for check in outcome.checks]
    counts = StatesRecord(Flat({state.value: states.count(state) for state in State}))
    return write_record(Findings(1, tuple(map(_outcome, outcomes)), counts))


def _outcome(outcome: Outcome) -> SpecRecord:
    findings = tuple(_finding(outcome, finding) for finding in outcome.findings)
    checks = tuple(map(_check, outcome.checks))
    name, blocks = outcome.name or None, outcome.blocks or None
    return SpecRecord(outcome.file, name, not outcome.unusable, blocks, checks, findings)


def _check(check: Check) -> CheckRecord:
    return CheckRecord(
        check.kind,  # type: ignore[arg-type]
        check.subject,
        check.state,
        check.value,
        dict(check.limits),
        check.before,
        *_place(check.span),
        check.convention or ABSENT,
    )


def _finding(outcome: Outcome, finding: Finding) -> FindingRecord:
    guard = finding.guard
    return FindingRecord(
        outcome.file,
        finding.code,
        finding.severity,
        finding.message,
        finding.hint or None,
        finding.details,
        finding.layer or None,
        finding.layers or tuple(filter(None, [finding.layer])),
        guard and GuardRecord(None if guard.line else guard.file, *_place(guard)),
        *_place(finding.span),
    )


def _place(span: Span | None) -> tuple[str | None, int | None, int | None]:
    """File, line and column; None for an option of the command."""
    return (None, None, None) if span is None or not span.line else (span.file, span.line, span.column)
