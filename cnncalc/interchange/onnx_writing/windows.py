"""Convolutions and pools as operators of ONNX."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from cnncalc.errors import RuleError
from cnncalc.interchange.onnx_writing.messages import Attribute
from cnncalc.interchange.onnx_writing.nodes import LayerNodes
from cnncalc.layers.shapes import Shape, SlidingWindow, SpreadWindow
from cnncalc.record import Record

# Operators slide over more axes in no known runtime.
MOST_SPATIAL = 3
# Parts that are cut out one by one.
MOST_PARTS = 64
EPSILON = 1e-5


class FoldedMap:
    """A map whose spatial axes over 3 are part of its batch, if the windows read each of their positions separately.

    `tensor` is the map, and `axes` are its spatial axes.
    """

    def __init__(self, layer: LayerNodes, windows: Sequence[SlidingWindow]) -> None:
        self.layer, self.tensor = layer, layer.x
        rank = layer.shape.rank
        single = [axis for axis, window in enumerate(windows) if window == SlidingWindow(1)]
        over = max(rank - MOST_SPATIAL, 0)
        self.folded = single[:over] if over <= len(single) else []
        self.axes = [axis for axis in range(rank) if axis not in self.folded]
        self.order = (0, *(axis + 2 for axis in self.folded), 1, *(axis + 2 for axis in self.axes))
        if self.folded:
            moved = layer.transpose(self.tensor, self.order)
            sizes = (-1, layer.shape.channels, *(layer.shape.spatial[axis] for axis in self.axes))
            self.tensor = layer.add("Reshape", moved, layer.wholes(sizes))

    def restore(self, tensor: str) -> str:
        """The output with all axes in their place."""
        if not self.folded:
            return tensor
        output = self.layer.output
        kept = (*(output.spatial[axis] for axis in self.folded), output.channels)
        sizes = (-1, *kept, *(output.spatial[axis] for axis in self.axes))
        parted = self.layer.add("Reshape", tensor, self.layer.wholes(sizes))
        return self.layer.transpose(parted, [self.order.index(axis) for axis in range(len(self.order))])


def window_attributes(
    windows: Sequence[SlidingWindow] | Sequence[SpreadWindow], *, dilations: bool = True
) -> dict[str, Attribute]:
    found: dict[str, Attribute] = {
        "kernel_shape": tuple(window.kernel for window in windows),
        "pads": (*(window.before for window in windows), *(window.after for window in windows)),
        "strides": tuple(window.stride for window in windows),
    }
    return {"dilations": tuple(window.dilation for window in windows), **found} if dilations else found


# --- convolutions ---


def _bias(layer: LayerNodes, size: int) -> list[str]:
    return [layer.weight("bias", (size,), 0.0)] if layer.settings["bias"] else []


def write_conv(layer: LayerNodes) -> str:
    windows = layer.kind.windows(layer.shapes)
    groups, filters = layer.settings["groups"], layer.settings["filters"]
    kernel = tuple(window.kernel for window in windows)
    shape = (filters, layer.shape.channels // groups, *kernel)
    table = layer.settings["connections"]
    weight = layer.weight("weight", shape) if table is None else _connected(layer, table, shape)
    if layer.settings["standardize"] is not None:
        weight = _standardized(layer, weight, shape)
    return _convolve(layer, windows, weight, groups, filters)


def _convolve(layer: LayerNodes, windows: Sequence[SlidingWindow], weight: str, groups: int, filters: int) -> str:
    bias = _bias(layer, filters)
    image = FoldedMap(layer, windows)
    chosen = [windows[axis] for axis in image.axes]
    if image.folded:
        kernel = [window.kernel for window in chosen]
        weight = layer.add("Reshape", weight, layer.wholes((filters, layer.shape.channels // groups, *kernel)))
    attributes = window_attributes(chosen)
    return image.restore(layer.add("Conv", image.tensor, weight, *bias, **attributes, group=groups))


def _connected(layer: LayerNodes, table: Sequence[Sequence[int]], shape: tuple[int, ...]) -> str:
    """The weights of the pairs of a filter and a channel that it reads, among zeros."""
    pairs = [(number, channel) for number, row in enumerate(table) for channel in row]
    own = layer.weight("weight", (len(pairs), *shape[2:]))
    places = layer.wholes([number for pair in pairs for number in pair], (len(pairs), 2))
    return layer.add("ScatterND", layer.filled("zeros", shape, 0.0), places, own)


def _standardized(layer: LayerNodes, weight: str, shape: tuple[int, ...]) -> str:
    """Weights with mean 0 and variance 1 within each filter."""
    axes = layer.wholes(range(1, len(shape)))
    centered = layer.add("Sub", weight, layer.add("ReduceMean", weight, axes, keepdims=1))
    variance = layer.add("ReduceMean", layer.add("Mul", centered, centered), axes, keepdims=1)
    deviation = layer.add("Sqrt", layer.add("Add", variance, layer.number(EPSILON)))
    found = layer.add("Div", centered, deviation)
    if layer.settings["standardize"] == "gain":
        found = layer.add("Mul", found, layer.weight("gain", (shape[0], *(1,) * (len(shape) - 1)), 1.0))
    return found


def write_depthwise_conv(layer: LayerNodes) -> str:
    windows = layer.kind.windows(layer.shapes)
    channels, filters = layer.shape.channels, layer.output.channels
    weight = layer.weight("weight", (filters, 1, *(window.kernel for window in windows)))
    return _convolve(layer, windows, weight, channels, filters)


def write_conv_transpose(layer: LayerNodes) -> str:
    windows = layer.kind.windows(layer.shapes)
    groups, filters = layer.settings["groups"], layer.settings["filters"]
    shape = (layer.shape.channels, filters // groups, *(window.kernel for window in windows))
    weight = layer.weight("weight", shape, 0.1 / prod((layer.shape.channels // groups, *shape[2:])))
    return _spread(layer, windows, weight, groups, _bias(layer, filters))


def _spread(layer: LayerNodes, windows: Sequence[SpreadWindow], weight: str, groups: int, bias: Sequence[str]) -> str:
    added = tuple(window.output_padding for window in windows)
    attributes = window_attributes(windows) | ({"output_padding": added} if any(added) else {})
    return layer.add("ConvTranspose", layer.x, weight, *bias, **attributes, group=groups)


def write_deform_conv(layer: LayerNodes) -> str:
    windows = layer.kind.windows(layer.shapes)
    regular = [SlidingWindow(*window) for window in windows]
    groups, filters = layer.settings["groups"], layer.settings["filters"]
    kernel = [window.kernel for window in regular]
    weight = layer.weight("weight", (filters, layer.shape.channels // groups, *kernel))
    bias = _bias(layer, filters)
    mask = layer.inputs[2:]
    further = [*(bias or [""] * len(mask)), *mask]
    offset_group = layer.shapes[1].channels // (2 * prod(kernel))
    attributes = window_attributes(regular) | {"group": groups, "offset_group": offset_group}
    return layer.add("DeformConv", layer.x, weight, layer.inputs[1], *further, **attributes)


def _one_hot(layer: LayerNodes, channels: int, kernel: Sequence[int]) -> str:
    """A filter for each tap of each channel, which reads this tap alone."""
    taps = prod(kernel)
    eye = layer.add("EyeLike", layer.filled("taps", (taps, taps), 0.0), dtype=1)
    filters = layer.add("Reshape", eye, layer.wholes((taps, 1, *kernel)))
    return layer.add("Tile", filters, layer.wholes((channels, 1, *(1 for _ in kernel))))


def _windows_as_channels(layer: LayerNodes, windows: Sequence[SlidingWindow]) -> str:
    channels = layer.shape.channels
    weight = _one_hot(layer, channels, [window.kernel for window in windows])
    return layer.add("Conv", layer.x, weight, **window_attributes(windows), group=channels)


def write_unfold(layer: LayerNodes) -> str:
    return _windows_as_channels(layer, layer.kind.windows(layer.shapes))


def write_fold(layer: LayerNodes) -> str:
    windows = layer.kind.windows(layer.shapes)
    weight = _one_hot(layer, layer.output.channels, [window.kernel for window in windows])
    return _spread(layer, windows, weight, layer.output.channels, ())


def write_local_conv(layer: LayerNodes) -> str:
    windows = layer.kind.windows(layer.shapes)
    output = layer.output
    inner = layer.shape.channels * prod(window.kernel for window in windows)
    unfolded = layer.reshape(_windows_as_channels(layer, windows), inner, output.positions)
    # Each position is a product of a row and a matrix of its own.
    rows = layer.reshape(layer.transpose(unfolded, (0, 2, 1)), output.positions, 1, inner)
    weight = layer.weight("weight", (output.positions, inner, output.channels), 0.1 / inner)
    sums = layer.reshape(layer.add("MatMul", rows, weight), output.positions, output.channels)
    found = layer.reshape(layer.transpose(sums, (0, 2, 1)), *output)
    return layer.add("Add", found, layer.weight("bias", output, 0.0)) if layer.settings["bias"] else found


# --- pools ---


class PoolAxis(Record):
    """A window along an axis of a size, and how many positions it has."""

    window: SlidingWindow
    size: int
    positions: int

    @property
    def end(self) -> int:
        """The number of positions that the last window ends behind the input."""
        return (self.positions - 1) * self.window.stride + self._extent - self.size - self.window.before

    @property
    def is_over(self) -> bool:
        """Whether the last window ends behind the padding."""
        return self.end > self.window.after

    @property
    def rounded_up(self) -> int:
        """How many positions ONNX counts, if it rounds up."""
        room = self.size + self.window.before + self.window.after - self._extent
        return -(-room // self.window.stride) + 1

    @property
    def _extent(self) -> int:
        return self.window.dilation * (self.window.kernel - 1) + 1


def _pool_axes(windows: Sequence[Any], image: Shape, output: Shape) -> list[PoolAxis]:
    return [PoolAxis(*axis) for axis in zip(windows, image.spatial, output.spatial, strict=True)]


def _pool_attributes(axes: Sequence[PoolAxis], *, dilations: bool = False) -> dict[str, Attribute]:
    """The attributes of a pool, whose last windows may reach over the padding."""
    if any(axis.is_over for axis in axes) and all(axis.positions == axis.rounded_up for axis in axes):
        return {"ceil_mode": 1, **window_attributes([axis.window for axis in axes], dilations=dilations)}
    reached = [axis.window._replace(after=max(axis.window.after, axis.end)) for axis in axes]
    return window_attributes(reached, dilations=dilations)


def _pool(layer: LayerNodes, op: str, *, dilations: bool = False, **attributes: Attribute) -> str:
    axes = _pool_axes(layer.kind.windows(layer.shapes), layer.shape, layer.output)
    image = FoldedMap(layer, [axis.window for axis in axes])
    chosen = _pool_attributes([axes[number] for number in image.axes], dilations=dilations)
    return image.restore(layer.add(op, image.tensor, **attributes, **chosen))


def write_max_pool(layer: LayerNodes) -> str:
    return _pool(layer, "MaxPool", dilations=True)


def write_avg_pool(layer: LayerNodes) -> str:
    """An average pool. What the last windows read behind the padding does not count, as in PyTorch."""
    counts = layer.settings["count_include_pad"]
    axes = _pool_axes(layer.kind.windows(layer.shapes), layer.shape, layer.output)
    if not counts or not any(axis.is_over for axis in axes):
        return _pool(layer, "AveragePool", count_include_pad=int(counts))
    windows = [axis.window for axis in axes]
    added = [0, 0, *(window.before for window in windows), 0, 0, *(window.after for window in windows)]
    padded = layer.add("Pad", layer.x, layer.wholes(added), mode="constant") if any(added) else layer.x
    bare = [
        PoolAxis(window._replace(before=0, after=0), axis.size + window.before + window.after, axis.positions)
        for axis, window in zip(axes, windows, strict=True)
    ]
    return layer.add("AveragePool", padded, count_include_pad=0, **_pool_attributes(bare))


def write_max_unpool(layer: LayerNodes) -> str:
    """The pool once more, for the positions of its maxima, and the tensor at these positions."""
    pool = layer.source.pool
    if len(layer.inputs) < 2 or pool is None or layer.shape.rank > MOST_SPATIAL:
        why = "has no max_pool as its second input, and MaxUnpool of ONNX reads its positions"
        raise RuleError(why, None, "use from: with the max_pool of the same stage second")
    windows: Sequence[Any] = pool.kind.windows((pool.shape,))
    axes = _pool_axes(windows, pool.shape, layer.shapes[-1])
    _, positions = layer.add_several("MaxPool", (pool.tensor,), 2, _pool_attributes(axes, dilations=True))
    sizes = layer.add("Concat", layer.batch_size(), layer.wholes(layer.output), axis=0)
    attributes = window_attributes(layer.kind.windows(layer.shapes), dilations=False)
    return layer.add("MaxUnpool", layer.x, positions, sizes, **attributes)


def write_subsample(layer: LayerNodes) -> str:
    windows = layer.kind.windows(layer.shapes)
    means = _pool(layer, "AveragePool")
    sums = layer.add("Mul", means, layer.number(prod(window.kernel for window in windows)))
    each = (layer.shape.channels, *(1 for _ in windows))
    return layer.add(
        "Add", layer.add("Mul", sums, layer.weight("coefficient", each, 1.0)), layer.weight("bias", each, 0.0)
    )


def _global_pool(layer: LayerNodes, op: str) -> str:
    found = layer.add(op, layer.x)
    return found if layer.settings["keep_dims"] else layer.add("Flatten", found, axis=1)


def write_global_avg_pool(layer: LayerNodes) -> str:
    return _global_pool(layer, "GlobalAveragePool")


def write_global_max_pool(layer: LayerNodes) -> str:
    return _global_pool(layer, "GlobalMaxPool")


def write_adaptive_avg_pool(layer: LayerNodes) -> str:
    return _adaptive_pool(layer, "AveragePool", "ReduceMean")


def write_adaptive_max_pool(layer: LayerNodes) -> str:
    return _adaptive_pool(layer, "MaxPool", "ReduceMax")


def _adaptive_pool(layer: LayerNodes, op: str, reduction: str) -> str:
    """One pool if all parts are equal; else each part is cut out and reduced, axis by axis."""
    sizes, parts = layer.shape.spatial, layer.output.spatial
    if not any(size % count for size, count in zip(sizes, parts, strict=True)):
        kernel = tuple(size // count for size, count in zip(sizes, parts, strict=True))
        return layer.add(op, layer.x, kernel_shape=kernel, strides=kernel)
    if max(parts) > MOST_PARTS:
        raise layer.refuse(f"has parts of unequal size, which are written one by one, up to {MOST_PARTS} along an axis")
    windows: Sequence[Any] = layer.kind.windows(layer.shapes)
    found = layer.x
    for number, (window, size, count) in enumerate(zip(windows, sizes, parts, strict=True)):
        axis = layer.wholes((number + 2,))
        cut = []
        for place in range(count):
            read = window.reads(place, size)
            part = layer.add("Slice", found, layer.wholes((read.start,)), layer.wholes((read.stop,)), axis)
            cut.append(layer.add(reduction, part, axis, keepdims=1))
        found = layer.add("Concat", *cut, axis=number + 2) if len(cut) > 1 else cut[0]
    return found


WRITERS = {
    "adaptive_avg_pool": write_adaptive_avg_pool,
    "adaptive_max_pool": write_adaptive_max_pool,
    "avg_pool": write_avg_pool,
    "conv": write_conv,
    "conv_transpose": write_conv_transpose,
    "deform_conv": write_deform_conv,
    "depthwise_conv": write_depthwise_conv,
    "fold": write_fold,
    "global_avg_pool": write_global_avg_pool,
    "global_max_pool": write_global_max_pool,
    "local_conv": write_local_conv,
    "max_pool": write_max_pool,
    "max_unpool": write_max_unpool,
    "subsample": write_subsample,
    "unfold": write_unfold,
}
