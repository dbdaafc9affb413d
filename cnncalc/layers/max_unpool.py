from __future__ import annotations

from cnncalc.errors import RuleError
from cnncalc.layers._moving import Moving
from cnncalc.layers._windowed import Windowed, spread_all, spread_size_formula, spread_windows
from cnncalc.layers.contract import Formulas, Reading, Role, Shapes, feature_map
from cnncalc.layers.shapes import POINT, Shape, SpreadWindow, Window
from cnncalc.syntax.settings import PerAxis, per_axis, per_side


class MaxUnpool(Moving, Windowed, name="max_unpool"):
    """Puts each element back where a `max_pool` found the maximum of its window; all others are 0.

    The decoder of SegNet (Badrinarayanan et al. 2015, arXiv:1511.00561), with PyTorch's rule for the size. The
    kernel, stride and padding are those of the `max_pool`. `from: [previous, pool1]` names the `max_pool` whose
    positions it uses; its output has the shape of this layer's input. It needs no operations.
    """

    also_known_as = ("MaxUnpool2d", "unpooling", "MaxUnpooling2D", "反池化")

    kernel: PerAxis = per_axis("size of the window", example=2)
    stride: PerAxis | None = per_axis("step of the window", default=None, absent="the kernel")
    padding: PerAxis = per_side("rows and columns cropped from each side of the output", default=0)
    size: PerAxis | None = per_axis(
        "size of the output", default=None, absent="follows from the other settings", example=29
    )

    is_reserved = False
    role = Role.RESAMPLING
    pytorch = "MaxUnpool"
    further_inputs = "the max_pool whose positions are used"

    def output_shape(self, inputs: Shapes) -> Shape:
        image = feature_map(inputs)
        if len(inputs) > 2:
            raise RuleError(f"max_unpool needs 1 or 2 inputs, got {len(inputs)}", None, "remove the others")
        if inputs[-1] != image:
            raise RuleError(
                f"max_unpool needs an input with the shape of its max_pool, got {image} and {inputs[1]}",
                None,
                "name the max_pool of the same stage second",
            )
        return Shape((image.channels, *spread_all(self.windows(inputs), image, self.size, less=True)))

    def windows(self, inputs: Shapes) -> tuple[SpreadWindow, ...]:
        stride = self.kernel if self.stride is None else self.stride
        return spread_windows(inputs[0], self.kernel, stride, self.padding, size=self.size)

    def readings(self, inputs: Shapes, output: Shape) -> tuple[Reading, ...]:
        return super().readings(inputs, output) * len(inputs)

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        return POINT

    def formulas(self) -> Formulas:
        size = spread_size_formula(self.padding, is_added=self.size is not None)
        return {"out_channels": "in_channels", "out_size": size}
