"""What the matrix products share: sums of products of two tensors, whose axes are given letters.

A letter of two inputs is one axis of both; one that the output lacks is summed over. Two inputs cost one
multiply-accumulate for each choice of a place along every letter; further inputs are multiplied in one after the
other. Where nothing is summed over, there is nothing to accumulate: these are multiplies.
"""

from __future__ import annotations

from math import prod

from cnncalc.layers.contract import (
    Move,
    Operations,
    Reading,
    Remark,
    Role,
    Shapes,
    moved,
    remark,
)
from cnncalc.layers.joins import Join
from cnncalc.layers.shapes import Shape, WholeWindow, Window
from cnncalc.record import Record
from cnncalc.syntax.expressions import Value


class ProductLetters(Record):
    """The letters of each input's axes and of the output's; "" is an axis of size 1 that is repeated."""

    inputs: tuple[tuple[str, ...], ...]
    output: tuple[str, ...]

    def steps(self) -> tuple[tuple[tuple[str, ...], bool], ...]:
        """For each product of two tensors the letters that it goes through, and whether it sums over some of them."""
        found = []
        left = tuple(dict.fromkeys(self.inputs[0]))
        for number, right in enumerate(self.inputs[1:], start=2):
            every = tuple(letter for letter in dict.fromkeys((*left, *right)) if letter)
            later = {*self.output, *(letter for term in self.inputs[number:] for letter in term)}
            left = tuple(letter for letter in every if letter in later)
            found.append((every, len(left) < len(every)))
        return tuple(found)


class Product(Join):
    """A sum of products of tensors; types say which axes of the inputs are one."""

    role = Role.MATRIX_PRODUCT

    def resolve(self, inputs: Shapes) -> tuple[ProductLetters, dict[str, int]]:
        """The letters of all axes, and the size of each. Raises RuleError where the inputs do not fit."""
        raise NotImplementedError

    def output_shape(self, inputs: Shapes) -> Shape:
        terms, sizes = self.resolve(inputs)
        return Shape(sizes[letter] for letter in terms.output)

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        terms, sizes = self.resolve(inputs)
        summed = {letter: size for letter, size in sizes.items() if letter not in terms.output}
        if not summed:
            return (remark("product_without_sum"),)
        return (remark("product_sums", summed=", ".join(summed), places=prod(summed.values())),)

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        terms, sizes = self.resolve(inputs)
        summed = products = 0
        for letters, sums in terms.steps():
            times = prod(sizes[letter] for letter in letters)
            summed, products = (summed + times, products) if sums else (summed, products + times)
        return Operations(multiply_accumulates=summed, multiplies=products)

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        output = self.output_shape(inputs)
        most = max(shape.rank for shape in inputs)
        return tuple(map(WholeWindow, output.spatial)) if output.rank == most else (WholeWindow(),) * most

    def readings(self, inputs: Shapes, output: Shape) -> tuple[Reading, ...]:
        terms, _ = self.resolve(inputs)
        pairs = zip(inputs, terms.inputs, strict=True)
        return tuple(_read(shape, letters, terms.output, output) for shape, letters in pairs)

    def symbols(self, inputs: Shapes, output: Shape) -> dict[str, Value]:
        return {**super().symbols(inputs, output), **self.resolve(inputs)[1]}


def _read(shape: Shape, letters: tuple[str, ...], places: tuple[str, ...], output: Shape) -> Reading:
    """How an output reads an input: along a letter of both at its own place, along others whole."""
    moves = tuple(
        Move((axis,), (places.index(letter),))
        for axis, letter in enumerate(letters)
        if letter in places and shape[axis] > 1
    )
    if moves:
        return moved(shape, moves)
    return Reading((WholeWindow(),) * shape.rank, (None,) * shape.rank, channels=WholeWindow(output.channels))
