"""What a spec may ask for: every bound of the language in one record, and a count of the work that is left.

Specs come from strangers' pull requests, and under these bounds a spec is read or refused in seconds, whatever
it says. A bound is needed at the bottom of a parser, a dozen calls below whoever knows the options: so the
bounds in force are a context variable, and each thread has its own. All are read through `current()`.
"""

from __future__ import annotations

import re
import sys
from contextlib import ContextDecorator
from contextvars import ContextVar

from cnncalc import surface
from cnncalc.errors import Problem, Span, SpecError, did_you_mean, of_option, quoted
from cnncalc.record import Record

# Problems beyond so many are not looked for, however few of them are shown.
MOST_PROBLEMS = 500


class Limits(Record):
    """The bounds of a spec; DOCS says what each of them counts. `outside`: extends may leave the spec's folder."""

    bytes: int = 10_000_000
    values: int = 100_000
    text: int = 10_000
    nesting: int = 60
    name: int = 200
    path: int = 1_000
    variables: int = 1_000
    expression: int = 1_000
    operations: int = 100
    brackets: int = 30
    exponent: int = 64
    number: int = 2**63 - 1
    list: int = 10_000
    layers: int = 50_000
    work: int = 3_000_000
    problems: int = 50
    outside: bool = False

    @property
    def steps(self) -> int:
        """How many items may be passed through: most are layers, the others blocks, groups and branches."""
        return 3 * self.layers


DOCS = {
    "bytes": "bytes of a spec and of those that it extends",
    "values": "keys and values of a spec; an alias counts as what it repeats",
    "text": "characters of a text in a spec",
    "nesting": "levels of lists and mappings, and of blocks and branches in the network",
    "name": "characters of a name",
    "path": "characters of a layer's full name, including the blocks around it",
    "variables": "variables",
    "expression": "characters of an expression",
    "operations": "operations in an expression",
    "brackets": "levels of brackets in an expression",
    "exponent": "the largest exponent in an expression",
    "number": "the largest number in an expression, and the largest size of an axis",
    "list": "numbers in a list that an expression returns",
    "layers": "layers of the network, and passes of one `repeat`; three times as many with blocks and branches",
    "work": "operations of all expressions and list items, and names, checks, comments and changes that are examined;"
    " receptive fields, and what one output reads, are counted separately",
    "problems": "problems that are shown, or `all`",
}

# Deeper than this, Python itself would give up; larger numbers would be too long to be written.
HIGHEST = {"nesting": 200, "brackets": 100, "operations": 1_000, "exponent": 1_000, "number": 10**30}
ALL = sys.maxsize
SUFFIXES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


class Cost:
    """What one step costs of the limit `work`, in operations of an expression: about a microsecond each.

    This is the one table of costs: code that a spec can make long takes its steps off with `spend`. `PER_` entries
    are steps that are cheaper than an operation: so many of them cost one.
    """

    FRACTION = 10  # an operation on fractions instead of integers
    VERDICT = 20  # a checked limit or assertion, with its record
    CHANGE = 150  # a layer that differs between two networks, with its causes and its row
    PATTERN_LOOKUP = 100  # a pattern or rule word of cnncalc.yaml
    PATTERN = 1_000  # a compiled part of a pattern
    FOLDER_ENTRY = 10  # a name that the file system lists
    COMMENT = 300  # a comment that silences rules, and each of its words
    OUTPUT = 2  # an output whose receptive field is worked out
    STRAND = 20  # a stride of several at which a receptive field moves
    RUN = 2  # a run of positions that an output reads
    FURTHER_INPUT = 10  # a layer's receptive field on another input of the network
    STEP = 20  # a layer, block or branch, where a network is built at several sizes
    PER_NAME = 10  # names that are compared
    PER_CHARACTER = 20  # characters of full names
    PER_PLACE = 5  # places that a pattern can go on from
    PER_TAP = 2  # taps of a kernel whose positions are counted


class _Meter:
    """The bounds in force, and the work that is left under them."""

    __slots__ = ("counting", "left", "limits", "steps")

    def __init__(self, limits: Limits, *, counting: bool) -> None:
        self.limits = limits
        self.left = limits.work
        self.counting = counting
        self.steps = 0


_METER: ContextVar[_Meter] = ContextVar("limits")


def current() -> Limits:
    """The bounds in force."""
    return _meter().limits


class InForce(ContextDecorator):
    """Puts bounds in force for a block of code; they need not be such as callers may ask for.

    A class, and no generator: one that is never left would be ended by the garbage collector, at any time, and
    put back what was in force before it.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits

    def __enter__(self) -> None:
        self.token = _METER.set(_Meter(self.limits, counting=True))

    def __exit__(self, *error: object) -> None:
        _METER.reset(self.token)

    def _recreate_cm(self) -> InForce:
        """A new one for each call of a decorated function, which may call itself."""
        return InForce(self.limits)


def using(limits: Limits) -> InForce:
    """Put other bounds in force for a block of code.

    with limits.using(Limits(layers=200_000)):
        network = build.load("large.yaml")

    Raises TypeError for what is no Limits of whole numbers, and ValueError for numbers out of their range.
    """
    _refuse_wrong(limits)
    if limits.nesting > Limits().nesting or limits.operations > Limits().operations:
        # A level of a spec is several calls; where nobody raises a limit, Python's own is enough.
        sys.setrecursionlimit(max(sys.getrecursionlimit(), 1_000 + 20 * limits.nesting + 5 * limits.operations))
    return InForce(limits)


def _refuse_wrong(limits: Limits) -> None:
    if not isinstance(limits, Limits):
        raise TypeError(f"limits takes a Limits, such as Limits(layers=200_000), not {type(limits).__name__}")
    for key in DOCS:
        value, most = getattr(limits, key), HIGHEST.get(key, ALL)
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"the limit {key} takes a whole number, not {type(value).__name__}")
        if not 1 <= value <= most:
            raise ValueError(f"the limit {key} takes a whole number from 1{f' to {most:,}' if key in HIGHEST else ''}")


def counted() -> InForce:
    """Count the work of a block of code from nothing. What is counted outside of it goes on behind it."""
    return InForce(current())


def restart() -> None:
    """Count the work from nothing, as a spec is read or a network is built."""
    _METER.set(_Meter(current(), counting=True))


def rest(steps: int = 0) -> None:
    """Count no more: what comes after a network is built of `steps` items is not the spec's doing."""
    meter = _meter()
    meter.counting = False
    meter.steps = steps


def spent() -> int:
    """The work that was counted since the last restart, with the steps that a network was built of."""
    meter = _meter()
    return meter.limits.work - meter.left + Cost.STEP * meter.steps


def spend(work: int, subject: str = "this") -> None:
    """Take so much from the work that is left, for `subject`. Raises SpecError where nothing is."""
    meter = _meter()
    if not meter.counting:
        return
    meter.left -= work
    if meter.left < 0:
        meter.counting = False
        message = f"{subject} takes more than {meter.limits.work:,} operations to work out"
        raise SpecError([Problem(None, message, raised("work"))])


def affords(work: int) -> bool:
    """Take so much from the work that is left if there is as much, and return whether there was."""
    meter = _meter()
    if not meter.counting:
        return True
    if meter.left < work:
        return False
    meter.left -= work
    return True


def _meter() -> _Meter:
    meter = _METER.get(None)
    if meter is None:
        _METER.set(meter := _Meter(Limits(), counting=False))
    return meter


def raised(key: str, advice: str = "") -> str:
    """The hint of a message about a limit: what would work, and the option that raises it."""
    option = surface.limit(key)
    return f"{advice}; {option}" if advice else option


class Problems(list[Problem]):
    """Problems as they are found. Where there are too many, the search ends with all that were found."""

    def report(self, span: Span | None, message: str, hint: str = "") -> None:
        self.append(Problem(span, message, hint))

    def append(self, problem: Problem) -> None:
        super().append(problem)
        most = max(MOST_PROBLEMS, current().problems)
        if len(self) > most:
            end = Problem(None, f"more than {most:,} problems: the rest is not looked for", raised("problems"))
            raise SpecError([*map(of_option, self), end])


def parse(key: str, text: str) -> int:
    """The value of a limit as `--limit` gives it: a number, which may end in k, M or G. Raises SpecError."""
    if key not in DOCS:
        hint = did_you_mean(key, DOCS, f"they are {', '.join(DOCS)}")
        raise SpecError([Problem(None, f"there is no limit {quoted(key)}", hint)])
    if key == "problems" and text.strip() == "all":
        return ALL
    match = re.fullmatch(r"([0-9][0-9_,]{0,40})([kMGT]?)", text.strip())
    value = int(re.sub("[_,]", "", match.group(1))) * SUFFIXES[match.group(2)] if match else 0
    most = HIGHEST.get(key, ALL)
    if not 1 <= value <= most:
        upper = f" to {most:,}" if key in HIGHEST else ""
        such = min(2 * getattr(Limits(), key), most)
        raise SpecError([Problem(None, f"{quoted(text)} is no whole number from 1{upper}", f"write {key}={such}")])
    return value
