from __future__ import annotations

from cnncalc.layers._elementwise import Elementwise, for_each, formulas_for_each
from cnncalc.layers.contract import INPUT, WEIGHTS, Formulas, Operations, Remark, Role, Shapes, Weight, remark
from cnncalc.layers.shapes import Shape
from cnncalc.syntax.settings import flag


class Scale(Elementwise, name="scale"):
    """Multiplies each channel by a learnable factor, and with `bias` adds a learnable bias.

    Caffe's Scale layer; ConvNeXt's layer scale (Liu et al. 2022, arXiv:2201.03545). With `per_channel: false`
    the whole tensor has one learnable factor, and one bias, as in ReZero (Bachlechner et al. 2020,
    arXiv:2003.04887). One multiply per element, and with `bias` one add.
    """

    also_known_as = ("LayerScale", "channel_scale", "Scale", "ReZero")

    bias: bool = flag("whether a learnable bias is added", default=False)
    per_channel: bool = flag("whether each channel has its own factor and bias", default=True)

    role = Role.SCALING
    keeps = (INPUT._replace(needed_for=(WEIGHTS,)),)

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        weight = Weight("weight", (inputs[0].channels if self.per_channel else 1,))
        return (weight, Weight("bias", weight.shape)) if self.bias else (weight,)

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        key = f"scale{'_and_shift' if self.bias else ''}{'' if self.per_channel else '_by_one'}"
        return (remark(key, "weight * x + bias" if self.bias else "weight * x"),)

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        return for_each(output.elements, self._of_each)

    def formulas(self) -> Formulas:
        learned = "in_channels" if self.per_channel else "1"
        formulas = {"out_channels": "in_channels", "weight": learned}
        bias = {"bias": learned} if self.bias else {}
        return {**formulas, **bias, **formulas_for_each("in_elements", self._of_each)}

    @property
    def _of_each(self) -> Operations:
        return Operations(multiplies=1, adds=int(self.bias))
