from __future__ import annotations

from cnncalc.layers._axes import find_axes
from cnncalc.layers.contract import (
    INPUT,
    NO_WEIGHTS,
    OUTPUT,
    Formulas,
    LayerType,
    Move,
    Operations,
    Reading,
    Remark,
    Role,
    Saved,
    Shapes,
    Weight,
    moved,
    remark,
    whole_axes,
)
from cnncalc.layers.shapes import POINT, Shape, WholeWindow, Window, quotient, times
from cnncalc.syntax.expressions import Value
from cnncalc.syntax.settings import PerAxis, axis_list, choice, flag

# The operations of a set of n elements, as formulas.
COSTS: dict[str, Formulas] = {
    "mean": {"adds": "{sets} * (reduced - 1)", "divides": "{sets}"},
    "sum": {"adds": "{sets} * (reduced - 1)"},
    "max": {"compares": "{sets} * (reduced - 1)"},
    "min": {"compares": "{sets} * (reduced - 1)"},
    "norm": {"multiplies": "in_elements", "adds": "{sets} * (reduced - 1)", "exponentials": "{sets}"},
}


class Reduce(LayerType, name="reduce"):
    """Reduces the chosen axes to their mean, sum, maximum, minimum, or norm (the root of the sum of squares).

    The output drops these axes, or keeps them with size 1 if `keep_dims`. Each set of n elements costs
    n - 1 adds or comparisons, a mean also 1 divide, and a norm also n multiplies and 1 exponential (the root).
    The norm over all positions is the first half of ConvNeXt V2's GRN (Woo et al. 2023, arXiv:2301.00808);
    mean and max over the channels are the input of CBAM's spatial attention (Woo et al. 2018, arXiv:1807.06521).
    """

    also_known_as = ("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL2", "amax", "归约")

    op: str = choice("function that reduces the elements", ("mean", "sum", "max", "min", "norm"))
    axes: PerAxis | None = axis_list("axes that are reduced, from 0, the channels", default=None, absent="all axes")
    keep_dims: bool = flag("whether the axes remain, with size 1", default=False)

    is_reserved = False
    role = Role.OTHER

    def output_shape(self, inputs: Shapes) -> Shape:
        image, reduced = inputs[0], self._axes(inputs[0])
        if self.keep_dims:
            return Shape(1 if axis in reduced else size for axis, size in enumerate(image))
        return Shape([size for axis, size in enumerate(image) if axis not in reduced] or [1])

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        return NO_WEIGHTS

    def saved(self, inputs: Shapes, output: Shape, *, frozen: bool = False) -> tuple[Saved, ...]:
        return (INPUT, OUTPUT) if self.op in ("max", "min", "norm") else ()

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        image = inputs[0]
        sets = output.elements
        pairs = image.elements - sets
        if self.op in ("max", "min"):
            return Operations(compares=pairs)
        if self.op == "norm":
            return Operations(multiplies=image.elements, adds=pairs, exponentials=sets)
        return Operations(adds=pairs, divides=sets if self.op == "mean" else 0)

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        axes = self._axes(inputs[0])
        sizes = times(tuple(inputs[0][axis] for axis in axes))
        return (remark(f"reduce_{self.op}", sizes=sizes, sets=output.elements),)

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        if self.output_shape(inputs).rank != inputs[0].rank:
            return whole_axes(inputs)
        reduced = self._axes(inputs[0])
        return tuple(WholeWindow() if axis in reduced else POINT for axis in range(1, len(inputs[0])))

    def readings(self, inputs: Shapes, output: Shape) -> tuple[Reading, ...]:
        image = inputs[0]
        kept = [axis for axis in range(len(image)) if axis not in self._axes(image)]
        if self.keep_dims or not kept:
            return super().readings(inputs, output)
        moves = [Move((axis,), (place,)) for place, axis in enumerate(kept) if image[axis] > 1]
        return (moved(image, tuple(moves)),)

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        return WholeWindow(output.channels) if 0 in self._axes(inputs[0]) else POINT

    def formulas(self) -> Formulas:
        sets = "in_elements / reduced"
        costs = {kind: text.format(sets=sets) for kind, text in COSTS[self.op].items()}
        return {"out_elements": sets, **costs}

    def symbols(self, inputs: Shapes, output: Shape) -> dict[str, Value]:
        return {**super().symbols(inputs, output), "reduced": quotient(inputs[0].elements, output.elements)}

    def _axes(self, image: Shape) -> tuple[int, ...]:
        return tuple(range(len(image))) if self.axes is None else find_axes(self.axes, image)
