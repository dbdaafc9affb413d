from __future__ import annotations

from math import prod

from cnncalc.errors import RuleError
from cnncalc.layers._axes import find_axis
from cnncalc.layers._moving import Moving
from cnncalc.layers.contract import (
    Aliasing,
    Formulas,
    Reading,
    Remark,
    Role,
    Shapes,
    moved,
    pointwise,
    regrouped,
    remark,
    whole_axes,
)
from cnncalc.layers.shapes import Shape, Window, times
from cnncalc.syntax.settings import axis_of


class Flatten(Moving, name="flatten"):
    """A feature map as one long vector: the first channel, then the second, and so on.

    `start` and `end` are the first and last axes to merge: `flatten: 1` turns a map into a sequence with the
    same channels and positions, row by row.
    """

    also_known_as = ("Flattening", "展平")

    start: int = axis_of("the first axis that is flattened, from 0, the channels", default=0)
    end: int = axis_of("the last axis that is flattened", default=-1)

    role = Role.REARRANGEMENT
    pytorch = "Flatten"
    aliasing = Aliasing.VIEW

    def output_shape(self, inputs: Shapes) -> Shape:
        start, end = self._ends(inputs[0])
        if start > end:
            raise RuleError(
                f"start, axis {start}, is after end, axis {end}",
                "start",
                f"use a start of at most {end}",
            )
        return Shape((*inputs[0][:start], prod(inputs[0][start : end + 1]), *inputs[0][end + 1 :]))

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        start, end = self._ends(inputs[0])
        if not output.rank:
            return super().remarks(inputs, output)
        return (
            remark("flatten_axes", start=start, end=end, sizes=times(inputs[0][start : end + 1]), size=output[start]),
        )

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        start, end = self._ends(inputs[0])
        return whole_axes(inputs) if start < end else pointwise(inputs)

    def readings(self, inputs: Shapes, output: Shape) -> tuple[Reading, ...]:
        return (moved(inputs[0], regrouped(inputs[0], output)),)

    def formulas(self) -> Formulas:
        return {"out_elements": "in_elements"} if self.start or self.end != -1 else {"out_channels": "in_elements"}

    def _ends(self, shape: Shape) -> tuple[int, int]:
        return find_axis(self.start, shape, "start"), find_axis(self.end, shape, "end")
