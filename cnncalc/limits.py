"""The limits of specs in one record, and the count of the remaining work.

Specs are untrusted: within these limits, any spec is read or refused in seconds. Limits are needed deep inside
parsers, far from the code that knows the options, so the current limits are a context variable, separate for each
thread. `current()` returns them.
"""

from __future__ import annotations

import re
import sys
from contextlib import ContextDecorator
from contextvars import ContextVar

from cnncalc import surface
from cnncalc.errors import Problem, Span, SpecError, did_you_mean, of_option, quoted
from cnncalc.record import Record

# The search for problems ends after this number, however few of them are shown.
MOST_PROBLEMS = 500


class Limits(Record):
    """The limits of a spec, described in DOCS. With `outside`, extends may leave the spec's folder."""

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
    designs: int = 1_000_000
    outside: bool = False

    @property
    def steps(self) -> int:
        """The limit of expanded items: layers, blocks, groups and branches."""
        return 3 * self.layers


DOCS = {
    "bytes": "bytes of a spec and the specs that it extends",
    "values": "keys and values of a spec; an alias counts like its content",
    "text": "characters of a text value in a spec",
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
    "work": "operations of all expressions and list items, and examined names, checks, comments and changes;"
    " receptive fields and the positions that one output reads are counted separately",
    "problems": "problems that are shown, or `all`",
    "designs": "designs of a sweep",
}

# The highest allowed limits: deeper nesting exceeds Python's recursion, and larger numbers cannot be printed.
HIGHEST = {"nesting": 200, "brackets": 100, "operations": 1_000, "exponent": 1_000, "number": 10**30}
ALL = sys.maxsize
SUFFIXES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


class Cost:
    """Costs of steps in units of the limit `work`: one operation of an expression, about a microsecond.

    All costs are in this table. Code whose time depends on the spec consumes its steps with `spend`. Entries `PER_`
    are for cheaper steps: the number of steps that cost one unit.
    """

    FRACTION = 10  # an operation on fractions instead of integers
    VERDICT = 20  # a checked limit or assertion, with its record
    CHANGE = 150  # a layer that differs between two networks, with its causes and row
    PATTERN_LOOKUP = 100  # a pattern or rule word of cnncalc.yaml
    PATTERN = 1_000  # a compiled part of a pattern
    FOLDER_ENTRY = 10  # a name that the file system lists
    COMMENT = 300  # a comment that ignores rules, and each of its words
    OUTPUT = 2  # an output whose receptive field is computed
    STRAND = 20  # one of several strides of a receptive field
    RUN = 2  # a run of positions that an output reads
    OVERLAP = 1  # two tensors that are alive at the same time
    FURTHER_INPUT = 10  # a layer's receptive field on another input of the network
    STEP = 20  # a layer, block or branch of a network that is built at several sizes
    ALIGNED = 10  # a pair of nodes of two runs of layers that may be one block
    OUTLINED = 10  # a node of a run whose text is compared with that of a block
    LANE = 60  # a line of a drawing that passes a row of boxes
    PER_EXAMINED = 2  # runs of nodes that are counted, to find those that repeat
    PER_NAME = 10  # compared names
    PER_CHARACTER = 20  # characters of full names
    PER_PLACE = 5  # places from which a pattern can continue
    PER_TAP = 2  # taps of a kernel whose positions are counted


class _Meter:
    """The current limits, and the work that is left."""

    __slots__ = ("counting", "left", "limits", "steps")

    def __init__(self, limits: Limits, *, counting: bool) -> None:
        self.limits = limits
        self.left = limits.work
        self.counting = counting
        self.steps = 0


_METER: ContextVar[_Meter] = ContextVar("limits")


def current() -> Limits:
    """The current limits."""
    return _meter().limits


class InForce(ContextDecorator):
    """Context manager that sets limits for a block of code, without checking them.

    This is a class because the garbage collector could end an abandoned generator at any time and restore old
    limits.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits

    def __enter__(self) -> None:
        self.token = _METER.set(_Meter(self.limits, counting=True))

    def __exit__(self, *error: object) -> None:
        _METER.reset(self.token)

    def _recreate_cm(self) -> InForce:
        """A new context for each call of a decorated function, which may be recursive."""
        return InForce(self.limits)


def using(limits: Limits) -> InForce:
    """Set other limits for a block of code.

    with limits.using(Limits(layers=200_000)):
        network = build.load("large.yaml")

    Raises TypeError for arguments that are not Limits of whole numbers, and ValueError for numbers out of range.
    """
    _refuse_wrong(limits)
    if limits.nesting > Limits().nesting or limits.operations > Limits().operations:
        # A level of a spec takes several calls. Python's own limit is enough for the default limits.
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
    """Count the work of a block of code from 0. The outer count continues after the block."""
    return InForce(current())


def restart() -> None:
    """Restart the count of work at 0, before reading a spec or building a network."""
    _METER.set(_Meter(current(), counting=True))


def rest(steps: int = 0) -> None:
    """Stop counting, after a network of `steps` items is built: later work does not depend on the spec's structure."""
    meter = _meter()
    meter.counting = False
    meter.steps = steps


def spent() -> int:
    """The work counted since the last restart, including the steps of building a network."""
    meter = _meter()
    return meter.limits.work - meter.left + Cost.STEP * meter.steps


def spend(work: int, subject: str = "this") -> None:
    """Consume work from the limit, for `subject`. Raises SpecError if none is left."""
    meter = _meter()
    if not meter.counting:
        return
    meter.left -= work
    if meter.left < 0:
        meter.counting = False
        message = f"{subject} takes more than {meter.limits.work:,} operations"
        raise SpecError([Problem(None, message, raised("work"))])


def affords(work: int) -> bool:
    """Consume work from the limit if enough is left. Returns whether it was."""
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
    """The hint of a message about a limit: `advice`, and the option that raises the limit."""
    option = surface.limit(key)
    return f"{advice}, or {option}" if advice else option


class Problems(list[Problem]):
    """The problems found so far. If there are too many, the search ends."""

    def report(self, span: Span | None, message: str, hint: str = "") -> None:
        self.append(Problem(span, message, hint))

    def append(self, problem: Problem) -> None:
        super().append(problem)
        most = max(MOST_PROBLEMS, current().problems)
        if len(self) > most:
            end = Problem(None, f"more than {most:,} problems; the rest is not checked", raised("problems"))
            raise SpecError([*map(of_option, self), end])


def parse(key: str, text: str) -> int:
    """The value of a `--limit`: a number, which may end in k, M or G. Raises SpecError."""
    if key not in DOCS:
        hint = did_you_mean(key, DOCS, f"the limits are {', '.join(DOCS)}")
        raise SpecError([Problem(None, f"unknown limit {quoted(key)}", hint)])
    if key == "problems" and text.strip() == "all":
        return ALL
    match = re.fullmatch(r"([0-9][0-9_,]{0,40})([kMGT]?)", text.strip())
    value = int(re.sub("[_,]", "", match.group(1))) * SUFFIXES[match.group(2)] if match else 0
    most = HIGHEST.get(key, ALL)
    if not 1 <= value <= most:
        upper = f" to {most:,}" if key in HIGHEST else ""
        such = min(2 * getattr(Limits(), key), most)
        raise SpecError([Problem(None, f"{quoted(text)} is not a whole number from 1{upper}", f"write {key}={such}")])
    return value
