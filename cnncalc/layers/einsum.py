from __future__ import annotations

from functools import lru_cache

from cnncalc.errors import RuleError, listed, quoted
from cnncalc.layers._products import Product, ProductLetters
from cnncalc.layers.contract import Formulas, Shapes
from cnncalc.layers.shapes import axis_count
from cnncalc.syntax.settings import text_of

EXAMPLE = "write one letter per axis, without the batch, as in hdn, hdm -> hnm"
# More inputs than any known network multiplies in one product.
MOST_INPUTS = 8


@lru_cache(maxsize=1_000)
def _read_terms(equation: str) -> ProductLetters:
    """The letters of an equation. Raises RuleError if it is invalid."""
    left, arrow, right = equation.partition("->")
    if not arrow:
        raise RuleError(f"the equation {quoted(equation)} has no arrow", "equation", EXAMPLE)
    terms = tuple(tuple(term.replace(" ", "")) for term in left.split(","))
    output = tuple(right.replace(" ", ""))
    if len(terms) > MOST_INPUTS:
        raise RuleError(f"the equation has {len(terms):,} inputs, more than {MOST_INPUTS}", "equation", EXAMPLE)
    for letters in (*terms, output):
        if not letters:
            raise RuleError(f"the equation {quoted(equation)} has a tensor without letters", "equation", EXAMPLE)
        for place, letter in enumerate(letters):
            if not (letter.isascii() and letter.isalpha()):
                raise RuleError(f"{quoted(letter)} is not a letter from a to z", "equation", EXAMPLE)
            if letter in letters[:place]:
                message = f"the letter {letter} names two axes of one tensor, {quoted(_short(letters))}"
                raise RuleError(message, "equation", "give each axis its own letter")
    known = {letter for term in terms for letter in term}
    if unknown := [letter for letter in output if letter not in known]:
        message = f"the output has {listed(unknown)}, which no input has"
        raise RuleError(message, "equation", f"the inputs have {listed(sorted(known))}")
    return ProductLetters(terms, output)


def _short(letters: tuple[str, ...]) -> str:
    return "".join(letters) if len(letters) <= 20 else f"{''.join(letters[:20])}..."


def _read_equation(text: str) -> str:
    """The equation with the usual spaces."""
    terms = _read_terms(text)
    return f"{', '.join(map(''.join, terms.inputs))} -> {''.join(terms.output)}"


class Einsum(Product, name="einsum"):
    """Einstein summation: products of tensors, summed over the letters that the output lacks.

    `einsum: "hdn, hdm -> hnm"` with `from: [query, key]` multiplies the query of each position n by the key of each
    position m, within each head h: attention (Vaswani et al. 2017, arXiv:1706.03762). Each letter is an axis,
    channels first, without the batch. A letter in both inputs is one axis, with the same size in both. Two
    inputs cost one multiply-accumulate per combination of indices, one index per letter, or one multiply if
    no letter is summed over. Three or more inputs are multiplied pairwise, from left to right.
    """

    is_reserved = False
    also_known_as = ("einstein_summation", "tensordot", "contract", "爱因斯坦求和")

    equation: str = text_of(
        "letters for the axes of each input and of the output",
        _read_equation,
        "an equation such as hdn, hdm -> hnm",
        example="hdn, hdm -> hnm",
    )

    pytorch = "torch.matmul"

    def resolve(self, inputs: Shapes) -> tuple[ProductLetters, dict[str, int]]:
        terms = _read_terms(self.equation)
        if len(terms.inputs) != len(inputs):
            message = f"the equation names {len(terms.inputs)} inputs, got {len(inputs)}"
            raise RuleError(message, "equation", "separate the inputs by commas, in the order of from or the branches")
        sizes: dict[str, int] = {}
        first: dict[str, int] = {}
        for number, (letters, shape) in enumerate(zip(terms.inputs, inputs, strict=True)):
            if len(letters) != len(shape):
                raise RuleError(
                    f"{''.join(letters)} has {len(letters)} letters, but input {number + 1} is {shape.described} with"
                    f" {axis_count(shape)}",
                    "equation",
                    "write one letter for each axis, channels first, without the batch",
                )
            for letter, size in zip(letters, shape, strict=True):
                if sizes.setdefault(letter, size) != size:
                    raise RuleError(
                        f"the letter {letter} is {sizes[letter]} in input {first[letter]} but {size} in input"
                        f" {number + 1} (got {listed(inputs)})",
                        "equation",
                        "give different axes different letters, or equal sizes",
                    )
                first.setdefault(letter, number + 1)
        return terms, sizes

    def formulas(self) -> Formulas:
        terms = _read_terms(self.equation)
        costs: dict[str, list[str]] = {}
        for letters, sums in terms.steps():
            costs.setdefault("multiply_accumulates" if sums else "multiplies", []).append(" * ".join(letters))
        return {"out_elements": " * ".join(terms.output), **{kind: " + ".join(texts) for kind, texts in costs.items()}}
