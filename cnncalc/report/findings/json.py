"""Findings and checks as JSON with stable keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cnncalc.finding import Check, Finding, Outcome, State
from cnncalc.guards import ASSERT, BUDGET, EXPECT, INCREASE
from cnncalc.problem import Span
from cnncalc.report.format import number
from cnncalc.report.json import dumps

VERSION = 1


def write(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """The lines of the JSON text."""
    checks = [check for outcome in outcomes for check in outcome.checks]
    whole = {
        "schema": VERSION,
        "specs": [_outcome(outcome) for outcome in outcomes],
        "checks": {state.value: sum(check.state is state for check in checks) for state in State},
    }
    yield dumps(whole, indent=2)


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "file": outcome.file,
        "name": outcome.name or None,
        "usable": not outcome.unusable,
        "checks": [_check(check) for check in outcome.checks],
        "findings": [_finding(outcome, finding) for finding in outcome.findings],
    }


def _check(check: Check) -> dict[str, Any]:
    return {
        "kind": check.kind,
        "subject": check.subject,
        "state": check.state.value,
        "value": number(check.value),
        "limits": {word: number(bound) for word, bound in check.limits},
        "before": check.before,
        **_place(check.span),
    }


def _finding(outcome: Outcome, finding: Finding) -> dict[str, Any]:
    guard = finding.guard
    return {
        "spec": outcome.file,
        "code": finding.code,
        "severity": finding.severity.value,
        "message": finding.message,
        "hint": finding.hint or None,
        "details": list(finding.details),
        "layer": finding.layer or None,
        "layers": list(finding.layers or filter(None, [finding.layer])),
        "guard": guard and {"option": None if guard.line else guard.file, **_place(guard)},
        **_place(finding.span),
    }


def _place(span: Span | None) -> dict[str, Any]:
    """Where it stands in a file; an option of the command is no place."""
    if span is None or not span.line:
        return {"file": None, "line": None, "column": None}
    return {"file": span.file, "line": span.line, "column": span.column}


def schema() -> dict[str, Any]:
    """The JSON Schema of what `write` gives."""
    from cnncalc.report.summary_json import object_of

    text, maybe_text = {"type": "string"}, {"type": ["string", "null"]}
    count, place = {"type": "integer", "minimum": 0}, {"type": ["integer", "null"], "minimum": 1}
    figure = {"anyOf": [{"type": "number"}, {"type": "array", "items": {"type": "integer"}}]}
    where = {"file": maybe_text, "line": place, "column": place}
    check = object_of(
        {
            "kind": {"enum": [BUDGET, INCREASE, EXPECT, ASSERT]},
            "subject": text,
            "state": {"enum": [state.value for state in State]},
            "value": {"anyOf": [{"type": "null"}, *figure["anyOf"]]},
            "limits": {"type": "object", "additionalProperties": figure},
            "before": {"type": ["integer", "null"]},
            **where,
        }
    )
    finding = object_of(
        {
            "spec": text,
            "code": text,
            "severity": {"enum": ["error", "warning", "note"]},
            "message": text,
            "hint": maybe_text,
            "details": {"type": "array", "items": text},
            "layer": maybe_text,
            "layers": {"type": "array", "items": text},
            "guard": {"anyOf": [{"type": "null"}, object_of({"option": maybe_text, **where})]},
            **where,
        }
    )
    spec = object_of(
        {
            "file": text,
            "name": maybe_text,
            "usable": {"type": "boolean"},
            "checks": {"type": "array", "items": check},
            "findings": {"type": "array", "items": finding},
        }
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "cnncalc check and lint",
        **object_of(
            {
                "schema": {"const": VERSION},
                "specs": {"type": "array", "items": spec},
                "checks": object_of({state.value: count for state in State}),
            }
        ),
    }
