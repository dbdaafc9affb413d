"""Elementwise functions, recognized by their values: an activation is the same layer however a file writes it.

Readers build the text of a function from the operators of a file, with `combine`. `recognize` evaluates it at a few
points, and compares the results with those of the known activations; other functions become an `apply`.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from cnncalc import layers, limits
from cnncalc.interchange.graph import Plain
from cnncalc.record import Record
from cnncalc.syntax import expressions

# Both sides of each bend of an activation, near and far.
POINTS = (-9.25, -6.5, -3.75, -2.75, -1.5, -1.0, -0.375, -0.0625, 0.125, 0.625, 1.25, 2.375, 3.5, 5.75, 6.25, 9.5)
TOLERANCE = 1e-5
# A function is compared with these types, in this order, and then with those that have a parameter.
FIXED_TYPES = (
    "relu", "relu6", "sigmoid", "tanh", "silu", "hard_swish", "hard_sigmoid", "softplus", "mish", "selu", "absolute",
)  # fmt: skip
GELUS: tuple[tuple[str, dict[str, Plain]], ...] = (
    ("x * 0.5 * (1 + erf(x / sqrt(2)))", {}),
    ("x * 0.5 * (1 + tanh(sqrt(0.6366197723675814) * (x + 0.044715 * x ** 3)))", {"approximate": "tanh"}),
)
# What a function that is compared with the activations costs of the limit `work`.
WORK = 30
EXPONENTIAL_UNIT = math.exp(-1) - 1


class Term(Record):
    """The text of a function, and how strongly its outermost operator binds: see the ranks below."""

    text: str
    rank: int = 4


CHOICE, SUM, PRODUCT, POWER, ATOM = range(5)
X = Term("x")
OPERATORS = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "**": POWER}


def combine(template: str, *terms: Term) -> Term:
    """The function of `template`, an operator such as `+`, or a text such as `exp({})`, over other functions."""
    if template in OPERATORS:
        rank = OPERATORS[template]
        # Operators join from the left, and powers are written with brackets.
        left = _within(terms[0], ATOM if rank == POWER else rank)
        right = _within(terms[1], ATOM if rank == POWER or terms[1].text[0] == "-" else rank + 1)
        if rank < POWER and template in "+*" and terms[1].rank == rank and terms[1].text[0] != "-":
            right = terms[1].text
            right = right if template == "+" or "/" not in right else f"({right})"
        return Term(f"{left} {template} {right}", rank)
    rank = CHOICE if " if " in template else PRODUCT if template.startswith("-") else ATOM
    fill = (_within(term, POWER if rank != ATOM else CHOICE) for term in terms)
    return Term(template.format(*fill), rank)


def _within(term: Term, rank: int) -> str:
    return term.text if term.rank >= rank else f"({term.text})"


def literal(value: float) -> Term:
    """A number as a function has it: the shortest text that a number of 32 bits, or of 64, may be read from."""
    if isinstance(value, int) or value == int(value):
        return Term(str(int(value)), ATOM if value >= 0 else PRODUCT)
    text = next((text for digits in range(1, 10) if _single(text := f"{value:.{digits}g}") == _single(value)), "")
    text = text if text and abs(float(text) - value) <= 1e-6 * abs(value) else repr(value)
    return Term(text, ATOM if value >= 0 else PRODUCT)


def _single(value: str | float) -> bytes:
    try:
        return struct.pack("<f", float(value))
    except OverflowError:
        return b""


def recognize(function: str) -> tuple[str, dict[str, Plain]]:
    """The layer of a function of x, as its type and settings: an activation, `identity`, or an `apply`."""
    kind, settings = _recognize(function)
    return kind, dict(settings)


@lru_cache(maxsize=1_000)
def _recognize(function: str) -> tuple[str, Mapping[str, Plain]]:
    other: tuple[str, Mapping[str, Plain]] = ("apply", {"function": function})
    limits.spend(WORK, "recognizing activations")
    # Most other functions differ from all activations at the first points.
    first = evaluate(function, POINTS[:2])
    if first is None:
        return other
    known = [found for found in _known() if found[2] is not None and _equal(first, found[2][:2])]
    at_one = evaluate(function, (-1.0,))
    parametric = _with_parameter(at_one[0], first) if at_one is not None else []
    if not known and not parametric and not _equal(first, POINTS[:2]):
        return other
    values = evaluate(function, POINTS)
    if values is None:
        return other
    if _equal(values, POINTS):
        return "identity", {}
    for kind, settings, points in known:
        if _equal(values, points):
            return kind, settings
    for kind, settings, text in parametric:
        if _equal(values, evaluate(text, POINTS)):
            return kind, settings
    return other


@cache
def _known() -> tuple[tuple[str, Mapping[str, Plain], Sequence[float] | None], ...]:
    fixed: list[tuple[str, dict[str, Plain], Sequence[float] | None]] = [
        (kind, {}, evaluate(_function_of(kind), POINTS)) for kind in FIXED_TYPES
    ]
    return (*fixed, *(("gelu", settings, evaluate(function, POINTS)) for function, settings in GELUS))


def _function_of(kind: str) -> str:
    layer_type: Any = layers.find(kind)
    return str(layer_type.function)


def _with_parameter(at: float, first: Sequence[float]) -> list[tuple[str, dict[str, Plain], str]]:
    """The activations with a parameter that agree with a function at -1 and the first points, and their functions."""
    if not (math.isfinite(at) and at < 0):
        return []
    slope, alpha = literal(-at).text, literal(at / EXPONENTIAL_UNIT).text
    found: list[tuple[str, dict[str, Plain], str]] = [
        ("leaky_relu", {"slope": slope}, f"x if x > 0 else {slope} * x"),
        ("elu", {} if alpha == "1" else {"alpha": alpha}, f"x if x > 0 else {alpha} * (exp(x) - 1)"),
    ]
    return [item for item in found if _equal(first, evaluate(item[2], POINTS[:2]))]


def _equal(values: Sequence[float], others: Sequence[float] | None) -> bool:
    return others is not None and all(
        math.isclose(value, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
        for value, other in zip(values, others, strict=True)
    )


# --- evaluation ---


def evaluate(function: str, points: Sequence[float]) -> tuple[float, ...] | None:
    """The values of a function of x at some points; None if it has none, or is not one of x alone."""
    try:
        tree = expressions.parse(function, expressions.REAL_FUNCTIONS).tree
        return tuple(_evaluate(tree, point) for point in points)
    except (ArithmeticError, ValueError, LookupError, expressions.ExpressionError):
        return None


def _evaluate(tree: Any, x: float) -> float:
    return EVALUATORS[type(tree)](tree, x)


def _evaluate_name(tree: expressions.Name, x: float) -> float:
    if tree.name != "x":
        raise LookupError(tree.name)
    return x


def _evaluate_arithmetic(tree: expressions.Arithmetic, x: float) -> float:
    return ARITHMETIC[tree.operator](_evaluate(tree.left, x), _evaluate(tree.right, x))


def _evaluate_comparison(tree: expressions.ComparisonChain, x: float) -> float:
    (operator, right, _), *more = tree.rest
    if more:
        raise LookupError(operator)
    return expressions.ORDER[operator](_evaluate(tree.first, x), _evaluate(right, x))


EVALUATORS: dict[type, Callable[..., float]] = {
    expressions.Literal: lambda tree, _: float(tree.value),
    expressions.Name: _evaluate_name,
    expressions.Signed: lambda tree, x: -_evaluate(tree.operand, x),
    expressions.Arithmetic: _evaluate_arithmetic,
    expressions.Call: lambda tree, x: FUNCTIONS[tree.function](*(_evaluate(part, x) for part in tree.arguments)),
    expressions.Conditional: lambda tree, x: _evaluate(
        tree.then if _evaluate(tree.condition, x) else tree.otherwise, x
    ),
    expressions.ComparisonChain: _evaluate_comparison,
}
ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right,
    "**": math.pow,
}
FUNCTIONS: dict[str, Callable[..., float]] = {
    "exp": math.exp,
    "ln": math.log,
    "erf": math.erf,
    "sqrt": math.sqrt,
    "tanh": math.tanh,
    "sin": math.sin,
    "cos": math.cos,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "softplus": lambda x: math.log1p(math.exp(x)),
    "relu": lambda x: max(x, 0.0),
    "relu6": lambda x: min(max(x, 0.0), 6.0),
    "abs": abs,
    "min": min,
    "max": max,
}
