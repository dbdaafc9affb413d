"""The notation of shapes and sliding windows."""

from __future__ import annotations

from collections.abc import Iterable

from cnncalc.layers.shapes import Shape, SlidingWindow, Window, times

LAYOUTS = ("chw", "hwc")


def shape(sizes: Shape, layout: str = "chw") -> str:
    """A shape as in papers (3x224x224) or, in the layout `hwc`, as in lecture notes (224x224x3)."""
    return times((*sizes.spatial, sizes.channels)) if layout == "hwc" else times(sizes)


def window(windows: tuple[Window, ...]) -> str:
    """Kernel, stride and padding of sliding windows: 7x7/2/3, and d2 for a dilation of 2."""
    sliding = [axis for axis in windows if isinstance(axis, SlidingWindow)]
    if not sliding or len(sliding) < len(windows):
        return ""
    dilations = {axis.dilation for axis in sliding}
    dilation = f" d{_alike([str(axis.dilation) for axis in sliding])}" if dilations != {1} else ""
    return "/".join((kernel(sliding), stride(sliding), padding(sliding))) + dilation


def kernel(windows: Iterable[SlidingWindow]) -> str:
    return times(tuple(axis.kernel for axis in windows))


def stride(windows: Iterable[SlidingWindow]) -> str:
    return _alike([str(axis.stride) for axis in windows])


def padding(windows: Iterable[SlidingWindow]) -> str:
    """One number if both sides are equal, else before+after."""
    sides = (str(axis.before) if axis.before == axis.after else f"{axis.before}+{axis.after}" for axis in windows)
    return _alike(list(sides))


def _alike(axes: list[str]) -> str:
    return axes[0] if len(set(axes)) == 1 else "x".join(axes)
