from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

from cnncalc.errors import RuleError, listed, plural
from cnncalc.layers._elementwise import for_each, formulas_for_each
from cnncalc.layers._tape import kept_values
from cnncalc.layers.contract import (
    INPUT,
    NO_OPERATIONS,
    OUTPUT,
    Formulas,
    Operations,
    Remark,
    Role,
    Saved,
    Shapes,
    own,
    remark,
)
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

# The names of the inputs in functions, in order.
NAMES = ("x", "y", "z", "u", "v", "w")
# The operations of each function, without those of its argument.
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
    """The operations of a tree per element, and whether it depends on x; constant parts cost nothing."""
    count = COUNTERS.get(type(tree))
    if count is None:
        raise RuleError("a function of x cannot contain lists", "function", EXAMPLE)
    found, depends = count(tree)
    return (found, True) if depends else (NO_OPERATIONS, False)


def _count_all(trees: tuple[Tree, ...], own: Operations) -> Count:
    counts = [_count(tree) for tree in trees]
    return _plus(own, *(found for found, _ in counts)), any(depends for _, depends in counts)


def _count_literal(tree: Literal) -> Count:
    if isinstance(tree.value, bool | str):
        raise RuleError("a function of x cannot contain true, false or text", "function", EXAMPLE)
    return NO_OPERATIONS, False


def _count_arithmetic(tree: Arithmetic) -> Count:
    if tree.operator == "**":
        power = tree.right.value if isinstance(tree.right, Literal) else None
        cost = POWERS.get(power, Operations(exponentials=1)) if type(power) is int else Operations(exponentials=1)
        return _count_all((tree.left, tree.right), cost)
    if tree.operator not in ARITHMETIC:
        raise RuleError(f"a function of x cannot contain {tree.operator}", "function", "use + - * / and **")
    return _count_all((tree.left, tree.right), ARITHMETIC[tree.operator])


def _count_call(tree: Call) -> Count:
    if tree.function in EXTREMES:
        if len(tree.arguments) < 2:
            raise RuleError(
                f"{tree.function} needs at least 2 numbers, got 1", "function", f"such as {tree.function}(x, 0)"
            )
        return _count_all(tree.arguments, Operations(compares=len(tree.arguments) - 1))
    if tree.function not in COSTS:
        known = listed((*COSTS, *EXTREMES))
        raise RuleError(f"a function of x cannot contain {tree.function}", "function", f"use {known}")
    if len(tree.arguments) != 1:
        message = f"{tree.function} takes 1 number, not {len(tree.arguments)}"
        raise RuleError(message, "function", f"such as {tree.function}(x)")
    return _count_all(tree.arguments, COSTS[tree.function])


def _count_conditional(tree: Conditional) -> Count:
    """The operations of a choice: both values are computed."""
    if not isinstance(tree.condition, ComparisonChain | Logic | Not):
        raise RuleError("if takes a comparison", "function", "as in x if x > 0 else 0")
    condition, depends = _count_condition(tree.condition)
    found, either = _count_all((tree.then, tree.otherwise), condition if depends else NO_OPERATIONS)
    return found, depends or either


def _count_condition(tree: Tree) -> Count:
    if isinstance(tree, ComparisonChain):
        if any(operator in ("in", "not in") for operator, _, _ in tree.rest):
            raise RuleError("a function of x cannot contain in", "function", "compare numbers: x > 0")
        return _count_all((tree.first, *(right for _, right, _ in tree.rest)), Operations(compares=len(tree.rest)))
    if isinstance(tree, Not):
        return _count_condition(tree.operand)
    if isinstance(tree, Logic):
        (left, one), (right, other) = _count_condition(tree.left), _count_condition(tree.right)
        return _plus(left, right), one or other
    raise RuleError("if takes a comparison", "function", "as in x if x > 0 else 0")


def _refuse_truth(_: Tree) -> Count:
    raise RuleError("a comparison is not a number", "function", "choose between two numbers: 1 if x > 0 else 0")


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
    """The operations per output element, and the number of inputs of a function. Raises RuleError."""
    try:
        expression = parse(text, REAL_FUNCTIONS)
    except ExpressionError as error:
        raise RuleError(error.message, "function", error.hint) from None
    return _count_expression(expression)


@lru_cache(maxsize=1_000)
def _count_expression(expression: Expression) -> tuple[Operations, int]:
    used = {name for name, _ in expression.names}
    if unknown := sorted(used - set(NAMES)):
        message = f"the function uses {listed(unknown)}, which is not an input"
        raise RuleError(message, "function", "use x for the first input, y for the second, then z, u, v, w")
    count = 1 + max((NAMES.index(name) for name in used), default=-1)
    if len(used) < count or not used:
        missing = next(name for name in NAMES if name not in used)
        raise RuleError(f"the function does not use {missing}", "function", EXAMPLE)
    return _count(expression.tree)[0], count


def _read_function(text: str) -> str:
    _read(text)
    return text


class Apply(ElementwiseJoin, name="apply"):
    """An elementwise function, given as an expression of x: `apply: x * sigmoid(1.702 * x)`.

    With several inputs, x is an element of the first, y of the second, then z, u, v and w; shapes are equal, or
    broadcast as in `add`. A function may use + - * / **, comparisons within `a if c else b`, and exp, ln, sqrt,
    tanh, erf, sin, cos, sigmoid, softplus, relu, relu6, abs, min and max. Operations that depend on x count as
    written: functions such as exp are one exponential, a square is one multiply, sigmoid an exponential, an add
    and a divide, abs and relu are one comparison, and both values of a choice count.
    """

    also_known_as = ("expression", "ElementWise", "逐元素函数")

    function: str = text_of(
        "function of x, an element of the input, or of x, y, ... of several inputs",
        _read_function,
        "a function of x, such as x * sigmoid(1.702 * x)",
        example="x * sigmoid(1.702 * x)",
    )

    least_inputs = 1
    # Functions may be linear, so rules about activations ignore this type.
    is_reserved = False
    role = Role.OTHER

    def output_shape(self, inputs: Shapes) -> Shape:
        count = self._each[1]
        if count != len(inputs):
            names = listed(NAMES[:count])
            raise RuleError(
                f"the function uses {names}, but this item has {plural(len(inputs), 'input')}",
                "function",
                "use each input once or more, by its name: x, y, z, u, v, w",
            )
        return super().output_shape(inputs)

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        repeated = (remark("repeated"),) if any(shape != output for shape in inputs) else ()
        return (remark("activation" if len(inputs) == 1 else "apply", self.function), *repeated)

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        return for_each(output.elements, self._each[0])

    def saved(self, inputs: Shapes, output: Shape, *, frozen: bool = False) -> tuple[Saved, ...] | None:
        kept = kept_values(parse(self.function, REAL_FUNCTIONS), NAMES[: len(inputs)])
        if kept is None:
            return None
        found = []
        for each in kept:
            if each.is_result:
                found.append(OUTPUT)
            elif each.value.number is not None:
                found.append(INPUT._replace(number=each.value.number, needed_for=each.needed_for))
            else:
                read = tuple(inputs[number] for number in each.value.inputs)
                elements = ElementwiseJoin.output_shape(self, read).elements
                found.append(own(elements, needed_for=each.needed_for))
        return tuple(found)

    def formulas(self) -> Formulas:
        each, count = self._each
        channels = "in_channels" if count == 1 else "max(all_in_channels)"
        return {"out_channels": channels, **formulas_for_each("out_elements", each)}

    @property
    def _each(self) -> tuple[Operations, int]:
        return _read(self.function)
