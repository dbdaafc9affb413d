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
    """The matrix product of two tensors: over their last two axes, for each place of the axes before.

    The columns of the first are the rows of the second; the axes before are equal, or 1 and repeated. One
    multiply-accumulate for each row, column and place between. `transpose_second: true` takes the second with
    its last two axes swapped, as attention multiplies queries with keys. For other axes, `einsum`.
    """

    is_reserved = False
    also_known_as = ("bmm", "baddbmm", "BatchMatMul", "dot", "矩阵乘法")

    transpose_first: bool = flag("whether the last two axes of the first input are swapped before", default=False)
    transpose_second: bool = flag("whether those of the second input are", default=False)

    def resolve(self, inputs: Shapes) -> tuple[ProductLetters, dict[str, int]]:
        if len(inputs) != 2:
            given = "1 comes in" if len(inputs) == 1 else f"{len(inputs)} come in"
            raise RuleError(f"matmul needs two inputs, but {given}", None, "einsum multiplies more")
        rank = len(inputs[0])
        if rank < 2 or len(inputs[1]) != rank:
            raise RuleError(
                f"matmul needs equally many axes, at least two, but {listed(inputs)} come in",
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
            return f"matmul needs axis {axis} to be equal or 1, but it is {sizes[0]} and {sizes[1]} ({listed(inputs)})"
        return (
            f"matmul multiplies rows of {sizes[0]} numbers with columns of {sizes[1]}, which must be equal"
            f" ({listed(inputs)} come in)"
        )

    def _hint(self, inputs: Shapes) -> str:
        """The change of one setting that would make the inputs fit, else another way."""
        for setting, swapped in vars(self).items():
            if _fits(inputs, {**vars(self), setting: not swapped}):
                return f"{setting}: {'false' if swapped else 'true'} would fit"
        return "einsum names the axes that are multiplied"

    @property
    def _swapped(self) -> tuple[bool, bool]:
        return self.transpose_first, self.transpose_second


def _fits(inputs: Shapes, swapped: Mapping[str, bool]) -> bool:
    """Whether two inputs can be multiplied with these axes swapped."""
    first, second = inputs
    inner = first[-2 if swapped["transpose_first"] else -1], second[-1 if swapped["transpose_second"] else -2]
    leading = zip(first[:-2], second[:-2], strict=True)
    return inner[0] == inner[1] and all(one == two or 1 in (one, two) for one, two in leading)
