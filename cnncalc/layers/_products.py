"""The base of matrix products: sums of products of tensors, with a letter for each axis.

A letter in two inputs is one axis of both; a letter that the output lacks is summed over. Two inputs cost one
multiply-accumulate per combination of indices, one index per letter; three or more inputs are multiplied pairwise,
from left to right. Without a sum, the products are plain multiplies.
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
    """The letters of each input's axes and of the output's; "" is a broadcast axis of size 1."""

    inputs: tuple[tuple[str, ...], ...]
    output: tuple[str, ...]

    def steps(self) -> tuple[tuple[tuple[str, ...], bool], ...]:
        """The letters of each product of two tensors, and whether it sums over some of them."""
        found = []
        left = tuple(dict.fromkeys(self.inputs[0]))
        for number, right in enumerate(self.inputs[1:], start=2):
            every = tuple(letter for letter in dict.fromkeys((*left, *right)) if letter)
            later = {*self.output, *(letter for term in self.inputs[number:] for letter in term)}
            left = tuple(letter for letter in every if letter in later)
            found.append((every, len(left) < len(every)))
        return tuple(found)


class Product(Join):
    """A sum of products of tensors; subclasses give the letters of the axes."""

    role = Role.MATRIX_PRODUCT

    def resolve(self, inputs: Shapes) -> tuple[ProductLetters, dict[str, int]]:
        """The letters of all axes, and the size of each. Raises RuleError if the inputs do not fit."""
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
    """How an output reads an input: its own index along shared letters, the whole axis along others."""
    moves = tuple(
        Move((axis,), (places.index(letter),))
        for axis, letter in enumerate(letters)
        if letter in places and shape[axis] > 1
    )
    if moves:
        return moved(shape, moves)
    return Reading((WholeWindow(),) * shape.rank, (None,) * shape.rank, channels=WholeWindow(output.channels))
