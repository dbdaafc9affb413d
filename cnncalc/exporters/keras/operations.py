"""Elementwise functions of a spec as operations of Keras."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.exporters.python_code import ATOM, POWER, TERNARY, WrittenExpression, join_operands, write_value
from cnncalc.syntax.expressions import (
    BINDING,
    NEGATION,
    REAL_FUNCTIONS,
    Arithmetic,
    Call,
    ComparisonChain,
    Conditional,
    Literal,
    Logic,
    Name,
    Not,
    Signed,
    Tree,
    parse,
)

if TYPE_CHECKING:
    from cnncalc.exporters.keras.layers import GivenValue

# The names of the inputs of a function, in order.
INPUTS = ("x", "y", "z", "u", "v", "w")
HOLE = "hole"
# What Keras and Python's math call a function; math has no others.
OPERATIONS = {"ln": ("ops.log", "math.log"), "abs": ("ops.absolute", "abs")} | {
    name: (f"ops.{name}", f"math.{name}") for name in ("exp", "sqrt", "tanh", "sin", "cos", "erf")
}
EXTREMES = {"min": "ops.minimum", "max": "ops.maximum"}
# Functions that an operator of Keras overloads.
LOGIC = {"and": "ops.logical_and", "or": "ops.logical_or"}


def write_function(given: GivenValue, operands: list[str]) -> str:
    """The source of a function of tensors, whose sources are `operands`."""
    text = ""
    holes: list[WrittenExpression] = []
    for part in given.parts:
        if isinstance(part, str):
            text += part
        else:
            text += f"({HOLE}{len(holes)})"
            holes.append(part)
    names = {name: WrittenExpression(operand) for name, operand in zip(INPUTS, operands, strict=False)}
    writer = _TensorFunctionWriter(names, {f"{HOLE}{number}": part for number, part in enumerate(holes)})
    return writer.write(parse(text, REAL_FUNCTIONS).tree).text


class _TensorFunctionWriter:
    """Writes a tree over tensors and numbers."""

    def __init__(self, tensors: dict[str, WrittenExpression], numbers: dict[str, WrittenExpression]) -> None:
        self.tensors = tensors
        self.numbers = numbers

    def write(self, tree: Tree) -> WrittenExpression:
        if isinstance(tree, Literal):
            text = write_value(tree.value)
            return WrittenExpression(text, BINDING["/"] if " / " in text else NEGATION if text[0] == "-" else ATOM)
        if isinstance(tree, Name):
            return self.tensors.get(tree.name) or self.numbers[tree.name]
        if isinstance(tree, Signed):
            return WrittenExpression(f"{tree.sign}{self.write(tree.operand).at_least(NEGATION)}", NEGATION)
        if isinstance(tree, Arithmetic):
            if tree.operator == "**":
                left, right = self.write(tree.left).at_least(ATOM), self.write(tree.right).at_least(NEGATION)
                is_simple = left.isidentifier() and right.isalnum()
                return WrittenExpression(f"{left}**{right}" if is_simple else f"{left} ** {right}", POWER)
            binding = BINDING[tree.operator]
            return join_operands(tree.operator, self.write(tree.left), self.write(tree.right), binding)
        if isinstance(tree, Call):
            return self._call(tree)
        if isinstance(tree, Conditional):
            parts = [self.write(part).text for part in (tree.condition, tree.then, tree.otherwise)]
            if self._has_tensor(tree.condition):
                return WrittenExpression(f"ops.where({', '.join(parts)})")
            condition, then, otherwise = (
                self.write(part).at_least(TERNARY + 1) for part in (tree.condition, tree.then, tree.otherwise)
            )
            return WrittenExpression(f"{then} if {condition} else {otherwise}", TERNARY)
        return self._condition(tree)

    def _condition(self, tree: Tree) -> WrittenExpression:
        if isinstance(tree, Not):
            if self._has_tensor(tree):
                return WrittenExpression(f"ops.logical_not({self.write(tree.operand).text})")
            return WrittenExpression(f"not {self.write(tree.operand).at_least(BINDING['not'])}", BINDING["not"])
        if isinstance(tree, Logic):
            left, right = self.write(tree.left), self.write(tree.right)
            if self._has_tensor(tree):
                return WrittenExpression(f"{LOGIC[tree.operator]}({left.text}, {right.text})")
            return join_operands(tree.operator, left, right, BINDING[tree.operator])
        if isinstance(tree, ComparisonChain):
            first, written = tree.first, []
            for operator, operand, _ in tree.rest:
                sides = [self.write(side).at_least(BINDING["<"] + 1) for side in (first, operand)]
                written.append(f"{sides[0]} {operator} {sides[1]}")
                first = operand
            if len(written) == 1:
                return WrittenExpression(written[0], BINDING["<"])
            text = written[0]
            for further in written[1:]:
                text = f"ops.logical_and({text}, {further})"
            return WrittenExpression(text)
        raise TypeError(f"unknown node {tree!r}")

    def _call(self, tree: Call) -> WrittenExpression:
        arguments = [self.write(argument).text for argument in tree.arguments]
        is_tensor = self._has_tensor(tree)
        if tree.function in EXTREMES:
            if not is_tensor:
                return WrittenExpression(f"{tree.function}({', '.join(arguments)})")
            text = arguments[0]
            for argument in arguments[1:]:
                text = f"{EXTREMES[tree.function]}({text}, {argument})"
            return WrittenExpression(text)
        if tree.function in OPERATIONS:
            return WrittenExpression(f"{OPERATIONS[tree.function][not is_tensor]}({arguments[0]})")
        return WrittenExpression(f"ops.{tree.function}({arguments[0]})")

    def _has_tensor(self, tree: Tree) -> bool:
        """Whether a tree depends on a tensor."""
        waiting: list[object] = [tree]
        while waiting:
            part = waiting.pop()
            if isinstance(part, Name) and part.name in self.tensors:
                return True
            if isinstance(part, tuple):
                waiting += part
        return False
