"""Darknet configurations (.cfg): sections of options, each a layer, numbered from 0.

Options and their defaults are those of src/parser.c of Darknet (github.com/pjreddie/darknet, commit f6afaab) and of
AlexeyAB's continuation (github.com/AlexeyAB/darknet, commit 59596d7), which adds groups, weighted shortcuts, shared
convolutions, `scale_channels`, `sam` and activations. Computations of training only (`cost`, the losses of
`yolo`, `region` and `detection`) are not layers.
"""

from __future__ import annotations

from collections.abc import Mapping

from cnncalc.errors import Problem, Span, SpecError, did_you_mean, quoted
from cnncalc.interchange.building import Settings, Sizes, affine
from cnncalc.interchange.darknet_graph import LARGEST_SIZE, DarknetGraph, Section, SectionReader, parse
from cnncalc.interchange.graph import Graph, Plain
from cnncalc.layers.shapes import half, quotient, times

ACTIVATIONS: dict[str, tuple[str, dict[str, Plain]]] = {
    "logistic": ("sigmoid", {}),
    "relu": ("relu", {}),
    "relu6": ("relu6", {}),
    "relie": ("leaky_relu", {"slope": "0.01"}),
    "leaky": ("leaky_relu", {"slope": "0.1"}),
    "revleaky": ("leaky_relu", {"slope": "0.1"}),
    "tanh": ("tanh", {}),
    "elu": ("elu", {}),
    "selu": ("selu", {}),
    "mish": ("mish", {}),
    "hard_mish": ("apply", {"function": "x if x > 0 else x * x / 2 + x if x > -2 else 0"}),
    "swish": ("silu", {}),
    "gelu": ("gelu", {"approximate": "tanh"}),
    "ramp": ("apply", {"function": "relu(x) + 0.1 * x"}),
    "loggy": ("apply", {"function": "2 * sigmoid(x) - 1"}),
    "hardtan": ("apply", {"function": "min(max(x, -1), 1)"}),
    "lhtan": ("apply", {"function": "0.001 * x if x < 0 else 0.001 * (x - 1) + 1 if x > 1 else x"}),
    "plse": ("apply", {"function": "0.01 * (x + 4) if x < -4 else 0.01 * (x - 4) + 1 if x > 4 else 0.125 * x + 0.5"}),
}
# The factors of the terms of a shortcut.
WEIGHTS: dict[str, dict[str, Plain] | None] = {
    "none": None,
    "per_feature": {"per_channel": False},
    "per_layer": {"per_channel": False},
    "per_channel": {},
}
# The constants of a normalization, by the settings that they are here.
LRN = {"alpha": ("alpha", "0.0001"), "beta": ("beta", "0.75"), "k": ("kappa", "1")}


def read(text: str, file: str, sizes: Sizes) -> Graph:
    """The graph of a configuration. Raises SpecError with every section that cannot be read."""
    sections = list(parse(text, file))
    start = Span(file, 1, 1)
    if not sections or sections[0].kind != "net":
        found = f", not with {quoted(f'[{sections[0].kind}]')}" if sections else ""
        message = f"a Darknet configuration begins with [net] and the size of its input{found}"
        raise SpecError([Problem(sections[0].span if sections else start, message)])
    return DarknetGraph(sections[0], sizes).read(sections[1:], READERS, start)


def _activate(graph: DarknetGraph, section: Section, default: str = "linear") -> None:
    name = section.word("activation", default)
    if name == "linear":
        return
    if name not in ACTIVATIONS:
        option = section.find("activation")
        hint = did_you_mean(name, ACTIVATIONS)
        message = f"the activation {quoted(name)} is not supported"
        raise SpecError([Problem(option.span if option else section.span, message, hint)])
    kind, settings = ACTIVATIONS[name]
    graph.append(section, kind, settings)


# --- layers with windows and weights ---


def _convolutional(graph: DarknetGraph, section: Section) -> None:
    graph.as_map(section)
    section.refuse_options("antialiasing")
    kernel = section.number("size", 1, 1)
    strides = _strides(section)
    # Darknet dilates the padding too (src/convolutional_layer.c, im2col_cpu_ext).
    dilation = section.number("dilation", 1, 1) if kernel > 1 else 1
    padding = _padding(section, kernel) * dilation
    groups = section.number("groups", 1, 1)
    settings: dict[str, Plain] = {"filters": section.number("filters", 1, 1), "kernel": kernel}
    if strides != (1, 1):
        settings["stride"] = strides[0] if strides[0] == strides[1] else strides
    further = (("padding", padding, 0), ("dilation", dilation, 1), ("groups", groups, 1))
    settings |= {key: value for key, value, default in further if value != default}
    _weighted(graph, section, "conv", settings, _shared(graph, section))


def _deconvolutional(graph: DarknetGraph, section: Section) -> None:
    graph.as_map(section)
    kernel = section.number("size", 1, 1)
    settings: dict[str, Plain] = {"filters": section.number("filters", 1, 1), "kernel": kernel}
    settings |= {"stride": section.number("stride", 1, 1), "padding": _padding(section, kernel)}
    _weighted(graph, section, "conv_transpose", settings)


def _connected(graph: DarknetGraph, section: Section) -> None:
    graph.flatten(section)
    _weighted(graph, section, "linear", {"features": section.number("output", 1, 1)})


def _weighted(
    graph: DarknetGraph, section: Section, kind: str, settings: Settings, shared: Mapping[str, str] | None = None
) -> None:
    """Append a layer with weights, and its normalization and activation; `shared` are layers to share weights of.

    The biases of a normalized layer are those of its normalization.
    """
    owners = shared or {}
    normalizes = section.has("batch_normalize") or section.has("cbn")
    bias: dict[str, Plain] = {"bias": False} if normalizes else {}
    graph.append(section, kind, {**settings, **bias}, (), owners.get(kind, ""))
    if normalizes:
        graph.append(section, "batch_norm", {}, (), owners.get("batch_norm", ""))
    graph.made[-1].update(owners)
    _activate(graph, section, "logistic")


def _shared(graph: DarknetGraph, section: Section) -> Mapping[str, str]:
    """The layers of the section that a convolution shares its weights with."""
    if section.find("share_index") is None:
        return {}
    number = section.number("share_index", 0, -LARGEST_SIZE)
    made = graph.made[graph.place(section, "share_index", number)]
    if "conv" not in made:
        message = f"share_index {number} is not a convolutional section"
        raise SpecError([Problem(section.options["share_index"].span, message)])
    return made


def _local(graph: DarknetGraph, section: Section) -> None:
    graph.as_map(section)
    kernel = section.number("size", 1, 1)
    # With padding, there is a window at every `stride`-th position (src/local_layer.c).
    before, after = (half(kernel - 1), half(kernel)) if section.has("pad") else (0, 0)
    settings: dict[str, Plain] = {"filters": section.number("filters", 1, 1), "kernel": kernel}
    settings |= {"stride": section.number("stride", 1, 1), "padding": _sides(before, after)}
    graph.append(section, "local_conv", settings)
    _activate(graph, section, "logistic")


def _maxpool(graph: DarknetGraph, section: Section) -> None:
    channels, height, width = graph.as_map(section)
    section.refuse_options("antialiasing", "maxpool_zero_nonmax")
    if not section.has("maxpool_depth"):
        _pool(graph, section, "max_pool")
        return
    # The maximum of every `out_channels`-th channel (src/maxpool_layer.c).
    left = section.number("out_channels", 1, 1)
    if channels % left:
        raise section.refuse(f"maxpool_depth cannot divide {channels} channels into {left} equal sets")
    graph.add(section, "reshape", (), shape=(quotient(channels, left), left, height, width))
    graph.add(section, "reduce", (), op="max", axes=0)


def _local_avgpool(graph: DarknetGraph, section: Section) -> None:
    graph.as_map(section)
    _pool(graph, section, "avg_pool", count_include_pad=False)


def _pool(graph: DarknetGraph, section: Section, kind: str, **further: Plain) -> None:
    strides = _strides(section)
    kernel = section.number("size", section.number("stride", 1, 1), 1)
    padding = section.number("padding", kernel - 1)
    settings: dict[str, Plain] = {"kernel": kernel, "stride": strides[0] if len(set(strides)) == 1 else strides}
    if padding:
        # Half of the padding, rounded down, is before the map, and the rest after it.
        settings |= {"padding": _sides(half(padding), padding - half(padding)), **further}
    graph.append(section, kind, settings)


def _avgpool(graph: DarknetGraph, section: Section) -> None:
    graph.as_map(section)
    graph.add(section, "global_avg_pool", (), keep_dims=True)


def _batchnorm(graph: DarknetGraph, section: Section) -> None:
    graph.add(section, "batch_norm")


def _normalization(graph: DarknetGraph, section: Section) -> None:
    settings: dict[str, Plain] = {key: section.real(*given) for key, given in LRN.items()}
    graph.append(section, "lrn", {"size": section.number("size", 5, 1), **settings})


# --- earlier sections ---


def _route(graph: DarknetGraph, section: Section) -> None:
    sources = graph.sources(section, "layers")
    groups = section.number("groups", 1, 1)
    group = section.number("group_id", 0, 0, groups - 1)
    if groups > 1:
        sources = [_part(graph, section, source, groups, group) for source in sources]
    first, *others = (graph.builder.shapes[source] for source in sources)
    if other := next((shape for shape in others if shape[1:] != first[1:]), None):
        raise section.refuse(f"route needs maps of equal height and width, got {times(first)} and {times(other)}")
    if len(sources) == 1:
        graph.current = sources[0]
    else:
        graph.add(section, "concat", tuple(sources))


def _part(graph: DarknetGraph, section: Section, source: str, groups: int, group: int) -> str:
    channels = graph.builder.shapes[source][0]
    if channels % groups:
        raise section.refuse(f"{channels} channels cannot be split into {groups} groups")
    part = quotient(channels, groups)
    graph.add(section, "slice", (source,), start=part * group, stop=part * (group + 1))
    return graph.current


def _shortcut(graph: DarknetGraph, section: Section) -> None:
    """A sum, of which each term may have a learned factor, for all channels or for each.

    The factors may be normalized, which happens once and not at each position (src/blas.c of AlexeyAB,
    shortcut_multilayer_cpu).
    """
    own = graph.current
    terms = [own, *(_fit(graph, section, source, own) for source in graph.sources(section, "from"))]
    kind = section.word("weights_type", "none")
    if kind not in WEIGHTS:
        raise section.refuse(f"weights_type takes {', '.join(WEIGHTS)}, not {quoted(kind)}")
    section.asked.add("weights_normalization")
    if (settings := WEIGHTS[kind]) is not None:
        terms = [_weigh(graph, section, term, settings) for term in terms]
    graph.add(section, "add", tuple(terms))
    _activate(graph, section)


def _weigh(graph: DarknetGraph, section: Section, term: str, settings: Settings) -> str:
    graph.append(section, "scale", settings, (term,))
    return graph.current


def _fit(graph: DarknetGraph, section: Section, source: str, own: str) -> str:
    """An output at the size of another, as Darknet adds them (src/blas.c, shortcut_cpu).

    Of the larger map every n-th position takes part, as far as both reach, and the channels that both have.
    """
    shape, target = graph.builder.shapes[source], graph.builder.shapes[own]
    if shape == target:
        return source
    if len(shape) != len(target):
        raise section.refuse(f"shortcut needs two maps or two vectors, got {times(target)} and {times(shape)}")
    graph.current = source
    if shape[1:] != target[1:]:
        _resample(graph, section, target)
    missing = target[0] - shape[0]
    if missing > 0:
        graph.add(section, "pad", (), channels=(0, missing))
    elif missing < 0:
        graph.add(section, "slice", (), stop=target[0])
    return graph.current


def _resample(graph: DarknetGraph, section: Section, target: tuple[int, ...]) -> None:
    """Bring the current map to the height and width of a target."""
    channels, *size = graph.shape
    down = {one // other for one, other in zip(size, target[1:], strict=True)}
    up = {other // one for one, other in zip(size, target[1:], strict=True)}
    if len(down) > 1 or len(up) > 1:
        shown = f"{times(target)} and {times(graph.shape)}"
        raise section.refuse(f"shortcut needs heights and widths of the same ratio, got {shown}")
    if (step := max(down)) > 1:
        graph.add(section, "subsample", (), kernel=1, stride=step)
    if (step := max(up)) > 1:
        height, width = size
        # Zeros behind each number, and then behind each row.
        graph.add(section, "reshape", (), shape=(channels, height * width, 1))
        graph.add(section, "pad", (), padding=(0, 0, 0, step - 1))
        graph.add(section, "reshape", (), shape=(channels, height, width * step))
        graph.add(section, "pad", (), padding=(0, 0, 0, (step - 1) * width * step))
        graph.add(section, "reshape", (), shape=(channels, height * step, width * step))
    missing = [after - before for before, after in zip(graph.shape[1:], target[1:], strict=True)]
    if min(missing) < 0:
        graph.add(section, "crop", (), amount=(0, -missing[0], 0, -missing[1]))
    elif max(missing) > 0:
        graph.add(section, "pad", (), padding=(0, missing[0], 0, missing[1]))


def _gate(graph: DarknetGraph, section: Section) -> None:
    """A product: of a map and one number for each channel or position, or of two maps."""
    source = graph.sources(section, "from")[0]
    section.asked.add("scale_wh")
    shape, gate = graph.builder.shapes[source], graph.shape
    if any(one not in (1, other) for one, other in zip(gate, shape, strict=False)) or len(gate) != len(shape):
        raise section.refuse(f"{section.kind} cannot multiply {times(shape)} by {times(gate)}")
    graph.add(section, "multiply", (source, graph.current))
    _activate(graph, section)


# --- layers without weights ---


def _upsample(graph: DarknetGraph, section: Section) -> None:
    graph.as_map(section)
    scale = section.real("scale", "1")
    graph.add(section, "upsample", (), factor=section.number("stride", 2, 1))
    if scale != "1":
        graph.add(section, "apply", (), function=affine(scale, "0"))


def _reorg(graph: DarknetGraph, section: Section) -> None:
    if extra := section.number("extra", 0):
        # Zeros behind all numbers of the map (src/reorg_layer.c).
        graph.flatten(section)
        graph.add(section, "pad", (), channels=(0, extra))
        return
    graph.as_map(section)
    section.refuse_options("flatten")
    kind = "pixel_shuffle" if section.has("reverse") else "pixel_unshuffle"
    graph.add(section, kind, (), factor=section.number("stride", 1, 1))


def _crop(graph: DarknetGraph, section: Section) -> None:
    _, height, width = graph.as_map(section)
    rows, columns = section.number("crop_height", 1, 1, height), section.number("crop_width", 1, 1, width)
    top, left = half(height - rows), half(width - columns)
    graph.add(section, "crop", (), amount=(top, height - rows - top, left, width - columns - left))


def _dropout(graph: DarknetGraph, section: Section) -> None:
    graph.add(section, "dropout", (), rate=section.real("probability", "0.5"))


def _softmax(graph: DarknetGraph, section: Section) -> None:
    if not section.has("spatial"):
        graph.flatten(section)
    graph.add(section, "softmax")


def _logistic(graph: DarknetGraph, section: Section) -> None:
    graph.add(section, "sigmoid")


def _detections(graph: DarknetGraph, _: Section) -> None:
    """An output of the network; its loss and its decoding of boxes are not parts of the network."""
    graph.results.append(graph.current)


def _nothing(graph: DarknetGraph, section: Section) -> None:
    """A loss, or a section that passes on what it reads."""


def _strides(section: Section) -> tuple[int, int]:
    stride = section.number("stride", 1, 1)
    return section.number("stride_y", stride, 1), section.number("stride_x", stride, 1)


def _padding(section: Section, kernel: int) -> int:
    padding = section.number("padding", 0)
    return half(kernel) if section.has("pad") else padding


def _sides(before: int, after: int) -> Plain:
    return before if before == after else (before, after) * 2


READERS: dict[str, SectionReader] = {
    "convolutional": _convolutional,
    "deconvolutional": _deconvolutional,
    "maxpool": _maxpool,
    "local_avgpool": _local_avgpool,
    "avgpool": _avgpool,
    "connected": _connected,
    "local": _local,
    "batchnorm": _batchnorm,
    "normalization": _normalization,
    "route": _route,
    "shortcut": _shortcut,
    "scale_channels": _gate,
    "sam": _gate,
    "upsample": _upsample,
    "reorg": _reorg,
    "reorg3d": _reorg,
    "crop": _crop,
    "dropout": _dropout,
    "softmax": _softmax,
    "logistic": _logistic,
    "yolo": _detections,
    "gaussian_yolo": _detections,
    "region": _detections,
    "detection": _detections,
    "activation": _activate,
    "silence": _nothing,
    "cost": _nothing,
    "contrastive": _nothing,
}
