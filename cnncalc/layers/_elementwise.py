"""The base of layers that compute each output element from the input element at the same position."""

from __future__ import annotations

from typing import ClassVar

from cnncalc.layers.contract import (
    NO_WEIGHTS,
    Formulas,
    LayerType,
    Matrices,
    Operations,
    Remark,
    Shapes,
    Weight,
    Wiring,
    pointwise,
    remark,
)
from cnncalc.layers.shapes import POINT, Shape, Window


class Elementwise(LayerType):
    """Keeps the shape, has no weights, and does the operations of `each` for every element.

    `function` is the function of an element x, as an expression. A type whose operations depend on its
    settings has no `each` and answers `operations` and `formulas` itself.
    """

    each: ClassVar[Operations]
    function: ClassVar[str]

    def output_shape(self, inputs: Shapes) -> Shape:
        return inputs[0]

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        return NO_WEIGHTS

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        return (remark("activation", self.function, **self.__dict__),)

    def wiring(self, inputs: Shapes, output: Shape) -> Wiring | None:
        # Weights, if any, act on each element in its place.
        return None

    def matrices(self, inputs: Shapes, output: Shape) -> Matrices | None:
        return None

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        return for_each(output.elements, self.each)

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        return pointwise(inputs)

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        return POINT

    def formulas(self) -> Formulas:
        return {"out_channels": "in_channels", **formulas_for_each("in_elements", self.each)}


def for_each(count: int, operations: Operations) -> Operations:
    """`operations`, repeated `count` times."""
    return Operations(*(count * times for times in operations))


def formulas_for_each(count: str, operations: Operations) -> Formulas:
    """The formulas of `for_each`, with `count` as a formula."""
    texts = {1: count}
    return {kind: texts.get(times, f"{times} * {count}") for kind, times in operations._asdict().items() if times}
