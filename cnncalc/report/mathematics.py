"""Formulas as people write them: in Unicode, in ASCII or in LaTeX, as symbols or with the numbers in.

A formula is a layer's own text in the language of expressions; its tree is written here, never its
text typed again.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from cnncalc import expressions
from cnncalc.expressions import (
    Arithmetic,
    Call,
    Comparison,
    Conditional,
    Index,
    ListOf,
    Literal,
    Logic,
    Name,
    Not,
    Signed,
    Tree,
    Value,
    describe,
)
from cnncalc.report.format import integer


class Style(Enum):
    """How a formula is written."""

    UNICODE = "unicode"
    ASCII = "ascii"
    LATEX = "latex"


# How tightly an operation binds; what binds less needs parentheses inside.
CONDITIONAL, LOGIC, COMPARISON, SUM, PRODUCT, SIGN, POWER, ATOM = range(8)
OPERATORS = {
    Style.UNICODE: {"*": "×", "-": "−", "<=": "≤", ">=": "≥", "!=": "≠", "==": "="},
    Style.ASCII: {"==": "="},
    Style.LATEX: {"*": r"\times", "<=": r"\le", ">=": r"\ge", "!=": r"\ne", "==": "="},
}
BRACKETS = {
    Style.UNICODE: {"floor": ("⌊", "⌋"), "ceil": ("⌈", "⌉")},
    Style.ASCII: {"floor": ("floor(", ")"), "ceil": ("ceil(", ")")},
    Style.LATEX: {"floor": (r"\left\lfloor ", r" \right\rfloor"), "ceil": (r"\left\lceil ", r" \right\rceil")},
}


def written(formula: str, style: Style, values: Mapping[str, Value] | None = None) -> str:
    """A formula as symbols, or with the numbers of `values` in their place."""
    return _Writer(style, values or {}).tree(expressions.parse(formula).tree)[0]


class _Writer:
    """Writes a tree; each method gives the text and how tightly it binds."""

    def __init__(self, style: Style, values: Mapping[str, Value]) -> None:
        self.style = style
        self.values = values

    def tree(self, tree: Tree) -> tuple[str, int]:
        if isinstance(tree, Literal):
            return self.value(tree.value)
        if isinstance(tree, Name):
            if tree.name in self.values:
                return self.value(self.values[tree.name])
            return self.word(tree.name), ATOM
        if isinstance(tree, Arithmetic):
            return self.arithmetic(tree)
        if isinstance(tree, Signed):
            return self.signed(tree)
        if isinstance(tree, Call):
            return self.call(tree)
        if isinstance(tree, Comparison):
            chain = [self.within(tree.first, SUM)]
            for operator, operand, _ in tree.rest:
                chain += [self.operator(operator), self.within(operand, SUM)]
            return " ".join(chain), COMPARISON
        if isinstance(tree, Logic):
            left, right = self.within(tree.left, LOGIC), self.within(tree.right, LOGIC)
            return f"{left} {self.word(tree.operator)} {right}", LOGIC
        if isinstance(tree, Not):
            return f"{self.word('not')} {self.within(tree.operand, COMPARISON)}", LOGIC
        return self.other(tree)

    def other(self, tree: Tree) -> tuple[str, int]:
        if isinstance(tree, Conditional):
            then, condition = self.within(tree.then, LOGIC), self.within(tree.condition, LOGIC)
            otherwise = self.within(tree.otherwise, CONDITIONAL)
            return f"{then} {self.word('if')} {condition} {self.word('else')} {otherwise}", CONDITIONAL
        if isinstance(tree, Index):
            return f"{self.within(tree.operand, ATOM)}[{self.tree(tree.place)[0]}]", ATOM
        if isinstance(tree, ListOf):
            return f"[{', '.join(self.tree(item)[0] for item in tree.items)}]", ATOM
        raise TypeError(f"no way to write {type(tree).__name__}")

    def value(self, value: Value) -> tuple[str, int]:
        if isinstance(value, int) and not isinstance(value, bool):
            digits = integer(abs(value))
            text = digits.replace(",", "{,}") if self.style is Style.LATEX else digits
            return (f"{self.operator('-')}{text}", SIGN) if value < 0 else (text, ATOM)
        return (self.word(describe(value)), ATOM)

    def word(self, name: str) -> str:
        if self.style is not Style.LATEX:
            return name
        return f"\\text{{{name.replace('_', chr(92) + '_')}}}" if not name.isdigit() else name

    def operator(self, operator: str) -> str:
        return OPERATORS[self.style].get(operator, operator)

    def within(self, tree: Tree, binding: int) -> str:
        """A part, in parentheses where it binds less tightly than `binding`."""
        text, own = self.tree(tree)
        if own >= binding:
            return text
        return rf"\left({text}\right)" if self.style is Style.LATEX else f"({text})"

    def bracketed(self, function: str, text: str) -> tuple[str, int]:
        opening, closing = BRACKETS[self.style][function]
        return f"{opening}{text}{closing}", ATOM

    def quotient(self, left: Tree, right: Tree) -> tuple[str, int]:
        if self.style is Style.LATEX:
            return rf"\frac{{{self.tree(left)[0]}}}{{{self.tree(right)[0]}}}", ATOM
        return f"{self.within(left, PRODUCT)} / {self.within(right, SIGN)}", PRODUCT

    def arithmetic(self, tree: Arithmetic) -> tuple[str, int]:
        if tree.operator == "//":
            return self.bracketed("floor", self.quotient(tree.left, tree.right)[0])
        if tree.operator == "/":
            return self.quotient(tree.left, tree.right)
        if tree.operator == "**":
            base = self.within(tree.left, ATOM)
            if self.style is Style.LATEX:
                return f"{base}^{{{self.tree(tree.right)[0]}}}", POWER
            return f"{base}^{self.within(tree.right, ATOM)}", POWER
        binding = SUM if tree.operator in "+-" else PRODUCT
        left = self.within(tree.left, binding)
        right = self.within(tree.right, binding + (tree.operator not in "+*"))
        return f"{left} {self.operator(tree.operator)} {right}", binding

    def signed(self, tree: Signed) -> tuple[str, int]:
        operand = tree.operand
        # -(-a // b) is how the language rounds up.
        if isinstance(operand, Arithmetic) and operand.operator == "//" and isinstance(operand.left, Signed):
            return self.bracketed("ceil", self.quotient(operand.left.operand, operand.right)[0])
        return f"{self.operator(tree.sign)}{self.within(operand, SIGN)}", SIGN

    def call(self, tree: Call) -> tuple[str, int]:
        arguments = ", ".join(self.tree(argument)[0] for argument in tree.arguments)
        if tree.function in BRACKETS[self.style]:
            return self.bracketed(tree.function, arguments)
        return f"{self.word(tree.function)}({arguments})", ATOM
