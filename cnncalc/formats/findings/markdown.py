"""Checks and findings as Markdown, for the summary of a job or a comment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnncalc.checks.finding import Outcome, State
from cnncalc.checks.verdicts import limits_of, used, value_of
from cnncalc.formats.findings import counted, message_of, rank
from cnncalc.formats.markdown import escape, paragraph
from cnncalc.text import percent

WORDS = {
    State.KEPT: "passed",
    State.TOLERATED: "passed, within its tolerance",
    State.BROKEN: "**failed**",
    State.UNCHECKED: "no baseline",
}


def write(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """The lines of the text: a table of checks for each spec, and a list of findings."""
    yield f"### cnncalc: {counted(outcomes)}"
    for outcome in outcomes:
        if outcome.checks or outcome.findings:
            yield ""
            name = f": {escape(outcome.name)}" if outcome.name else ""
            yield f"**{escape(outcome.file or repr(''))}**{name}"
        if outcome.checks:
            yield from _table(outcome)
        if outcome.findings:
            yield ""
            for finding in sorted(outcome.findings, key=rank):
                place = f"{finding.span}: " if finding.span else ""
                words = message_of(outcome, finding)
                yield f"- {paragraph(place)}{finding.severity.value}: {escape(words)} ({escape(finding.code)})"
                yield from (f"  - {paragraph(detail)}" for detail in finding.details)


def _table(outcome: Outcome) -> Iterator[str]:
    yield ""
    yield "| check | quantity | value | limit | used | result |"
    yield "| --- | --- | ---: | ---: | ---: | --- |"
    for check in outcome.checks:
        share = used(check)
        cells = [check.kind, check.label, value_of(check), limits_of(check), f"{percent(share)} %" if share else ""]
        yield f"| {' | '.join(escape(cell) for cell in cells)} | {WORDS[check.state]} |"
