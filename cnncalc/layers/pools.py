"""Pooling: a window slides over each channel separately and gives one number at each position.

Sizes follow PyTorch: `stride` defaults to the kernel, padding is at most half the kernel, and with
`rounding: ceil` (as in Caffe) the last window starts inside the input or the padding before it.
Windows on the border count like all others, padding included.
"""

from __future__ import annotations

from math import prod

from cnncalc.errors import RuleError
from cnncalc.layers._windowed import Windowed, kernel_positions, saved_input, size_formula, sliding_windows
from cnncalc.layers.contract import (
    INDEX_BYTES,
    NO_WEIGHTS,
    Formulas,
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
from cnncalc.layers.shapes import POINT, Shape, SlidingWindow, Window, half, slide_all, within
from cnncalc.syntax.settings import PerAxis, choice, flag, padding_of, per_axis

ROUNDINGS = ("floor", "ceil")


def _one_window(windows: tuple[SlidingWindow, ...], image: Shape) -> Remark:
    """The remark that a channel has only one window, with the number of positions in it."""
    axes = zip(windows, image.spatial, strict=True)
    read = prod(len(within(window.reads(0, size), size)) for window, size in axes)
    return remark("one_window") if read == image.positions else remark("one_window_of_part", read=read)


class Pool(Windowed):
    """The base of max_pool and avg_pool."""

    kernel: PerAxis
    stride: PerAxis | None
    padding: PerAxis | str
    rounding: str

    def output_shape(self, inputs: Shapes) -> Shape:
        image = feature_map(inputs)
        windows = self.windows(inputs)
        for window in windows:
            padding = max(window.before, window.after)
            if not isinstance(self.padding, str) and not _may_pad(window, padding):
                raise RuleError(
                    f"padding {padding} is more than half of kernel {window.kernel}",
                    "padding",
                    f"use padding of at most {half(window.kernel)}",
                )
        return Shape((image.channels, *slide_all(windows, image, may_pad=_may_pad)))

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        return NO_WEIGHTS

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        windows = self.windows(inputs)
        axes = list(zip(windows, output.spatial, strict=True))
        if output.positions == 1:
            lies = _one_window(windows, inputs[0])
        elif any(window.overlaps(outputs) for window, outputs in axes):
            lies = remark("windows_overlap")
        else:
            lies = remark("windows_apart" if any(window.skips(outputs) for window, outputs in axes) else "windows_tile")
        rounded = (remark("rounds_up"),) if self.rounding == "ceil" else ()
        return (remark(self.name), lies, *rounded)

    def windows(self, inputs: Shapes) -> tuple[SlidingWindow, ...]:
        stride = self.kernel if self.stride is None else self.stride
        return sliding_windows(inputs[0], self.kernel, stride, self.padding, ceil=self.rounding == "ceil")

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        return POINT


class MaxPool(Pool, name="max_pool"):
    """The maximum of each window. Per output element, one comparison less than the window has positions."""

    also_known_as = ("MaxPooling2D", "Pooling", "pool", "最大池化", "池化", "池化层")

    kernel: PerAxis = per_axis("size of the window", example=3)
    stride: PerAxis | None = per_axis("step of the window", default=None, absent="the kernel")
    padding: PerAxis | str = padding_of("rows and columns around the input, which never are the maximum")
    dilation: PerAxis = per_axis("distance between a window's positions", default=1)
    rounding: str = choice("whether a last window that only partly fits counts (ceil)", ROUNDINGS, default="floor")

    role = Role.MAX_POOL
    pytorch = "MaxPool"

    def saved(self, inputs: Shapes, output: Shape, *, frozen: bool = False) -> tuple[Saved, ...]:
        return (saved_input(inputs[0], self.windows(inputs)), own(output.elements, INDEX_BYTES))

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        return Operations(compares=output.elements * (kernel_positions(self.windows(inputs)) - 1))

    def windows(self, inputs: Shapes) -> tuple[SlidingWindow, ...]:
        stride = self.kernel if self.stride is None else self.stride
        ceil = self.rounding == "ceil"
        return sliding_windows(inputs[0], self.kernel, stride, self.padding, self.dilation, ceil=ceil)

    def formulas(self) -> Formulas:
        return {
            "out_channels": "in_channels",
            "out_size": size_formula(self.padding, self.dilation, ceil=self.rounding == "ceil"),
            "compares": "out_elements * (kernel_positions - 1)",
        }


class AvgPool(Pool, name="avg_pool"):
    """The mean of each window. Per output element, one add less than the window has positions, and one divide."""

    also_known_as = ("AveragePooling2D", "AveragePool", "mean_pool", "Pooling", "pool", "平均池化", "池化", "池化层")

    kernel: PerAxis = per_axis("size of the window", example=3)
    stride: PerAxis | None = per_axis("step of the window", default=None, absent="the kernel")
    padding: PerAxis | str = padding_of("rows and columns of zeros around the input")
    rounding: str = choice("whether a last window that only partly fits counts (ceil)", ROUNDINGS, default="floor")
    count_include_pad: bool = flag("whether the mean includes the padding", default=True)

    role = Role.AVERAGE_POOL
    pytorch = "AvgPool"

    def saved(self, inputs: Shapes, output: Shape, *, frozen: bool = False) -> tuple[Saved, ...]:
        return (saved_input(inputs[0], self.windows(inputs)),)

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        padded = any(window.before or window.after for window in self.windows(inputs))
        counted = remark("padding_in_the_mean" if self.count_include_pad else "padding_not_in_the_mean")
        return (*super().remarks(inputs, output), *((counted,) if padded else ()))

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        adds = output.elements * (kernel_positions(self.windows(inputs)) - 1)
        return Operations(adds=adds, divides=output.elements)

    def formulas(self) -> Formulas:
        return {
            "out_channels": "in_channels",
            "out_size": size_formula(self.padding, ceil=self.rounding == "ceil"),
            "adds": "out_elements * (kernel_positions - 1)",
            "divides": "out_elements",
        }


def _may_pad(window: SlidingWindow, padding: int) -> bool:
    """PyTorch's limit, which ignores dilation."""
    return padding <= half(window.kernel)
