from __future__ import annotations

from cnncalc.errors import RuleError
from cnncalc.layers._axes import find_axis
from cnncalc.layers._moving import Moving
from cnncalc.layers.contract import Aliasing, Formulas, Role, Shapes, pointwise
from cnncalc.layers.shapes import POINT, Shape, SliceWindow, Window, axis_names
from cnncalc.syntax.expressions import Value
from cnncalc.syntax.settings import axis_of, whole


class Slice(Moving, name="slice"):
    """Every `step`-th channel from `start` to before `stop`, or positions along another axis.

    `slice: 24` keeps the first 24 channels, as the split of ShuffleNet v2 does (Ma et al. 2018,
    arXiv:1807.11164); `{axis: 1, step: 2}` keeps every other row.
    """

    also_known_as = ("Split", "chunk", "narrow", "StridedSlice")

    stop: int | None = whole(
        "end, excluded: the first index that is dropped", default=None, absent="the axis's end", example=24
    )
    start: int = whole("first index that is kept, counted from 0", default=0, minimum=0)
    step: int = whole("distance between kept indices", default=1)
    axis: int = axis_of("axis that is sliced, counted from 0, the channels", default=0, example=1)

    role = Role.REARRANGEMENT
    aliasing = Aliasing.VIEW

    def output_shape(self, inputs: Shapes) -> Shape:
        shape = inputs[0]
        along = find_axis(self.axis, shape)
        cut = self._cut(shape)
        size = shape[along]
        if cut.stop > size:
            what = f"{axis_names(shape.rank)[along - 1]} of {size}" if along else f"{size} channels"
            raise RuleError(f"stop {cut.stop} is beyond the {what}", "stop", f"use a stop of at most {size}")
        if cut.start >= cut.stop:
            raise RuleError(
                f"the slice from {cut.start} to before {cut.stop} is empty",
                "start",
                f"use a start of at most {cut.stop - 1}",
            )
        return Shape(cut.slide(size) if axis == along else size for axis, size in enumerate(shape))

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        along = find_axis(self.axis, inputs[0])
        if not along:
            return pointwise(inputs)
        cut = self._cut(inputs[0])
        sizes = enumerate(inputs[0].spatial, start=1)
        return tuple(cut if axis == along else SliceWindow(0, size) for axis, size in sizes)

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        return POINT if find_axis(self.axis, inputs[0]) else self._cut(inputs[0])

    def formulas(self) -> Formulas:
        kept = "ceil((stop - start) / step)"
        if self.axis < 0:
            return {"out_elements": f"in_elements / axis_size * {kept}"}
        return {"out_channels": "in_channels", "out_size": kept} if self.axis else {"out_channels": kept}

    def symbols(self, inputs: Shapes, output: Shape) -> dict[str, Value]:
        size = inputs[0][find_axis(self.axis, inputs[0])]
        return {**super().symbols(inputs, output), **self._cut(inputs[0])._asdict(), "axis_size": size}

    def _cut(self, shape: Shape) -> SliceWindow:
        return SliceWindow(
            self.start, shape[find_axis(self.axis, shape)] if self.stop is None else self.stop, self.step
        )
