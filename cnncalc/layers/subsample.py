from __future__ import annotations

from cnncalc.layers._windowed import Windowed, kernel_positions, size_formula, sliding_windows
from cnncalc.layers.contract import (
    INPUT,
    WEIGHTS,
    Formulas,
    Matrices,
    Operations,
    Remark,
    Role,
    Saved,
    Shapes,
    Weight,
    Wiring,
    feature_map,
    own,
    remark,
)
from cnncalc.layers.shapes import POINT, Shape, SlidingWindow, Window, slide_all
from cnncalc.syntax.settings import PerAxis, per_axis


class Subsample(Windowed, name="subsample"):
    """The sum of each window, times a learnable coefficient, plus a learnable bias: one of each per channel.

    S2 and S4 of LeNet-5 (LeCun et al. 1998), without the squashing function after them. An output
    element costs as many adds as the window has positions, and one multiply.
    """

    also_known_as = ("Subsampling",)

    kernel: PerAxis = per_axis("size of the window", default=2, example=3)
    stride: PerAxis | None = per_axis("step of the window", default=None, absent="the kernel")

    role = Role.AVERAGE_POOL

    def output_shape(self, inputs: Shapes) -> Shape:
        image = feature_map(inputs)
        return Shape((image.channels, *slide_all(self.windows(inputs), image, may_pad=lambda _window, _padding: False)))

    def saved(self, inputs: Shapes, output: Shape, *, frozen: bool = False) -> tuple[Saved, ...]:
        # The sums are kept for the gradient of the coefficients.
        return (INPUT._replace(needed_for=(0,)), own(output.elements, needed_for=(WEIGHTS,)))

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        channels = (inputs[0].channels,)
        return (Weight("coefficient", channels), Weight("bias", channels))

    def matrices(self, inputs: Shapes, output: Shape) -> Matrices | None:
        return None

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        return (remark("subsample"),)

    def wiring(self, inputs: Shapes, output: Shape) -> Wiring:
        return Wiring(output.elements * kernel_positions(self.windows(inputs)), output.elements)

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        adds = output.elements * kernel_positions(self.windows(inputs))
        return Operations(adds=adds, multiplies=output.elements)

    def windows(self, inputs: Shapes) -> tuple[SlidingWindow, ...]:
        return sliding_windows(inputs[0], self.kernel, self.kernel if self.stride is None else self.stride, 0)

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        return POINT

    def formulas(self) -> Formulas:
        return {
            "out_channels": "in_channels",
            "out_size": size_formula("valid"),
            "coefficient": "in_channels",
            "bias": "in_channels",
            "adds": "out_elements * kernel_positions",
            "multiplies": "out_elements",
        }
