"""Budgets, expectations and assertions of a network, read from located nodes.

    budget:
      params: 5M                       # the maximum
      macs: {max: 600M, min: 100M, tolerance: 2%, max_increase: 1%}
      stages.*.params: 2M              # each block or layer that the pattern names
    expect:
      output: [1000]
      conv1.params: 9408
    assert:
      - params('fc6') / params() > 0.74

`checks.checker` evaluates them for a network.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from cnncalc.errors import LONGEST_QUOTE, Span, did_you_mean, listed, quoted
from cnncalc.limits import Problems
from cnncalc.record import Record
from cnncalc.spec.quantities import QUANTITIES
from cnncalc.spec.templates import Template, TemplateReader
from cnncalc.syntax import expressions
from cnncalc.syntax.expressions import Expression, ExpressionError, Number, Value
from cnncalc.syntax.source import Mapping, Node, Scalar, Sequence, kind
from cnncalc.text import BYTES

LIMITED = tuple(name for name, quantity in QUANTITIES.items() if not quantity.is_shape)

BUDGET = "budget"
EXPECT = "expect"
ASSERT = "assert"
GUARDS = (BUDGET, EXPECT, ASSERT)
# The kind of check for an increase over a baseline.
INCREASE = "increase"
TOLERANCE = "tolerance"
BOUNDS = {
    BUDGET: {
        "max": "the largest allowed value",
        "min": "the smallest allowed value",
        TOLERANCE: "how far max and min may be missed with only a warning: 2% or a number",
        "max_increase": "the largest allowed increase over a baseline (`--against`): 2% or a number",
    },
    EXPECT: {
        "value": "the expected value",
        TOLERANCE: "the largest allowed difference: 2% or a number",
    },
}
MAY_BE_PERCENT = (TOLERANCE, "max_increase")
UNITS = {
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
NUMERAL = r"\s*([0-9][0-9_]*(?:\.[0-9]+)?)\s*"


class Bound(Record):
    """A number of a limit as written. `scale` is the value of its unit, None for a percentage."""

    template: Template
    scale: int | None


class QuantityLimit(Record):
    """One key of `budget` or `expect`: a quantity of the network, or of each layer and block that `path` matches."""

    kind: str
    path: str
    quantity: str
    bounds: dict[str, Bound]
    span: Span

    @property
    def key(self) -> str:
        return f"{self.path}.{self.quantity}" if self.path else self.quantity


class Assertion(Record):
    """A condition on the figures of the network, with the column of its first character."""

    expression: Expression
    span: Span
    text_column: int | None


class Guards(Record):
    """All limits and assertions of a network."""

    limits: tuple[QuantityLimit, ...] = ()
    assertions: tuple[Assertion, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.limits or self.assertions)


def read_guards(nodes: dict[str, Node], known: Collection[str], problems: Problems) -> Guards:
    """The guards of the keys `budget`, `expect` and `assert`; their expressions may use the `known` names."""
    reader = TemplateReader(problems, known, tensor=False)
    limits = [limit for key in (BUDGET, EXPECT) if key in nodes for limit in _read_limits(key, nodes[key], reader)]
    assertions = _read_assertions(nodes[ASSERT], reader) if ASSERT in nodes else []
    return Guards(tuple(limits), tuple(assertions))


def _read_limits(kind_: str, node: Node, reader: TemplateReader) -> list[QuantityLimit]:
    if isinstance(node, Mapping):
        limits = [_read_limit(kind_, key, value, reader) for key, value in node.entries]
        return [limit for limit in limits if limit is not None]
    if not node.is_null:
        hint = "write params: 5M below it" if kind_ == BUDGET else "write output: [1000] below it"
        message = f"{kind_} is a mapping from quantities to numbers, not {kind(node)}"
        reader.problems.report(node.span, message, hint)
    return []


def _read_limit(kind_: str, key: Scalar, node: Node, reader: TemplateReader) -> QuantityLimit | None:
    """The limit of a key; None if it is invalid."""
    path, _, quantity = key.text.rpartition(".")
    known = QUANTITIES if kind_ == EXPECT else LIMITED
    if quantity not in known:
        message = f"unknown quantity {quoted(quantity)}"
        hint = did_you_mean(quantity, known, f"use {listed(known, 'or')}, alone or after a layer's name and a dot")
        if quantity in QUANTITIES:
            message, hint = f"{quantity} is a shape, which has no budget", f"put it below {EXPECT}:"
    elif path and QUANTITIES[quantity].whole_network:
        message, hint = f"{quantity} is a figure of the whole network", f"write {quantity}: without a name"
    elif path and not all(path.split(".")):
        message, hint = f"the name {quoted(path)} has an empty part", "write dots only between parts"
    else:
        bounds = _read_bounds(kind_, key, quantity, node, reader)
        return QuantityLimit(kind_, path, quantity, bounds, key.span) if bounds else None
    reader.problems.report(key.span, message, hint)
    return None


def _read_bounds(kind_: str, key: Scalar, quantity: str, node: Node, reader: TemplateReader) -> dict[str, Bound]:
    """The bounds of a key: a mapping, or only the first bound; empty if invalid."""
    known = BOUNDS[kind_]
    if not isinstance(node, Mapping):
        first = next(iter(known))
        bound = _read_bound(quantity, first, node, reader)
        return {first: bound} if bound else {}
    bounds: dict[str, Bound] = {}
    before = len(reader.problems)
    for word, value in node.entries:
        if word.text not in known:
            hint = did_you_mean(word.text, known, f"its keys are {listed(known)}")
            reader.problems.report(word.span, f"{kind_} has no key {quoted(word.text)}", hint)
        elif bound := _read_bound(quantity, word.text, value, reader):
            bounds[word.text] = bound
    if len(reader.problems) == before and not set(bounds) - {TOLERANCE}:
        needed = listed([word for word in known if word != TOLERANCE], "or")
        reader.problems.report(key.span, f"{key.text} has no limit", f"write {needed}")
    return bounds if len(reader.problems) == before else {}


def _read_bound(quantity: str, word: str, node: Node, reader: TemplateReader) -> Bound | None:
    if isinstance(node, Scalar):
        if node.is_null:
            reader.problems.report(node.span, f"{quantity} has no value", "write a value after the colon")
            return None
        if match := re.match(r"\s*([<>]=?|[≤≥]|==)\s*(\S.*)", node.text):
            _refuse_comparison(word, match.group(1), match.group(2), node, reader.problems)
            return None
        if match := re.fullmatch(rf"{NUMERAL}%\s*", node.text):
            return _read_percent(word, match.group(1), node, reader)
        if match := re.fullmatch(rf"{NUMERAL}([kKMGT]?i?[bB]|[kmgt]i?b)", node.text):
            return _read_size(quantity, match.group(1), match.group(2), node, reader)
    template = reader.template(node)
    return None if template is None else Bound(template, 1)


def _refuse_comparison(word: str, sign: str, text: str, node: Scalar, problems: Problems) -> None:
    wanted = {"<": "max", "≤": "max", ">": "min", "≥": "min"}.get(sign[0], word)
    written = text if wanted == word else f"{{{wanted}: {text}}}"
    if not written.isprintable() or len(written) > LONGEST_QUOTE:
        written = "only the number"
    problems.report(node.span, f"{word} takes a number, not the comparison {quoted(node.text)}", f"write {written}")


def _read_percent(word: str, numeral: str, node: Scalar, reader: TemplateReader) -> Bound | None:
    if word in MAY_BE_PERCENT:
        template = reader.expression(numeral, node.span, node.span.column)
        return Bound(template, None) if template else None
    reader.problems.report(
        node.span,
        f"{word} takes a number, not a percentage",
        f"write a number; only {listed(MAY_BE_PERCENT)} take percentages",
    )
    return None


def _read_size(quantity: str, numeral: str, unit: str, node: Scalar, reader: TemplateReader) -> Bound | None:
    if QUANTITIES[quantity].unit != BYTES:
        hint = f"write {quantity}_size for memory" if f"{quantity}_size" in QUANTITIES else "write a number"
        reader.problems.report(node.span, f"{quantity} is a count, not a size in {unit}", hint)
    elif unit not in UNITS:
        hint = did_you_mean(unit, UNITS, f"the units are {listed(UNITS)}")
        reader.problems.report(node.span, f"unknown unit {quoted(unit)}", hint)
    else:
        template = reader.expression(numeral, node.span, node.span.column)
        return Bound(template, UNITS[unit]) if template else None
    return None


def _read_assertions(node: Node, reader: TemplateReader) -> list[Assertion]:
    if node.is_null:
        return []
    items = node.items if isinstance(node, Sequence) else (node,)
    assertions = [_read_assertion(item, reader) for item in items]
    return [assertion for assertion in assertions if assertion is not None]


def _read_assertion(item: Node, reader: TemplateReader) -> Assertion | None:
    if not isinstance(item, Scalar) or item.is_null:
        hint = "write a condition such as params('fc6') / params() < 0.5"
        reader.problems.report(item.span, f"an assertion is a condition, not {kind(item)}", hint)
        return None
    try:
        parsed = expressions.parse(item.text, tuple(QUANTITIES))
    except ExpressionError as error:
        hint = _figure_hint(item.text, error.offset) or error.hint
        reader.problems.report(item.span.within(item.text_column, error.offset), error.message, hint)
        return None
    wrong = [(name, offset) for name, offset in parsed.names if name not in reader.known]
    for name, offset in wrong:
        functions = [f"{quantity}()" for quantity in QUANTITIES]
        hint = did_you_mean(f"{name}()", functions) or f"the functions are {', '.join(functions)}"
        if re.search(rf"\b(?:{'|'.join(QUANTITIES)})\s*\($", item.text[:offset]):
            hint = f"write the name of a layer in quotes: '{name}'"
        reader.problems.report(item.span.within(item.text_column, offset), f"{quoted(name)} is not defined here", hint)
    return None if wrong else Assertion(parsed, item.span, item.text_column)


def _figure_hint(text: str, offset: int) -> str:
    """How to write a percentage, or a layer's quantity that looks like a key of a budget (`fc.params`)."""
    figure = re.match(rf"\.({'|'.join(QUANTITIES)})\b", text[offset : offset + LONGEST_QUOTE])
    layer = re.search(r"[\w./+-]{1,60}$", text[max(offset - LONGEST_QUOTE, 0) : offset])
    if figure and layer:
        name = figure.group(1)
        if QUANTITIES[name].whole_network:
            return f"{name} is a figure of the whole network: write {name}()"
        share = f", or {name}('{layer.group()}') / {name}() for its share" if QUANTITIES[name].sums else ""
        return f"write {name}('{layer.group()}'){share}"
    percent = re.search(r"([0-9]{1,9})\s*%\s*$", text[-LONGEST_QUOTE:])
    if percent is None:
        return ""
    part = expressions.decimal(expressions.fraction(f"{percent.group(1)}e-2"))
    return f"write {part}, and compare it with a share, such as params('fc') / params()"


def locate_in(assertion: Assertion, offset: int) -> Span:
    """The place of an assertion's character at an offset."""
    return assertion.span.within(assertion.text_column, offset)


def read_limit_option(
    kind_: str, bound: str, pair: tuple[str, str], option: str, problems: Problems
) -> QuantityLimit | None:
    """The limit of a command's option, such as `--max params=5M`; None if it is invalid."""
    key, text = pair
    span = Span(f"{option} {key}={text}", 0, 1)
    flow = re.fullmatch(r"\s*\[(.*)\]\s*", text)
    parts = [Scalar(part.strip(), True, span, literal=False) for part in flow.group(1).split(",")] if flow else []
    value = Sequence(tuple(parts), span) if flow else Scalar(text.strip(), True, span, literal=False)
    node = Mapping(((Scalar(bound, True, span), value),), span)
    return _read_limit(kind_, Scalar(key, True, span, literal=False), node, TemplateReader(problems, (), tensor=False))


def read_assertion_option(text: str, option: str, problems: Problems) -> Assertion | None:
    """The assertion of a command's option; None if it is invalid."""
    span = Span(f"{option} {text}", 0, 1)
    return _read_assertion(Scalar(text, True, span, literal=False), TemplateReader(problems, (), tensor=False))


def amount(value: Value, scale: int) -> Number | None:
    """The number of a bound in its quantity's unit; None if the value is not a number of at least 0."""
    if isinstance(value, bool | str | tuple) or value is None or value < 0:
        return None
    return value * scale
