"""What convolution and pooling share: kernel, stride, padding and dilation laid over the input's axes."""

from __future__ import annotations

from math import prod

from cnncalc.expressions import Value
from cnncalc.layer_type import LayerType, Shapes
from cnncalc.problem import RuleError
from cnncalc.settings import PerAxis, on_axes, on_sides
from cnncalc.shapes import Shape, SlidingWindow, SpreadWindow, same_padding

OUT_SIZE = "(in_size + before + after - kernel) // stride + 1"
DILATED_OUT_SIZE = "(in_size + before + after - (dilation * (kernel - 1) + 1)) // stride + 1"


class Windowed(LayerType):
    """A layer whose windows have a kernel; its formulas may use `kernel_positions`, height x width of it."""

    def windows(self, inputs: Shapes) -> tuple[SlidingWindow, ...] | tuple[SpreadWindow, ...]:
        raise NotImplementedError

    def symbols(self, inputs: Shapes, output: Shape) -> dict[str, Value]:
        return {**super().symbols(inputs, output), "kernel_positions": kernel_positions(self.windows(inputs))}


def kernel_positions(windows: tuple[SlidingWindow, ...] | tuple[SpreadWindow, ...]) -> int:
    """How many places the kernel has: height x width."""
    return prod(window.kernel for window in windows)


def sliding_windows(
    shape: Shape,
    kernel: PerAxis,
    stride: PerAxis,
    padding: PerAxis | str,
    dilation: PerAxis = 1,
    *,
    ceil: bool = False,
) -> tuple[SlidingWindow, ...]:
    """One window an axis. Raises RuleError where a list does not have a number for each axis."""
    rank = shape.rank
    kernels = on_axes(kernel, rank, "kernel")
    strides = on_axes(stride, rank, "stride")
    dilations = on_axes(dilation, rank, "dilation")
    if padding == "same":
        if ceil:
            raise RuleError("padding same settles the rounding", "padding", "leave rounding at floor")
        sides = tuple(map(same_padding, shape.spatial, kernels, strides, dilations))
    elif isinstance(padding, str):
        sides = ((0, 0),) * rank
    else:
        sides = on_sides(padding, rank, "padding")
    return tuple(
        SlidingWindow(one_kernel, one_stride, before, after, one_dilation, ceil)
        for one_kernel, one_stride, (before, after), one_dilation in zip(
            kernels, strides, sides, dilations, strict=True
        )
    )
