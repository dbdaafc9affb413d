"""Formulas in mathematical notation: in Unicode, ASCII or LaTeX, with symbols or with numbers.

A formula is a layer's own expression, whose tree is written here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import TypeAlias

from cnncalc.syntax import expressions
from cnncalc.syntax.expressions import (
    Arithmetic,
    Call,
    ComparisonChain,
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
from cnncalc.text import integer


class Style(Enum):
    """The notation of a formula."""

    UNICODE = "unicode"
    ASCII = "ascii"
    LATEX = "latex"


# The precedence of operations; operands with lower precedence need parentheses.
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


LATEX_FUNCTIONS = {name: rf"\{name}" for name in ("exp", "ln", "tanh", "sin", "cos", "min", "max")}
UNBROKEN = "\N{NO-BREAK SPACE}"
# The key in `names` for the notation of piecewise functions; no symbol can have this name.
PIECEWISE = "if"
# A symbol of lecture notes, such as W or P_1, which is not a word.
LETTER = re.compile(r"[A-Za-z](_[0-9])?\Z")
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


class Factors(tuple[int, ...]):
    """A number written as a product: 55 × 55 positions."""

    __slots__ = ()


Number: TypeAlias = "Value | Factors"


def written(
    formula: str, style: Style, values: Mapping[str, Number] | None = None, names: Mapping[str, str] | None = None
) -> str:
    """A formula with symbols, or with the numbers in `values`; `names` has the notation of symbols."""
    return _FormulaWriter(style, values or {}, names or {}).tree(
        expressions.parse(formula, expressions.REAL_FUNCTIONS).tree
    )[0]


def letters(formula: str, known: Mapping[str, str]) -> dict[str, str]:
    """The letters of a formula's symbols, in order, if each has a letter; else empty."""
    names = [name for name, _ in expressions.parse(formula, expressions.REAL_FUNCTIONS).names]
    return {name: known[name] for name in names} if all(name in known for name in names) else {}


def symbol(name: str, style: Style) -> str:
    """The notation of a symbol: P₁, P1 or P_1, or words with spaces."""
    if LETTER.match(name):
        letter, _, number = name.partition("_")
        if style is Style.LATEX:
            return name
        return f"{letter}{number.translate(SUBSCRIPTS) if style is Style.UNICODE else number}"
    # A nonbreaking space, which the writer of lines replaces by an ordinary one.
    word = name.replace("_", " ").replace(" ", " " if style is Style.LATEX else UNBROKEN)
    return f"\\text{{{word}}}" if style is Style.LATEX else word


class _FormulaWriter:
    """Writes a tree; each method returns a text and its precedence."""

    def __init__(self, style: Style, values: Mapping[str, Number], names: Mapping[str, str]) -> None:
        self.style = style
        self.values = values
        self.names = names

    def tree(self, tree: Tree) -> tuple[str, int]:
        if isinstance(tree, Literal):
            return self.value(tree.value)
        if isinstance(tree, Name):
            if tree.name in self.values:
                return self.value(self.values[tree.name])
            return self.name(tree.name), ATOM
        if isinstance(tree, Arithmetic):
            return self.arithmetic(tree)
        if isinstance(tree, Signed):
            return self.signed(tree)
        if isinstance(tree, Call):
            return self.call(tree)
        if isinstance(tree, ComparisonChain):
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
            if self.style is Style.LATEX:
                cases = rf"{then} & \text{{if }} {condition} \\ {otherwise} & \text{{else}}"
                return rf"\begin{{cases}} {cases} \end{{cases}}", ATOM
            pattern = self.names.get(PIECEWISE, "{then} if {condition} else {otherwise}")
            return pattern.format(then=then, condition=condition, otherwise=otherwise), CONDITIONAL
        if isinstance(tree, Index):
            return f"{self.within(tree.operand, ATOM)}[{self.tree(tree.place)[0]}]", ATOM
        if isinstance(tree, ListOf):
            return f"[{', '.join(self.tree(item)[0] for item in tree.items)}]", ATOM
        raise TypeError(f"no way to write {type(tree).__name__}")

    def value(self, value: Number) -> tuple[str, int]:
        if isinstance(value, Factors):
            factors = [self.value(factor)[0] for factor in value]
            return f" {self.operator('*')} ".join(factors), PRODUCT if len(factors) > 1 else ATOM
        if isinstance(value, int) and not isinstance(value, bool):
            digits = integer(abs(value))
            text = digits.replace(",", "{,}") if self.style is Style.LATEX else digits
            return (f"{self.operator('-')}{text}", SIGN) if value < 0 else (text, ATOM)
        return (self.word(describe(value)), ATOM)

    def name(self, name: str) -> str:
        return symbol(self.names.get(name, name), self.style)

    def word(self, name: str) -> str:
        if self.style is not Style.LATEX:
            return name
        return f"\\text{{{name.replace('_', chr(92) + '_')}}}" if not name.isdigit() else name

    def operator(self, operator: str) -> str:
        return OPERATORS[self.style].get(operator, operator)

    def within(self, tree: Tree, binding: int) -> str:
        """A part, in parentheses if its precedence is lower than `binding`."""
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
        if tree.operator == "*" and isinstance(tree.left, Literal) and self.is_letter(tree.right):
            return f"{self.tree(tree.left)[0]}{self.tree(tree.right)[0]}", PRODUCT
        binding = SUM if tree.operator in "+-" else PRODUCT
        left, right = (self.factor(side) if tree.operator == "*" else "" for side in (tree.left, tree.right))
        left = left or self.within(tree.left, binding)
        right = right or self.within(tree.right, binding + (tree.operator not in "+*"))
        return f"{left} {self.operator(tree.operator)} {right}", binding

    def factor(self, tree: Tree) -> str:
        """A quotient in a product, in parentheses for readability; None for other factors."""
        if self.style is Style.LATEX or not (isinstance(tree, Arithmetic) and tree.operator == "/"):
            return ""
        return f"({self.tree(tree)[0]})"

    def is_letter(self, tree: Tree) -> bool:
        """Whether a part is one letter, before which a factor needs no sign: 2P."""
        if not isinstance(tree, Name) or tree.name in self.values:
            return False
        return LETTER.match(self.names.get(tree.name, tree.name)) is not None

    def signed(self, tree: Signed) -> tuple[str, int]:
        operand = tree.operand
        # In expressions, -(-a // b) rounds up.
        if isinstance(operand, Arithmetic) and operand.operator == "//" and isinstance(operand.left, Signed):
            return self.bracketed("ceil", self.quotient(operand.left.operand, operand.right)[0])
        return f"{self.operator(tree.sign)}{self.within(operand, SIGN)}", SIGN

    def call(self, tree: Call) -> tuple[str, int]:
        arguments = ", ".join(self.tree(argument)[0] for argument in tree.arguments)
        if tree.function in BRACKETS[self.style]:
            return self.bracketed(tree.function, arguments)
        if self.style is Style.LATEX and tree.function in LATEX_FUNCTIONS:
            return rf"{LATEX_FUNCTIONS[tree.function]}\left({arguments}\right)", ATOM
        return f"{self.word(tree.function)}({arguments})", ATOM
