"""TensorFlow Lite models (.tflite), without TensorFlow: operators in their order, of float and of quantized networks.

Operators, their options and their numbers are those of tensorflow/lite/schema/schema.fbs (github.com/tensorflow/
tflite-micro, commit 6cdf0d7). Shapes of the file have the batch first and the channels last; those of a graph have no
batch, and the channels first. Of constants, only those that are settings are read, such as axes.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from mmap import mmap

from cnncalc.errors import Problem, Span, SpecError
from cnncalc.interchange.building import Settings, Sizes, steps_to_shape
from cnncalc.interchange.flatbuffer import FlatFile
from cnncalc.interchange.graph import Graph, Plain
from cnncalc.interchange.tflite_graph import (
    ALIASES,
    LiteGraph,
    LiteOperator,
    OperatorReader,
    channels_first,
)
from cnncalc.layers.shapes import half, quotient, times

IDENTIFIER = b"TFL3"
# ActivationFunctionType: what an operator does with its outputs.
FUSED: dict[int, tuple[str, Settings]] = {
    1: ("relu", {}),
    2: ("apply", {"function": "min(max(x, -1), 1)"}),
    3: ("relu6", {}),
    4: ("tanh", {}),
}


def read(data: bytes | mmap, file: str, sizes: Sizes, *, opaque: bool = False) -> Graph:
    """The graph of a model. Raises SpecError with every operator that cannot be read, or declares them as opaque."""
    if data[4:8] != IDENTIFIER:
        raise SpecError([Problem(Span(file, 0, 0), "is not a TensorFlow Lite model: it has no TFL3 at byte 4")])
    return LiteGraph(FlatFile(data, file).root(), sizes).read(READERS, opaque=opaque)


# --- convolutions, fully connected layers, pools ---


def _activate(graph: LiteGraph, operator: LiteOperator, field: int) -> None:
    """Append the activation that an operator has as an option."""
    code = operator.number(field, "b")
    if code:
        if code not in FUSED:
            raise operator.refuse(f"has activation {code}, and only {', '.join(map(str, FUSED))} can be read")
        kind, settings = FUSED[code]
        graph.put(operator, kind, settings, (graph.values[operator.outputs[0]],), suffix=f"_{kind}")


def _windows(
    operator: LiteOperator,
    kernel: tuple[int, ...],
    dilation: tuple[int, ...] = (1, 1),
    stride: tuple[int, ...] = (1, 1),
) -> dict[str, Plain]:
    """The kernel, stride, dilation and padding of an operator, without defaults; `stride` is the default of a type."""
    given, padding = (operator.number(2), operator.number(1)), operator.number(0, "b")
    if min(*given, *kernel, *dilation) < 1 or padding not in (0, 1):
        message = f"has kernel {times(kernel)}, stride {times(given)}, dilation {times(dilation)} and padding {padding}"
        raise operator.refuse(message, "the first three are at least 1, and padding is 0 (same) or 1 (valid)")
    settings: dict[str, Plain] = {"kernel": _short(kernel)}
    settings |= {"stride": _short(given)} if given != stride else {}
    settings |= {"dilation": _short(dilation)} if dilation != (1, 1) else {}
    return settings | ({"padding": "same"} if padding == 0 and kernel != (1, 1) else {})


def _short(values: tuple[int, ...]) -> int | tuple[int, ...]:
    return values[0] if len(set(values)) == 1 else values


def _bias(graph: LiteGraph, operator: LiteOperator, at: int, count: int) -> Settings:
    if not graph.has_input(operator, at):
        return {"bias": False}
    shape = graph.constant(operator, at).shape
    if shape != (count,):
        raise operator.refuse(f"has {count:,} filters and {times(shape)} biases")
    return {}


def _conv(graph: LiteGraph, operator: LiteOperator) -> None:
    filters, height, width, depth = graph.constant(operator, 1, 4).shape
    channels = graph.map_shape(operator)[0]
    if channels % depth:
        raise operator.refuse(f"has filters of {depth} channels, and reads {channels}")
    settings: dict[str, Plain] = {"filters": filters}
    settings |= _windows(operator, (height, width), (operator.number(5, default=1), operator.number(4, default=1)))
    settings |= {"groups": quotient(channels, depth)} if channels > depth else {}
    graph.put(operator, "conv", {**settings, **_bias(graph, operator, 2, filters)}, weights=(1, 2))
    _activate(graph, operator, 3)


def _depthwise_conv(graph: LiteGraph, operator: LiteOperator) -> None:
    _, height, width, filters = graph.constant(operator, 1, 4).shape
    channels = graph.map_shape(operator)[0]
    if filters % channels:
        raise operator.refuse(f"has {filters} filters for {channels} channels, which is no multiple")
    settings = _windows(operator, (height, width), (operator.number(6, default=1), operator.number(5, default=1)))
    settings |= {"multiplier": quotient(filters, channels)} if filters > channels else {}
    graph.put(operator, "depthwise_conv", {**settings, **_bias(graph, operator, 2, filters)}, weights=(1, 2))
    _activate(graph, operator, 4)


def _conv_transpose(graph: LiteGraph, operator: LiteOperator) -> None:
    filters, *kernel, depth = graph.constant(operator, 1, 4).shape
    channels, *sizes = graph.map_shape(operator, 2)
    target, strides = graph.target(operator, 0)[1:3], (operator.number(2), operator.number(1))
    settings: dict[str, Plain] = {"filters": filters, **_windows(operator, tuple(kernel))}
    is_same = "padding" in settings
    spread = [(size - 1) * step for size, step in zip(sizes, strides, strict=True)]
    if channels != depth or len(target) != 2 or not all(map(int.__lt__, spread, target)):
        message = (
            f"has filters of {depth} channels and gives {times(target)}, where it reads {times((channels, *sizes))}"
        )
        raise operator.refuse(message)
    excess = [first + size - goal for first, size, goal in zip(spread, kernel, target, strict=True)]
    if is_same and target != tuple(map(int.__add__, spread, strides)):
        settings["padding"] = tuple(side for rows in excess for side in (half(rows), rows - half(rows)))
    elif not is_same and any(excess):
        settings["size"] = target
    source = graph.source(operator, 2)
    graph.put(operator, "conv_transpose", {**settings, **_bias(graph, operator, 3, filters)}, (source,), weights=(1, 3))
    _activate(graph, operator, 3)


def _linear(graph: LiteGraph, operator: LiteOperator) -> None:
    features, depth = graph.constant(operator, 1, 2).shape
    bias = _bias(graph, operator, 2, features)
    # With keep_num_dims, each position has features of its own; else the whole map is one vector.
    _put_linear(graph, operator, features, depth, bias, is_flat=not operator.number(2, "b"))
    _activate(graph, operator, 0)


def _put_linear(
    graph: LiteGraph, operator: LiteOperator, features: int, depth: int, bias: Settings, *, is_flat: bool = False
) -> None:
    shape = graph.shape(operator)
    reads = prod(shape) if is_flat else shape[0]
    if depth != reads:
        raise operator.refuse(f"has {depth:,} weights for each feature, and reads {reads:,} elements")
    form: Settings = {} if len(shape) == 1 else {"flatten": True} if is_flat else {"axis": 0}
    graph.put(operator, "linear", {"features": features, **form, **bias}, weights=(1, 2))


def _pool(graph: LiteGraph, operator: LiteOperator) -> None:
    kernel = operator.number(4), operator.number(3)
    short = "max" if operator.type == "MAX_POOL_2D" else "avg"
    settings = _windows(operator, kernel, stride=kernel)
    if kernel == graph.map_shape(operator)[1:] and "padding" not in settings:
        graph.put(operator, f"global_{short}_pool", {"keep_dims": True})
    else:
        # The mean is that of the positions within the map.
        inside: Settings = {"count_include_pad": False} if short == "avg" and "padding" in settings else {}
        graph.put(operator, f"{short}_pool", {**settings, **inside})
    _activate(graph, operator, 5)


# --- elementwise functions ---


def _function(kind: str, function: str = "") -> OperatorReader:
    """A reader of an operator that is a layer without settings, or a function of x."""
    return lambda graph, operator: graph.put(operator, kind, {"function": function} if function else {})


def _leaky_relu(graph: LiteGraph, operator: LiteOperator) -> None:
    graph.put(operator, "leaky_relu", {"slope": operator.real(0)})


def _gelu(graph: LiteGraph, operator: LiteOperator) -> None:
    graph.put(operator, "gelu", {"approximate": "tanh"} if operator.number(0, "b") else {})


def _prelu(graph: LiteGraph, operator: LiteOperator) -> None:
    shape = graph.constant(operator, 1).shape
    *others, slopes = shape or (1,)
    if set(others) - {1} or slopes not in (1, graph.shape(operator)[0]):
        raise operator.refuse(
            f"has slopes of the shape {times(shape)}", "one slope, or one for each channel, can be read"
        )
    graph.put(operator, "prelu", {"per_channel": True} if slopes > 1 else {}, weights=(1,))


def _softmax(graph: LiteGraph, operator: LiteOperator) -> None:
    if operator.real(0) != "1":
        raise operator.refuse(f"has beta {operator.real(0)}, and only 1 can be read")
    graph.put(operator, "softmax")


def _lrn(graph: LiteGraph, operator: LiteOperator) -> None:
    size = 2 * operator.number(0) + 1
    graph.put(
        operator, "lrn", {"size": size, "alpha": operator.real(2), "beta": operator.real(3), "k": operator.real(1)}
    )


def _l2_norm(graph: LiteGraph, operator: LiteOperator) -> None:
    source = graph.source(operator)
    norm = graph.put(operator, "reduce", {"op": "norm", "axes": (0,), "keep_dims": True}, suffix="_norm")
    graph.put(operator, "apply", {"function": "x / y"}, (source, norm))


def _skip(graph: LiteGraph, operator: LiteOperator) -> None:
    """An operator that changes the type of numbers alone."""
    graph.values[operator.outputs[0]] = graph.source(operator)


# --- functions of several tensors ---


def _binary(graph: LiteGraph, operator: LiteOperator) -> None:
    """A function of two tensors, of which one may be a constant."""
    if len(operator.inputs) != 2:
        raise operator.refuse(f"reads {len(operator.inputs)} tensors, and two are needed")
    constants = [at for at, index in enumerate(operator.inputs) if graph.is_constant(index)]
    if len(constants) != 1 or not _put_with_constant(graph, operator, *constants):
        kind = JOINS.get(operator.type, "apply")
        settings = {"function": FUNCTIONS[operator.type].format("x", "y")} if kind == "apply" else {}
        graph.put(operator, kind, settings, _operands(graph, operator))
    _activate(graph, operator, 0)


def _put_with_constant(graph: LiteGraph, operator: LiteOperator, at: int) -> bool:
    """Append a function of a tensor and a number, or a number for each channel; not of another constant."""
    source, tensor = graph.source(operator, 1 - at), graph.constant(operator, at)
    if prod(tensor.shape) == 1:
        number = graph.real(operator, at)
        terms = ["x", "x"]
        terms[at] = f"({number})" if number[0] == "-" else number
        graph.put(operator, "apply", {"function": FUNCTIONS[operator.type].format(*terms)}, (source,))
        return True
    channels = graph.shape(operator, 1 - at)[0]
    kind = PER_CHANNEL.get(operator.type, "")
    is_minuend = at == 0 and operator.type == "SUB"
    if not kind or is_minuend or tensor.shape[-1] != channels or prod(tensor.shape) != channels:
        return False
    graph.put(operator, kind, {}, (source,), weights=(at,))
    return True


def _operands(graph: LiteGraph, operator: LiteOperator) -> tuple[str, ...]:
    """The layers that an operator reads; constants among them become layers without input."""
    computed = [at for at, index in enumerate(operator.inputs) if index in graph.values]
    if not computed:
        raise operator.refuse("reads constants alone")
    rank = len(graph.shape(operator, computed[0])) + 1
    return tuple(
        graph.source(operator, at) if not graph.is_constant(index) else _parameter(graph, operator, at, rank)
        for at, index in enumerate(operator.inputs)
    )


def _parameter(graph: LiteGraph, operator: LiteOperator, at: int, rank: int) -> str:
    shape = graph.constant(operator, at).shape
    shape = (*(1,) * (rank - len(shape)), *shape)
    if len(shape) != rank or shape[0] != 1:
        raise operator.refuse(f"reads a constant of the shape {times(shape)}, beside a tensor of {rank} axes")
    settings: Settings = {"shape": channels_first(shape[1:])}
    return graph.put(operator, "parameter", settings, (), suffix="_constant", weights=(at,))


def _add_n(graph: LiteGraph, operator: LiteOperator) -> None:
    graph.values[operator.outputs[0]] = graph.put(operator, "add", {}, _operands(graph, operator))


def _concat(graph: LiteGraph, operator: LiteOperator) -> None:
    sources = _operands(graph, operator)
    first = next(at for at, index in enumerate(operator.inputs) if index in graph.values)
    axis = graph.axis(operator, operator.number(0), first)
    graph.put(operator, "concat", {"axis": axis} if axis else {}, sources)
    _activate(graph, operator, 1)


def _matmul(graph: LiteGraph, operator: LiteOperator) -> None:
    """A product of matrices, the last two axes of tensors whose other axes are equal."""
    if len(operator.inputs) != 2:
        raise operator.refuse(f"reads {len(operator.inputs)} tensors, and two are needed")
    is_first_swapped, is_second_swapped = operator.number(0, "b"), operator.number(1, "b")
    if graph.is_constant(operator.inputs[1]) and not is_first_swapped:
        shape = graph.constant(operator, 1, 2).shape
        features, depth = shape if is_second_swapped else shape[::-1]
        _put_linear(graph, operator, features, depth, {"bias": False})
        return
    sources = _operands(graph, operator)
    ranks = {len(graph.builder.shapes[source]) for source in sources}
    if len(ranks) > 1 or ranks == {1}:
        raise operator.refuse("needs two tensors of as many axes, at least three")
    leading = "abcdefghij"[: ranks.pop() - 2]
    first = f"m{leading}k" if is_first_swapped else f"k{leading}m"
    second = f"k{leading}n" if is_second_swapped else f"n{leading}k"
    graph.put(operator, "einsum", {"equation": f"{first}, {second} -> n{leading}m"}, sources)


# --- reductions and shapes ---


def _reduce(graph: LiteGraph, operator: LiteOperator) -> None:
    kind, shape = REDUCTIONS[operator.type], graph.shape(operator)
    axes = tuple(sorted({graph.axis(operator, number) for number in graph.numbers(operator, 1)}))
    keep_dims: Settings = {"keep_dims": True} if operator.number(0, "b") else {}
    if not axes or (len(axes) == len(shape) and not keep_dims):
        raise operator.refuse(f"reduces {len(axes)} of {len(shape)} axes of a sample, where at least one must stay")
    if kind in ("mean", "max") and axes == tuple(range(1, len(shape))):
        graph.put(operator, f"global_{'avg' if kind == 'mean' else 'max'}_pool", keep_dims)
        return
    source = graph.put(operator, "reduce", {"op": kind, "axes": axes, **keep_dims})
    left = len(shape) - len(axes)
    if 0 in axes and left > 1 and not keep_dims:
        # The last axis that is left takes the place of the channels.
        graph.put(operator, "permute", {"axes": (left - 1, *range(left - 1))}, (source,), suffix="_axes")


def _reshape(graph: LiteGraph, operator: LiteOperator) -> None:
    given = len(operator.inputs) > 1 and operator.inputs[1] != -1
    target = graph.target(operator, 1) if given or not operator.options else operator.options.numbers(0, "i", 16)
    sizes, elements = graph.sample(operator, target), prod(graph.shape(operator))
    known = prod(size for size in sizes if size != -1)
    if sizes.count(-1) == 1 and known > 0 and elements % known == 0:
        sizes = tuple(quotient(elements, known) if size == -1 else size for size in sizes)
    _reshape_to(graph, operator, sizes)


def _reshape_to(graph: LiteGraph, operator: LiteOperator, sizes: tuple[int, ...], source: str = "") -> None:
    """Give a sample other sizes, channels last."""
    source = source or graph.source(operator)
    shape = graph.builder.shapes[source]
    if prod(sizes) != prod(shape) or min(sizes, default=0) < 1:
        raise operator.refuse(f"cannot give the {prod(shape):,} elements of a sample the shape {times(sizes) or '()'}")
    graph.values[operator.outputs[0]] = source
    if channels_first(sizes) != shape:
        for kind, settings, suffix in steps_to_shape(shape, sizes):
            source = graph.put(operator, kind, settings, (source,), suffix=suffix)


def _squeeze(graph: LiteGraph, operator: LiteOperator) -> None:
    _, *sizes = graph.whole_shape(operator)
    given = operator.options.numbers(0, "i", 16) if operator.options else ()
    axes = {axis % (len(sizes) + 1) for axis in given} or {at for at, size in enumerate(sizes, 1) if size == 1}
    if any(axis == 0 or sizes[axis - 1] != 1 for axis in axes):
        raise operator.refuse(f"drops the axes {times(tuple(sorted(axes)))} of {times((graph.batch, *sizes))}")
    _reshape_to(graph, operator, tuple(size for at, size in enumerate(sizes, 1) if at not in axes))


def _expand(graph: LiteGraph, operator: LiteOperator) -> None:
    _, *sizes = graph.whole_shape(operator)
    axis = graph.number(operator, 1)
    axis += len(sizes) + 2 if axis < 0 else 0
    if not 0 < axis <= len(sizes) + 1:
        raise operator.refuse(f"adds axis {axis} to {times((graph.batch, *sizes))}", "the batch, axis 0, must stay")
    _reshape_to(graph, operator, (*sizes[: axis - 1], 1, *sizes[axis - 1 :]))


def _transpose(graph: LiteGraph, operator: LiteOperator) -> None:
    order, count = graph.numbers(operator, 1), len(graph.shape(operator)) + 1
    if sorted(order) != [*range(count)] or order[0] != 0:
        raise operator.refuse(f"needs an order of {count} axes that leaves the batch, axis 0, where it is")
    # Which axis of the file each axis of the graph is.
    places = (count - 1, *range(1, count - 1))
    graph.put(operator, "permute", {"axes": tuple(places.index(order[place]) for place in places)})


# --- slices, paddings and sizes of maps ---


def _slice(graph: LiteGraph, operator: LiteOperator) -> None:
    starts, sizes = graph.numbers(operator, 1), graph.numbers(operator, 2)
    shape = graph.whole_shape(operator)
    if len(starts) != len(shape) or len(sizes) != len(shape):
        raise operator.refuse(f"needs a start and a size for each of {len(shape)} axes")
    ends = (start + size if size != -1 else whole for start, size, whole in zip(starts, sizes, shape, strict=True))
    _cut(graph, operator, [range(start, end) for start, end in zip(starts, ends, strict=True)])


def _strided_slice(graph: LiteGraph, operator: LiteOperator) -> None:
    starts, ends, steps = (graph.numbers(operator, at) for at in (1, 2, 3))
    shape = graph.whole_shape(operator)
    if any(operator.number(field) for field in (2, 3)) or operator.number(5, "b"):
        raise operator.refuse("has an ellipsis_mask, a new_axis_mask or offset, which cannot be read")
    if not len(starts) == len(ends) == len(steps) <= len(shape) or min(steps, default=1) < 1:
        raise operator.refuse(f"needs starts, ends and steps of at least 1 for at most {len(shape)} axes")
    parts, dropped = [range(size) for size in shape], set()
    for axis, (start, end, step) in enumerate(zip(starts, ends, steps, strict=True)):
        from_first, to_last, is_dropped = (operator.number(field) >> axis & 1 for field in (0, 1, 4))
        if is_dropped:
            dropped.add(axis)
            kept = slice(start, start + 1 or None)
        else:
            kept = slice(None if from_first else start, None if to_last else end, step)
        parts[axis] = range(*kept.indices(shape[axis]))
    _cut(graph, operator, parts, dropped)


def _cut(graph: LiteGraph, operator: LiteOperator, parts: list[range], dropped: Iterable[int] = ()) -> None:
    """Keep a part of each axis of the file; axes that are dropped keep one place."""
    sizes = graph.whole_shape(operator)
    if (
        0 in dropped
        or parts[0] != range(graph.batch)
        or any(not part or part[0] < 0 or part[-1] >= size for part, size in zip(parts, sizes, strict=True))
    ):
        shown = ", ".join(f"{part.start}:{part.stop}:{part.step}" for part in parts)
        raise operator.refuse(
            f"keeps {shown} of {times(sizes)}", "the batch, axis 0, must stay, and an axis not be empty"
        )
    source = graph.values[operator.outputs[0]] = graph.source(operator)
    for number, (part, size) in enumerate(zip(parts, sizes, strict=True)):
        if part != range(size):
            settings = _part(graph.axis(operator, number), part.start, part[-1] + 1, part.step)
            source = graph.put(operator, "slice", settings, (source,))
    if dropped:
        left = tuple(len(part) for axis, part in enumerate(parts) if axis and axis not in dropped)
        _reshape_to(graph, operator, left, source)


def _part(axis: int, start: int, stop: int, step: int = 1) -> Settings:
    settings = {"stop": stop, "start": start, "step": step, "axis": axis}
    return {key: value for key, value in settings.items() if value != {"start": 0, "step": 1, "axis": 0}.get(key)}


def _split(graph: LiteGraph, operator: LiteOperator) -> None:
    """Equal parts along an axis, or parts of given sizes, of which one may be -1."""
    is_equal, count = operator.type == "SPLIT", len(operator.outputs)
    at, axis_at = (1, 0) if is_equal else (0, 2)
    axis = graph.axis(operator, graph.number(operator, axis_at), at)
    whole = graph.shape(operator, at)[axis]
    sizes = (quotient(whole - whole % count, count),) * count if is_equal else graph.numbers(operator, 1)
    rest = whole - sum(size for size in sizes if size != -1)
    sizes = tuple(rest if size == -1 else size for size in sizes)
    if sum(sizes) != whole or len(sizes) != count or min(sizes) < 1:
        raise operator.refuse(f"cannot split {whole} into {count} parts: {', '.join(map(str, sizes))}")
    start, source = 0, graph.source(operator, at)
    for output, size in enumerate(sizes):
        settings = _part(axis, start, start + size)
        graph.put(operator, "slice", settings, (source,), suffix=f"_{output + 1}", output=output)
        start += size


def _pad(graph: LiteGraph, operator: LiteOperator) -> None:
    amounts, rank = graph.numbers(operator, 1), len(graph.shape(operator))
    mode = operator.number(0, "b") if operator.type == "MIRROR_PAD" else -1
    batch, sides, channels = amounts[:2], amounts[2:-2], amounts[-2:]
    if len(amounts) != 2 * rank + 2 or any(batch) or min(amounts) < 0 or mode > 0 or (mode == 0 and any(channels)):
        raise operator.refuse(
            "has a padding that cannot be read", "zeros, or a reflection of rows and columns, can be read"
        )
    value = graph.real(operator, 2) if operator.type == "PADV2" else "0"
    if value not in ("0", "-0"):
        raise operator.refuse(f"pads with {value}, and only 0 can be read")
    settings: dict[str, Plain] = {"padding": _short(sides)} if any(sides) else {}
    settings |= {"channels": channels} if any(channels) else {}
    settings |= {"mode": "reflect"} if mode == 0 else {}
    graph.put(operator, "pad", settings)


def _resize(graph: LiteGraph, operator: LiteOperator) -> None:
    is_bilinear = operator.type == "RESIZE_BILINEAR"
    sizes = graph.map_shape(operator)[1:]
    target = graph.target(operator, 1)
    target = target[1:3] if len(target) == 4 else target
    if len(target) != 2 or min(target) < 1:
        raise operator.refuse(f"needs a height and a width, not {times(target)}")
    factors = {quotient(own, size) if own % size == 0 else 0 for own, size in zip(target, sizes, strict=True)}
    settings: dict[str, Plain] = {"size": target}
    if len(factors) == 1 and 0 not in factors:
        settings = {"factor": factors.pop()}
    settings |= {"mode": "bilinear"} if is_bilinear else {}
    settings |= {"align_corners": True} if operator.number(2 if is_bilinear else 0, "b") else {}
    graph.put(operator, "upsample", settings)


def _shuffle(graph: LiteGraph, operator: LiteOperator) -> None:
    factor = operator.number(0)
    if factor < 1:
        raise operator.refuse(f"has block_size {factor}, and needs at least 1")
    graph.put(operator, "pixel_shuffle" if operator.type == "DEPTH_TO_SPACE" else "pixel_unshuffle", {"factor": factor})


JOINS = {"ADD": "add", "SUB": "subtract", "MUL": "multiply"}
# The layers that add to or multiply each channel.
PER_CHANNEL = {"ADD": "bias", "SUB": "bias", "MUL": "scale"}
FUNCTIONS = {
    "ADD": "{} + {}",
    "SUB": "{} - {}",
    "MUL": "{} * {}",
    "DIV": "{} / {}",
    "MAXIMUM": "max({}, {})",
    "MINIMUM": "min({}, {})",
    "SQUARED_DIFFERENCE": "({} - {}) ** 2",
    "POW": "{} ** {}",
}
REDUCTIONS = {"MEAN": "mean", "SUM": "sum", "REDUCE_MAX": "max", "REDUCE_MIN": "min"}
READERS: dict[str, OperatorReader] = {
    "CONV_2D": _conv,
    "DEPTHWISE_CONV_2D": _depthwise_conv,
    "TRANSPOSE_CONV": _conv_transpose,
    "FULLY_CONNECTED": _linear,
    **dict.fromkeys(("AVERAGE_POOL_2D", "MAX_POOL_2D"), _pool),
    "RELU": _function("relu"),
    "RELU6": _function("relu6"),
    "RELU_N1_TO_1": _function("apply", "min(max(x, -1), 1)"),
    "RELU_0_TO_1": _function("apply", "min(max(x, 0), 1)"),
    "LOGISTIC": _function("sigmoid"),
    "TANH": _function("tanh"),
    "ELU": _function("elu"),
    "HARD_SWISH": _function("hard_swish"),
    "LOG_SOFTMAX": _function("log_softmax"),
    "ABS": _function("absolute"),
    "EXP": _function("apply", "exp(x)"),
    "LOG": _function("apply", "ln(x)"),
    "SQRT": _function("apply", "sqrt(x)"),
    "RSQRT": _function("apply", "1 / sqrt(x)"),
    "SQUARE": _function("apply", "x ** 2"),
    "NEG": _function("apply", "-x"),
    "SIN": _function("apply", "sin(x)"),
    "COS": _function("apply", "cos(x)"),
    "LEAKY_RELU": _leaky_relu,
    "GELU": _gelu,
    "PRELU": _prelu,
    "SOFTMAX": _softmax,
    "LOCAL_RESPONSE_NORMALIZATION": _lrn,
    "L2_NORMALIZATION": _l2_norm,
    **dict.fromkeys(FUNCTIONS, _binary),
    "ADD_N": _add_n,
    "CONCATENATION": _concat,
    "BATCH_MATMUL": _matmul,
    **dict.fromkeys(REDUCTIONS, _reduce),
    "RESHAPE": _reshape,
    "SQUEEZE": _squeeze,
    "EXPAND_DIMS": _expand,
    "TRANSPOSE": _transpose,
    "SLICE": _slice,
    "STRIDED_SLICE": _strided_slice,
    **dict.fromkeys(("SPLIT", "SPLIT_V"), _split),
    **dict.fromkeys(("PAD", "PADV2", "MIRROR_PAD"), _pad),
    **dict.fromkeys(("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"), _resize),
    **dict.fromkeys(("DEPTH_TO_SPACE", "SPACE_TO_DEPTH"), _shuffle),
    **dict.fromkeys(ALIASES, _skip),
}
