"""Windows laid out as channels, and added up again: the two halves of a convolution as a matrix product."""

from __future__ import annotations

from cnncalc.errors import RuleError
from cnncalc.layers._moving import Moving
from cnncalc.layers._windowed import (
    Windowed,
    kernel_positions,
    size_formula,
    sliding_windows,
    spread_all,
    spread_size_formula,
    spread_windows,
)
from cnncalc.layers.contract import Formulas, Operations, Reading, Role, Shapes, feature_map
from cnncalc.layers.shapes import Shape, SlidingWindow, SpreadWindow, divides, quotient, round_up, slide_all
from cnncalc.syntax.settings import PerAxis, padding_of, per_axis


class Unfold(Moving, Windowed, name="unfold"):
    """Im2col: the numbers of each window, of all channels, become the channels of one position.

    The windows are those of a `conv` with the same settings. The map keeps its axes, as in Caffe's Im2col and
    TensorFlow's extract_patches; PyTorch's `Unfold` has all positions on one axis, which a `reshape` gives.
    """

    also_known_as = ("im2col", "extract_patches", "extract_image_patches", "展开")

    kernel: PerAxis = per_axis("size of the windows", example=3)
    stride: PerAxis = per_axis("step of the windows", default=1)
    padding: PerAxis | str = padding_of("rows and columns of zeros around the input")
    dilation: PerAxis = per_axis("distance between a window's positions", default=1)

    is_reserved = False
    role = Role.REARRANGEMENT

    def output_shape(self, inputs: Shapes) -> Shape:
        image = feature_map(inputs)
        windows = self.windows(inputs)
        return Shape((image.channels * kernel_positions(windows), *slide_all(windows, image)))

    def windows(self, inputs: Shapes) -> tuple[SlidingWindow, ...]:
        return sliding_windows(inputs[0], self.kernel, self.stride, self.padding, self.dilation)

    def readings(self, inputs: Shapes, output: Shape) -> tuple[Reading, ...]:
        return (super().readings(inputs, output)[0]._replace(gathered=True),)

    def formulas(self) -> Formulas:
        return {"out_channels": "in_channels * kernel_positions", "out_size": size_formula(self.padding, self.dilation)}


class Fold(Moving, Windowed, name="fold"):
    """Col2im: the channels of each position become a window of the output, and overlaps are added.

    The reverse of an `unfold` with the same settings; where several sizes are possible, `size` says which. Each
    number of the input is added once: one add.
    """

    also_known_as = ("col2im", "折叠")

    kernel: PerAxis = per_axis("size of the windows", example=2)
    stride: PerAxis = per_axis("step of the windows", default=1)
    padding: PerAxis | str = padding_of("rows and columns taken off the output")
    dilation: PerAxis = per_axis("distance between a window's positions", default=1)
    size: PerAxis | None = per_axis(
        "size of the output", default=None, absent="what the other settings give", example=15
    )

    is_reserved = False
    role = Role.REARRANGEMENT

    def output_shape(self, inputs: Shapes) -> Shape:
        image = feature_map(inputs)
        windows = self.windows(inputs)
        together = kernel_positions(windows)
        if not divides(together, image.channels):
            raise RuleError(
                f"{image.channels} channels are no multiple of the {together} positions of the kernel",
                "kernel",
                f"use a kernel whose positions divide them, or {round_up(image.channels, together)} channels",
            )
        return Shape((quotient(image.channels, together), *spread_all(windows, image, self.size)))

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        return Operations(adds=inputs[0].elements)

    def windows(self, inputs: Shapes) -> tuple[SpreadWindow, ...]:
        return spread_windows(inputs[0], self.kernel, self.stride, self.padding, dilation=self.dilation, size=self.size)

    def readings(self, inputs: Shapes, output: Shape) -> tuple[Reading, ...]:
        return (super().readings(inputs, output)[0]._replace(scattered=True),)

    def formulas(self) -> Formulas:
        is_added = self.size is not None or self.padding == "same"
        return {
            "out_channels": "in_channels / kernel_positions",
            "out_size": spread_size_formula(self.padding, self.dilation, is_added=is_added),
            "adds": "in_elements",
        }
