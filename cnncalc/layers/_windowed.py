"""The base of convolutions and pools: kernel, stride, padding and dilation along the input's axes."""

from __future__ import annotations

from functools import lru_cache
from math import prod

from cnncalc.errors import RuleError
from cnncalc.layers.contract import INPUT, LayerType, Remark, Saved, Shapes, own, remark
from cnncalc.layers.shapes import Shape, SlidingWindow, SpreadWindow, half, same_crop, same_padding, times
from cnncalc.syntax.expressions import Value
from cnncalc.syntax.settings import PerAxis, on_axes, on_sides


class Windowed(LayerType):
    """A layer whose windows have a kernel; its formulas may use `kernel_positions`, height x width of the kernel."""

    def windows(self, inputs: Shapes) -> tuple[SlidingWindow, ...] | tuple[SpreadWindow, ...]:
        raise NotImplementedError

    def symbols(self, inputs: Shapes, output: Shape) -> dict[str, Value]:
        return {**super().symbols(inputs, output), "kernel_positions": kernel_positions(self.windows(inputs))}


def pads_same(padding: PerAxis | str, stride: PerAxis) -> bool:
    """Whether PyTorch has the padding as `same`, which it allows for stride 1."""
    is_one = stride == 1 if isinstance(stride, int) else set(stride) == {1}
    return padding == "same" and is_one


def name_padding(pytorch: str, padding: PerAxis | str, stride: PerAxis) -> str:
    """The module of a convolution; with its padding if that is `same` in PyTorch."""
    return f"{pytorch}.same" if pads_same(padding, stride) else pytorch


def saved_input(image: Shape, windows: tuple[SlidingWindow, ...], *, same: bool = False) -> Saved:
    """The input as a layer keeps it for the backward pass: a padded copy if the sides of an axis differ.

    PyTorch's layers pad both sides alike, so that another layer has to pad before them. With `same`, its convolutions
    add the difference of the sides themselves, and pad the rest.
    """
    if all(window.before == window.after for window in windows):
        return INPUT
    padded = (
        size + (abs(window.after - window.before) if same else window.before + window.after)
        for size, window in zip(image.spatial, windows, strict=True)
    )
    return own(image.channels * prod(padded))


def extent_formula(dilation: PerAxis) -> str:
    """The distance from the kernel's first tap to its last, as a formula."""
    return "kernel" if dilation in (1, (1,)) else "(dilation * (kernel - 1) + 1)"


def padding_formula(padding: PerAxis | str) -> str:
    """The padding of both sides as a formula: empty, twice one number, or one number for each side."""
    if isinstance(padding, int):
        return "2 * padding"
    return "" if padding == "valid" else "before + after"


def size_formula(padding: PerAxis | str, dilation: PerAxis = 1, *, ceil: bool = False) -> str:
    """The formula of the output size, as short as the settings allow: (W - F + 2P) / S + 1 in lecture notes.

    With rounding up, a window that starts after the input does not count.
    """
    around = padding_formula(padding)
    room = f"in_size - {extent_formula(dilation)}{f' + {around}' if around else ''}"
    if not ceil:
        return f"({room}) // stride + 1"
    first = {"": "in_size", "2 * padding": "in_size + padding"}.get(around, "in_size + before")
    return f"min(ceil(({room}) / stride) + 1, ceil({f'({first})' if '+' in first else first} / stride))"


def kernel_positions(windows: tuple[SlidingWindow, ...] | tuple[SpreadWindow, ...]) -> int:
    """The size of the kernel: height x width."""
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
    """One window per axis. Raises RuleError for a list that does not have one number per axis."""
    return _windows(shape.spatial, kernel, stride, padding, dilation, ceil=ceil)


# Cached: a layer asks for its windows several times, and layers that differ only in their filters have equal ones.
@lru_cache(maxsize=1_024)
def _windows(
    sizes: tuple[int, ...],
    kernel: PerAxis,
    stride: PerAxis,
    padding: PerAxis | str,
    dilation: PerAxis,
    *,
    ceil: bool,
) -> tuple[SlidingWindow, ...]:
    rank = len(sizes)
    kernels = on_axes(kernel, rank, "kernel")
    strides = on_axes(stride, rank, "stride")
    dilations = on_axes(dilation, rank, "dilation")
    if padding == "same":
        if ceil:
            raise RuleError("padding same excludes rounding up", "padding", "leave rounding at floor")
        sides = tuple(map(same_padding, sizes, kernels, strides, dilations))
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


def dilation_remarks(windows: tuple[SlidingWindow | SpreadWindow, ...]) -> tuple[Remark, ...]:
    """Remarks about a dilated kernel."""
    window = max(windows, key=lambda window: window.dilation)
    if window.dilation == 1 or window.kernel == 1:
        return ()
    extent = window.dilation * (window.kernel - 1) + 1
    return (remark("dilated", kernel=window.kernel, dilation=window.dilation, extent=extent),)


def spread_windows(
    shape: Shape,
    kernel: PerAxis,
    stride: PerAxis,
    padding: PerAxis | str,
    *,
    dilation: PerAxis = 1,
    output_padding: PerAxis = 0,
    size: PerAxis | None = None,
) -> tuple[SpreadWindow, ...]:
    """One window per axis of a layer whose inputs spread over the output; `size` is the output size.

    Raises RuleError for a list that does not have one number per axis, and for mutually exclusive settings.
    """
    rank = shape.rank
    kernels = on_axes(kernel, rank, "kernel")
    strides = on_axes(stride, rank, "stride")
    dilations = on_axes(dilation, rank, "dilation")
    added = on_axes(output_padding, rank, "output_padding")
    if any(added) and size is not None:
        raise RuleError("size and output_padding are mutually exclusive", "size", "remove one of them")
    if padding == "same":
        if any(added):
            raise RuleError("padding same sets the output size", "output_padding", "leave output_padding at 0")
        if size is not None:
            raise RuleError("padding same sets the output size", "size", "remove size")
        crops = tuple(map(same_crop, kernels, strides, dilations))
        sides = tuple((before, after) for before, after, _ in crops)
        added = tuple(extra for _, _, extra in crops)
    elif isinstance(padding, str):
        sides = ((0, 0),) * rank
    else:
        sides = on_sides(padding, rank, "padding")
    windows = tuple(
        SpreadWindow(kernel, stride, *around, dilation, extra)
        for kernel, stride, around, dilation, extra in zip(kernels, strides, sides, dilations, added, strict=True)
    )
    if size is None:
        return windows
    axes = zip(windows, shape.spatial, on_axes(size, rank, "size"), strict=True)
    return tuple(window._replace(output_padding=wanted - window.slide(own)) for window, own, wanted in axes)


def spread_all(
    windows: tuple[SpreadWindow, ...], image: Shape, size: PerAxis | None, *, less: bool = False
) -> tuple[int, ...]:
    """The output's spatial sizes. Raises RuleError for an impossible size.

    A `size` may exceed the smallest size that the settings allow by less than the stride; with `less`, it may also
    be smaller.
    """
    sizes = tuple(window.slide(own) for window, own in zip(windows, image.spatial, strict=True))
    for window, given in zip(windows, sizes, strict=True):
        if size is not None and not (-window.stride if less else -1) < window.output_padding < window.stride:
            usual = given - window.output_padding
            least, most = max(usual - window.stride + 1 if less else usual, 1), usual + window.stride - 1
            fitting = f"use {most}" if most <= least else f"use a size from {least} to {most}"
            raise RuleError(f"the settings cannot give an output of size {given}", "size", fitting)
        if given < 1:
            # Half of the output size without padding, so that one row or column remains.
            most = half(given + window.before + window.after - 1)
            raise RuleError(
                f"padding {window.before} crops the whole output of the {times(image.spatial)} input",
                "padding",
                f"use padding of at most {most}",
            )
    return sizes


def spread_size_formula(padding: PerAxis | str, dilation: PerAxis = 1, *, is_added: bool = False) -> str:
    """The output-size formula of a layer whose inputs spread over the output; `is_added` names an output padding."""
    taken = padding_formula(padding)
    off = f" - {taken}" if taken == "2 * padding" else f" - ({taken})" if taken else ""
    return f"(in_size - 1) * stride + {extent_formula(dilation)}{off}{' + output_padding' if is_added else ''}"
