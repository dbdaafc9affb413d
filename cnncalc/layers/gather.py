from __future__ import annotations

from math import prod

from cnncalc.layers._axes import check_axis_count, find_axis
from cnncalc.layers._moving import Moving
from cnncalc.layers.contract import (
    INDEX_BYTES,
    Formulas,
    Move,
    Reading,
    Remark,
    Role,
    Saved,
    Shapes,
    moved,
    own,
    remark,
    whole_axes,
)
from cnncalc.layers.shapes import POINT, Shape, WholeWindow, Window, times
from cnncalc.syntax.expressions import Value
from cnncalc.syntax.settings import axis_of, target_shape


class Gather(Moving, name="gather"):
    """Looks numbers up along an axis, by fixed indices: the axis becomes axes of the given sizes.

    `gather: [49, 49]` turns a table of 169 offsets into the position bias of each pair of 49 positions, as windows of
    Swin look theirs up (Liu et al. 2021, arXiv:2103.14030). Numbers are copied: no weights, no operations. Which
    index stands where is not part of the spec, so that each output may read every place of the axis.
    """

    also_known_as = ("index_select", "take", "take_along_dim", "lookup", "查表", "索引")

    shape: tuple[int, ...] = target_shape("sizes of the axes that take the place of the axis", example=(49, 49))
    axis: int = axis_of("axis along which numbers are looked up", default=-1, example=0)

    role = Role.REARRANGEMENT

    def output_shape(self, inputs: Shapes) -> Shape:
        image = inputs[0]
        along = find_axis(self.axis, image)
        sizes = (*image[:along], *self.shape, *image[along + 1 :])
        check_axis_count(sizes)
        return Shape(sizes)

    def saved(self, inputs: Shapes, output: Shape, *, frozen: bool = False) -> tuple[Saved, ...]:
        return (own(prod(self.shape), INDEX_BYTES, per_sample=False),)

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        size = inputs[0][find_axis(self.axis, inputs[0])]
        return (remark("gather", axis_size=size, sizes=times(self.shape)),)

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        if len(self.shape) != 1:
            return whole_axes(inputs)
        along = find_axis(self.axis, inputs[0])
        return tuple(WholeWindow(self.shape[0]) if axis == along else POINT for axis in range(1, len(inputs[0])))

    def readings(self, inputs: Shapes, output: Shape) -> tuple[Reading, ...]:
        if len(self.shape) == 1:
            return super().readings(inputs, output)
        image = inputs[0]
        along = find_axis(self.axis, image)
        added = len(self.shape) - 1
        kept = (axis for axis, size in enumerate(image) if axis != along and size > 1)
        return (moved(image, tuple(Move((axis,), (axis + added * (axis > along),)) for axis in kept)),)

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        return POINT if find_axis(self.axis, inputs[0]) else WholeWindow(output.channels)

    def formulas(self) -> Formulas:
        return {"out_elements": "in_elements / axis_size * indices"}

    def symbols(self, inputs: Shapes, output: Shape) -> dict[str, Value]:
        size = inputs[0][find_axis(self.axis, inputs[0])]
        return {**super().symbols(inputs, output), "axis_size": size, "indices": prod(self.shape)}
