"""Caffe networks (.prototxt): layers that read and write named blobs, in order, in the phase TEST.

Fields and their defaults are those of src/caffe/proto/caffe.proto (github.com/BVLC/caffe, commit 9b89154) and of
forks, if a field means the same in all of them. Layers for data, training and measurement are skipped.
"""

from __future__ import annotations

from cnncalc import limits
from cnncalc.errors import Problem, Span, SpecError, quoted
from cnncalc.interchange.building import OPERANDS, Settings, Sizes, affine, real
from cnncalc.interchange.caffe_graph import CaffeGraph, CaffeLayer, LayerReader
from cnncalc.interchange.graph import Graph, Plain
from cnncalc.interchange.prototext import LARGEST_NUMBER, TextMessage, parse
from cnncalc.layers.shapes import half, quotient, round_up

LONGEST_TYPE = 50


def read(text: str, file: str, sizes: Sizes, *, phase: str = "TEST") -> Graph:
    """The graph of a network as it runs in a phase. Raises SpecError with every layer that cannot be read."""
    net = parse(text, file)
    layers = [_layer(fields) for key in ("layers", "layer") for fields in net.messages(key)]
    if not layers:
        solver = net.get("net") or net.get("train_net")
        hint = f"it is a solver: give the network that it trains, {quoted(solver.as_text('net'))}" if solver else ""
        raise SpecError([Problem(Span(file, 1, 1), "the file has no layers", hint)])
    return CaffeGraph(net, layers, sizes, phase).read(READERS)


def _layer(fields: TextMessage) -> CaffeLayer:
    if "layer" in fields.fields:
        hint = "Caffe's upgrade_net_proto_text converts it"
        raise SpecError([Problem(fields.span, "layers of Caffe's oldest format cannot be read", hint)])
    type_ = fields.word("type")
    kind = type_.lower().replace("_", "") if len(type_) <= LONGEST_TYPE else ""
    name = (fields.word("name") or type_)[: limits.current().name]
    return CaffeLayer(name, kind, type_, fields.words("bottom"), fields.words("top"), fields)


def _convolution(graph: CaffeGraph, layer: CaffeLayer) -> None:
    fields = layer.fields.message("convolution_param")
    filters = fields.number("num_output", 0, 1, LARGEST_NUMBER)
    if not filters or fields.number("axis", 1) != 1:
        raise layer.refuse("needs num_output and axis 1")
    channels = graph.shape(layer)[0]
    is_depthwise = layer.kind != "convolution"
    groups = channels if is_depthwise else fields.number("group", 1, 1)
    settings = _window_settings(fields, layer)
    if groups == channels > 1 and filters % groups == 0:
        kind = "depthwise_conv"
        settings |= {"multiplier": quotient(filters, groups)} if filters > groups else {}
    else:
        kind = "conv"
        settings = {"filters": filters, **settings, **({"groups": groups} if groups > 1 else {})}
    graph.put_weighted(layer, kind, settings)


def _deconvolution(graph: CaffeGraph, layer: CaffeLayer) -> None:
    fields = layer.fields.message("convolution_param")
    filters = fields.number("num_output", 0, 1, LARGEST_NUMBER)
    if not filters or fields.number("axis", 1) != 1:
        raise layer.refuse("needs num_output and axis 1")
    groups = fields.number("group", 1, 1)
    settings = {"filters": filters, **_window_settings(fields, layer)}
    graph.put_weighted(layer, "conv_transpose", settings | ({"groups": groups} if groups > 1 else {}))


def _inner_product(graph: CaffeGraph, layer: CaffeLayer) -> None:
    fields = layer.fields.message("inner_product_param")
    features = fields.number("num_output", 0, 1, LARGEST_NUMBER)
    if not features or graph.axis(layer, fields.number("axis", 1, -8, 8)):
        raise layer.refuse("needs num_output and axis 1")
    settings: dict[str, Plain] = {"features": features}
    if len(graph.shape(layer)) > 1:
        settings["flatten"] = True
    if not fields.flag("bias_term", default=True):
        settings["bias"] = False
    graph.put_weighted(layer, "linear", settings)


def _pooling(graph: CaffeGraph, layer: CaffeLayer) -> None:
    fields = layer.fields.message("pooling_param")
    pool = {"0": "MAX", "1": "AVE"}.get(fields.word("pool", "MAX"), fields.word("pool", "MAX"))
    if pool not in ("MAX", "AVE"):
        raise layer.refuse(f"has pool {quoted(pool)}, and only MAX and AVE can be read")
    short = "max" if pool == "MAX" else "avg"
    if fields.flag("global_pooling", default=False):
        graph.put(layer, f"global_{short}_pool", {"keep_dims": True})
        return
    settings = _window_settings(fields, layer, is_pool=True)
    # The default is 1 in Caffe, and the kernel in a spec.
    settings.setdefault("stride", 1)
    rounding = {"0": "CEIL", "1": "FLOOR"}.get(fields.word("round_mode"), fields.word("round_mode") or "CEIL")
    if rounding == "CEIL" and fields.flag("ceil_mode", default=True):
        settings["rounding"] = "ceil"
    pool_name = graph.put(layer, f"{short}_pool", settings)
    # Further tops contain the positions of the maxima.
    graph.blobs.update(dict.fromkeys(layer.tops, pool_name))
    if "rounding" in settings and "padding" not in settings:
        _check_last_windows(graph, layer, settings)


def _check_last_windows(graph: CaffeGraph, layer: CaffeLayer, settings: Settings) -> None:
    """Raise SpecError if the last window starts behind the map, which Caffe allows without padding."""
    kernels, strides = settings["kernel"], settings["stride"]
    sizes, own = graph.shape(layer)[1:], graph.builder.shapes[graph.blobs[layer.tops[0]]][1:]
    for axis, size in enumerate(sizes):
        kernel = kernels[axis] if isinstance(kernels, tuple) else kernels
        stride = strides[axis] if isinstance(strides, tuple) else strides
        if isinstance(kernel, int) and isinstance(stride, int):
            windows = quotient(round_up(max(size - kernel, 0), stride), stride) + 1
            if windows != own[axis]:
                message = f"has {windows} windows on {size} positions, of which the last lies behind them"
                raise layer.refuse(message, f"a kernel of at least its stride, {stride}, would reach all")


def _lrn(graph: CaffeGraph, layer: CaffeLayer) -> None:
    fields = layer.fields.message("lrn_param")
    size = fields.number("local_size", 5, 1)
    alpha, beta, k = fields.real("alpha", "1"), fields.real("beta", "0.75"), fields.real("k", "1")
    if fields.word("norm_region", "ACROSS_CHANNELS") in ("ACROSS_CHANNELS", "0"):
        graph.put(layer, "lrn", {"size": size, "alpha": alpha, "beta": beta, "k": k})
        return
    # Composed of the same layers as in src/caffe/layers/lrn_layer.cpp.
    source = graph.blobs[layer.bottoms[0]]
    square = graph.put(layer, "multiply", {}, (source, source), name=f"{layer.name}_square")
    window: Settings = {"kernel": size, "stride": 1, "padding": half(size - 1)}
    mean = graph.put(layer, "avg_pool", window, (square,), name=f"{layer.name}_mean")
    function = f"({affine(alpha, '1')}) ** (-{beta})"
    power = graph.put(layer, "apply", {"function": function}, (mean,), name=f"{layer.name}_power")
    graph.put(layer, "multiply", {}, (source, power))


def _relu(graph: CaffeGraph, layer: CaffeLayer) -> None:
    slope = layer.fields.message("relu_param").real("negative_slope", "0")
    graph.put(layer, *(("relu", {}) if slope == "0" else ("leaky_relu", {"slope": slope})))


def _prelu(graph: CaffeGraph, layer: CaffeLayer) -> None:
    is_shared = layer.fields.message("prelu_param").flag("channel_shared", default=False)
    graph.put_weighted(layer, "prelu", {} if is_shared else {"per_channel": True})


def _elu(graph: CaffeGraph, layer: CaffeLayer) -> None:
    alpha = layer.fields.message("elu_param").real("alpha", "1")
    graph.put(layer, "elu", {} if alpha == "1" else {"alpha": alpha})


def _swish(graph: CaffeGraph, layer: CaffeLayer) -> None:
    beta = layer.fields.message("swish_param").real("beta", "1")
    if beta == "1":
        graph.put(layer, "silu")
    else:
        graph.put(layer, "apply", {"function": f"x * sigmoid({affine(beta, '0')})"})


def _exp(graph: CaffeGraph, layer: CaffeLayer) -> None:
    fields = layer.fields.message("exp_param")
    base, inner = fields.real("base", "-1"), _inner(fields)
    graph.put(layer, "apply", {"function": f"exp({inner})" if base == "-1" else f"{base} ** ({inner})"})


def _log(graph: CaffeGraph, layer: CaffeLayer) -> None:
    fields = layer.fields.message("log_param")
    base, inner = fields.real("base", "-1"), _inner(fields)
    graph.put(layer, "apply", {"function": f"ln({inner})" if base == "-1" else f"ln({inner}) / ln({base})"})


def _power(graph: CaffeGraph, layer: CaffeLayer) -> None:
    fields = layer.fields.message("power_param")
    power, inner = fields.real("power", "1"), _inner(fields)
    if power == "1" and inner == "x":
        graph.alias(layer)
    else:
        exponent = f"({power})" if power[0] == "-" else power
        graph.put(layer, "apply", {"function": inner if power == "1" else f"({inner}) ** {exponent}"})


def _dropout(graph: CaffeGraph, layer: CaffeLayer) -> None:
    graph.put(layer, "dropout", {"rate": layer.fields.message("dropout_param").real("dropout_ratio", "0.5")})


def _softmax(graph: CaffeGraph, layer: CaffeLayer) -> None:
    axis = graph.axis(layer, layer.fields.message("softmax_param").number("axis", 1, -8, 8))
    graph.put(layer, "softmax", {"axis": axis} if axis else {})


def _concat(graph: CaffeGraph, layer: CaffeLayer) -> None:
    fields = layer.fields.message("concat_param")
    key = "axis" if "axis" in fields.fields else "concat_dim"
    axis = graph.axis(layer, fields.number(key, 1, -8, 8))
    graph.put(layer, "concat", {"axis": axis} if axis else {}, graph.sources(layer))


def _eltwise(graph: CaffeGraph, layer: CaffeLayer) -> None:
    fields = layer.fields.message("eltwise_param")
    word = fields.word("operation", "SUM")
    operation = {"0": "PROD", "1": "SUM", "2": "MAX"}.get(word, word)
    factors = [real(field.as_text("coeff"), field.span, "coeff") for field in fields.fields.get("coeff", ())]
    sources = graph.sources(layer)
    if operation == "PROD":
        graph.put(layer, "multiply", {}, sources)
    elif operation == "MAX" and len(sources) <= len(OPERANDS):
        graph.put(layer, "apply", {"function": f"max({', '.join(OPERANDS[: len(sources)])})"}, sources)
    elif operation == "SUM":
        _sum(graph, layer, sources, factors)
    else:
        raise layer.refuse(f"has the operation {quoted(word)} of {len(sources)} bottoms, which cannot be read")


def _sum(graph: CaffeGraph, layer: CaffeLayer, sources: tuple[str, ...], factors: list[str]) -> None:
    """Append a sum of the bottoms, each multiplied by its factor."""
    if factors and len(factors) != len(sources):
        raise layer.refuse(f"has {len(factors)} coefficients for {len(sources)} bottoms")
    if not set(factors) - {"1"}:
        graph.put(layer, "add", {}, sources)
    elif factors == ["1", "-1"]:
        graph.put(layer, "subtract", {}, sources)
    elif len(sources) <= len(OPERANDS):
        terms = (f"{factor} * {name}" for factor, name in zip(factors, OPERANDS, strict=False))
        graph.put(layer, "apply", {"function": " + ".join(terms)}, sources)
    else:
        raise layer.refuse(f"adds {len(sources)} bottoms with factors, and at most {len(OPERANDS)} can be read")


def _axpy(graph: CaffeGraph, layer: CaffeLayer) -> None:
    if len(layer.bottoms) != 3:
        raise layer.refuse("needs three bottoms: a * x + y")
    factor, source, addend = graph.sources(layer)
    product = graph.put(layer, "multiply", {}, (factor, source), name=f"{layer.name}_product")
    graph.put(layer, "add", {}, (product, addend))


def _batch_norm(graph: CaffeGraph, layer: CaffeLayer) -> None:
    graph.norms.add(graph.put(layer, "batch_norm", {"affine": False}))


def _affine_batch_norm(graph: CaffeGraph, layer: CaffeLayer) -> None:
    graph.put(layer, "batch_norm")


def _scale(graph: CaffeGraph, layer: CaffeLayer) -> None:
    fields = layer.fields.message("scale_param")
    if len(layer.bottoms) == 2:
        graph.put(layer, "multiply", {}, graph.sources(layer))
        return
    bias = fields.flag("bias_term", default=False)
    per_channel = _per_channel(graph, layer, fields)
    bottom = layer.bottoms[0]
    source = graph.blobs[bottom]
    is_alone = bottom == layer.tops[0] or graph.last_reads[bottom] == graph.at
    if source in graph.norms and is_alone and per_channel:
        # Both together are the batch normalization of other frameworks.
        graph.builder.replace_settings(source, {} if bias else {"center": False})
        graph.alias(layer)
        graph.norms.discard(source)
        return
    settings: dict[str, Plain] = {"bias": True} if bias else {}
    graph.put_weighted(layer, "scale", settings if per_channel else settings | {"per_channel": False})


def _bias(graph: CaffeGraph, layer: CaffeLayer) -> None:
    if len(layer.bottoms) == 2:
        graph.put(layer, "add", {}, graph.sources(layer))
    elif _per_channel(graph, layer, layer.fields.message("bias_param")):
        graph.put_weighted(layer, "bias", {})
    else:
        raise layer.refuse("adds one number to all channels, which cannot be read")


def _per_channel(graph: CaffeGraph, layer: CaffeLayer, fields: TextMessage) -> bool:
    """Whether a scale or bias has one number per channel, instead of one in total. Raises SpecError for other forms."""
    axes = fields.number("num_axes", 1, -1, 8)
    if axes == 0:
        return False
    if graph.axis(layer, fields.number("axis", 1, -8, 8)) or (axes != 1 and len(graph.shape(layer)) > 1):
        raise layer.refuse("has weights along other axes than the channels, which cannot be read")
    return True


def _flatten(graph: CaffeGraph, layer: CaffeLayer) -> None:
    fields = layer.fields.message("flatten_param")
    shape = graph.shape(layer)
    first = graph.axis(layer, fields.number("axis", 1, -8, 8))
    last = graph.axis(layer, fields.number("end_axis", -1, -8, 8))
    if first == 0 and last == len(shape) - 1:
        graph.put(layer, "flatten")
    elif first < last:
        graph.put(layer, "flatten", {"start": first, "end": last})
    elif first == last:
        graph.alias(layer)
    else:
        raise layer.refuse(f"joins the axes from {first + 1} to {last + 1}, which is before it")


def _reshape(graph: CaffeGraph, layer: CaffeLayer) -> None:
    fields = layer.fields.message("reshape_param")
    sizes = fields.message("shape").numbers("dim", -1)
    shape = graph.shape(layer)
    axis, count = fields.number("axis", 0, -8, 8), fields.number("num_axes", -1, -1, 8)
    if count != -1 or axis not in (0, 1):
        raise layer.refuse("has num_axes or an axis above 1, which cannot be read")
    if axis == 0:
        if not sizes or (sizes[0] not in (0, -1) and sizes[0] != graph.batch):
            raise layer.refuse("changes the batch", "its first dim is 0 where it stays")
        sizes = sizes[1:]
        if not sizes:
            raise layer.refuse("leaves nothing of a sample", "a dim of -1 takes what the others leave")
    if any(size == 0 and at >= len(shape) for at, size in enumerate(sizes)) or not sizes:
        raise layer.refuse("has more dims than its bottom has axes")
    graph.put(layer, "reshape", {"shape": tuple(size or shape[at] for at, size in enumerate(sizes))})


def _slice(graph: CaffeGraph, layer: CaffeLayer) -> None:
    fields = layer.fields.message("slice_param")
    key = "axis" if "axis" in fields.fields else "slice_dim"
    axis = graph.axis(layer, fields.number(key, 1, -8, 8))
    size, parts = graph.shape(layer)[axis], len(layer.tops)
    points = fields.numbers("slice_point", 1)
    if not points:
        if size % parts:
            raise layer.refuse(f"cannot split {size} into {parts} equal parts")
        points = tuple(range(quotient(size, parts), size, quotient(size, parts)))
    if len(points) != parts - 1 or any(a >= b for a, b in zip((0, *points), (*points, size), strict=True)):
        raise layer.refuse(f"needs {parts - 1} rising slice_point below {size} for {parts} tops")
    source = graph.blobs[layer.bottoms[0]]
    for at, (start, stop) in enumerate(zip((0, *points), (*points, size), strict=True)):
        settings: dict[str, Plain] = {"stop": stop}
        settings |= {"start": start} if start else {}
        settings |= {"axis": axis} if axis else {}
        graph.put(layer, "slice", settings, (source,), name=f"{layer.name}_{at + 1}", top=at)


def _split(graph: CaffeGraph, layer: CaffeLayer) -> None:
    graph.alias(layer)


def _crop(graph: CaffeGraph, layer: CaffeLayer) -> None:
    if len(layer.bottoms) != 2:
        raise layer.refuse("needs two bottoms: the map, and one of the size to crop it to")
    fields = layer.fields.message("crop_param")
    shape, target = graph.shape(layer), graph.shape(layer, 1)
    first = graph.axis(layer, fields.number("axis", 2, -8, 8))
    offsets = fields.numbers("offset")
    if len(shape) != len(target) or len(offsets) not in (0, 1, len(shape) - first):
        raise layer.refuse("has bottoms or offsets of another number of axes")
    cut = [(0, 0)] * len(shape)
    for axis in range(first, len(shape)):
        offset = offsets[axis - first] if len(offsets) > 1 else (*offsets, 0)[0]
        cut[axis] = (offset, shape[axis] - target[axis] - offset)
        if cut[axis][1] < 0:
            message = f"needs {target[axis]} positions from {offset} on, and its bottom has {shape[axis]}"
            raise layer.refuse(message)
    name = graph.blobs[layer.bottoms[0]]
    amounts = [amount for pair in cut[1:] for amount in pair]
    if any(cut[0]):
        window: Settings = {"start": cut[0][0], "stop": cut[0][0] + target[0]}
        part = f"{layer.name}_channels" if any(amounts) else ""
        name = graph.put(layer, "slice", window, (name,), name=part)
    if any(amounts):
        graph.put(layer, "crop", {"amount": tuple(amounts)}, (name,))
    elif not any(cut[0]):
        graph.alias(layer)


def _permute(graph: CaffeGraph, layer: CaffeLayer) -> None:
    order = layer.fields.message("permute_param").numbers("order", 0, 8)
    rank = len(graph.shape(layer)) + 1
    order = (*order, *(axis for axis in range(rank) if axis not in order))
    if order[0] != 0 or sorted(order) != [*range(rank)]:
        raise layer.refuse(
            f"needs an order of the axes from 0 to {rank - 1} that leaves the batch, axis 0, where it is"
        )
    graph.put(layer, "permute", {"axes": tuple(axis - 1 for axis in order[1:])})


def _upsample(graph: CaffeGraph, layer: CaffeLayer) -> None:
    fields = layer.fields.message("upsample_param")
    scale = fields.number("scale", 0)
    if not scale:
        raise layer.refuse("needs a scale")
    if len(layer.bottoms) == 1:
        graph.put(layer, "upsample", {"factor": scale})
        return
    # SegNet's second bottom contains the positions of the maxima that a pool found.
    settings: dict[str, Plain] = {"kernel": scale}
    if "upsample_h" in fields.fields:
        settings["size"] = fields.number("upsample_h", 0, 1), fields.number("upsample_w", 0, 1)
    graph.put(layer, "max_unpool", settings, graph.sources(layer))


def _interp(graph: CaffeGraph, layer: CaffeLayer) -> None:
    fields = layer.fields.message("interp_param")
    if fields.number("pad_beg", 0, -LARGEST_NUMBER) or fields.number("pad_end", 0, -LARGEST_NUMBER):
        raise layer.refuse("has padding, which cannot be read")
    zoom, shrink = fields.number("zoom_factor", 1, 1), fields.number("shrink_factor", 1, 1)
    height, width = (_zoom(size, zoom, shrink) for size in _map_shape(graph, layer)[1:])
    if len(layer.bottoms) == 2:
        height, width = _map_shape(graph, layer, 1)[1:]
    size = fields.number("height", height, 1), fields.number("width", width, 1)
    settings: dict[str, Plain] = {"size": size, "mode": "bilinear", "align_corners": True}
    graph.put(layer, "upsample", settings, (graph.blobs[layer.bottoms[0]],))


def _map_shape(graph: CaffeGraph, layer: CaffeLayer, bottom: int = 0) -> tuple[int, ...]:
    shape = graph.shape(layer, bottom)
    if len(shape) != 3:
        raise layer.refuse("needs maps with a height and a width")
    return shape


def _shuffle_channel(graph: CaffeGraph, layer: CaffeLayer) -> None:
    groups = layer.fields.message("shuffle_channel_param").number("group", 1, 1)
    graph.put(layer, "channel_shuffle", {"groups": groups})


def _window_settings(fields: TextMessage, layer: CaffeLayer, *, is_pool: bool = False) -> dict[str, Plain]:
    """The kernel, stride, padding, dilation and bias of a layer, without default values."""
    kernel = _pair(fields, "kernel_size", "kernel", 0, 1)
    stride, padding = _pair(fields, "stride", "stride", 1, 1), _pair(fields, "pad", "pad", 0, 0)
    dilation = _pair(fields, "dilation", "dilation", 1, 1)
    if kernel == 0:
        raise layer.refuse("needs kernel_size")
    settings: dict[str, Plain] = {"kernel": kernel}
    settings |= {"stride": stride} if stride != 1 else {}
    if padding != 0:
        settings["padding"] = tuple(one for one in padding for _ in "ab") if isinstance(padding, tuple) else padding
    if not is_pool:
        settings |= {"dilation": dilation} if dilation != 1 else {}
        settings |= {} if fields.flag("bias_term", default=True) else {"bias": False}
    return settings


def _pair(fields: TextMessage, key: str, short: str, default: int, least: int) -> int | tuple[int, ...]:
    """One number for all axes, or one per axis, from `kernel_size` (repeated or not) or `kernel_h` and `kernel_w`."""
    sizes = fields.numbers(key, least)
    if f"{short}_h" in fields.fields or f"{short}_w" in fields.fields:
        sizes = fields.number(f"{short}_h", default, least), fields.number(f"{short}_w", default, least)
    if len(set(sizes)) > 1:
        return sizes
    return sizes[0] if sizes else default


def _inner(fields: TextMessage) -> str:
    return affine(fields.real("scale", "1"), fields.real("shift", "0"))


def _zoom(size: int, zoom: int, shrink: int) -> int:
    """The output size of Interp (DeepLab, PSPNet), which keeps the corners in place."""
    shrunk = quotient(size - 1 - (size - 1) % shrink, shrink) + 1
    return shrunk + (shrunk - 1) * (zoom - 1)


READERS: dict[str, LayerReader] = {
    "Convolution": _convolution,
    "ConvolutionDepthwise": _convolution,
    "DepthwiseConvolution": _convolution,
    "Deconvolution": _deconvolution,
    "InnerProduct": _inner_product,
    "Pooling": _pooling,
    "LRN": _lrn,
    "ReLU": _relu,
    "ReLU6": lambda graph, layer: graph.put(layer, "relu6"),
    "PReLU": _prelu,
    "ELU": _elu,
    "Sigmoid": lambda graph, layer: graph.put(layer, "sigmoid"),
    "TanH": lambda graph, layer: graph.put(layer, "tanh"),
    "AbsVal": lambda graph, layer: graph.put(layer, "absolute"),
    "BNLL": lambda graph, layer: graph.put(layer, "softplus"),
    "Swish": _swish,
    "Mish": lambda graph, layer: graph.put(layer, "mish"),
    "Exp": _exp,
    "Log": _log,
    "Power": _power,
    "Dropout": _dropout,
    "Softmax": _softmax,
    "Concat": _concat,
    "Eltwise": _eltwise,
    "Axpy": _axpy,
    "BatchNorm": _batch_norm,
    "BN": _affine_batch_norm,
    "Scale": _scale,
    "Bias": _bias,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Slice": _slice,
    "Split": _split,
    "Crop": _crop,
    "Permute": _permute,
    "Upsample": _upsample,
    "Interp": _interp,
    "ShuffleChannel": _shuffle_channel,
}
