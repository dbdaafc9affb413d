from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

from cnncalc.errors import RuleError, listed
from cnncalc.layers._elementwise import for_each, formulas_for_each
from cnncalc.layers.contract import NO_OPERATIONS, Formulas, Operations, Remark, Role, Shapes, remark
from cnncalc.layers.joins import ElementwiseJoin
from cnncalc.layers.shapes import Shape
from cnncalc.syntax.expressions import (
    REAL_FUNCTIONS,
    Arithmetic,
    Call,
    ComparisonChain,
    Conditional,
    Expression,
    ExpressionError,
    Literal,
    Logic,
    Name,
    Not,
    Signed,
    Tree,
    parse,
)
from cnncalc.syntax.settings import text_of

# What the numbers of the inputs are called, in their order.
NAMES = ("x", "y", "z", "u", "v", "w")
# What each function of one number costs beside its argument.
COSTS: dict[str, Operations] = {
    "exp": Operations(exponentials=1),
    "ln": Operations(exponentials=1),
    "sqrt": Operations(exponentials=1),
    "tanh": Operations(exponentials=1),
    "erf": Operations(exponentials=1),
    "sin": Operations(exponentials=1),
    "cos": Operations(exponentials=1),
    "sigmoid": Operations(exponentials=1, adds=1, divides=1),
    "softplus": Operations(exponentials=2, adds=1),
    "relu": Operations(compares=1),
    "relu6": Operations(compares=2),
    "abs": Operations(compares=1),
}
EXTREMES = ("min", "max")
ARITHMETIC = {
    "+": Operations(adds=1),
    "-": Operations(adds=1),
    "*": Operations(multiplies=1),
    "/": Operations(divides=1),
}
# A square is one multiply, a cube two; other powers are exponentials.
POWERS = {2: Operations(multiplies=1), 3: Operations(multiplies=2)}
EXAMPLE = "write a function of x, such as x * sigmoid(1.702 * x)"

Count: TypeAlias = "tuple[Operations, bool]"


def _plus(*counts: Operations) -> Operations:
    return Operations(*map(sum, zip(*counts, strict=True)))


def _count(tree: Tree) -> Count:
    """The operations of a tree for one number, and whether it depends on x; what does not is computed once."""
    count = COUNTERS.get(type(tree))
    if count is None:
        raise RuleError("lists are no numbers", "function", EXAMPLE)
    found, depends = count(tree)
    return (found, True) if depends else (NO_OPERATIONS, False)


def _count_all(trees: tuple[Tree, ...], own: Operations) -> Count:
    counts = [_count(tree) for tree in trees]
    return _plus(own, *(found for found, _ in counts)), any(depends for _, depends in counts)


def _count_literal(tree: Literal) -> Count:
    if isinstance(tree.value, bool | str):
        raise RuleError("true, false and texts are no numbers", "function", EXAMPLE)
    return NO_OPERATIONS, False


def _count_arithmetic(tree: Arithmetic) -> Count:
    if tree.operator == "**":
        power = tree.right.value if isinstance(tree.right, Literal) else None
        cost = POWERS.get(power, Operations(exponentials=1)) if type(power) is int else Operations(exponentials=1)
        return _count_all((tree.left, tree.right), cost)
    if tree.operator not in ARITHMETIC:
        raise RuleError(f"{tree.operator} has no place in a function of x", "function", "it has + - * / and **")
    return _count_all((tree.left, tree.right), ARITHMETIC[tree.operator])


def _count_call(tree: Call) -> Count:
    if tree.function in EXTREMES:
        if len(tree.arguments) < 2:
            raise RuleError(f"{tree.function} compares two numbers or more", "function", f"as in {tree.function}(x, 0)")
        return _count_all(tree.arguments, Operations(compares=len(tree.arguments) - 1))
    if tree.function not in COSTS:
        known = listed((*COSTS, *EXTREMES))
        raise RuleError(f"{tree.function} has no place in a function of x", "function", f"it has {known}")
    if len(tree.arguments) != 1:
        message = f"{tree.function} takes 1 number, not {len(tree.arguments)}"
        raise RuleError(message, "function", f"as in {tree.function}(x)")
    return _count_all(tree.arguments, COSTS[tree.function])


def _count_conditional(tree: Conditional) -> Count:
    """Both values are computed, and one is chosen."""
    if not isinstance(tree.condition, ComparisonChain | Logic | Not):
        raise RuleError("if takes a comparison", "function", "as in x if x > 0 else 0")
    condition, depends = _count_condition(tree.condition)
    found, either = _count_all((tree.then, tree.otherwise), condition if depends else NO_OPERATIONS)
    return found, depends or either


def _count_condition(tree: Tree) -> Count:
    if isinstance(tree, ComparisonChain):
        if any(operator in ("in", "not in") for operator, _, _ in tree.rest):
            raise RuleError("in has no place in a function of x", "function", "compare numbers: x > 0")
        return _count_all((tree.first, *(right for _, right, _ in tree.rest)), Operations(compares=len(tree.rest)))
    if isinstance(tree, Not):
        return _count_condition(tree.operand)
    if isinstance(tree, Logic):
        (left, one), (right, other) = _count_condition(tree.left), _count_condition(tree.right)
        return _plus(left, right), one or other
    raise RuleError("if takes a comparison", "function", "as in x if x > 0 else 0")


def _refuse_truth(_: Tree) -> Count:
    raise RuleError("a comparison is no number", "function", "choose between two: 1 if x > 0 else 0")


COUNTERS: dict[type, Callable[..., Count]] = {
    Literal: _count_literal,
    Name: lambda _: (NO_OPERATIONS, True),
    Signed: lambda tree: _count(tree.operand),
    Arithmetic: _count_arithmetic,
    Call: _count_call,
    Conditional: _count_conditional,
    ComparisonChain: _refuse_truth,
    Logic: _refuse_truth,
    Not: _refuse_truth,
}


def _read(text: str) -> tuple[Operations, int]:
    """The operations for one number of the output, and how many inputs a function has. Raises RuleError."""
    try:
        expression = parse(text, REAL_FUNCTIONS)
    except ExpressionError as error:
        raise RuleError(error.message, "function", error.hint) from None
    return _count_expression(expression)


@lru_cache(maxsize=1_000)
def _count_expression(expression: Expression) -> tuple[Operations, int]:
    used = {name for name, _ in expression.names}
    if unknown := sorted(used - set(NAMES)):
        message = f"the function uses {listed(unknown)}, which is no input"
        raise RuleError(message, "function", "x is the number of the first input, y of the second, then z, u, v, w")
    count = 1 + max((NAMES.index(name) for name in used), default=-1)
    if len(used) < count or not used:
        missing = next(name for name in NAMES if name not in used)
        raise RuleError(f"the function does not use {missing}", "function", EXAMPLE)
    return _count(expression.tree)[0], count


def _read_function(text: str) -> str:
    _read(text)
    return text


class Apply(ElementwiseJoin, name="apply"):
    """A function of each number, given as an expression of x: `apply: x * sigmoid(1.702 * x)`.

    With several inputs x is the number of the first, y of the second, then z, u, v and w; their shapes are equal, or
    repeated as those of `add`. It may use + - * / **, comparisons within `a if c else b`, and the functions exp, ln,
    sqrt, tanh, erf, sin, cos, sigmoid, softplus, relu, relu6, abs, min and max. Operations are counted as they are
    written, of what depends on x: exp and its like are one exponential, a square one multiply, sigmoid an
    exponential, an add and a divide, abs and relu a comparison, and both values of a choice are computed.
    """

    also_known_as = ("expression", "ElementWise", "逐元素函数")

    function: str = text_of(
        "what becomes of the number x of the input, or of x, y, ... of several",
        _read_function,
        "a function of x, such as x * sigmoid(1.702 * x)",
        example="x * sigmoid(1.702 * x)",
    )

    least_inputs = 1
    # Whether a function is linear is not asked: rules on activations leave it aside.
    is_reserved = False
    role = Role.OTHER

    def output_shape(self, inputs: Shapes) -> Shape:
        count = self._each[1]
        if count != len(inputs):
            names = listed(NAMES[:count])
            given = "1 tensor comes in" if len(inputs) == 1 else f"{len(inputs)} tensors come in"
            raise RuleError(
                f"the function has {names}, but {given}", "function", "each input has a name: x, y, z, u, v, w"
            )
        return super().output_shape(inputs)

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        repeated = (remark("repeated"),) if any(shape != output for shape in inputs) else ()
        return (remark("activation" if len(inputs) == 1 else "apply", self.function), *repeated)

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        return for_each(output.elements, self._each[0])

    def formulas(self) -> Formulas:
        each, count = self._each
        channels = "in_channels" if count == 1 else "max(all_in_channels)"
        return {"out_channels": channels, **formulas_for_each("out_elements", each)}

    @property
    def _each(self) -> tuple[Operations, int]:
        return _read(self.function)
