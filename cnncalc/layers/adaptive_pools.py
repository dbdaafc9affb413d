"""Pooling to a given size: each axis is divided into as many parts as the output has positions.

PyTorch's rule: part i of n reads from floor(i * size / n) to ceil((i + 1) * size / n). Parts may
differ by one in size and overlap, and if the output is larger than the input, several parts read
the same position. Operations are counted over the actual parts.
"""

from __future__ import annotations

from math import prod

from cnncalc.layers.contract import (
    INDEX_BYTES,
    INPUT,
    NO_WEIGHTS,
    Formulas,
    LayerType,
    Operations,
    Remark,
    Role,
    Saved,
    Shapes,
    Weight,
    feature_map,
    own,
    remark,
)
from cnncalc.layers.shapes import POINT, PartitionWindow, Shape, Window
from cnncalc.syntax.expressions import Value
from cnncalc.syntax.settings import PerAxis, on_axes, per_axis


class AdaptivePool(LayerType):
    """The base of adaptive pools; their formulas may use `read_positions`, the sum over all parts."""

    size: PerAxis = per_axis("size of the output", example=7)

    def output_shape(self, inputs: Shapes) -> Shape:
        image = feature_map(inputs)
        return Shape((image.channels, *on_axes(self.size, image.rank, "size")))

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        return NO_WEIGHTS

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        if output.positions == 1:
            lies = "one_window"
        else:
            # Parts overlap where the output size does not divide the input size.
            lies = "parts_overlap" if self._read_positions(inputs) > inputs[0].positions else "parts_equal"
        return (remark(self.name), remark(lies), remark("any_size"))

    def windows(self, inputs: Shapes) -> tuple[PartitionWindow, ...]:
        return tuple(PartitionWindow(size) for size in on_axes(self.size, inputs[0].rank, "size"))

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        return POINT

    def formulas(self) -> Formulas:
        return {"out_channels": "in_channels", "out_size": "outputs"}

    def symbols(self, inputs: Shapes, output: Shape) -> dict[str, Value]:
        return {**super().symbols(inputs, output), "read_positions": self._read_positions(inputs)}

    def _read_positions(self, inputs: Shapes) -> int:
        axes = zip(self.windows(inputs), inputs[0].spatial, strict=True)
        return prod(window.covered(size) for window, size in axes)


class AdaptiveAvgPool(AdaptivePool, name="adaptive_avg_pool"):
    """The mean of each part, for an output of the given size, whatever the input size.

    Each output element costs one add less than its part has positions, and one divide.
    """

    also_known_as = ("AdaptiveAveragePool", "adaptive_pool", "自适应平均池化")

    role = Role.AVERAGE_POOL
    pytorch = "AdaptiveAvgPool"

    def saved(self, inputs: Shapes, output: Shape, *, frozen: bool = False) -> tuple[Saved, ...]:
        # PyTorch computes an output of one position as a mean, which keeps nothing.
        return (INPUT,) if output.positions > 1 else ()

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        adds = output.channels * (self._read_positions(inputs) - output.positions)
        return Operations(adds=adds, divides=output.elements)

    def formulas(self) -> Formulas:
        adds = "in_channels * (read_positions - out_positions)"
        return {**super().formulas(), "adds": adds, "divides": "out_elements"}


class AdaptiveMaxPool(AdaptivePool, name="adaptive_max_pool"):
    """The maximum of each part, for an output of the given size, whatever the input size.

    Each output element costs one comparison less than its part has positions.
    """

    also_known_as = ("AdaptiveMaxPooling", "adaptive_pool", "自适应最大池化")

    role = Role.MAX_POOL
    pytorch = "AdaptiveMaxPool"

    def saved(self, inputs: Shapes, output: Shape, *, frozen: bool = False) -> tuple[Saved, ...]:
        return (INPUT, own(output.elements, INDEX_BYTES))

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        return Operations(compares=output.channels * (self._read_positions(inputs) - output.positions))

    def formulas(self) -> Formulas:
        return {**super().formulas(), "compares": "in_channels * (read_positions - out_positions)"}
