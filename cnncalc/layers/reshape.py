from __future__ import annotations

from cnncalc.errors import RuleError
from cnncalc.layers._axes import check_axis_count
from cnncalc.layers._moving import Moving
from cnncalc.layers.contract import Aliasing, Formulas, Move, Reading, Role, Shapes, moved, regrouped, whole_axes
from cnncalc.layers.shapes import POINT, Shape, WholeWindow, Window, divides, quotient, times
from cnncalc.syntax.settings import target_shape


class Reshape(Moving, name="reshape"):
    """The same elements in the same order with another shape, such as a vector as a feature map in a generator.

    As in NumPy, one size may be -1: it follows from the others.
    """

    also_known_as = ("view", "Unflatten")

    shape: tuple[int, ...] = target_shape(
        "sizes of the output, channels first; one may be -1", inferred=True, example=(256, 7, 7)
    )

    role = Role.REARRANGEMENT
    aliasing = Aliasing.VIEW

    def output_shape(self, inputs: Shapes) -> Shape:
        check_axis_count(self.shape)
        elements = inputs[0].elements
        known = Shape(size for size in self.shape if size != -1).elements
        if -1 in self.shape and divides(known, elements):
            return Shape(quotient(elements, known) if size == -1 else size for size in self.shape)
        if known == elements:
            return Shape(self.shape)
        numbers = f"a multiple of {known}" if -1 in self.shape else str(known)
        raise RuleError(
            f"shape {times(self.shape)} needs {numbers} elements, but {inputs[0].described} has {elements}",
            "shape",
            "" if -1 in self.shape else "write -1 for one size to infer it from the others",
        )

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        output = self.output_shape(inputs)
        if output.rank != inputs[0].rank:
            return whole_axes(inputs)
        kept = [Move((axis,), (axis,)) in regrouped(inputs[0], output) for axis in range(1, len(output))]
        return tuple(POINT if stays else WholeWindow(size) for stays, size in zip(kept, output.spatial, strict=True))

    def readings(self, inputs: Shapes, output: Shape) -> tuple[Reading, ...]:
        return (moved(inputs[0], regrouped(inputs[0], output)),)

    def formulas(self) -> Formulas:
        return {"out_elements": "in_elements"}
