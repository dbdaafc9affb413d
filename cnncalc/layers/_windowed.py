"""What convolution and pooling share: kernel, stride, padding and dilation laid over the input's axes."""

from __future__ import annotations

from cnncalc.problem import RuleError
from cnncalc.settings import PerAxis, on_axes, on_sides
from cnncalc.shapes import Shape, SlidingWindow, same_padding


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
