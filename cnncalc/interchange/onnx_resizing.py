"""Operators of ONNX that pad and resize maps."""

from __future__ import annotations

from functools import partial
from math import floor

from cnncalc.interchange.graph import Plain
from cnncalc.interchange.onnx_constants import (
    OnnxConstant,
    find_axes,
)
from cnncalc.interchange.onnx_graph import OnnxCall, OpReader, Value
from cnncalc.interchange.onnx_shapes import pass_on, shape_of
from cnncalc.interchange.onnx_views import (
    BATCH,
    View,
    arrange,
    as_layer,
    plain_view,
)

# --- resampling and padding ---

RESIZING = {"linear": "bilinear", "cubic": "bicubic", "bilinear": "bilinear"}
MODES = {"constant": "zero", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}


def _pad(call: OnnxCall) -> Value:
    value = call.value(0)
    shape = shape_of(call)
    pads = call.axes(1, "pads") or call.wholes("paddings")
    if pads is None:
        raise call.refuse("has no padding")
    axes = find_axes(call.numbers(3) or (), len(shape)) if call.has(3) else tuple(range(len(shape)))
    if len(pads) != 2 * len(axes):
        raise call.refuse(f"has {len(pads)} paddings for {len(axes)} axes")
    around = {axis: (pads[at], pads[at + len(axes)]) for at, axis in enumerate(axes)}
    around = {axis: sides for axis, sides in around.items() if any(sides)}
    if not around:
        return pass_on(call)
    if isinstance(value, OnnxConstant):
        sizes = tuple(size + sum(around.get(axis, (0, 0))) for axis, size in enumerate(shape))
        return value.with_numbers(sizes, None)
    mode = MODES.get(call.text("mode", "constant"), "")
    if not mode:
        raise call.refuse(f"has the unknown mode {call.text('mode')}")
    view = as_layer(call.view(), call.emit, around)
    sides: dict[int, tuple[int, int]] = {}
    for axis, pair in around.items():
        place = view.axis_of(axis)
        if place is None:
            raise call.refuse("pads the samples of a batch")
        sides[place] = pair
    settings: dict[str, Plain] = {} if mode == "zero" else {"mode": mode}
    spatial = [sides.get(place, (0, 0)) for place in range(1, len(view.axes))]
    if any(map(any, spatial)):
        settings["padding"] = tuple(side for pair in spatial for side in pair)
    if 0 in sides:
        settings["channels"] = sides[0]
    layer = call.emit("pad", settings, view.layer)
    return plain_view(layer, call.layer_shape(layer), view.groups, view.batch)


def spatial_view(call: OnnxCall, view: View) -> View:
    """A tensor as a layer with all axes of the file but the first: channels first, as windows slide over it."""
    if view.rank < 3:
        raise call.refuse(f"needs an input of at least 3 axes, and reads one of {view.rank}")
    return arrange(view, range(1, view.rank), call.emit)


def _resize(call: OnnxCall) -> Value:
    view = call.view()
    # Sizes are the last input since opset 11; scales are the second before, and the third since.
    is_old = call.node.op == "Upsample" or len(call.node.inputs) <= 2
    attribute = call.attribute("scales")
    scales = call.reals(1 if is_old else 2) if attribute is None else attribute.reals()
    sizes = call.numbers(3) if call.has(3) else None
    axes = find_axes(call.wholes("axes") or range(view.rank), view.rank)
    wanted = list(view.shape)
    if sizes:
        for axis, size in zip(axes, sizes, strict=False):
            wanted[axis] = size
    elif scales:
        for axis, factor in zip(axes, scales, strict=False):
            if not 0 < factor < 1e6:
                raise call.refuse(f"has the factor {factor}")
            wanted[axis] = floor(view.shape[axis] * factor + 1e-4)
    else:
        raise call.refuse("has a size that depends on data")
    changed = [axis for axis in range(view.rank) if wanted[axis] != view.shape[axis]]
    if not changed:
        return view
    if view.rank < 3 or any(BATCH in view.groups[axis] for axis in changed):
        raise call.refuse("resizes something else than a map")
    # The axis that stays is that of the channels: the second, or the last in files of TensorFlow.
    channels = view.rank - 1 if 1 in changed and view.rank - 1 not in changed else 1
    spatial = [axis for axis in range(1, view.rank) if axis != channels]
    view = arrange(view, [channels, *spatial], call.emit)
    own, new = [view.shape[axis] for axis in spatial], [wanted[axis] for axis in spatial]
    mode = RESIZING.get(call.text("mode", "nearest"), "nearest")
    factors = {after // before if after % before == 0 else 0 for before, after in zip(own, new, strict=True)}
    settings: dict[str, Plain] = {"size": tuple(new) if len(set(new)) > 1 else new[0]}
    if len(factors) == 1 and 0 not in factors:
        settings = {"factor": factors.pop()}
    settings |= {"mode": mode} if mode != "nearest" else {}
    if mode != "nearest" and call.text("coordinate_transformation_mode") == "align_corners":
        settings["align_corners"] = True
    layer = call.emit("upsample", settings, view.layer)
    return plain_view(layer, call.layer_shape(layer), view.groups, view.batch)


def _depth_to_space(call: OnnxCall, kind: str) -> Value:
    view = spatial_view(call, call.view())
    layer = call.emit(kind, {"factor": call.whole("blocksize", 1)}, view.layer)
    return plain_view(layer, call.layer_shape(layer), view.groups, view.batch)


READERS: dict[str, OpReader] = {
    "DepthToSpace": partial(_depth_to_space, kind="pixel_shuffle"),
    "Pad": _pad,
    "Resize": _resize,
    "SpaceToDepth": partial(_depth_to_space, kind="pixel_unshuffle"),
    "Upsample": _resize,
}
