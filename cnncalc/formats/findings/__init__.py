"""Findings of checks and rules in formats for terminals, documents and continuous integration.

A format is a module with a function `write` that takes outcomes and yields lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from cnncalc.checks.finding import Finding, Outcome, Severity, State
from cnncalc.errors import plural, sentence

FORMATS = ("text", "json", "markdown", "github", "junit", "sarif")
RANKS = {severity: place for place, severity in enumerate(Severity)}


def counted(outcomes: Sequence[Outcome]) -> str:
    """The totals in one line: 3 specs: 12 checks passed, 1 failed; 2 warnings."""
    states = Counter(check.state for outcome in outcomes for check in outcome.checks)
    kept = states[State.KEPT] + states[State.TOLERATED]
    parts = []
    if states:
        parts.append(f"{plural(kept, 'check')} passed, {states[State.BROKEN] or 'none'} failed")
        if states[State.UNCHECKED]:
            parts[-1] += f", {states[State.UNCHECKED]} without a baseline"
    unusable = sum(outcome.unusable for outcome in outcomes)
    if unusable:
        parts.append(f"{unusable} unusable")
    baselines = sum(outcome.broken_baseline is not None for outcome in outcomes)
    if baselines:
        parts.append(f"{plural(baselines, 'baseline')} unusable")
    severities = Counter(finding.severity for outcome in outcomes for finding in of_rules(outcome))
    found = [plural(severities[severity], severity.value) for severity in Severity if severities[severity]]
    if found:
        parts.append(f"{', '.join(found)}{' of the rules' if states else ''}")
    elif not parts:
        parts.append("no findings")
    return f"{plural(len(outcomes), 'spec')}: {'; '.join(parts)}"


def rank(finding: Finding) -> int:
    """A sort key for findings: errors first, notes last."""
    return RANKS[finding.severity]


def message_of(outcome: Outcome, finding: Finding) -> str:
    """The sentence of a finding, with its spec if the place of the finding is in another file."""
    words = sentence(finding.message, finding.hint)
    return words if finding.span is None or outcome.contains(finding.span) else f"{words} (for {outcome.file})"


def line_of(outcome: Outcome, finding: Finding) -> str:
    """A finding in the format of compilers, with the file of its spec if it has no place."""
    place = finding.span or outcome.file
    return f"{place}: {finding.severity.value}: {message_of(outcome, finding)} [{finding.code}]"


def of_rules(outcome: Outcome) -> Iterable[Finding]:
    """The findings of rules, without those of guards and invalid specs."""
    return (finding for finding in outcome.findings if finding.code.startswith("CNN"))
