"""Findings as compilers write them: place, severity, sentence, and the code of the rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnncalc.finding import Outcome, State
from cnncalc.problem import plural
from cnncalc.report.check import limits_of, used
from cnncalc.report.findings import counted
from cnncalc.report.format import percent, plain

INDENT = "    "


def write(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """The lines of the text: findings first, then a line a spec that was held to something, then all in one line."""
    for outcome in outcomes:
        for finding in outcome.findings:
            yield plain(str(finding) if finding.span else f"{outcome.file}: {finding}")
            yield from (f"{INDENT}{plain(detail)}" for detail in finding.details)
    for outcome in outcomes:
        if outcome.checks:
            yield plain(f"{outcome.file}: {_held(outcome)}")
    yield counted(outcomes)


def _held(outcome: Outcome) -> str:
    """How a spec did: 5 of 6 checks kept, and which budget is nearest to its end."""
    states = [check.state for check in outcome.checks]
    kept = states.count(State.KEPT) + states.count(State.TOLERATED)
    unchecked = states.count(State.UNCHECKED)
    words = f"{plural(kept, 'check')} kept"
    if state_broken := states.count(State.BROKEN):
        words = f"{kept} of {plural(kept + state_broken, 'check')} kept"
    if unchecked:
        words += f", {unchecked} not held for want of a baseline"
    shares = [(share, check) for check in outcome.checks if check.state is State.KEPT and (share := used(check))]
    if shares:
        share, check = max(shares, key=lambda pair: pair[0].part / pair[0].whole)
        words += f"; {check.subject} is nearest to its budget: {percent(share)} % of {limits_of(check)}"
    return words
