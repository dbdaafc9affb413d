"""What the operations of an elementwise expression keep for the backward pass, each by itself, as in PyTorch."""

from __future__ import annotations

from functools import reduce

from cnncalc.record import Record
from cnncalc.syntax.expressions import Arithmetic, Call, Expression, Literal, Name, Signed, Tree

# The functions whose gradient reads their result, and those whose gradient reads their argument.
KEEP_RESULT = ("exp", "sqrt", "tanh", "sigmoid", "relu")
KEEP_ARGUMENT = ("ln", "erf", "sin", "cos", "softplus", "relu6", "abs")
# The functions that are `torch.clamp` with a constant, and `torch.minimum` or `torch.maximum` of two values.
EXTREMES = ("min", "max")


class TapeValue(Record):
    """An operand of an expression: input `number`, or a result; `inputs` are those that it is computed from."""

    inputs: frozenset[int]
    number: int | None = None


class KeptValue(Record):
    """A value that is kept for the gradient of some inputs; `is_result` is the value of the whole expression."""

    value: TapeValue
    needed_for: tuple[int, ...]
    is_result: bool


class UnknownTape(Exception):  # noqa: N818 - a reason, not an error of the program
    """What an expression keeps is unknown."""


def kept_values(expression: Expression, names: tuple[str, ...]) -> tuple[KeptValue, ...] | None:
    """The values that an expression over inputs keeps, each once; None if that is unknown."""
    tape = _Tape(names)
    try:
        result = tape.run(expression.tree)
    except UnknownTape:
        return None
    return tuple(
        KeptValue(value, tuple(sorted(needed)), value is result and value.number is None)
        for value, needed in tape.kept.values()
    )


class _Tape:
    """The values that are kept, noted while an expression runs; constants are None."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.inputs = {name: TapeValue(frozenset({number}), number) for number, name in enumerate(names)}
        self.kept: dict[int, tuple[TapeValue, frozenset[int]]] = {}

    def keep(self, value: TapeValue, needed_for: frozenset[int]) -> None:
        _, before = self.kept.get(id(value), (value, frozenset[int]()))
        self.kept[id(value)] = value, before | needed_for

    def run(self, tree: Tree) -> TapeValue | None:
        """The value of a tree. Raises UnknownTape for choices, which several operations can write."""
        if isinstance(tree, Literal):
            return None
        if isinstance(tree, Name):
            return self.inputs[tree.name]
        if isinstance(tree, Signed):
            value = self.run(tree.operand)
            return value if value is None or tree.sign == "+" else TapeValue(value.inputs)
        if isinstance(tree, Arithmetic):
            return self.run_arithmetic(tree.operator, self.run(tree.left), self.run(tree.right))
        if isinstance(tree, Call) and len(tree.arguments) == 1:
            return self.run_function(tree.function, self.run(tree.arguments[0]))
        if isinstance(tree, Call) and tree.function in EXTREMES:
            return reduce(self.run_extreme, map(self.run, tree.arguments))
        raise UnknownTape

    def run_extreme(self, left: TapeValue | None, right: TapeValue | None) -> TapeValue | None:
        values = [value for value in (left, right) if value is not None]
        if not values:
            return None
        inputs = frozenset[int]().union(*[value.inputs for value in values])
        for value in values:
            self.keep(value, inputs)
        return TapeValue(inputs)

    def run_function(self, function: str, argument: TapeValue | None) -> TapeValue | None:
        if argument is None:
            return None
        result = TapeValue(argument.inputs)
        if function in KEEP_RESULT:
            self.keep(result, argument.inputs)
        elif function in KEEP_ARGUMENT:
            self.keep(argument, argument.inputs)
        else:
            raise UnknownTape
        return result

    def run_arithmetic(self, operator: str, left: TapeValue | None, right: TapeValue | None) -> TapeValue | None:
        if left is None and right is None:
            return None
        result = TapeValue((left.inputs if left else frozenset()) | (right.inputs if right else frozenset()))
        if operator == "**":
            if left is None or right is not None:
                raise UnknownTape
            self.keep(left, left.inputs)
        elif operator == "/" and left is None and right is not None:
            # A constant times the reciprocal, which is kept.
            self.keep(TapeValue(right.inputs), right.inputs)
        elif operator == "/" and left is not None and right is not None:
            self.keep(left, right.inputs)
            self.keep(right, left.inputs | right.inputs)
        elif operator == "*" and left is not None and right is not None:
            self.keep(left, right.inputs)
            self.keep(right, left.inputs)
        return result
