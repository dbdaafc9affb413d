"""Keras models (.json of `to_json()`, .keras): sequential and functional ones, of Keras 2 and 3, without Keras.

Settings and their defaults are those of keras/src/layers (github.com/keras-team/keras, 3.15). Shapes of Keras have the
channels last, and those of a graph first; axes and paddings are converted. Layers that act in training only, such as
noise and augmentation, are skipped. Python code in a file is never executed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cnncalc import limits
from cnncalc.errors import Problem, Span, SpecError, did_you_mean, listed, quoted
from cnncalc.interchange.building import OPERANDS, Sizes, affine, steps_to_shape
from cnncalc.interchange.graph import Graph, Plain
from cnncalc.interchange.json_text import JsonObject, as_real, is_whole, parse
from cnncalc.interchange.keras_graph import MODELS, CallReader, KerasCall, KerasGraph, KerasLayer, KerasModel, plan

ACTIVATIONS: dict[str, tuple[str, dict[str, Plain]]] = {
    "relu": ("relu", {}),
    "relu6": ("relu6", {}),
    "sigmoid": ("sigmoid", {}),
    "tanh": ("tanh", {}),
    "softmax": ("softmax", {}),
    "log_softmax": ("log_softmax", {}),
    "elu": ("elu", {}),
    "selu": ("selu", {}),
    "gelu": ("gelu", {}),
    "silu": ("silu", {}),
    "swish": ("silu", {}),
    "mish": ("mish", {}),
    "leaky_relu": ("leaky_relu", {"slope": "0.2"}),
    "hard_sigmoid": ("hard_sigmoid", {}),
    "hard_silu": ("hard_swish", {}),
    "hard_swish": ("hard_swish", {}),
    "softplus": ("softplus", {}),
    "exponential": ("apply", {"function": "exp(x)"}),
    "softsign": ("apply", {"function": "x / (1 + abs(x))"}),
}
OPERATORS = {"Add": "+", "Subtract": "-", "Multiply": "*", "Divide": "/", "TrueDivide": "/"}
# The names of these operations in Keras 2.
FUNCTIONS = {
    "add": "Add", "subtract": "Subtract", "sub": "Subtract", "multiply": "Multiply", "mul": "Multiply",
    "divide": "Divide", "truediv": "Divide",
}  # fmt: skip
# The elementwise functions of Keras 3 that are not layers, and their activations.
UNARY = {
    "Relu": "relu", "Relu6": "relu6", "Sigmoid": "sigmoid", "Silu": "silu", "Tanh": "tanh", "Selu": "selu",
    "HardSigmoid": "hard_sigmoid", "HardSilu": "hard_silu", "Softplus": "softplus", "Exp": "exponential",
}  # fmt: skip
JOINS = {"Add": "add", "Subtract": "subtract", "Multiply": "multiply"}
# A layer with constants per channel becomes one layer per channel, for at most this number of channels.
MOST_CHANNELS = 4


def read(text: str, file: str, sizes: Sizes) -> Graph:
    """The graph of a model. Raises SpecError with every layer that cannot be read."""
    start = Span(file, 1, 1)
    fields = parse(text, file)
    if not isinstance(fields, JsonObject) or fields.word("class_name") not in MODELS:
        kind = fields.word("class_name") if isinstance(fields, JsonObject) else ""
        message = f"{quoted(kind)} is not a {listed(MODELS, 'or')} model" if kind else "the file is not a Keras model"
        hint = "only sequential and functional models have their layers in the file"
        raise SpecError([Problem(start, message, hint)])
    problems = limits.Problems()
    model = plan(fields, READERS, problems)
    if problems:
        raise SpecError(problems)
    formats = {layer.config.word("data_format", "channels_last"): layer for layer in _windowed_layers(model)}
    if len(formats) > 1:
        raise next(iter(formats.values())).refuse("and others have their channels at different ends")
    return KerasGraph(sizes, READERS, channels_last="channels_first" not in formats).read(model, start)


def _windowed_layers(model: KerasModel) -> Iterator[KerasLayer]:
    """The layers that set the position of the channels, also those of models within the model."""
    for layer in model.layers.values():
        if layer.model is not None:
            yield from _windowed_layers(layer.model)
        elif "data_format" in layer.config:
            yield layer


# --- convolutions and dense layers ---


def _rank(graph: KerasGraph, call: KerasCall) -> int:
    """The number of spatial axes of a layer such as Conv2D. Raises SpecError if its input has another number."""
    match = re.search(r"([123])D", call.layer.type)
    rank = int(match.group(1)) if match else 0
    own = len(graph.shape(call)) - 1
    if own != rank:
        raise call.layer.refuse(f"needs an input of {rank} spatial axes, and reads one of {own}")
    return rank


def _short(values: tuple[int, ...]) -> int | tuple[int, ...]:
    return values[0] if len(set(values)) == 1 else values


def _windows(graph: KerasGraph, call: KerasCall, kernel: str, stride: str, stride_default: int = 1) -> dict[str, Plain]:
    """The kernel, stride, padding and dilation of a layer, without default values."""
    rank, config = _rank(graph, call), call.config
    kernels = config.numbers(kernel, rank, 2, 1)
    strides = config.numbers(stride, rank, stride_default or kernels[0], 1)
    if stride_default == 0 and config.get(stride) is None:
        strides = kernels
    dilations = config.numbers("dilation_rate", rank, 1, 1)
    settings: dict[str, Plain] = {"kernel": _short(kernels)}
    settings |= {"stride": _short(strides)} if strides != (1,) * rank or stride_default == 0 else {}
    settings |= {"dilation": _short(dilations)} if dilations != (1,) * rank else {}
    padding = config.word("padding", "valid").lower()
    if padding == "same":
        settings["padding"] = "same"
    elif padding == "causal" and rank == 1:
        settings["padding"] = (dilations[0] * (kernels[0] - 1), 0)
    elif padding != "valid":
        raise call.layer.refuse(f"has padding {quoted(padding)}, and only same, valid and causal can be read")
    return settings


def _bias(call: KerasCall) -> dict[str, Plain]:
    return {} if call.config.flag("use_bias", default=True) else {"bias": False}


def _filters(call: KerasCall, key: str = "filters") -> int:
    count = call.config.number(key, 0, 1)
    if not count:
        raise call.layer.refuse(f"needs {key}")
    return count


def _conv(graph: KerasGraph, call: KerasCall) -> str:
    settings = {"filters": _filters(call), **_windows(graph, call, "kernel_size", "strides"), **_bias(call)}
    groups = call.config.number("groups", 1, 1)
    return _activate(graph, call, graph.put(call, "conv", settings | ({"groups": groups} if groups > 1 else {})))


def _depthwise_conv(graph: KerasGraph, call: KerasCall) -> str:
    multiplier = call.config.number("depth_multiplier", 1, 1)
    settings = _windows(graph, call, "kernel_size", "strides") | _bias(call)
    settings |= {"multiplier": multiplier} if multiplier > 1 else {}
    return _activate(graph, call, graph.put(call, "depthwise_conv", settings))


def _separable_conv(graph: KerasGraph, call: KerasCall) -> str:
    multiplier = call.config.number("depth_multiplier", 1, 1)
    settings = {**_windows(graph, call, "kernel_size", "strides"), "bias": False}
    settings |= {"multiplier": multiplier} if multiplier > 1 else {}
    source = graph.put(call, "depthwise_conv", settings, suffix="_depthwise")
    pointwise = {"filters": _filters(call), "kernel": 1, **_bias(call)}
    return _activate(graph, call, graph.put(call, "conv", pointwise, source, "_pointwise"))


def _conv_transpose(graph: KerasGraph, call: KerasCall) -> str:
    settings = {"filters": _filters(call), **_windows(graph, call, "kernel_size", "strides"), **_bias(call)}
    rank, config = _rank(graph, call), call.config
    kernels, strides = config.numbers("kernel_size", rank, 1, 1), config.numbers("strides", rank, 1, 1)
    dilations = config.numbers("dilation_rate", rank, 1, 1)
    reach = tuple(dilation * (kernel - 1) + 1 for kernel, dilation in zip(kernels, dilations, strict=True))
    is_same = settings.get("padding") == "same"
    if config.get("output_padding") is not None:
        added = config.numbers("output_padding", rank, 0)
        settings["output_padding"] = _short(added)
        if is_same:
            settings["padding"] = _short(tuple(extent // 2 for extent in reach))
    elif not is_same:
        # Keras adds rows if the kernel is smaller than the stride.
        added = tuple(max(stride - extent, 0) for extent, stride in zip(reach, strides, strict=True))
        settings |= {"output_padding": _short(added)} if any(added) else {}
    return _activate(graph, call, graph.put(call, "conv_transpose", settings))


def _dense(graph: KerasGraph, call: KerasCall) -> str:
    features = _filters(call, "units")
    # All positions of a map share the weights.
    axis: dict[str, Plain] = {"axis": 0} if len(graph.shape(call)) > 1 else {}
    return _activate(graph, call, graph.put(call, "linear", {"features": features, **axis, **_bias(call)}))


# --- activations ---


def _activate(graph: KerasGraph, call: KerasCall, source: str) -> str:
    """Append the activation that is a setting of a layer."""
    return _activation_of(graph, call, source, call.config.get("activation"), named=True)


def _activation_of(graph: KerasGraph, call: KerasCall, source: str, value: object, *, named: bool) -> str:
    if value is None or value == "linear":
        return source
    if isinstance(value, JsonObject) and (reader := ACTIVATION_LAYERS.get(value.word("class_name"))):
        layer = KerasLayer(f"{call.layer.name}_activation", value.word("class_name"), value, (), None)
        return reader(graph, call._replace(layer=layer, operands=(source,)))
    if isinstance(value, JsonObject):
        value = value.get("config") if value.word("class_name") == "function" else value.word("class_name")
    if not isinstance(value, str) or value not in ACTIVATIONS:
        hint = did_you_mean(value, ACTIVATIONS) if isinstance(value, str) else ""
        raise call.layer.refuse(f"has the activation {quoted(str(value))}, which cannot be read", hint)
    kind, settings = ACTIVATIONS[value]
    return graph.put(call, kind, settings, source, f"_{value}" if named else "")


def _activation(graph: KerasGraph, call: KerasCall) -> str:
    return _activation_of(graph, call, _source(call), call.config.get("activation"), named=False)


def _relu(graph: KerasGraph, call: KerasCall) -> str:
    config = call.config
    slope, threshold = config.real("negative_slope", "0"), config.real("threshold", "0")
    most = config.real("max_value", "")
    if threshold == "0" and slope == "0" and most in ("", "6"):
        return graph.put(call, "relu6" if most else "relu", {})
    if threshold == "0" and not most:
        return graph.put(call, "leaky_relu", {"slope": slope})
    below = {"0": "0"}.get(slope, f"{slope} * (x - {threshold})" if threshold != "0" else f"{slope} * x")
    above = f"min(x, {most})" if most else "x"
    return graph.put(call, "apply", {"function": f"{above} if x > {threshold} else {below}"})


def _leaky_relu(graph: KerasGraph, call: KerasCall) -> str:
    key = "alpha" if "alpha" in call.config else "negative_slope"
    return graph.put(call, "leaky_relu", {"slope": call.config.real(key, "0.3")})


def _elu(graph: KerasGraph, call: KerasCall) -> str:
    alpha = call.config.real("alpha", "1")
    return graph.put(call, "elu", {} if alpha == "1" else {"alpha": alpha})


def _prelu(graph: KerasGraph, call: KerasCall) -> str:
    rank = len(graph.shape(call)) - 1
    shared = set(_axes(graph, call, call.config.get("shared_axes") or []))
    if shared == set(range(1, rank + 1)):
        return graph.put(call, "prelu", {"per_channel": True})
    if shared == set(range(rank + 1)):
        return graph.put(call, "prelu", {})
    raise call.layer.refuse("has a slope for each position", "shared_axes of all positions can be read")


def _softmax(graph: KerasGraph, call: KerasCall) -> str:
    axes = _axes(graph, call, call.config.get("axis", -1))
    if len(axes) != 1:
        raise call.layer.refuse("is over several axes together, which cannot be read")
    return graph.put(call, "softmax", {"axis": axes[0]} if axes[0] else {})


# --- normalization ---


def _axes(graph: KerasGraph, call: KerasCall, value: object) -> tuple[int, ...]:
    """The axes of a setting that is one axis or a list of them, counted as in a spec."""
    values = value if isinstance(value, list) else [value]
    axes = [axis for axis in values if isinstance(axis, int) and not isinstance(axis, bool)]
    if len(axes) < len(values):
        raise call.layer.refuse("needs a whole number as its axis")
    return tuple(sorted(graph.axis(call, axis) for axis in axes))


def _batch_norm(graph: KerasGraph, call: KerasCall) -> str:
    if _axes(graph, call, call.config.get("axis", -1)) != (0,):
        raise call.layer.refuse("normalizes another axis than the channels")
    return graph.put(call, "batch_norm", _affine(call))


def _affine(call: KerasCall) -> dict[str, Plain]:
    """The settings of a normalization, which may lack its factor, its addend or both."""
    absent = [key for key in ("scale", "center") if not call.config.flag(key, default=True)]
    return {"affine": False} if len(absent) == 2 else dict.fromkeys(absent, False)


def _layer_norm(graph: KerasGraph, call: KerasCall) -> str:
    axes = _axes(graph, call, call.config.get("axis", -1))
    everything = tuple(range(len(graph.shape(call))))
    named: dict[tuple[int, ...], dict[str, Plain]] = {(0,): {"axes": "channels"}, everything: {}}
    return graph.put(call, "layer_norm", _affine(call) | named.get(axes, {"axes": axes}))


def _group_norm(graph: KerasGraph, call: KerasCall) -> str:
    config = call.config
    if _axes(graph, call, config.get("axis", -1)) != (0,):
        raise call.layer.refuse("normalizes another axis than the channels")
    groups = config.get("groups", 32)
    groups = graph.shape(call)[0] if groups == -1 else config.number("groups", 32, 1)
    return graph.put(call, "group_norm", _affine(call) | {"groups": groups})


def _normalization(graph: KerasGraph, call: KerasCall) -> str:
    config = call.config
    if _axes(graph, call, config.get("axis", -1)) != (0,):
        raise call.layer.refuse("normalizes another axis than the channels")
    if config.get("mean") is None:
        # Keras computes mean and variance from data before training, and stores them as weights.
        return graph.put(call, "batch_norm", {"affine": False})
    means, variances = (_constants(call, key) for key in ("mean", "variance"))
    count = max(len(means), len(variances))
    means, variances = (values * count if len(values) == 1 else values for values in (means, variances))
    if config.flag("invert", default=False):
        functions = [f"x * sqrt({v}) + ({m})" for m, v in zip(means, variances, strict=False)]
    else:
        functions = [f"(x - ({m})) / sqrt({v})" for m, v in zip(means, variances, strict=False)]
    return _apply_by_channel(graph, call, functions)


def _constants(call: KerasCall, key: str) -> list[str]:
    """The numbers of a setting: one number, or a list, which may be nested in lists of one element."""
    value = call.config.get(key)
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    values = value if isinstance(value, list) else [value]
    return [as_real(item, call.layer.fields.span, key) for item in values]


def _apply_by_channel(graph: KerasGraph, call: KerasCall, functions: list[str]) -> str:
    """Append an elementwise function, which may differ between channels."""
    channels = graph.shape(call)[0]
    if len(set(functions)) == 1:
        return graph.put(call, "apply", {"function": functions[0]})
    if len(functions) != channels or channels > MOST_CHANNELS:
        message = f"has {len(functions)} constants for {channels} channels"
        raise call.layer.refuse(message, f"as many as there are channels can be read, at most {MOST_CHANNELS}")
    parts = []
    for at, function in enumerate(functions):
        part = graph.put(call, "slice", {"start": at, "stop": at + 1}, suffix=f"_channel_{at}")
        parts.append(graph.put(call, "apply", {"function": function}, part, f"_{at}"))
    return graph.join(call, "concat", {}, tuple(parts))


def _rescaling(graph: KerasGraph, call: KerasCall) -> str:
    scales = _constants(call, "scale")
    offsets = _constants(call, "offset") if "offset" in call.config else ["0"]
    count = max(len(scales), len(offsets))
    scales, offsets = (values * count if len(values) == 1 else values for values in (scales, offsets))
    functions = [affine(scale, offset) for scale, offset in zip(scales, offsets, strict=False)]
    return _source(call) if set(functions) == {"x"} else _apply_by_channel(graph, call, functions)


# --- pools and maps ---


def _pool(graph: KerasGraph, call: KerasCall) -> str:
    is_max = call.layer.type.startswith("Max")
    settings = _windows(graph, call, "pool_size", "strides", 0)
    if not is_max and settings.get("padding") == "same":
        settings["count_include_pad"] = False
    return graph.put(call, "max_pool" if is_max else "avg_pool", settings)


def _global_pool(graph: KerasGraph, call: KerasCall) -> str:
    _rank(graph, call)
    kind = "global_max_pool" if "Max" in call.layer.type else "global_avg_pool"
    return graph.put(call, kind, {"keep_dims": True} if call.config.flag("keepdims", default=False) else {})


def _sides(graph: KerasGraph, call: KerasCall, key: str) -> int | tuple[int, ...]:
    """The amounts of padding or cropping: one number in total, one per axis, or two per axis."""
    rank, value = _rank(graph, call), call.config.get(key, 1)
    items = value if isinstance(value, list) else [value] * rank
    if rank == 1 and isinstance(value, list):
        items = [value]
    pairs = [item if isinstance(item, list) else [item, item] for item in items]
    if len(pairs) != rank or not all(len(pair) == 2 and all(map(is_whole, pair)) for pair in pairs):
        raise call.layer.refuse(f"needs {key}, two whole numbers for each of {rank} axes")
    return _short(tuple(int(side) for pair in pairs for side in pair))


def _zero_padding(graph: KerasGraph, call: KerasCall) -> str:
    return graph.put(call, "pad", {"padding": _sides(graph, call, "padding")})


def _cropping(graph: KerasGraph, call: KerasCall) -> str:
    return graph.put(call, "crop", {"amount": _sides(graph, call, "cropping")})


def _up_sampling(graph: KerasGraph, call: KerasCall) -> str:
    factor = _short(call.config.numbers("size", _rank(graph, call), 2, 1))
    mode = call.config.word("interpolation", "nearest")
    if mode not in ("nearest", "bilinear"):
        raise call.layer.refuse(f"has interpolation {quoted(mode)}, and only nearest and bilinear can be read")
    return graph.put(call, "upsample", {"factor": factor} | ({} if mode == "nearest" else {"mode": mode}))


def _flatten(graph: KerasGraph, call: KerasCall) -> str:
    return _source(call) if len(graph.shape(call)) == 1 else graph.put(call, "flatten", {})


def _reshape(graph: KerasGraph, call: KerasCall) -> str:
    value = call.config.get("target_shape")
    if not isinstance(value, list) or not value or not all(is_whole(size, -1) for size in value):
        raise call.layer.refuse("needs target_shape, a list of whole numbers")
    shape = graph.shape(call)
    target = tuple(int(size) for size in value)
    known = 1
    for size in target:
        known *= size if size != -1 else 1
    elements = 1
    for size in shape:
        elements *= size
    if target.count(-1) == 1 and known > 0 and elements % known == 0:
        target = tuple(elements // known if size == -1 else size for size in target)
    if min(target) < 1:
        raise call.layer.refuse(f"cannot give {elements:,} numbers the shape {quoted(str(value))}")
    if not graph.channels_last:
        return graph.put(call, "reshape", {"shape": target})
    source = _source(call)
    for kind, settings, suffix in steps_to_shape(shape, target):
        source = graph.put(call, kind, dict(settings), source, suffix)
    return source


def _permute(graph: KerasGraph, call: KerasCall) -> str:
    dims = call.config.get("dims")
    count = len(graph.shape(call))
    if (
        not isinstance(dims, list)
        or not all(is_whole(dim, 1) for dim in dims)
        or sorted(dims) != [*range(1, count + 1)]
    ):
        raise call.layer.refuse(f"needs dims, an order of the axes from 1 to {count}")
    # For each axis of a graph, the axis of Keras.
    places = (count, *range(1, count)) if graph.channels_last else tuple(range(1, count + 1))
    return graph.put(call, "permute", {"axes": tuple(places.index(dims[place - 1]) for place in places)})


# --- joins and operations ---


def _join(graph: KerasGraph, call: KerasCall) -> str:
    return graph.join(call, JOINS[call.layer.type], {}, call.sources)


def _average(graph: KerasGraph, call: KerasCall) -> str:
    total = graph.join(call, "add", {}, call.sources, "_sum")
    return graph.put(call, "apply", {"function": f"x / {len(call.sources)}"}, total)


def _extreme(graph: KerasGraph, call: KerasCall) -> str:
    names, count = OPERANDS[: len(call.sources)], len(call.sources)
    if count > len(OPERANDS):
        raise call.layer.refuse(f"reads {count} tensors, and at most {len(OPERANDS)} can be read")
    function = f"{call.layer.type[:3].lower()}({', '.join(names)})"
    return graph.join(call, "apply", {"function": function}, call.sources) if count > 1 else _source(call)


def _concatenate(graph: KerasGraph, call: KerasCall) -> str:
    axis = _axes(graph, call, call.config.get("axis", -1))[0]
    return graph.join(call, "concat", {"axis": axis} if axis else {}, call.sources)


def _operation(graph: KerasGraph, call: KerasCall) -> str:
    """Append a function of two tensors, or of a tensor and a number, such as x + 3."""
    kind, sources = call.layer.type, call.sources
    if kind == "TFOpLambda":
        kind = FUNCTIONS[_function_of(call.layer)]
    if len(call.operands) != 2:
        raise call.layer.refuse(f"has {len(call.operands)} operands, and two are needed")
    if len(sources) == 2 and kind in JOINS:
        return graph.join(call, JOINS[kind], {}, sources)
    names = iter(OPERANDS)
    span = call.layer.fields.span
    written = [next(names) if isinstance(operand, str) else as_real(operand, span, kind) for operand in call.operands]
    terms = [f"({term})" if term[0] == "-" else term for term in written]
    return graph.join(call, "apply", {"function": f"{terms[0]} {OPERATORS[kind]} {terms[1]}"}, sources)


def _unary(graph: KerasGraph, call: KerasCall) -> str:
    return _activation_of(graph, call, _source(call), UNARY[call.layer.type], named=False)


def _function_of(layer: KerasLayer) -> str:
    name = layer.config.word("function").rpartition(".")[2]
    if name not in FUNCTIONS:
        raise layer.refuse(f"has the function {quoted(layer.config.word('function'))}, which cannot be read")
    return name


def _join_or_operation(graph: KerasGraph, call: KerasCall) -> str:
    return _operation(graph, call) if call.layer.is_operation else _join(graph, call)


# --- others ---


def _source(call: KerasCall) -> str:
    if len(call.sources) != 1:
        raise call.layer.refuse(f"reads {len(call.sources)} tensors, and one is needed")
    return call.sources[0]


def _skip(_: KerasGraph, call: KerasCall) -> str:
    """Skip a layer that has no effect after training."""
    return _source(call)


def _dropout(graph: KerasGraph, call: KerasCall) -> str:
    return graph.put(call, "dropout", {"rate": call.config.real("rate", "0.5")})


def _stochastic_depth(graph: KerasGraph, call: KerasCall) -> str:
    return graph.put(call, "drop_path", {"rate": call.config.real("rate", call.config.real("drop_path_rate", "0"))})


def _layer_scale(graph: KerasGraph, call: KerasCall) -> str:
    return graph.put(call, "scale", {})


def _custom_scale(graph: KerasGraph, call: KerasCall) -> str:
    """Append the residual sum of Inception-ResNet: the first input plus the scaled second."""
    scale = call.config.real("scale", "1")
    return graph.join(call, "apply", {"function": f"x + {affine(scale, '0').replace('x', 'y')}"}, call.sources)


ACTIVATION_LAYERS: dict[str, CallReader] = {
    "ReLU": _relu,
    "LeakyReLU": _leaky_relu,
    "ELU": _elu,
    "Softmax": _softmax,
}
READERS: dict[str, CallReader] = {
    **dict.fromkeys(("Conv1D", "Conv2D", "Conv3D"), _conv),
    **dict.fromkeys(("DepthwiseConv1D", "DepthwiseConv2D"), _depthwise_conv),
    **dict.fromkeys(("SeparableConv1D", "SeparableConv2D"), _separable_conv),
    **dict.fromkeys(("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"), _conv_transpose),
    **dict.fromkeys(("MaxPooling1D", "MaxPooling2D", "MaxPooling3D"), _pool),
    **dict.fromkeys(("AveragePooling1D", "AveragePooling2D", "AveragePooling3D"), _pool),
    **dict.fromkeys(("GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D"), _global_pool),
    **dict.fromkeys(("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D"), _global_pool),
    **dict.fromkeys(("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D"), _zero_padding),
    **dict.fromkeys(("Cropping1D", "Cropping2D", "Cropping3D"), _cropping),
    **dict.fromkeys(("UpSampling1D", "UpSampling2D", "UpSampling3D"), _up_sampling),
    "Dense": _dense,
    "Activation": _activation,
    **ACTIVATION_LAYERS,
    "PReLU": _prelu,
    "BatchNormalization": _batch_norm,
    "LayerNormalization": _layer_norm,
    "GroupNormalization": _group_norm,
    "Normalization": _normalization,
    "Rescaling": _rescaling,
    **dict.fromkeys(("Add", "Subtract", "Multiply"), _join_or_operation),
    **dict.fromkeys(("Divide", "TrueDivide", "TFOpLambda"), _operation),
    **dict.fromkeys(UNARY, _unary),
    "Average": _average,
    **dict.fromkeys(("Maximum", "Minimum"), _extreme),
    "Concatenate": _concatenate,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Permute": _permute,
    **dict.fromkeys(
        ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout", "GaussianDropout"),
        _dropout,
    ),
    **dict.fromkeys(("GaussianNoise", "ActivityRegularization", "Identity"), _skip),
    **dict.fromkeys(
        ("RandomFlip", "RandomRotation", "RandomZoom", "RandomContrast", "RandomBrightness", "RandomTranslation"),
        _skip,
    ),
    "StochasticDepth": _stochastic_depth,
    "LayerScale": _layer_scale,
    "CustomScaleLayer": _custom_scale,
}
