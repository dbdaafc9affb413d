"""Findings of checks and rules as records, for all output formats."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from cnncalc.errors import Problem, Span, sentence
from cnncalc.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterable
    from fractions import Fraction

SPEC = "spec"
BASELINE = "baseline"


class Severity(Enum):
    """The weight of a finding: only errors make a check fail."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Finding(Record):
    """A finding: its code, place, message, hint and lines with details.

    `code` is that of a rule (CNN003), or `budget`, `increase`, `expect`, `assert`, `baseline` or `spec`.
    `span` is the place to change in the spec, None if it has no line. `layer` is the full name of the layer or
    block, if any; `layers` are all layers that a rule finds there, and `layer` is the worst of them. For a failed
    check, `subject` is its subject and `guard` the place of its guard: in the spec, in cnncalc.yaml, or in an
    option, which has no line.
    """

    code: str
    severity: Severity
    span: Span | None
    message: str
    hint: str = ""
    details: tuple[str, ...] = ()
    layer: str = ""
    subject: str = ""
    guard: Span | None = None
    layers: tuple[str, ...] = ()

    def __str__(self) -> str:
        place = f"{self.span}: " if self.span else ""
        return f"{place}{self.severity.value}: {sentence(self.message, self.hint)} [{self.code}]"


class State(Enum):
    """The result of a check. Without a baseline, limits of an increase are not checked."""

    KEPT = "kept"
    TOLERATED = "tolerated"
    BROKEN = "broken"
    UNCHECKED = "unchecked"


class Check(Record):
    """A checked limit, expectation or assertion.

    `kind` is `budget`, `increase`, `expect` or `assert`; `subject` is its quantity (`params`, `stage1.macs`) or the
    text of an assertion. `value` is the network's value: a number, a shape, or None for an assertion. `limits` are
    the allowed values by key (`max`, `min`, `value`, `max_increase`), and `before` is the baseline's value. `unit`
    is "B" for numbers of bytes. `convention` is the key of the convention that counts it, empty for cnncalc's counting.
    """

    kind: str
    subject: str
    span: Span
    state: State
    value: int | tuple[int, ...] | None = None
    limits: tuple[tuple[str, int | Fraction | tuple[int, ...]], ...] = ()
    before: int | None = None
    unit: str = ""
    convention: str = ""

    @property
    def label(self) -> str:
        """The subject, with the convention that counts it: macs (fvcore)."""
        return f"{self.subject} ({self.convention})" if self.convention else self.subject


class Outcome(Record):
    """The result for a spec: its file as given, the network's name (or an empty text), and all checks and findings.

    An invalid spec has only findings with the code `spec`. `shown` is the file as in places, which differs from
    `file` for bundled networks and standard input. `blocks` is the number of blocks of a library, which has no
    network; 0 for other specs.
    """

    file: str
    name: str
    findings: tuple[Finding, ...]
    checks: tuple[Check, ...] = ()
    shown: str = ""
    blocks: int = 0

    def contains(self, span: Span | None) -> bool:
        """Whether a place is in the spec's own file; a place without a line or node is in no file."""
        return span is not None and bool(span.line or span.node) and span.file in (self.file, self.shown)

    @property
    def kept(self) -> bool:
        """Whether the spec is valid, every check passes, and no finding is an error."""
        return not any(finding.severity is Severity.ERROR for finding in self.findings)

    @property
    def unusable(self) -> bool:
        return any(finding.code == SPEC for finding in self.findings)

    @property
    def broken_baseline(self) -> Finding | None:
        """The error that the baseline cannot be used, so that increases are not checked; None without it."""
        found = (finding for finding in self.findings if finding.code == BASELINE)
        return next((finding for finding in found if finding.severity is Severity.ERROR), None)


def unusable(file: str, problems: Iterable[Problem], shown: str = "") -> Outcome:
    """The outcome of an invalid spec, with a finding for each of its problems."""
    found = []
    for problem in problems:
        # The file is shown separately.
        message = problem.message.removeprefix(f"{file}: ")
        found.append(Finding(SPEC, Severity.ERROR, problem.span, message, problem.hint))
    return Outcome(file, "", tuple(found), shown=shown)
