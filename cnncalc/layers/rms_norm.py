from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from cnncalc.layers._normalizing import AxesNorm
from cnncalc.layers.contract import INPUT, STATISTIC_BYTES, WEIGHTS, Formulas, Operations, Saved, Shapes, Weight, own
from cnncalc.layers.shapes import Shape
from cnncalc.syntax.settings import flag


class RMSNorm(AxesNorm, name="rms_norm"):
    """Root mean square normalization: elements divided by their root mean square (Zhang & Sennrich 2019).

    Like `layer_norm`, but without the mean (arXiv:1910.07467), and with a learnable scale and no shift. An
    element costs 1 add and 2 multiplies (3 if `affine`); each normalized set 2 divides and 1 exponential:
    the mean of the squares, and the inverse root of that mean plus an epsilon.
    """

    is_reserved = False
    also_known_as = ("RMSNormalization", "norm", "normalization", "均方根归一化")

    learned: ClassVar[Mapping[str, str]] = {over: f"factor_learned_{over}" for over in ("all", "channels", "axes")}

    affine: bool = flag("whether the layer has a learnable scale", default=True)

    pytorch = "RMSNorm"

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        return (Weight("weight", self.together(inputs[0])),) if self.affine else ()

    def saved(self, inputs: Shapes, output: Shape, *, frozen: bool = False) -> tuple[Saved, ...]:
        # The gradient of the scale needs the normalized elements, that of the input the rest.
        image, root = INPUT._replace(needed_for=(0,)), own(self.sets(inputs[0]), STATISTIC_BYTES, needed_for=(0,))
        return (image, root, own(inputs[0].elements, needed_for=(WEIGHTS,))) if self.affine else (image, root)

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        sets = self.sets(output)
        multiplies = (3 if self.affine else 2) * output.elements
        return Operations(adds=output.elements, multiplies=multiplies, divides=2 * sets, exponentials=sets)

    def formulas(self) -> Formulas:
        sets, learned = self.set_texts
        return {
            "out_channels": "in_channels",
            **({"weight": learned} if self.affine else {}),
            "adds": "in_elements",
            "multiplies": f"{3 if self.affine else 2} * in_elements",
            "divides": f"2 * {sets}",
            "exponentials": sets,
        }
