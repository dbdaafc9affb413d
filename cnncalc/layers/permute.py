from __future__ import annotations

from cnncalc.errors import RuleError, listed
from cnncalc.layers._axes import as_list
from cnncalc.layers._moving import Moving
from cnncalc.layers.contract import Aliasing, Formulas, Move, Reading, Role, Shapes, moved
from cnncalc.layers.shapes import POINT, Shape, WholeWindow, Window, axis_count
from cnncalc.syntax.settings import PerAxis, axis_list


class Permute(Moving, name="permute"):
    """Reorders the axes: `[1, 0]` swaps the channels and the positions of a signal.

    Axes count from 0, the channels. An axis that moves reads the whole axis in whose place it is.
    """

    also_known_as = ("Transpose", "swapaxes")

    axes: PerAxis = axis_list("input axis for each output axis", example=(1, 0))

    role = Role.REARRANGEMENT
    aliasing = Aliasing.VIEW

    def output_shape(self, inputs: Shapes) -> Shape:
        order, axes = self._order(inputs[0]), range(len(inputs[0]))
        if sorted(order) != list(axes):
            written = f"[{', '.join(map(str, as_list(self.axes)))}]"
            raise RuleError(
                f"axes {written} is not a permutation of the {axis_count(inputs[0])} of {inputs[0].described}",
                "axes",
                f"list each of {listed(axes)} once" if len(axes) > 1 else "use [0]: a vector has one axis",
            )
        return Shape(inputs[0][axis] for axis in order)

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        sizes = self.output_shape(inputs).spatial
        kept = [axis == place for place, axis in enumerate(self._order(inputs[0]))][1:]
        return tuple(POINT if stays else WholeWindow(size) for stays, size in zip(kept, sizes, strict=True))

    def readings(self, inputs: Shapes, output: Shape) -> tuple[Reading, ...]:
        moves = tuple(Move((axis,), (place,)) for place, axis in enumerate(self._order(inputs[0])) if output[place] > 1)
        return (moved(inputs[0], moves),)

    def formulas(self) -> Formulas:
        return {"out_elements": "in_elements"}

    def _order(self, shape: Shape) -> tuple[int, ...]:
        return tuple(axis + len(shape) if axis < 0 else axis for axis in as_list(self.axes))
