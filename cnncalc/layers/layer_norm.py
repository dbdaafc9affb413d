from __future__ import annotations

from cnncalc.layers._normalizing import affine_weights, set_formulas, set_operations
from cnncalc.layers.contract import (
    Formulas,
    LayerType,
    Matrices,
    Operations,
    Remark,
    Role,
    Shapes,
    Weight,
    Wiring,
    pointwise,
    remark,
)
from cnncalc.layers.shapes import POINT, Shape, Window
from cnncalc.syntax.settings import choice, flag


class LayerNorm(LayerType, name="layer_norm"):
    """Layer normalization: each sample to mean 0 and variance 1 (Ba et al. 2016, arXiv:1607.06450).

    Over `all` axes together, with a learnable scale and shift for every element (PyTorch's LayerNorm
    over [C, H, W]), or over the `channels` of each position separately, with a scale and shift for
    each channel (ConvNeXt's LayerNorm2d). An element costs 3 adds (4 if `affine`) and 2 (3)
    multiplies; each normalized set 1 add less, 3 divides and 1 exponential.
    """

    also_known_as = ("LayerNormalization", "ln", "norm", "normalization", "层归一化")

    axes: str = choice("axes that are normalized together", ("all", "channels"), default="all")
    affine: bool = flag("whether the layer has a learnable scale and shift", default=True)

    role = Role.NORMALIZATION

    def output_shape(self, inputs: Shapes) -> Shape:
        return inputs[0]

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        shape = tuple(inputs[0]) if self.axes == "all" else (inputs[0].channels,)
        return affine_weights(shape, affine=self.affine)

    def matrices(self, inputs: Shapes, output: Shape) -> Matrices | None:
        return None

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        each = "norm_learned_number" if self.axes == "all" else "norm_learned_channel"
        learned = remark(each if self.affine else "norm_nothing_learned")
        return (remark(f"layer_norm_{self.axes}"), learned, remark("statistics_not_tracked"))

    def wiring(self, inputs: Shapes, output: Shape) -> Wiring | None:
        return None

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        sets = 1 if self.axes == "all" else output.positions
        return set_operations(output.elements, sets, affine=self.affine)

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        return pointwise(inputs)

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        return POINT

    def formulas(self) -> Formulas:
        sets, learned = ("1", "in_elements") if self.axes == "all" else ("in_positions", "in_channels")
        weights = {"weight": learned, "bias": learned} if self.affine else {}
        return {"out_channels": "in_channels", **weights, **set_formulas(sets, affine=self.affine)}
