"""Layers that move elements, reduce axes or resize maps, as operators of ONNX."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from fractions import Fraction

from cnncalc.interchange.onnx_writing.elements import LARGEST_REAL
from cnncalc.interchange.onnx_writing.messages import INT64, Attribute
from cnncalc.interchange.onnx_writing.nodes import LayerNodes

MODES = {"zero": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
REDUCTIONS = {"mean": "ReduceMean", "sum": "ReduceSum", "max": "ReduceMax", "min": "ReduceMin", "norm": "ReduceL2"}
RESIZINGS = {"nearest": "nearest", "bilinear": "linear", "bicubic": "cubic"}


def _cut(layer: LayerNodes, tensor: str, ranges: Sequence[tuple[int, int, int, int]]) -> str:
    """A part of a tensor: an axis with the batch as 0, its start, stop and step, for each axis that is cut."""
    if not ranges:
        return tensor
    axes, starts, stops, steps = zip(*ranges, strict=True)
    return layer.add("Slice", tensor, *map(layer.wholes, (starts, stops, axes, steps)))


def _slice(layer: LayerNodes) -> str:
    axis = layer.settings["axis"] % len(layer.shape)
    stop = layer.settings["stop"]
    bounds = (layer.settings["start"], layer.shape[axis] if stop is None else stop, layer.settings["step"])
    return _cut(layer, layer.x, [(axis + 1, *bounds)])


def _crop(layer: LayerNodes) -> str:
    pairs = zip(layer.kind.windows(layer.shapes), layer.shape.spatial, strict=True)
    cuts = [(axis, -w.before, size + w.after, 1) for axis, (w, size) in enumerate(pairs, start=2)]
    return _cut(
        layer, layer.x, [cut for cut, size in zip(cuts, layer.shape.spatial, strict=True) if cut[1:3] != (0, size)]
    )


def _pad(layer: LayerNodes) -> str:
    windows = layer.kind.windows(layer.shapes)
    given = layer.settings["channels"]
    channels = (given, given) if isinstance(given, int) else given
    sides = [(0, 0), (0, 0), *((window.before, window.after) for window in windows)]
    found = _padded(layer, layer.x, sides, MODES[layer.settings["mode"]])
    found = _padded(layer, found, [(0, 0), channels, *((0, 0) for _ in windows)], "constant")
    # Negative numbers crop.
    sides[1] = channels
    sizes = [0, *(size + max(b, 0) + max(a, 0) for size, (b, a) in zip(layer.shape, sides[1:], strict=True))]
    cuts = [
        (axis, max(-before, 0), sizes[axis] + min(after, 0), 1)
        for axis, (before, after) in enumerate(sides)
        if min(before, after) < 0
    ]
    return _cut(layer, found, cuts)


def _padded(layer: LayerNodes, tensor: str, sides: Sequence[tuple[int, int]], mode: str) -> str:
    added = [*(max(before, 0) for before, _ in sides), *(max(after, 0) for _, after in sides)]
    return layer.add("Pad", tensor, layer.wholes(added), mode=mode) if any(added) else tensor


def _flatten(layer: LayerNodes) -> str:
    return layer.reshape(layer.x, *layer.output) if layer.output.rank else layer.add("Flatten", layer.x, axis=1)


def _reshape(layer: LayerNodes) -> str:
    return layer.reshape(layer.x, *layer.output)


def _permute(layer: LayerNodes) -> str:
    axes, rank = layer.settings["axes"], len(layer.shape)
    listed = (axes,) if isinstance(axes, int) else axes
    return layer.transpose(layer.x, (0, *(axis % rank + 1 for axis in listed)))


def _channel_shuffle(layer: LayerNodes) -> str:
    groups, (channels, *spatial) = layer.settings["groups"], layer.shape
    parted = layer.reshape(layer.x, groups, channels // groups, *spatial)
    return layer.reshape(layer.transpose(parted, (0, 2, 1, *range(3, 3 + len(spatial)))), *layer.shape)


def _pixel_shuffle(layer: LayerNodes) -> str:
    factor, rank = layer.settings["factor"], layer.shape.rank
    if rank == 2:
        return layer.add("DepthToSpace", layer.x, blocksize=factor, mode="CRD")
    parted = layer.reshape(layer.x, layer.output.channels, *(factor,) * rank, *layer.shape.spatial)
    pairs = [axis for at in range(rank) for axis in (2 + rank + at, 2 + at)]
    return layer.reshape(layer.transpose(parted, (0, 1, *pairs)), *layer.output)


def _pixel_unshuffle(layer: LayerNodes) -> str:
    factor, rank = layer.settings["factor"], layer.shape.rank
    split = [size for whole in layer.output.spatial for size in (whole, factor)]
    parted = layer.reshape(layer.x, layer.shape.channels, *split)
    order = (0, 1, *range(3, 3 + 2 * rank, 2), *range(2, 2 + 2 * rank, 2))
    return layer.reshape(layer.transpose(parted, order), *layer.output)


def _roll(layer: LayerNodes) -> str:
    shift, spatial = layer.settings["shift"], layer.shape.spatial
    shifts = (shift,) * len(spatial) if isinstance(shift, int) else shift
    found = layer.x
    for axis, (moved, size) in enumerate(zip(shifts, spatial, strict=True), start=2):
        if split := -moved % size:
            parts = [_cut(layer, found, [(axis, split, size, 1)]), _cut(layer, found, [(axis, 0, split, 1)])]
            found = layer.add("Concat", *parts, axis=axis)
    return found


def _gather(layer: LayerNodes) -> str:
    # A spec does not say which index stands where.
    indices = layer.filled("indices", layer.settings["shape"], 0, INT64)
    return layer.add("Gather", layer.x, indices, axis=layer.settings["axis"] % len(layer.shape) + 1)


def _reduce(layer: LayerNodes) -> str:
    axes, rank = layer.settings["axes"], len(layer.shape)
    listed = range(rank) if axes is None else (axes,) if isinstance(axes, int) else axes
    chosen = tuple(sorted(axis % rank + 1 for axis in listed))
    keeps = layer.settings["keep_dims"] or len(chosen) == rank
    found = layer.add(REDUCTIONS[layer.settings["op"]], layer.x, layer.wholes(chosen), keepdims=int(keeps))
    return layer.reshape(found, 1) if keeps and not layer.settings["keep_dims"] and rank > 1 else found


def _single(number: float) -> float:
    """A number as one of 32 bits; the largest one if it is too large."""
    found: float = struct.unpack("<f", struct.pack("<f", min(number, LARGEST_REAL)))[0]
    return found


def _upsample(layer: LayerNodes) -> str:
    mode, corners, factor = (layer.settings[name] for name in ("mode", "align_corners", "factor"))
    rank = layer.shape.rank
    centers = "align_corners" if corners else "half_pixel" if mode != "nearest" else "asymmetric"
    how: dict[str, Attribute] = {"mode": RESIZINGS[mode], "coordinate_transformation_mode": centers}
    how |= {"nearest_mode": "floor"} if mode == "nearest" else {}
    how |= {"cubic_coeff_a": -0.75} if mode == "bicubic" else {}
    factors = [] if factor is None else list(factor) if isinstance(factor, tuple) else [factor] * rank
    scales = [_single(float(Fraction(each))) for each in factors]
    reached = [int(_single(scale * size)) for scale, size in zip(scales, layer.shape.spatial, strict=False)]
    # In numbers of 32 bits, a fraction may miss the size.
    if reached == list(layer.output.spatial):
        return layer.add("Resize", layer.x, "", layer.reals([1.0, 1.0, *scales]), **how)
    sizes = layer.wholes(layer.output.spatial)
    return layer.add("Resize", layer.x, "", "", sizes, axes=tuple(range(2, rank + 2)), **how)


def _roi_align(layer: LayerNodes) -> str:
    """The regions of each map: as many from each, all at the origin, because no input contains them."""
    if layer.shape.rank != 2:
        raise layer.refuse(f"reads maps of {layer.shape.rank} axes, and RoiAlign reads images")
    rois, samples, (channels, _, height, width) = layer.settings["rois"], layer.settings["samples"], layer.output
    batch = layer.batch_size()
    number = layer.add("Squeeze", batch, layer.wholes((0,)))
    samples_of = layer.add("Range", layer.wholes((0,), ()), number, layer.wholes((1,), ()))
    column = layer.add("Unsqueeze", samples_of, layer.wholes((1,)))
    maps = len(layer.inputs)
    parts = []
    for place, tensor in enumerate(layer.inputs):
        count = rois // maps + (place < rois % maps)
        if not count:
            continue
        total = layer.add("Mul", batch, layer.wholes((count,)))
        regions = layer.fill(layer.add("Concat", total, layer.wholes((4,)), axis=0), 0.0)
        repeated = layer.add("Expand", column, layer.wholes((1, count)))
        indices = layer.add("Reshape", repeated, layer.wholes((-1,)))
        cut = layer.add(
            "RoiAlign", tensor, regions, indices, output_height=height, output_width=width, sampling_ratio=samples
        )
        parts.append(layer.add("Reshape", cut, layer.wholes((-1, count, channels, height, width))))
    found = layer.add("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]
    return layer.transpose(found, (0, 2, 1, 3, 4))


WRITERS: dict[str, Callable[[LayerNodes], str]] = {
    "channel_shuffle": _channel_shuffle,
    "crop": _crop,
    "flatten": _flatten,
    "gather": _gather,
    "pad": _pad,
    "permute": _permute,
    "pixel_shuffle": _pixel_shuffle,
    "pixel_unshuffle": _pixel_unshuffle,
    "reduce": _reduce,
    "reshape": _reshape,
    "roi_align": _roi_align,
    "roll": _roll,
    "slice": _slice,
    "upsample": _upsample,
}
