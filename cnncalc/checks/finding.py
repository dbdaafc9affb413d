"""What checks and rules find, as a record: every output format writes it in its own way."""

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
    """How much a finding weighs: an error breaks a check, the others do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Finding(Record):
    """One thing that was found: whose (`code`), where, a sentence, what would work, and lines that tell more.

    `code` is that of a rule (CNN003), or `budget`, `increase`, `expect`, `assert`, `baseline` or `spec`.
    `span` is the place to change in the spec, None where no line is to blame. `layer` is the full name of the layer
    or block it is about, if there is one; `layers` are all that a rule finds there, of which `layer` is the worst. Of
    a broken check, `subject` is its subject and `guard` the place where its guard is written: in the spec, in
    cnncalc.yaml, or in an option, which has no line.
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
    """What became of a check. A baseline that is missing leaves a limit of increase unchecked."""

    KEPT = "kept"
    TOLERATED = "tolerated"
    BROKEN = "broken"
    UNCHECKED = "unchecked"


class Check(Record):
    """A limit, an expectation or an assertion that a network was held to.

    `kind` is `budget`, `increase`, `expect` or `assert`; `subject` what it is about (`params`, `stage1.macs`, or an
    assertion's text). `value` is what the network has: a number, a shape, or None of an assertion.
    `limits` are what is allowed, by their words (`max`, `min`, `value`, `max_increase`), and `before` the
    baseline's value. `unit` is "B" where the numbers are bytes.
    """

    kind: str
    subject: str
    span: Span
    state: State
    value: int | tuple[int, ...] | None = None
    limits: tuple[tuple[str, int | Fraction | tuple[int, ...]], ...] = ()
    before: int | None = None
    unit: str = ""


class Outcome(Record):
    """What was found of a spec: its file as it was named, the network's name (empty where it has none), and all checks.

    A spec that cannot be used has findings of the code `spec` alone. `shown` is the file as the places in it name
    it, which differs for bundled networks and standard input. `blocks` is the number of blocks of a library, which has
    no network; 0 of others.
    """

    file: str
    name: str
    findings: tuple[Finding, ...]
    checks: tuple[Check, ...] = ()
    shown: str = ""
    blocks: int = 0

    def contains(self, span: Span | None) -> bool:
        """Whether a place is in the spec's own file; one without a line is in no file."""
        return span is not None and bool(span.line) and span.file in (self.file, self.shown)

    @property
    def kept(self) -> bool:
        """Whether it is usable, every check is kept, and no finding is an error."""
        return not any(finding.severity is Severity.ERROR for finding in self.findings)

    @property
    def unusable(self) -> bool:
        return any(finding.code == SPEC for finding in self.findings)

    @property
    def broken_baseline(self) -> Finding | None:
        """The error that no increase is held because the baseline cannot be used, if there is one."""
        found = (finding for finding in self.findings if finding.code == BASELINE)
        return next((finding for finding in found if finding.severity is Severity.ERROR), None)


def unusable(file: str, problems: Iterable[Problem], shown: str = "") -> Outcome:
    """The outcome of a spec that cannot be used, a finding for each of its problems."""
    found = []
    for problem in problems:
        # The file is told beside it.
        message = problem.message.removeprefix(f"{file}: ")
        found.append(Finding(SPEC, Severity.ERROR, problem.span, message, problem.hint))
    return Outcome(file, "", tuple(found), shown=shown)
