from __future__ import annotations

from cnncalc.layers._elementwise import Elementwise, for_each
from cnncalc.layers.contract import (
    HALF_BYTES,
    INPUT,
    Formulas,
    MixedPrecision,
    Operations,
    Remark,
    Role,
    Saved,
    Shapes,
    own,
    remark,
)
from cnncalc.layers.shapes import Shape, Window
from cnncalc.syntax.expressions import Number, fraction
from cnncalc.syntax.settings import number, whole


class Lrn(Elementwise, name="lrn"):
    """Local response normalization across channels: x / (k + alpha * sum of squares of `size` channels) ^ beta.

    The defaults are AlexNet's constants (Krizhevsky et al. 2012). An element costs `size` adds (`size` - 1
    for the sum, also on the first and last channels, and 1 for k), 2 multiplies (the square and alpha),
    1 exponential (the power) and 1 divide. Caffe and PyTorch divide alpha by `size` in advance, which
    does not count.
    """

    also_known_as = ("LocalResponseNorm", "LocalResponseNormalization", "cross_map_norm", "局部响应归一化")

    size: int = whole("neighboring channels that are summed", default=5, example=7)
    alpha: Number = number("factor of the sum of squares", default=fraction("0.0001"))
    beta: Number = number("exponent", default=fraction("0.75"))
    k: Number = number("addend of the sum", default=2)

    role = Role.NORMALIZATION
    pytorch = "LocalResponseNorm"
    mixed = MixedPrecision.PROMOTED

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        constants = {"k": self.k, "alpha": self.alpha, "beta": self.beta}
        return (remark("lrn", "x / (k + alpha * sum_of_squares) ** beta", **constants),)

    def saved(self, inputs: Shapes, output: Shape, *, frozen: bool = False) -> tuple[Saved, ...]:
        # The padded squares, the base of the power and the power.
        image = inputs[0]
        squares = own((image.channels + self.size - 1) * image.positions)
        return (INPUT, squares._replace(mixed_bytes=HALF_BYTES), own(2 * image.elements))

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        return for_each(output.elements, Operations(adds=self.size, multiplies=2, divides=1, exponentials=1))

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        return None

    def formulas(self) -> Formulas:
        return {
            "out_channels": "in_channels",
            "adds": "size * in_elements",
            "multiplies": "2 * in_elements",
            "divides": "in_elements",
            "exponentials": "in_elements",
        }
