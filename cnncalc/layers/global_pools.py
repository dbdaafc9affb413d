"""Pooling over all positions: one number per channel."""

from __future__ import annotations

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
    whole_axes,
)
from cnncalc.layers.shapes import POINT, Shape, Window
from cnncalc.syntax.settings import flag


class GlobalPool(LayerType):
    """The base of global pools."""

    keep_dims: bool = flag("whether to keep the spatial axes, with size 1", default=False)

    role = Role.GLOBAL_POOL

    def output_shape(self, inputs: Shapes) -> Shape:
        image = feature_map(inputs)
        return Shape((image.channels, *(1 for _ in image.spatial if self.keep_dims)))

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        return NO_WEIGHTS

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        return (remark(self.name), remark("any_size"))

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        return whole_axes(inputs)

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        return POINT

    def formulas(self) -> Formulas:
        return {"out_channels": "in_channels", **({"out_size": "1"} if self.keep_dims else {})}


class GlobalAvgPool(GlobalPool, name="global_avg_pool"):
    """The mean of each channel (Lin et al. 2013, arXiv:1312.4400): a vector, or with `keep_dims` a 1x1 map.

    Each channel costs one add less than it has positions, and one divide.
    """

    also_known_as = ("GlobalAveragePooling2D", "GlobalAveragePool", "gap", "global_pool", "reduce_mean", "全局平均池化")

    pytorch = "AdaptiveAvgPool"

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        return Operations(adds=inputs[0].elements - output.channels, divides=output.channels)

    def formulas(self) -> Formulas:
        return {**super().formulas(), "adds": "in_channels * (in_positions - 1)", "divides": "in_channels"}


class GlobalMaxPool(GlobalPool, name="global_max_pool"):
    """The maximum of each channel: a vector, or with `keep_dims` a 1x1 map.

    Each channel costs one comparison less than it has positions.
    """

    also_known_as = ("GlobalMaxPooling2D", "gmp", "global_pool", "reduce_max", "全局最大池化")

    pytorch = "AdaptiveMaxPool"

    def saved(self, inputs: Shapes, output: Shape, *, frozen: bool = False) -> tuple[Saved, ...]:
        return (INPUT, own(output.elements, INDEX_BYTES))

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        return Operations(compares=inputs[0].elements - output.channels)

    def formulas(self) -> Formulas:
        return {**super().formulas(), "compares": "in_channels * (in_positions - 1)"}
