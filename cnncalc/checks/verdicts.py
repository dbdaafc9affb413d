"""Verdicts as findings: what fails, by how much, which parts cost most, and how to fix it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from cnncalc import surface
from cnncalc import text as written
from cnncalc.analyses.tree import Row, full_label
from cnncalc.checks.causes import Spent
from cnncalc.checks.checker import Verdict
from cnncalc.checks.finding import Check, Finding, Severity, State
from cnncalc.errors import Span, listed
from cnncalc.layers.shapes import Shape
from cnncalc.network.records import LayerGraph
from cnncalc.spec.guards import ASSERT
from cnncalc.syntax.expressions import Number, Value, decimal, describe, fraction
from cnncalc.text import BYTES, Share

# Fractions from here on are rounded to whole numbers.
EXACT_FROM = 1000
SEVERITIES = {State.BROKEN: Severity.ERROR, State.TOLERATED: Severity.WARNING}


def findings(verdicts: Iterable[Verdict]) -> Iterator[Finding]:
    """A finding for each guard that fails, at the guard; within the tolerance, it is a warning."""
    for verdict in verdicts:
        check = verdict.check
        if check.state in SEVERITIES:
            message, hint = _assertion(verdict) if check.kind == ASSERT else _limit(verdict)
            layer = check.subject.rpartition(".")[0] if check.kind != ASSERT else ""
            details, severity = tuple(_spent(verdict)), SEVERITIES[check.state]
            yield Finding(check.kind, severity, check.span, message, hint, details, layer, check.subject, check.span)


def in_spec(found: Iterable[Finding], network: LayerGraph) -> Iterator[Finding]:
    """Findings of guards, each at a place in the spec.

    A guard in cnncalc.yaml or in an option applies to other specs, too. Its finding is at the layer that it names,
    if any, and the message tells where the guard is written.
    """
    places: dict[str, Span] = {}
    for finding in found:
        guard = finding.guard
        if guard is None or (guard.line and guard.file == network.file):
            yield finding
            continue
        places = places or _places(network)
        span = places.get(finding.layer)
        written = guard if guard.line else guard.file
        yield finding._replace(
            span=span if span and span.file == network.file else None, message=f"{finding.message} ({written})"
        )


def _places(network: LayerGraph) -> dict[str, Span]:
    """The place of each block and layer in the spec, by its full name."""
    groups = {group.name: group.span for group in network.groups}
    return groups | {layer.name: layer.span for layer in network.layers}


def value_of(check: Check) -> str:
    """The network's value: a number with its unit, or a shape."""
    if check.value is None:
        return ""
    return str(Shape(check.value)) if isinstance(check.value, tuple) else _number(check.value, check.unit)


def limits_of(check: Check) -> str:
    """The allowed values, in a few words."""
    texts = []
    for word, bound in check.limits:
        text = str(Shape(bound)) if isinstance(bound, tuple) else _number(bound, check.unit)
        texts.append({"max": f"at most {text}", "min": f"at least {text}", "max_increase": f"+{text}"}.get(word, text))
    return listed(texts) if texts else ""


def used(check: Check) -> Share | None:
    """The used share of the maximum."""
    most = dict(check.limits).get("max")
    if not isinstance(check.value, int) or most is None or isinstance(most, tuple) or not most:
        return None
    part = Fraction(check.value) / most
    return Share(part.numerator, part.denominator)


# --- limits -------------------------------------------------------------------------------------


def _limit(verdict: Verdict) -> tuple[str, str]:
    """The message of a limit that fails, and a hint."""
    check = verdict.check
    has = f"{check.label} is {value_of(check)}"
    if not isinstance(check.value, int):
        return f"{has}, not {limits_of(check)}", ""
    limits = {word: bound for word, bound in check.limits if not isinstance(bound, tuple)}
    if "max_increase" in limits:
        return _increase(check, limits["max_increase"]), _instead_of_increase(verdict)
    most, least = limits.get("max"), limits.get("min")
    if "value" in limits:
        return f"{has}, not {limits_of(check)}: {_difference(check, limits['value'])}", ""
    if most is not None and check.value > most:
        message = f"{has}, {_difference(check, most)} than its budget of {_number(most, check.unit)}"
        return message, _instead(verdict, check.value - most)
    if least is not None:
        return f"{has}, {_difference(check, least)} than its minimum of {_number(least, check.unit)}", ""
    return has, ""


def _difference(check: Check, bound: Number) -> str:
    """The difference between a value and a bound: 12,345 (2.1 %) more."""
    value = check.value if isinstance(check.value, int) else 0
    more = value > bound
    by = value - bound if more else bound - value
    percent = f" ({_percent(by, bound)})" if bound else ""
    return f"{_number(by, check.unit)}{percent} {'more' if more else 'less'}"


def _increase(check: Check, allowed: Number) -> str:
    value = check.value if isinstance(check.value, int) else 0
    before = check.before or 0
    percent = f" ({_percent(value - before, before)})" if before else ""
    limit = f"{_number(allowed, check.unit)}{f' ({_percent(allowed, before)})' if before else ''}"
    grown = f"{check.label} grew by {_number(value - before, check.unit)}{percent}"
    return f"{grown} to {_number(value, check.unit)}, more than the allowed {limit}"


def _instead(verdict: Verdict, over: Number) -> str:
    """A hint for a budget: reduce the heaviest part, the input, or allow more."""
    check = verdict.check
    ways = []
    if verdict.spent and verdict.spent[0].value > over:
        heaviest = verdict.spent[0]
        ways.append(f"reduce {full_label(heaviest.row)} by {_percent(over, heaviest.value, up=True)}")
    if verdict.smaller_input is not None:
        ways.append(f"make the input {verdict.smaller_input!s}")
    if isinstance(check.value, int):
        ways.append(f"allow {_rounded_up(check.value, check.unit)}")
    return listed(ways, "or")


def _instead_of_increase(verdict: Verdict) -> str:
    check = verdict.check
    value = check.value if isinstance(check.value, int) else 0
    return f"reduce the growth, or raise max_increase to {_rounded_up(value - (check.before or 0), check.unit)}"


def _spent(verdict: Verdict) -> Iterator[str]:
    """The layer at the peak, or the heaviest parts, or those that grew, one line each."""
    unit, whole = verdict.check.unit, verdict.check.value
    if not isinstance(whole, int):
        return
    if verdict.peak:
        yield f"the largest amount is in use while {verdict.peak} runs"
    if verdict.if_folded is not None:
        advice = surface.advice("check the deployed network with --fold-batch-norm")
        yield f"with each batch norm folded into the layer before it: {_number(verdict.if_folded, unit)}{advice}"
    for spent in verdict.spent:
        if verdict.check.before is not None:
            yield f"{full_label(spent.row)}: {_growth(spent, unit)}"
        else:
            share = _percent(spent.value, whole)
            yield f"{full_label(spent.row)} {_has(spent.row)} {_number(spent.value, unit)} ({share})"


def _has(row: Row) -> str:
    return "has" if row.times == 1 else "have"


def _growth(spent: Spent, unit: str) -> str:
    before = spent.before or 0
    grown = f"+{_number(spent.value - before, unit)}"
    return f"{grown}, from {_number(before, unit)} to {_number(spent.value, unit)}" if before else f"{grown}, new"


# --- assertions ---------------------------------------------------------------------------------


def _assertion(verdict: Verdict) -> tuple[str, str]:
    """The message of an assertion that fails, with its figures."""
    figures = listed([f"{call} is {_value(value)}" for call, value in verdict.figures]) if verdict.figures else ""
    compared = ""
    if len(verdict.sides) == 2 and len(verdict.figures) != 1:
        compared = f": {_value(verdict.sides[0])} against {_value(verdict.sides[1])}"
    counted = f" as counted by {verdict.check.convention}" if verdict.check.convention else ""
    return f"{verdict.check.subject} does not hold{counted}{compared}{f'; {figures}' if figures else ''}", ""


def _value(value: Value) -> str:
    if isinstance(value, bool) or not isinstance(value, int | Fraction):
        return describe(value)
    if isinstance(value, int):
        return written.integer(value)
    return f"{float(value):.4g}" if value < EXACT_FROM else written.integer(round(value))


# --- numbers ------------------------------------------------------------------------------------


def _number(number: Number, unit: str) -> str:
    """A number in its unit: 612,345,678 or 20.0 MiB."""
    if unit == BYTES:
        return written.size(round(number))
    if isinstance(number, int) or number >= EXACT_FROM:
        return written.integer(round(number))
    return f"{float(number):.4g}"


def _percent(part: Number, whole: Number, *, up: bool = False) -> str:
    """A part of a whole in percent; `up` rounds up, so that the result is enough."""
    share = Fraction(part) / Fraction(whole)
    if up:
        tenths = -(-share.numerator * 1000 // share.denominator)
        return f"{tenths // 10}.{tenths % 10} %"
    return f"{written.percent(Share(share.numerator, share.denominator))} %"


def _rounded_up(number: int, unit: str) -> str:
    """The number rounded up to three digits, in the notation of specs: 613M, 21 MiB."""
    units = (
        (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))
        if unit == BYTES
        else (("G", 10**9), ("M", 10**6), ("k", 10**3))
    )
    for word, scale in units:
        if number >= scale:
            decimals = max(3 - len(str(number // scale)), 0)
            rounded = fraction(f"{-(-number * 10**decimals // scale)}e-{decimals}")
            return f"{decimal(rounded)}{' ' if unit == BYTES else ''}{word}"
    return f"{number} B" if unit == BYTES else str(number)
