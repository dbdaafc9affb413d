"""The base of matrix products: sums of products of tensors, with a letter for each axis.

A letter in two inputs is one axis of both; a letter that the output lacks is summed over. Two inputs cost one
multiply-accumulate per combination of indices, one index per letter; three or more inputs are multiplied pairwise,
from left to right. Without a sum, the products are plain multiplies.
"""

from __future__ import annotations

from math import prod

from cnncalc.layers.contract import INPUT, Move, Operations, Reading, Remark, Role, Saved, Shapes, moved, remark
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

    def saved(self, inputs: Shapes, output: Shape, *, frozen: bool = False) -> tuple[Saved, ...] | None:
        # Of more inputs, PyTorch chooses the order of the products.
        if len(inputs) == 2:
            return tuple(INPUT._replace(number=number, needed_for=(1 - number,)) for number in (0, 1))
        return None

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        terms, sizes = self.resolve(inputs)
        summed = {letter: size for letter, size in sizes.items() if letter not in terms.output}
        found = [self.describe_letters(terms, sizes, tuple(summed))]
        if not summed:
            return (*found, remark("product_without_sum"))
        kinds = _sort_letters(terms)
        if kinds is None:
            return (*found, remark("product_sums", summed=", ".join(summed), places=prod(summed.values())))
        batch, rows, inner, columns = (prod(sizes[letter] for letter in letters) for letters in kinds)
        key = "product_matrices" if batch > 1 else "product_matrix"
        found.append(remark(key, batches=batch, batch=", ".join(kinds[0]), height=rows, depth=inner, breadth=columns))
        if pair := _find_pair(terms, sizes, kinds[0]):
            found.append(remark("product_square", first=pair[0], second=pair[1], size=sizes[pair[0]]))
        return (*found, remark("product_unweighted"))

    def describe_letters(self, terms: ProductLetters, sizes: dict[str, int], summed: tuple[str, ...]) -> Remark:
        """What each number of the output is, as a formula over the letters, with the size of each."""
        factors = " ".join(f"{name}[{', '.join(term)}]" for name, term in zip("xyzuvwst", terms.inputs, strict=False))
        return remark(
            "product_equation_sum" if summed else "product_equation",
            equation=f"[{', '.join(terms.output)}]",
            over=", ".join(summed),
            factors=factors,
            sizes=", ".join(f"{letter} = {size:,}" for letter, size in sizes.items()),
        )

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        terms, sizes = self.resolve(inputs)
        summed = products = 0
        for letters, sums in terms.steps():
            times = prod(sizes[letter] for letter in letters)
            summed, products = (summed + times, products) if sums else (summed, products + times)
        return Operations(multiply_accumulates=summed, multiplies=products)

    def as_matrices(self, inputs: Shapes) -> tuple[int, int, int, int] | None:
        """Two inputs as products of matrices: their number, rows, the length of the sums and columns.

        None for other numbers of inputs, and where an input is summed over alone.
        """
        terms, sizes = self.resolve(inputs)
        kinds = _sort_letters(terms)
        if kinds is None:
            return None
        batch, rows, inner, columns = (prod(sizes[letter] for letter in letters) for letters in kinds)
        return batch, rows, inner, columns

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


def _sort_letters(terms: ProductLetters) -> tuple[tuple[str, ...], ...] | None:
    """The letters of two inputs: those of all tensors, of rows, of the sum, of columns; None if some are neither."""
    if len(terms.inputs) != 2:
        return None
    left, right = ({letter for letter in term if letter} for term in terms.inputs)
    output = set(terms.output)
    if (left ^ right) - output:
        return None
    every = tuple(dict.fromkeys(letter for term in terms.inputs for letter in term if letter))
    groups = (left & right & output, left - right, (left & right) - output, right - left)
    return tuple(tuple(letter for letter in every if letter in group) for group in groups)


def _find_pair(terms: ProductLetters, sizes: dict[str, int], batch: tuple[str, ...]) -> tuple[str, str] | None:
    """Two letters of equal size in one tensor, as the positions that attend to each other."""
    for term in (terms.output, *terms.inputs):
        letters = [letter for letter in term if letter and letter not in batch and sizes[letter] > 1]
        for place, letter in enumerate(letters):
            if other := next((other for other in letters[place + 1 :] if sizes[other] == sizes[letter]), None):
                return letter, other
    return None


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
