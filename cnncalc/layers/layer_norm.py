from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from cnncalc.layers._normalizing import AxesNorm, affine_weights, set_formulas, set_operations
from cnncalc.layers.contract import Formulas, MixedPrecision, Operations, Shapes, Weight
from cnncalc.layers.shapes import Shape
from cnncalc.syntax.settings import flag


class LayerNorm(AxesNorm, name="layer_norm"):
    """Layer normalization: each sample to mean 0 and variance 1 (Ba et al. 2016, arXiv:1607.06450).

    Over `all` axes together, with a learnable scale and shift for every element (PyTorch's LayerNorm
    over [C, H, W]); over the `channels` of each position separately, with a scale and shift for each
    channel (ConvNeXt's LayerNorm2d); or over listed axes, with a scale and shift for each index on these
    axes (`axes: -1` normalizes the last axis, as in a transformer with the channels last). An element costs
    3 adds (4 if `affine`) and 2 (3) multiplies; each normalized set 1 add less, 3 divides and 1 exponential.
    """

    also_known_as = ("LayerNormalization", "ln", "norm", "normalization", "层归一化")

    learned: ClassVar[Mapping[str, str]] = {
        "all": "norm_learned_number",
        "channels": "norm_learned_channel",
        "axes": "norm_learned_axes",
    }

    mixed = MixedPrecision.FULL

    affine: bool = flag("whether the layer has a learnable scale and shift", default=True)

    pytorch = "LayerNorm"

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        return affine_weights(self.together(inputs[0]), affine=self.affine)

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        return set_operations(output.elements, self.sets(output), affine=self.affine)

    def formulas(self) -> Formulas:
        sets, learned = self.set_texts
        weights = {"weight": learned, "bias": learned} if self.affine else {}
        return {"out_channels": "in_channels", **weights, **set_formulas(sets, affine=self.affine)}
