"""Findings in the format of compilers: place, severity, message, and the code of the rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnncalc.checks.finding import Finding, Outcome, Severity, State
from cnncalc.checks.verdicts import limits_of, used
from cnncalc.errors import plural
from cnncalc.formats.findings import RANKS, counted, line_of, rank
from cnncalc.formats.terminal import Styled, wrapped
from cnncalc.text import percent, plain

INDENT = "    "
STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTE: "bold cyan"}


def write(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """The lines of the text, one per finding."""
    for line in layout(outcomes):
        yield "".join(part.text for part in line)


def layout(
    outcomes: Sequence[Outcome], width: int | None = None, shown: Sequence[Severity] | None = None
) -> Iterator[list[Styled]]:
    """The styled lines of the text, wrapped if there is a `width`.

    Findings come first, errors before warnings and notes; then a line for each spec with guards, then the totals.
    With `shown`, only findings of these severities are written.
    """
    found = [(finding, outcome) for outcome in outcomes for finding in outcome.findings]
    for finding, outcome in sorted(found, key=lambda pair: rank(pair[0])):
        if shown is None or finding.severity in shown:
            yield from _finding(outcome, finding, width)
    if shown is not None:
        return
    for outcome in outcomes:
        if outcome.blocks:
            words = f"{outcome.file}: library: {plural(outcome.blocks, 'block')}"
            yield from ([Styled(line)] for line in _hanging(words, width))
        if outcome.checks:
            yield from ([Styled(line)] for line in _hanging(f"{outcome.file}: {_checks(outcome)}", width))
    severities = {finding.severity for finding, _ in found} - {Severity.NOTE}
    style = STYLES[min(severities, key=RANKS.__getitem__)] if severities else "bold green"
    yield from ([Styled(line, style)] for line in _hanging(counted(outcomes), width))


def _finding(outcome: Outcome, finding: Finding, width: int | None) -> Iterator[list[Styled]]:
    """A finding with its details."""
    place, severity = plain(str(finding.span or outcome.file)), finding.severity.value
    first, *rest = _hanging(line_of(outcome, finding), width)
    beginning = f"{place}: {severity}: "
    if first.startswith(beginning):
        start = [Styled(f"{place}:", "bold"), Styled(" "), Styled(f"{severity}:", STYLES[finding.severity])]
        yield [*start, Styled(first[len(beginning) - 1 :])]
    else:
        yield [Styled(first)]
    yield from ([Styled(line)] for line in rest)
    for detail in finding.details:
        yield from ([Styled(line)] for line in _hanging(f"{INDENT}{detail}", width))


def _hanging(words: str, width: int | None) -> list[str]:
    """A sentence in lines, indented except for the first."""
    start = INDENT if words.startswith(INDENT) else ""
    room = None if width is None else width - len(start) - len(INDENT)
    first, *rest = wrapped(words.removeprefix(start), room, break_long=False)
    return [f"{start}{first}", *(f"{start}{INDENT}{line}" for line in rest)]


def _checks(outcome: Outcome) -> str:
    """The result of a spec: 5 of 6 checks passed, and which budget is closest to its limit."""
    states = [check.state for check in outcome.checks]
    kept = states.count(State.KEPT) + states.count(State.TOLERATED)
    unchecked = states.count(State.UNCHECKED)
    words = f"{plural(kept, 'check')} passed"
    if state_broken := states.count(State.BROKEN):
        words = f"{kept} of {plural(kept + state_broken, 'check')} passed"
    if unchecked:
        words += f", {unchecked} skipped (no baseline)"
    shares = [(share, check) for check in outcome.checks if check.state is State.KEPT and (share := used(check))]
    if shares:
        share, check = max(shares, key=lambda pair: pair[0].part / pair[0].whole)
        words += f"; {check.label} is closest to its budget: {percent(share)} % of {limits_of(check)}"
    return words
