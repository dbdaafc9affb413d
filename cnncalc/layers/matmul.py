from __future__ import annotations

from collections.abc import Mapping
from math import prod

from cnncalc.errors import RuleError, listed
from cnncalc.layers._products import Product, ProductLetters
from cnncalc.layers.contract import Formulas, Shapes
from cnncalc.layers.shapes import Shape
from cnncalc.syntax.expressions import Value
from cnncalc.syntax.settings import flag

ROWS_FIRST, COLUMNS_LAST = ("rows", "inner"), ("inner", "columns")


class MatMul(Product, name="matmul"):
    """The matrix product of two tensors over their last two axes, for each index of the leading axes.

    The first has as many columns as the second has rows. Leading axes are equal, or have size 1 and are
    broadcast. Each product of two elements is one multiply-accumulate. `transpose_second: true` swaps the last
    two axes of the second input, as attention multiplies queries by keys. For other axes, use `einsum`.
    """

    is_reserved = False
    also_known_as = ("bmm", "baddbmm", "BatchMatMul", "dot", "矩阵乘法")

    transpose_first: bool = flag("whether the last two axes of the first input are swapped first", default=False)
    transpose_second: bool = flag("whether the last two axes of the second input are swapped first", default=False)

    pytorch = "torch.matmul"

    def resolve(self, inputs: Shapes) -> tuple[ProductLetters, dict[str, int]]:
        if len(inputs) != 2:
            raise RuleError(f"matmul needs 2 inputs, got {len(inputs)}", None, "use einsum for more")
        rank = len(inputs[0])
        if rank < 2 or len(inputs[1]) != rank:
            raise RuleError(
                f"matmul needs inputs with the same number of axes, at least 2, got {listed(inputs)}",
                None,
                "reshape one of them, or name the axes with einsum",
            )
        letters = (ROWS_FIRST, COLUMNS_LAST)
        terms: list[tuple[str, ...]] = []
        for number, (shape, names, swapped) in enumerate(zip(inputs, letters, self._swapped, strict=True)):
            other = inputs[1 - number]
            places = (
                "" if size == 1 < beside else f"axis{axis}"
                for axis, (size, beside) in enumerate(zip(shape[:-2], other[:-2], strict=True))
            )
            terms.append((*places, *(names[::-1] if swapped else names)))
        sizes: dict[str, int] = {}
        for term, shape in zip(terms, inputs, strict=True):
            for letter, size in zip(term, shape, strict=True):
                if letter and sizes.setdefault(letter, size) != size:
                    raise RuleError(self._mismatch(letter, (sizes[letter], size), inputs), None, self._hint(inputs))
        return ProductLetters(tuple(terms), (*(f"axis{axis}" for axis in range(rank - 2)), "rows", "columns")), sizes

    def formulas(self) -> Formulas:
        return {
            "out_elements": "places * rows * columns",
            "multiply_accumulates": "places * rows * columns * inner",
        }

    def symbols(self, inputs: Shapes, output: Shape) -> dict[str, Value]:
        return {**super().symbols(inputs, output), "places": prod(output[:-2])}

    def _mismatch(self, letter: str, sizes: tuple[int, int], inputs: Shapes) -> str:
        if letter != "inner":
            axis = letter.removeprefix("axis")
            return f"matmul needs equal sizes on axis {axis}, or 1, got {sizes[0]} and {sizes[1]} (of {listed(inputs)})"
        return (
            f"matmul needs rows as long as the columns, got rows of {sizes[0]} and columns of {sizes[1]}"
            f" (of {listed(inputs)})"
        )

    def _hint(self, inputs: Shapes) -> str:
        """The change of one setting that makes the inputs fit, or another way."""
        for setting, swapped in vars(self).items():
            if _fits(inputs, {**vars(self), setting: not swapped}):
                return f"use {setting}: {'false' if swapped else 'true'}"
        return "use einsum to name the axes to multiply"

    @property
    def _swapped(self) -> tuple[bool, bool]:
        return self.transpose_first, self.transpose_second


def _fits(inputs: Shapes, swapped: Mapping[str, bool]) -> bool:
    """Whether two inputs can be multiplied with these axes swapped."""
    first, second = inputs
    inner = first[-2 if swapped["transpose_first"] else -1], second[-1 if swapped["transpose_second"] else -2]
    leading = zip(first[:-2], second[:-2], strict=True)
    return inner[0] == inner[1] and all(one == two or 1 in (one, two) for one, two in leading)
