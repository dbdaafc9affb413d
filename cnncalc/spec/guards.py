"""What a network is held to: budgets, expectations and assertions, read from nodes with their places.

    budget:
      params: 5M                       # at most
      macs: {max: 600M, min: 100M, tolerance: 2%, max_increase: 1%}
      stages.*.params: 2M              # each block or layer that the pattern names
    expect:
      output: [1000]
      conv1.params: 9408
    assert:
      - params('fc6') / params() > 0.74

Nothing is compared here: that needs the network.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from cnncalc.errors import LONGEST_QUOTE, Problem, Span, did_you_mean, listed, quoted
from cnncalc.reprs import brief
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
# The kind of a check on an increase.
INCREASE = "increase"
TOLERANCE = "tolerance"
BOUNDS = {
    BUDGET: {
        "max": "the most that is allowed",
        "min": "the least that is allowed",
        TOLERANCE: "by how much max and min may be missed with no more than a warning: 2% or a number",
        "max_increase": "the most that may be added to a baseline (`--against`): 2% or a number",
    },
    EXPECT: {
        "value": "what it must be",
        TOLERANCE: "by how much it may differ: 2% or a number",
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


@brief
class Bound(NamedTuple):
    """A number of a limit as it is written; `scale` is what 1 of it stands for, None where it is in per cent."""

    template: Template
    scale: int | None


@brief
class Limit(NamedTuple):
    """One key of `budget` or `expect`: a quantity of the network, or of all that the pattern `path` names."""

    kind: str
    path: str
    quantity: str
    bounds: dict[str, Bound]
    span: Span

    @property
    def key(self) -> str:
        return f"{self.path}.{self.quantity}" if self.path else self.quantity


@brief
class Assertion(NamedTuple):
    """A condition over the figures of the network, with the place where its text begins."""

    expression: Expression
    span: Span
    text_column: int | None


@brief
class Guards(NamedTuple):
    """All that a network is held to."""

    limits: tuple[Limit, ...] = ()
    assertions: tuple[Assertion, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.limits or self.assertions)


def read_guards(nodes: dict[str, Node], known: frozenset[str], problems: list[Problem]) -> Guards:
    """The guards of the keys `budget`, `expect` and `assert`; their expressions may use the `known` names."""
    reader = _Reader(known, problems)
    limits = [limit for key in (BUDGET, EXPECT) if key in nodes for limit in reader.limits(key, nodes[key])]
    assertions = reader.assertions(nodes[ASSERT]) if ASSERT in nodes else []
    return Guards(tuple(limits), tuple(assertions))


class _Reader:
    """Reads guards; the problems it meets are collected."""

    def __init__(self, known: frozenset[str], problems: list[Problem]) -> None:
        self.known = known
        self.problems = problems
        self.templates = TemplateReader(problems)

    def problem(self, span: Span, message: str, hint: str = "") -> None:
        self.problems.append(Problem(span, message, hint))

    def limits(self, kind_: str, node: Node) -> Iterable[Limit]:
        if isinstance(node, Scalar) and node.is_null:
            return
        if not isinstance(node, Mapping):
            hint = "write params: 5M below it" if kind_ == BUDGET else "write output: [1000] below it"
            self.problem(node.span, f"{kind_} is a mapping of quantities to numbers, not {kind(node)}", hint)
            return
        for key, value in node.entries:
            limit = self.limit(kind_, key, value)
            if limit is not None:
                yield limit

    def limit(self, kind_: str, key: Scalar, node: Node) -> Limit | None:
        """The limit of one key; None where something is wrong with it."""
        path, _, quantity = key.text.rpartition(".")
        known = QUANTITIES if kind_ == EXPECT else LIMITED
        if quantity not in known:
            message = f"unknown quantity {quoted(quantity)}"
            hint = did_you_mean(quantity, known, f"they are {listed(known)}, alone or behind a layer's name and a dot")
            if quantity in QUANTITIES:
                message, hint = f"{quantity} is a shape, which has no budget", f"put it below {EXPECT}:"
            self.problem(key.span, message, hint)
            return None
        if path and QUANTITIES[quantity].whole_network:
            self.problem(key.span, f"{quantity} is a figure of the whole network", f"write {quantity}: without a name")
            return None
        if not all(path.split(".")) and path:
            self.problem(key.span, f"the name {quoted(path)} has an empty part", "dots stand between parts")
            return None
        bounds = self.bounds(kind_, key, quantity, node)
        return Limit(kind_, path, quantity, bounds, key.span) if bounds else None

    def bounds(self, kind_: str, key: Scalar, quantity: str, node: Node) -> dict[str, Bound]:
        """The bounds of one key: a mapping of them, or the first alone; none where something is wrong."""
        known = BOUNDS[kind_]
        first = next(iter(known))
        if not isinstance(node, Mapping):
            bound = self.bound(quantity, first, node)
            return {first: bound} if bound else {}
        bounds: dict[str, Bound] = {}
        before = len(self.problems)
        for word, value in node.entries:
            if word.text not in known:
                hint = did_you_mean(word.text, known, f"it takes {listed(known)}")
                self.problem(word.span, f"{kind_} takes no {quoted(word.text)}", hint)
            elif bound := self.bound(quantity, word.text, value):
                bounds[word.text] = bound
        if len(self.problems) == before and not set(bounds) - {TOLERANCE}:
            needed = listed([word for word in known if word != "tolerance"], "or")
            self.problem(key.span, f"{key.text} has no limit", f"give it {needed}")
        return bounds if len(self.problems) == before else {}

    def bound(self, quantity: str, word: str, node: Node) -> Bound | None:
        if isinstance(node, Scalar):
            if node.is_null:
                self.problem(node.span, f"{quantity} has no value", "give it one")
                return None
            if match := re.match(r"\s*([<>]=?|[≤≥]|==)\s*(\S.*)", node.text):
                self._refuse_comparison(word, match.group(1), match.group(2), node)
                return None
            if match := re.fullmatch(rf"{NUMERAL}%\s*", node.text):
                return self._percent(word, match.group(1), node)
            if match := re.fullmatch(rf"{NUMERAL}([kKMGT]?i?[bB]|[kmgt]i?b)", node.text):
                return self._size(quantity, match.group(1), match.group(2), node)
        template = self.templates.template(node, self.known, tensor=False)
        return None if template is None else Bound(template, 1)

    def _refuse_comparison(self, word: str, sign: str, text: str, node: Scalar) -> None:
        wanted = {"<": "max", "≤": "max", ">": "min", "≥": "min"}.get(sign[0], word)
        written = text if wanted == word else f"{{{wanted}: {text}}}"
        if not written.isprintable() or len(written) > LONGEST_QUOTE:
            written = "the number alone"
        self.problem(node.span, f"{word} takes a number, not the comparison {quoted(node.text)}", f"write {written}")

    def _percent(self, word: str, numeral: str, node: Scalar) -> Bound | None:
        if word in MAY_BE_PERCENT:
            template = self._constant(numeral, node)
            return Bound(template, None) if template else None
        self.problem(node.span, f"{word} takes a number, not a percentage", f"{listed(MAY_BE_PERCENT)} take one")
        return None

    def _size(self, quantity: str, numeral: str, unit: str, node: Scalar) -> Bound | None:
        if QUANTITIES[quantity].unit != BYTES:
            hint = f"write {quantity}_size for memory" if f"{quantity}_size" in QUANTITIES else "write a number"
            self.problem(node.span, f"{quantity} is counted, not measured in {unit}", hint)
        elif unit not in UNITS:
            hint = did_you_mean(unit, UNITS, f"the units are {listed(UNITS)}")
            self.problem(node.span, f"unknown unit {quoted(unit)}", hint)
        else:
            template = self._constant(numeral, node)
            return Bound(template, UNITS[unit]) if template else None
        return None

    def _constant(self, numeral: str, node: Scalar) -> Template | None:
        return self.templates.expression(numeral, node.span, node.span.column, frozenset(), tensor=False)

    def assertions(self, node: Node) -> Iterable[Assertion]:
        if isinstance(node, Scalar) and node.is_null:
            return
        for item in node.items if isinstance(node, Sequence) else (node,):
            if not isinstance(item, Scalar) or item.is_null:
                hint = "such as params('fc6') / params() < 0.5"
                self.problem(item.span, f"an assertion is a condition, not {kind(item)}", hint)
                continue
            assertion = self.assertion(item)
            if assertion is not None:
                yield assertion

    def assertion(self, item: Scalar) -> Assertion | None:
        column = item.span.column + (0 if item.plain else 1) if item.literal else None
        try:
            parsed = expressions.parse(item.text, tuple(QUANTITIES))
        except ExpressionError as error:
            hint = _figure_hint(item.text, error.offset) or error.hint
            self.problem(_at(item.span, column, error.offset), error.message, hint)
            return None
        wrong = [(name, offset) for name, offset in parsed.names if name not in self.known]
        for name, offset in wrong:
            functions = [f"{quantity}()" for quantity in QUANTITIES]
            hint = did_you_mean(f"{name}()", functions) or f"the figures are {', '.join(functions)}"
            if re.search(rf"\b(?:{'|'.join(QUANTITIES)})\s*\($", item.text[:offset]):
                hint = f"write the name of a layer in quotes: '{name}'"
            self.problem(_at(item.span, column, offset), f"{quoted(name)} is not defined here", hint)
        return None if wrong else Assertion(parsed, item.span, column)


def _figure_hint(text: str, offset: int) -> str:
    """How to write a figure of a layer that is written like a budget's key (`fc.params`), or a percentage."""
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


def _at(span: Span, column: int | None, offset: int) -> Span:
    return span if column is None else span._replace(column=column + offset)


def place_in(assertion: Assertion, offset: int) -> Span:
    """The place of a character of an assertion."""
    return _at(assertion.span, assertion.text_column, offset)


def limit_of_option(
    kind_: str, bound: str, pair: tuple[str, str], option: str, problems: list[Problem]
) -> Limit | None:
    """The limit that a command's option gives: `--max params=5M`; None where something is wrong with it."""
    key, text = pair
    span = Span(f"{option} {key}={text}", 0, 1)
    flow = re.fullmatch(r"\s*\[(.*)\]\s*", text)
    parts = [Scalar(part.strip(), True, span, literal=False) for part in flow.group(1).split(",")] if flow else []
    value = Sequence(tuple(parts), span) if flow else Scalar(text.strip(), True, span, literal=False)
    node = Mapping(((Scalar(bound, True, span), value),), span)
    return _Reader(frozenset(), problems).limit(kind_, Scalar(key, True, span, literal=False), node)


def assertion_of_option(text: str, option: str, problems: list[Problem]) -> Assertion | None:
    """The assertion that a command's option gives; None where something is wrong with it."""
    span = Span(f"{option} {text}", 0, 1)
    return _Reader(frozenset(), problems).assertion(Scalar(text, True, span, literal=False))


def amount(value: Value, scale: int) -> Number | None:
    """The number that a bound comes to, in its quantity's unit; None where it is no number of at least 0."""
    if isinstance(value, bool | str | tuple) or value is None or value < 0:
        return None
    return value * scale
