"""Operators of ONNX that slide windows, normalize, reduce, or have softmax and recurrences: each becomes a layer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import prod

from cnncalc.interchange.graph import Plain
from cnncalc.interchange.onnx_constants import OnnxConstant, Reduction, find_axes, find_axis, reduce_constant
from cnncalc.interchange.onnx_graph import OnnxCall, OpReader, Value
from cnncalc.interchange.onnx_resizing import spatial_view
from cnncalc.interchange.onnx_views import BATCH, View, arrange, as_layer, plain_view, with_axis
from cnncalc.interchange.recognize import literal

Settings = dict[str, Plain]


def short(values: Sequence[int]) -> int | tuple[int, ...]:
    """One number if all are equal, else all of them."""
    return values[0] if len(set(values)) == 1 else tuple(values)


def _numbers(call: OnnxCall, name: str, rank: int, default: int) -> tuple[int, ...]:
    values = call.wholes(name) or (default,) * rank
    if len(values) != rank:
        raise call.refuse(f"has {len(values)} {name} for {rank} axes")
    return values


def _windows(call: OnnxCall, view: View, kernels: tuple[int, ...]) -> Settings:
    """The kernel, stride, padding and dilation, as far as they are no defaults of a convolution."""
    rank = len(view.layer_shape) - 1
    strides, dilations = _numbers(call, "strides", rank, 1), _numbers(call, "dilations", rank, 1)
    settings: Settings = {"kernel": short(kernels)}
    settings |= {"stride": short(strides)} if set(strides) != {1} else {}
    settings |= {"dilation": short(dilations)} if set(dilations) != {1} else {}
    settings |= _padding(call, view, kernels, strides, dilations)
    return settings


def _padding(
    call: OnnxCall, view: View, kernels: tuple[int, ...], strides: tuple[int, ...], dilations: tuple[int, ...]
) -> Settings:
    automatic = call.text("auto_pad", "NOTSET")
    rank = len(kernels)
    if automatic in ("NOTSET", ""):
        pads = _numbers(call, "pads", 2 * rank, 0)
        return padding_of(pads[:rank], pads[rank:])
    if automatic == "VALID":
        return {}
    if automatic not in ("SAME_UPPER", "SAME_LOWER"):
        raise call.refuse(f"has the unknown padding {automatic}")
    before, after = [], []
    for size, kernel, stride, dilation in zip(view.layer_shape[1:], kernels, strides, dilations, strict=True):
        total = max((-(-size // stride) - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
        smaller, larger = total // 2, total - total // 2
        before.append(smaller if automatic == "SAME_UPPER" else larger)
        after.append(larger if automatic == "SAME_UPPER" else smaller)
    return {"padding": "same"} if automatic == "SAME_UPPER" and any(after) else padding_of(before, after)


def padding_of(before: Sequence[int], after: Sequence[int]) -> Settings:
    if not any(before) and not any(after):
        return {}
    if list(before) == list(after):
        return {"padding": short(before)}
    return {"padding": tuple(side for pair in zip(before, after, strict=True) for side in pair)}


def map_view(call: OnnxCall, layer: str, view: View) -> View:
    """The output of a layer that reads a tensor and keeps its axes."""
    return plain_view(layer, call.layer_shape(layer), view.groups, view.batch)


# --- convolutions ---


def _conv(call: OnnxCall) -> Value:
    view = spatial_view(call, call.view())
    weight, bias = call.weight(_weight_place(call)), _bias(call)
    channels, rank = view.layer_shape[0], len(view.layer_shape) - 1
    if len(weight.shape) != rank + 2:
        raise call.refuse(f"has weights of {len(weight.shape)} axes for an input of {view.rank}")
    filters, read, *kernels = weight.shape
    groups = call.whole("group", 1)
    if groups < 1 or read * groups != channels:
        raise call.refuse(f"has weights for {read * groups:,} channels, and its input has {channels:,}")
    settings = _windows(call, view, tuple(kernels)) | ({} if bias else {"bias": False})
    if groups == channels and groups > 1 and filters % groups == 0:
        settings |= {"multiplier": filters // groups} if filters > groups else {}
        layer = call.emit_with([weight, bias], "depthwise_conv", settings, view.layer)
    else:
        settings |= {"groups": groups} if groups > 1 else {}
        layer = call.emit_with([weight, bias], "conv", {"filters": filters, **settings}, view.layer)
    return map_view(call, layer, view)


def _weight_place(call: OnnxCall) -> int:
    return {"QLinearConv": 3, "ConvInteger": 1}.get(call.node.op, 1)


def _bias(call: OnnxCall) -> OnnxConstant | None:
    place = 8 if call.node.op == "QLinearConv" else 2
    if call.node.op == "ConvInteger" or not call.has(place):
        return None
    bias = call.weight(place)
    # Torch writes zeros that belong to no module in place of an absent bias.
    return None if not bias.is_weight and bias.numbers and not any(bias.numbers) else bias


def _conv_transpose(call: OnnxCall) -> Value:
    view = spatial_view(call, call.view())
    weight, bias = call.weight(1), _bias(call)
    rank, groups = len(view.layer_shape) - 1, call.whole("group", 1)
    if len(weight.shape) != rank + 2 or weight.shape[0] != view.layer_shape[0]:
        raise call.refuse(f"has weights of {list(weight.shape)} for {view.layer_shape[0]:,} channels")
    kernels = weight.shape[2:]
    strides, dilations = _numbers(call, "strides", rank, 1), _numbers(call, "dilations", rank, 1)
    added = _numbers(call, "output_padding", rank, 0)
    settings: Settings = {"filters": weight.shape[1] * groups, "kernel": short(kernels)}
    settings |= {"stride": short(strides)} if set(strides) != {1} else {}
    settings |= {"dilation": short(dilations)} if set(dilations) != {1} else {}
    settings |= {"groups": groups} if groups > 1 else {}
    settings |= {} if bias else {"bias": False}
    automatic = call.text("auto_pad", "NOTSET")
    wanted = call.wholes("output_shape")
    if wanted:
        extents = zip(view.layer_shape[1:], kernels, strides, dilations, added, wanted[-rank:], strict=True)
        totals = [max((n - 1) * s + d * (k - 1) + 1 + a - size, 0) for n, k, s, d, a, size in extents]
        smaller = [total // 2 for total in totals]
        larger = [total - half for total, half in zip(totals, smaller, strict=True)]
        settings |= padding_of(smaller, larger) if automatic == "SAME_UPPER" else padding_of(larger, smaller)
        settings["size"] = short(wanted[-rank:])
    else:
        if automatic == "SAME_UPPER":
            settings["padding"] = "same"
        elif automatic in ("NOTSET", "", "VALID"):
            pads = _numbers(call, "pads", 2 * rank, 0)
            settings |= padding_of(pads[:rank], pads[rank:])
        else:
            raise call.refuse(f"has padding {automatic}")
        settings |= {"output_padding": short(added)} if any(added) else {}
    return map_view(call, call.emit_with([weight, bias], "conv_transpose", settings, view.layer), view)


# --- pools ---


def _pool(call: OnnxCall, kind: str) -> Value:
    view = spatial_view(call, call.view())
    rank = len(view.layer_shape) - 1
    kernels = _numbers(call, "kernel_shape", rank, 1)
    settings = _windows(call, view, kernels)
    settings.setdefault("stride", 1)
    settings = {"kernel": settings.pop("kernel"), "stride": settings.pop("stride"), **settings}
    is_whole = kernels == view.layer_shape[1:] and "padding" not in settings and "dilation" not in settings
    if is_whole and not call.whole("ceil_mode", 0):
        return global_pool(call, view, f"global_{kind}")
    if call.whole("ceil_mode", 0):
        settings["rounding"] = "ceil"
    if kind == "avg_pool" and "padding" in settings and not call.whole("count_include_pad", 0):
        settings["count_include_pad"] = False
    if kind == "avg_pool" and settings.pop("dilation", 1) != 1:
        raise call.refuse("has a dilation")
    pads = settings.get("padding", 0)
    sides = _sides(pads, rank) if pads != "same" else [(0, 0)] * rank
    if pads != "same" and any(max(pair) > kernel // 2 for pair, kernel in zip(sides, kernels, strict=True)):
        del settings["padding"]
        padded = call.emit("pad", {"padding": pads}, view.layer)
        view = map_view(call, padded, view)
        settings.pop("count_include_pad", None)
    return map_view(call, call.emit(kind, settings, view.layer), view)


def _sides(padding: Plain, rank: int) -> list[tuple[int, int]]:
    values = padding if isinstance(padding, tuple) else (padding,) * rank
    numbers = [value for value in values if isinstance(value, int)]
    if len(numbers) == 2 * rank:
        return list(zip(numbers[::2], numbers[1::2], strict=True))
    return [(number, number) for number in numbers]


def global_pool(call: OnnxCall, view: View, kind: str) -> View:
    """A mean or maximum over all positions, as a vector whose map of size 1 follows where it is needed."""
    layer = call.emit(kind, {}, view.layer)
    groups = tuple(group if at < 2 else () for at, group in enumerate(view.groups))
    return plain_view(layer, call.layer_shape(layer), groups, view.batch)


def _global_pool(call: OnnxCall, kind: str) -> Value:
    return global_pool(call, spatial_view(call, call.view()), kind)


# --- normalization ---


def _batch_norm(call: OnnxCall) -> Value:
    view = call.view()
    weights = [call.constant(place) for place in range(1, 5)]
    if view.rank < 2:
        raise call.refuse("needs an input of at least 2 axes")
    if call.whole("training_mode", 0) and len(call.node.outputs) < 3:
        raise call.refuse("is in training mode")
    if view.axis_of(1) != 0:
        view = arrange(view, range(1, view.rank), call.emit)
    return view.with_layer(call.emit_with(weights, "batch_norm", {}, view.layer))


def _instance_norm(call: OnnxCall) -> Value:
    view = call.view()
    weights = [call.constant(1), call.constant(2)]
    group = view.groups[1] if view.rank > 1 else ()
    if len(group) == 1 and group[0] == 0 and len(view.axes[0]) > 1:
        # Groups of channels as one channel each: torch writes a group norm so.
        settings: Settings = {"groups": view.shape[1], "affine": False}
        return view.with_layer(call.emit("group_norm", settings, view.layer))
    view = spatial_view(call, view)
    return view.with_layer(call.emit_with(weights, "instance_norm", {"affine": True}, view.layer))


def _group_norm(call: OnnxCall) -> Value:
    view = call.view()
    if view.rank < 2:
        raise call.refuse("needs an input of at least 2 axes")
    if view.axis_of(1) != 0:
        view = arrange(view, range(1, view.rank), call.emit)
    weights = [call.constant(1), call.constant(2)]
    groups = call.whole("num_groups", call.whole("groups", 1))
    layer = call.emit_with(weights, "group_norm", {"groups": groups}, view.layer)
    return view.with_layer(layer)


def axes_norm(
    call: OnnxCall, view: View, axes: Sequence[int], kind: str, weights: Sequence[OnnxConstant | None]
) -> View:
    """A normalization over axes of the file."""
    sizes = view.sizes
    atoms = {atom for axis in axes for atom in view.groups[axis] if sizes[atom] > 1}
    own = [set(view.atoms_of_axis(axis)) for axis in range(len(view.axes))]
    if any(atoms & axis and not {atom for atom in axis if sizes[atom] > 1} <= atoms for axis in own):
        view = as_layer(view, call.emit, axes)
        atoms = {atom for axis in axes for atom in view.groups[axis]}
        own = [set(view.atoms_of_axis(axis)) for axis in range(len(view.axes))]
    chosen = [at for at, axis in enumerate(own) if axis & atoms]
    settings: Settings = {"axes": short(chosen)} if chosen else {"axes": "channels"}
    if chosen == [0]:
        settings = {"axes": "channels"}
    elif len(chosen) == len(own):
        settings = {}
    if len(own) == 1:
        settings = {}
    settings |= {} if any(weight is not None for weight in weights) else {"affine": False}
    return view.with_layer(call.emit_with(weights, kind, settings, view.layer))


def _layer_norm(call: OnnxCall, kind: str) -> Value:
    view = call.view()
    first = find_axis(call.whole("axis", -1), view.rank)
    return axes_norm(call, view, range(first, view.rank), kind, [call.constant(1), call.constant(2)])


def _lrn(call: OnnxCall) -> Value:
    view = spatial_view(call, call.view())
    size = call.whole("size", 5)
    defaults = {"alpha": 1e-4, "beta": 0.75, "bias": 1.0}
    alpha, beta, k = (literal(call.real(name, default)).text for name, default in defaults.items())
    settings: Settings = {"size": size, "alpha": alpha, "beta": beta, "k": k}
    return view.with_layer(call.emit("lrn", settings, view.layer))


def _lp_norm(call: OnnxCall) -> Value:
    view = call.view()
    if call.whole("p", 2) != 2:
        raise call.refuse(f"has the norm {call.whole('p', 2)}, and only 2 can be read")
    view, axis = with_axis(view, find_axis(call.whole("axis", -1), view.rank), call.emit)
    norm = call.emit("reduce", {"op": "norm", "axes": axis, "keep_dims": True}, view.layer)
    return view.with_layer(call.emit("apply", {"function": "x / y"}, view.layer, norm))


def _mean_variance_norm(call: OnnxCall) -> Value:
    view = call.view()
    axes = call.wholes("axes") or (0, 2, 3)
    return axes_norm(call, view, [axis for axis in find_axes(axes, view.rank) if axis], "layer_norm", [None])


# --- reductions and softmax ---

REDUCTIONS: dict[str, tuple[str, Reduction]] = {
    "ReduceMean": ("mean", lambda values: sum(values) / len(values)),
    "ReduceSum": ("sum", sum),
    "ReduceMax": ("max", max),
    "ReduceMin": ("min", min),
    "ReduceL2": ("norm", lambda values: sum(value * value for value in values) ** 0.5),
    "ReduceL1": ("sum", lambda values: sum(map(abs, values))),
    "ReduceSumSquare": ("sum", lambda values: sum(value * value for value in values)),
    "ReduceProd": ("", prod),
}
# The function of each element that is summed.
BEFORE_SUM: dict[str, tuple[str, Settings]] = {
    "ReduceL1": ("absolute", {}),
    "ReduceSumSquare": ("apply", {"function": "x * x"}),
}


def _reduce(call: OnnxCall) -> Value:
    kind, function = REDUCTIONS[call.node.op]
    value = call.value(0)
    rank = len(value.shape) if isinstance(value, OnnxConstant) else call.view().rank
    axes: Sequence[int] | None = call.axes(1)
    keeps = bool(call.whole("keepdims", 1))
    if not axes and call.whole("noop_with_empty_axes", 0):
        return value
    axes = find_axes(axes or range(rank), rank)
    if isinstance(value, OnnxConstant):
        shape = tuple(1 if at in axes else size for at, size in enumerate(value.shape) if keeps or at not in axes)
        return reduce_constant(value, axes, function)._replace(shape=shape)
    if not kind:
        raise call.refuse("multiplies elements of data, and has no layer type")
    view = call.view()
    if call.node.op in BEFORE_SUM:
        view = view.with_layer(call.emit(*BEFORE_SUM[call.node.op], view.layer))
    return reduce_view(call, view, axes, kind, keeps=keeps)


def reduce_view(call: OnnxCall, view: View, axes: Sequence[int], kind: str, *, keeps: bool) -> View:
    """A tensor reduced over axes of the file."""
    if any(BATCH in view.groups[axis] for axis in axes):
        raise call.refuse("reduces the samples of a batch")
    reduced = frozenset(axes)
    axes = [axis for axis in axes if view.shape[axis] > 1]
    for axis in axes:
        view, _ = with_axis(view, axis, call.emit)
    places = sorted(place for axis in axes if (place := view.axis_of(axis)) is not None)
    if places:
        count = len(view.axes)
        pools = {"mean": "global_avg_pool", "max": "global_max_pool"}
        if kind in pools and places == list(range(1, count)) and count > 1:
            layer = call.emit(pools[kind], {}, view.layer)
        else:
            layer = call.emit("reduce", {"op": kind, "axes": short(places)}, view.layer)
        lost = {atom for place in places for atom in view.atoms_of_axis(place)}
        kept = [atom for atom in sorted(view.sizes) if atom != BATCH and atom not in lost]
        numbers = {BATCH: BATCH, **{atom: at for at, atom in enumerate(kept)}}
        groups = tuple(tuple(numbers[atom] for atom in group if atom in numbers) for group in view.groups)
        rest = tuple(axis for at, axis in enumerate(view.axes) if at not in places) or ((1,),)
        view = View(layer, rest, groups if kept else _with_one(groups), view.batch)
    if keeps:
        return view
    return view._replace(groups=tuple(group for at, group in enumerate(view.groups) if at not in reduced))


def _with_one(groups: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, ...], ...]:
    """The groups of a tensor of one element, which a layer has as its one axis."""
    return (*groups[:-1], (*groups[-1], 0))


def _softmax(call: OnnxCall, kind: str) -> Value:
    view = call.view()
    default = 1 if call.opset < 13 else -1
    axis = find_axis(call.whole("axis", default), view.rank)
    if call.opset < 13 and prod(view.shape[axis:]) != view.shape[axis]:
        raise call.refuse("is over several axes together, as operators before version 13 are")
    if view.shape[axis] == 1 and view.axis_of(axis) is None:
        raise call.refuse("is over an axis of size 1")
    view, along = with_axis(view, axis, call.emit)
    return view.with_layer(call.emit(kind, {"axis": along} if along else {}, view.layer))


# --- recurrences ---


def _recurrence(call: OnnxCall, kind: str, gates: int) -> list[Value | None]:
    view, weight, state = call.view(), call.weight(1), call.weight(2)
    direction = call.text("direction", "forward")
    if call.whole("layout", 0):
        raise call.refuse("has layout 1, and only 0 can be read")
    call.check_rank(view, 3)
    if len(weight.shape) != 3 or len(state.shape) != 3:
        raise call.refuse("has weights of other than 3 axes")
    if any(call.graph.reads[name] for name in call.node.outputs[1:] if name):
        raise call.refuse("is read by its last state", "read the output, and take its last step")
    hidden = state.shape[2]
    both = direction == "bidirectional"
    if weight.shape[1] != gates * hidden or weight.shape[0] != (2 if both else 1):
        raise call.refuse(f"has weights of {list(weight.shape)}")
    # Steps x batch x features: a layer reads features x steps.
    sequence = arrange(view, (2, 0), call.emit)
    settings: Settings = {"hidden": hidden}
    settings |= {"bidirectional": True} if both else {}
    settings |= {} if call.has(3) else {"bias": False}
    weights = [weight, state, call.constant(3)]
    layer = call.emit_with(weights, kind, settings, sequence.layer)
    steps = sequence.layer_shape[1]
    # The output is steps x directions x batch x hidden.
    batch = (BATCH,) if view.batch > 1 else ()
    if both:
        return [View(layer, ((2, hidden), (steps,)), ((2,), (0,), batch, (1,)), view.batch)]
    return [View(layer, ((hidden,), (steps,)), ((1,), (), batch, (0,)), view.batch)]


READERS: dict[str, OpReader] = {
    "AveragePool": partial(_pool, kind="avg_pool"),
    "BatchNormalization": _batch_norm,
    "Conv": _conv,
    "ConvInteger": _conv,
    "ConvTranspose": _conv_transpose,
    "GRU": partial(_recurrence, kind="gru", gates=3),
    "GlobalAveragePool": partial(_global_pool, kind="global_avg_pool"),
    "GlobalMaxPool": partial(_global_pool, kind="global_max_pool"),
    "GroupNormalization": _group_norm,
    "InstanceNormalization": _instance_norm,
    "LRN": _lrn,
    "LSTM": partial(_recurrence, kind="lstm", gates=4),
    "LayerNormalization": partial(_layer_norm, kind="layer_norm"),
    "LogSoftmax": partial(_softmax, kind="log_softmax"),
    "LpNormalization": _lp_norm,
    "MaxPool": partial(_pool, kind="max_pool"),
    "MeanVarianceNormalization": _mean_variance_norm,
    "QLinearConv": _conv,
    "RMSNormalization": partial(_layer_norm, kind="rms_norm"),
    "SimplifiedLayerNormalization": partial(_layer_norm, kind="rms_norm"),
    "Softmax": partial(_softmax, kind="softmax"),
    **dict.fromkeys(REDUCTIONS, _reduce),
}
