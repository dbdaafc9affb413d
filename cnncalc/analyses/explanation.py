"""Explanations: the calculation of one layer, and the network as a sequence of stages.

A layer's derivations are the formulas of its type with numbers. The comparisons follow CS231n's notes,
"Convolutional Networks": parameter sharing, im2col, a linear layer as a convolution, stacks of small
filters; and MobileNet's separable pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from functools import lru_cache
from math import ceil, prod

from cnncalc import limits
from cnncalc.analyses.receptive_field import receptive_fields
from cnncalc.analyses.sharing import (
    Counts,
    ExactRatio,
    SeparablePair,
    all_connections,
    connectivity,
    counts,
    is_pointwise,
    reads,
    separable_pairs,
    ungrouped_figures,
    wiring,
)
from cnncalc.analyses.totals import Totals, totals
from cnncalc.analyses.tree import NOTHING, Figure, Node, tree
from cnncalc.errors import RuleError
from cnncalc.layers.contract import Aliasing, Matrices, Remark
from cnncalc.layers.shapes import Shape, SlidingWindow, SpreadWindow, Window, axis_names, half, same_padding
from cnncalc.network.records import Figures, Group, Layer, LayerGraph, inference_layers
from cnncalc.record import Record
from cnncalc.spec.templates import Computed, Listed, Template
from cnncalc.syntax.expressions import Value, parse

# The search range for settings that fit the output-size formula.
NEAREST = 4
# The larger image, in strides of the network: 384 instead of 224 for VGG-16, as in CS231n's notes.
LARGER_BY = 5
MOST_STAGES = 14

# The largest value of a layer's formula.
FORMULAS_END = 10**200


class GivenSetting(Record):
    """A setting's value; `written` is its expression in the spec, "" if that is the value itself."""

    name: str
    value: object
    written: str
    is_default: bool


class Origin(Record):
    """The origin of a layer: its settings, and the blocks around it, outermost first."""

    settings: tuple[GivenSetting, ...]
    blocks: tuple[Group, ...]


class Derivation(Record):
    """A formula with its numbers.

    `key` is that of `LayerType.formulas`, or names another quantity; `axes` are the spatial axes, in order, that
    have the same numbers.
    """

    key: str
    axes: tuple[str, ...]
    formula: str
    values: dict[str, Value]
    result: int | Fraction


class AxisFit(Record):
    """The fit of a kernel at the end of an axis, and settings that would fit.

    `lost` are the input's last positions that no output reads, `unused` those of the padding after it;
    `between` are the positions skipped between windows. `beyond` is the part of the last window after input and
    padding, if sizes are rounded up. `remedies` are settings with values, each of which is sufficient, the
    smaller first; a padding of two numbers is before and after.
    """

    axis: str
    size: int
    window: SlidingWindow
    outputs: int
    lost: int
    unused: int
    between: int
    beyond: int
    remedies: tuple[tuple[str, tuple[int, ...]], ...]

    @property
    def uneven(self) -> bool:
        """Whether the padding before and after differs, as given or as far as it is read."""
        return self.window.before != self.window.after

    @property
    def remarkable(self) -> bool:
        """Whether there is anything to say."""
        return bool(self.lost or self.unused or self.between or self.beyond or self.uneven)


class AsConvolution(Record):
    """The equivalent convolution of a linear layer, and its output for a larger image.

    `source` is the layer or input that outputs the feature map or vector that it reads. `larger` is an image,
    `gives` the layer's output for it and `end` the network's; None if the network does not accept another size.
    `shift` is the distance between the positions in the image.
    """

    channels: int
    kernel: tuple[int, ...]
    filters: int
    source: str
    from_map: bool
    larger: Shape | None
    gives: Shape | None
    end: Shape | None
    shift: int | None


class Stack(Record):
    """Consecutive convolutions with equally many channels, and the single one with an equal field.

    `field` is the size of their field; `weights` and `single` are the derivations of both.
    """

    layers: tuple[Layer, ...]
    field: tuple[int, ...]
    weights: Derivation
    single: Derivation

    @property
    def windows(self) -> tuple[SlidingWindow, ...]:
        """The windows of the last of them."""
        return _sliding(self.layers[-1])


class Grouping(Record):
    """A grouped, depthwise or partly connected convolution and the full one."""

    full: Figures
    params: ExactRatio
    macs: ExactRatio


class Explanation(Record):
    """The explanation of a layer; parts that do not apply are None or empty."""

    network: LayerGraph
    layer: Layer
    totals: Totals
    origin: Origin
    readers: tuple[str, ...]
    derivations: tuple[Derivation, ...]
    ranks: dict[str, int]
    sharing: Counts | None
    compared: tuple[Derivation, ...]
    reads: Fraction | None
    connectivity: ExactRatio | None
    most_read: int | None
    grouping: Grouping | None
    separable: SeparablePair | None
    separable_share: Derivation | None
    stack: Stack | None
    matrices: Matrices | None
    convolution: AsConvolution | None
    fits: tuple[AxisFit, ...]
    remarks: tuple[Remark, ...]

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of the output's spatial axes."""
        return axis_names(self.layer.output_shape.rank)


def explain(network: LayerGraph, name: str) -> Explanation:
    """The explanation of the layer with this name, which must exist."""
    layer = next(layer for layer in network.layers if layer.name == name)
    figures = layer.figures
    wired = wiring(layer)
    pairs = (pair for pair in separable_pairs(network) if layer in (pair.depthwise, pair.pointwise))
    separable = next(pairs, None)
    return Explanation(
        network,
        layer,
        totals(network),
        _origin(network, layer),
        tuple(reader.name for reader in network.layers if name in reader.inputs),
        derivations(figures),
        _ranks(network, layer),
        None if wired is None else counts(layer),
        _compared(layer),
        reads(layer),
        connectivity(layer),
        _most_read(layer),
        _grouping(layer),
        separable,
        None if separable is None else _separable_share(separable),
        _stack(network, layer),
        figures.type.matrices(figures.input_shapes, figures.output_shape),
        _as_convolution(network, layer),
        fits(layer),
        _remarks(network, layer),
    )


# --- one layer ------------------------------------------------------------------------------------


def _origin(network: LayerGraph, layer: Layer) -> Origin:
    kind = layer.figures.type
    settings = tuple(
        GivenSetting(key, value, _text(layer.written.get(key)), key not in layer.written)
        for key, value in layer.settings.items()
        if key in kind.settings
    )
    around = (group for group in network.groups if layer.name.startswith(f"{group.name}."))
    return Origin(settings, tuple(sorted(around, key=lambda group: group.name.count("."))))


def _text(template: Template | None) -> str:
    """The text of an expression; empty for a constant."""
    if isinstance(template, Computed):
        return template.expression.text
    if isinstance(template, Listed):
        return f"[{', '.join(_text(item) or _constant(item) for item in template.items)}]"
    return ""


def _constant(template: Template) -> str:
    return str(template.evaluate({}))


def derive(key: str, formula: str, values: dict[str, Value]) -> Derivation:
    """A formula with its numbers and result."""
    return Derivation(key, (), formula, _used(formula, values), _evaluated(formula, values))


def derivations(figures: Figures) -> tuple[Derivation, ...]:
    """The layer's formulas with their numbers: output, weights and their sum, operations and their sum."""
    kind, inputs, output = figures.type, figures.input_shapes, figures.output_shape
    texts = kind.formulas()
    names = kind.symbols(inputs, output)
    whole = [derive(key, texts[key], names) for key in ("out_channels", "out_elements") if key in texts]
    sizes = _sizes(figures, texts["out_size"], names) if "out_size" in texts else ()
    weights = [derive(weight.name, texts[weight.name], names) for weight in figures.weights]
    learned: dict[str, Value] = {weight.name: weight.size for weight in figures.weights if weight.learned}
    if len(learned) > 1:
        weights.append(derive("params", " + ".join(learned), learned))
    done: dict[str, Value] = {key: number for key, number in figures.operations._asdict().items() if number}
    work = [derive(key, texts[key], names) for key in done]
    if done and list(done) != ["multiply_accumulates"]:
        terms = [f"2 * {key}" if key == "multiply_accumulates" else key for key in done]
        work.append(derive("flops", " + ".join(terms), done))
    elif done:
        work.append(derive("flops", "2 * multiply_accumulates", done))
    return (*whole, *sizes, *weights, *work)


def _sizes(figures: Figures, text: str, names: dict[str, Value]) -> Iterable[Derivation]:
    """The derivations of the output size, one for all axes with the same numbers."""
    inputs, output = figures.input_shapes, figures.output_shape
    largest = max(inputs, key=lambda shape: shape.rank)
    if output.rank != largest.rank:
        return
    by_numbers: dict[tuple[object, ...], Derivation] = {}
    windows = figures.type.windows(inputs)
    sizes = [
        max(along) for along in zip(*(shape.spatial for shape in inputs if shape.rank == largest.rank), strict=True)
    ]
    if len({shape.spatial for shape in inputs}) > 1:
        sizes = list(inputs[0].spatial) if inputs[0].rank == largest.rank else sizes
    for axis, size, window, result in zip(axis_names(output.rank), sizes, windows, output.spatial, strict=True):
        fields: dict[str, Value] = window._asdict()  # type: ignore[attr-defined]  # every window is a named tuple
        values = _used(text, {**names, "in_size": size, **fields})
        key = (*values.values(), result)
        known = by_numbers.get(key)
        axes = (*known.axes, axis) if known else (axis,)
        by_numbers[key] = Derivation("out_size", axes, text, values, result)
    yield from by_numbers.values()


def _used(text: str, names: Mapping[str, Value]) -> dict[str, Value]:
    """The names that a formula uses, with their numbers."""
    return {name: names[name] for name, _ in parse(text).names if name in names}


def _evaluated(text: str, names: Mapping[str, Value]) -> int | Fraction:
    # The values of layers' formulas are bounded by the limits of the spec.
    with limits.InForce(limits.Limits(number=FORMULAS_END)):
        value = parse(text).evaluate(names)
    if not isinstance(value, int | Fraction):
        raise TypeError(f"{text} is no number")
    return value


def _ranks(network: LayerGraph, layer: Layer) -> dict[str, int]:
    """The layer's rank in the network by parameters and by MACs, the heaviest first."""
    rest = inference_layers(network.layers)
    return {
        "params": 1 + sum(other.params > layer.params for other in rest),
        "macs": 1 + sum(other.macs > layer.macs for other in rest),
    }


def _compared(layer: Layer) -> tuple[Derivation, ...]:
    """The derivations of the parameters without sharing, and with full connections."""
    wired, each = wiring(layer), reads(layer)
    if wired is None or each is None:
        return ()
    outputs = layer.output_shape.elements
    values: dict[str, Value] = {
        "in_elements": sum(shape.elements for shape in layer.input_shapes),
        "out_elements": outputs,
        "connections": wired.connections,
        "biases": wired.biases,
        "reads": each.numerator,
    }
    bias = " + biases" if wired.biases else ""
    unshared = f"connections{bias}"
    most = _most_read(layer)
    if each.denominator == 1 and wired.biases in (0, outputs) and (most is None or most >= each):
        unshared = "out_elements * (reads + 1)" if wired.biases else "out_elements * reads"
    return (
        derive("unshared", unshared, values),
        derive("fully_connected", f"in_elements * out_elements{bias}", values),
    )


def _most_read(layer: Layer) -> int | None:
    """The most inputs that an output reads if some connections are to padding; None if none is."""
    wired, image, output = wiring(layer), layer.input_shapes[0], layer.output_shape
    found = layer.figures.type.windows(layer.input_shapes)
    windows = [window for window in found if isinstance(window, SlidingWindow | SpreadWindow)]
    if wired is None or not any(window.before > 0 or window.after > 0 for window in windows):
        return None
    slid = output if isinstance(windows[0], SlidingWindow) else image
    each = Fraction(wired.connections, slid.positions * output.channels * prod(window.kernel for window in windows))
    return ceil(each) * prod(window.most_taps(size) for window, size in zip(windows, image.spatial, strict=True))


def _separable_share(pair: SeparablePair) -> Derivation | None:
    """The pair's share of the full convolution's cost, if it is 1/N + 1/k^2; else None."""
    windows = pair.depthwise.figures.type.windows(pair.depthwise.input_shapes)
    taps = prod(window.kernel for window in windows if isinstance(window, SlidingWindow))
    values: dict[str, Value] = {"filters": pair.pointwise.output_shape.channels, "kernel_positions": taps}
    share = derive("separable_share", "1 / filters + 1 / kernel_positions", values)
    return share if share.result == Fraction(*pair.macs) else None


def _grouping(layer: Layer) -> Grouping | None:
    full = ungrouped_figures(layer)
    if full is None:
        return None
    macs = ExactRatio(layer.macs, full.operations.multiply_accumulates)
    return Grouping(full, ExactRatio(layer.figures.params, full.params), macs)


def _remarks(network: LayerGraph, layer: Layer) -> tuple[Remark, ...]:
    """The layer's remarks with all numbers; remarks about its source include the source's name."""
    figures = layer.figures
    names = figures.type.symbols(figures.input_shapes, figures.output_shape)
    found: list[Remark] = []
    for remark in figures.type.remarks(figures.input_shapes, figures.output_shape):
        values = {**names, **remark.values}
        if remark.of_source:
            source = source_of(network, layer)
            if source is None:
                continue
            values |= {"source": source.name, "source_params": source.figures.params, "source_macs": source.macs}
        found.append(remark._replace(values=values))
    return tuple(found)


def source_of(network: LayerGraph, layer: Layer) -> Layer | None:
    """The nearest previous layer with weights that connect outputs to inputs; None if paths meet before it."""
    return next((above for above in _above(network, layer) if wiring(above) is not None), None)


def _above(network: LayerGraph, layer: Layer) -> Iterable[Layer]:
    """The layers that lead to a layer, the nearest first, as long as there is only one path."""
    by_name = {other.name: other for other in network.layers}
    at = layer
    while len(at.inputs) == 1 and at.inputs[0] in by_name:
        at = by_name[at.inputs[0]]
        yield at


# --- where a kernel does not fit ------------------------------------------------------------------


def fits(layer: Layer) -> tuple[AxisFit, ...]:
    """The fit of the kernel of a convolution or pool on each axis, if it is remarkable."""
    if "kernel" not in layer.settings:
        return ()
    image = max(layer.input_shapes, key=lambda shape: shape.rank)
    windows = layer.figures.type.windows(layer.input_shapes)
    axes = zip(axis_names(image.rank), image.spatial, windows, strict=True)
    found = (_fit(axis, size, window) for axis, size, window in axes if isinstance(window, SlidingWindow))
    return tuple(fit for fit in found if fit.remarkable)


@lru_cache(maxsize=1_000)
def _fit(axis: str, size: int, window: SlidingWindow) -> AxisFit:
    outputs = window.slide(size)
    end = window.reads(outputs - 1, size)[-1] + 1
    lost = max(size - max(end, 0), 0)
    unused, beyond = max(size + window.after - max(end, size), 0), max(end - size - window.after, 0)
    between = max(window.stride - window.extent, 0)
    found = AxisFit(axis, size, window, outputs, lost, unused, between, beyond, ())
    return found._replace(remedies=tuple(_remedies(size, window, found)))


def _remedies(size: int, window: SlidingWindow, fit: AxisFit) -> Iterable[tuple[str, tuple[int, ...]]]:
    """Single settings close to the given ones that fit: the padding, else kernel, stride or size."""
    both = window.before + window.after

    def extent(kernel: int) -> int:
        return window.dilation * (kernel - 1) + 1

    if fit.between:
        wide = window.kernel + -(-fit.between // window.dilation)
        if extent(wide) <= size + both:
            yield "kernel", (wide,)
        yield "stride", (window.extent,)
        return

    def fitting(size: int, kernel: int, stride: int) -> bool:
        """Whether the kernel ends at the end of the padding; uneven padding must become even, as with `same`."""
        around = both
        if fit.uneven:
            before, after = same_padding(size, kernel, stride, window.dilation)
            if before != after:
                return False
            around = before + after
        room = size + around - extent(kernel)
        return room >= 0 and room % stride == 0 and stride <= extent(kernel)

    def nearest(value: int, fits: Callable[[int], bool]) -> tuple[int, ...]:
        near = (value - step for away in range(1, NEAREST + 1) for step in (away, -away))
        return tuple(sorted([other for other in near if other >= 1 and fits(other)][:2]))

    # Padding that fits repeats with a period of `stride`.
    ending = both + (window.extent - size - both) % window.stride
    even = [
        half(around)
        for around in (ending - window.stride, ending, ending + window.stride)
        if around % 2 == 0 and max(window.extent - size, 0) <= around < 2 * window.extent
        if abs(around - both) <= window.stride and (around != both or fit.uneven)
    ]
    if even:
        yield "padding", (min(even, key=lambda side: abs(2 * side - both)),)
    elif not fit.uneven:
        # One side only: more if pixels are not read or the kernel exceeds the end, less if padding is not read.
        missing = -(size + both - window.extent) % window.stride
        yield "padding", (window.before, window.after + (-fit.unused if fit.unused and not fit.lost else missing))
    settings: tuple[tuple[str, int, Callable[[int], bool]], ...] = (
        ("kernel", window.kernel, lambda kernel: fitting(size, kernel, window.stride)),
        ("stride", window.stride, lambda stride: fitting(size, window.kernel, stride)),
        ("size", size, lambda other: fitting(other, window.kernel, window.stride)),
    )
    for setting, value, fits_with in settings:
        if values := nearest(value, fits_with):
            yield setting, values


# --- a linear layer as a convolution --------------------------------------------------------------


def _is_dense(layer: Layer) -> bool:
    """Whether every output is a weighted sum of all inputs, and the output is a vector."""
    wired = wiring(layer)
    return wired is not None and not layer.output_shape.rank and wired.connections == all_connections(layer)


def _read_map(network: LayerGraph, layer: Layer) -> tuple[str, Shape] | None:
    """The feature map that was flattened to a vector, with its source; None if there is none."""
    if layer.input_shapes[0].rank:
        return layer.inputs[0], layer.input_shapes[0]
    for above in _above(network, layer):
        shape = above.input_shapes[0]
        if wiring(above) is not None or shape.elements != above.output_shape.elements:
            return None
        if shape.rank:
            return above.inputs[0], shape
    return None


def _as_convolution(network: LayerGraph, layer: Layer) -> AsConvolution | None:
    if not _is_dense(layer):
        return None
    read = _read_map(network, layer)
    rank = max((shape.rank for shape in (other.output_shape for other in network.layers)), default=0)
    filters = layer.output_shape.channels
    if read is None:
        if not rank:
            return None
        above = source_of(network, layer)
        name = layer.inputs[0] if above is None else above.name
        equal = AsConvolution(layer.input_shapes[0].elements, (1,) * rank, filters, name, False, None, None, None, None)
    else:
        origin, image = read
        equal = AsConvolution(image.channels, image.spatial, filters, origin, True, None, None, None, None)
    return _on_a_larger_image(network, layer, equal)


def _on_a_larger_image(network: LayerGraph, layer: Layer, equal: AsConvolution) -> AsConvolution:
    """The layer's output for a larger image if all linear layers are convolutions."""
    fields = receptive_fields(network)
    strides: set[object] = set()
    for above in (layer, *_above(network, layer)):
        shape, field = above.input_shapes[0], fields.get(above.inputs[0])
        if shape.rank and field is not None:
            strides = {axis.stride for axis in field}
            break
    stride = strides.pop() if len(strides) == 1 else None
    if len(network.inputs) != 1 or not isinstance(stride, int):
        return equal
    image = network.inputs[0][1]
    larger = Shape((image.channels, *(size + LARGER_BY * stride for size in image.spatial)))
    slid = _slid(network, larger)
    given, end = slid[layer.name], slid[network.outputs[0]]
    return equal if given is None else equal._replace(larger=larger, gives=given, end=end, shift=stride)


def _slid(network: LayerGraph, image: Shape) -> dict[str, Shape | None]:
    """The shape of each output for another image, with linear layers as convolutions; None if undefined."""
    shapes: dict[str, Shape | None] = {network.inputs[0][0]: image}
    for layer in network.layers:
        inputs = [shapes[name] for name in layer.inputs]
        known = tuple(shape for shape in inputs if shape is not None)
        shapes[layer.name] = _slid_layer(network, layer, known) if len(known) == len(inputs) else None
    return shapes


def _slid_layer(network: LayerGraph, layer: Layer, inputs: tuple[Shape, ...]) -> Shape | None:
    kind, image = layer.figures.type, inputs[0]
    if image.rank and _is_dense(layer):
        read = _read_map(network, layer)
        kernel = read[1].spatial if read else (1,) * image.rank
        windows: tuple[Window, ...] = tuple(map(SlidingWindow, kernel))
        sizes = [window.slide(size) for window, size in zip(windows, image.spatial, strict=True)]
        return Shape((layer.output_shape.channels, *sizes)) if min(sizes) >= 1 else None
    if image.rank and not layer.output_shape.rank and kind.aliasing is Aliasing.VIEW:
        return image
    try:
        return kind.output_shape(inputs)
    except RuleError:
        return None


# --- small filters one after another --------------------------------------------------------------


def _stack(network: LayerGraph, layer: Layer) -> Stack | None:
    """The full convolutions of stride 1 and equal channels that end in a layer, if there are two or more."""
    chain: list[Layer] = []
    for above in (layer, *_above(network, layer)):
        if _stackable(above):
            chain.insert(0, above)
        elif wiring(above) is not None or above.input_shapes[0] != above.output_shape:
            break
    if len(chain) < 2 or chain[-1] is not layer:
        return None
    kernels = [tuple(window.kernel for window in _sliding(one)) for one in chain]
    field = tuple(1 + sum(size - 1 for size in along) for along in zip(*kernels, strict=True))
    channels = layer.output_shape.channels
    taps = sum(map(prod, kernels))
    together = derive("stacked_weights", "taps * channels ** 2", {"taps": taps, "channels": channels})
    if len(set(kernels)) == 1:
        values: dict[str, Value] = {"layers": len(chain), "kernel_positions": prod(kernels[0]), "channels": channels}
        together = derive("stacked_weights", "layers * kernel_positions * channels ** 2", values)
    single = derive(
        "single_weights", "kernel_positions * channels ** 2", {"kernel_positions": prod(field), "channels": channels}
    )
    return Stack(tuple(chain), field, together, single)


def _sliding(layer: Layer) -> tuple[SlidingWindow, ...]:
    windows = layer.figures.type.windows(layer.input_shapes)
    return tuple(window for window in windows if isinstance(window, SlidingWindow))


def _stackable(layer: Layer) -> bool:
    wired, image = wiring(layer), layer.input_shapes[0]
    if wired is None or wired.full is not None or not image.rank or image.channels != layer.output_shape.channels:
        return False
    if layer.figures.type.matrices(layer.input_shapes, layer.output_shape) is None or is_pointwise(layer):
        return False
    windows = _sliding(layer)
    return len(windows) == image.rank and all(window.stride == window.dilation == 1 for window in windows)


# --- the whole network ----------------------------------------------------------------------------


class StoryStage(Record):
    """Consecutive parts of a network whose outputs have the same scale.

    `scale` is the distance between its positions in input positions, None after the last feature map; `shape`
    is its output shape. `from_input` tells whether it reads an input of the network, as each of two towers
    does. `weight_layers` are the layers that count as depth.
    """

    nodes: tuple[Node, ...]
    scale: Fraction | None
    from_input: bool
    shape: Shape
    figure: Figure
    layers: int
    weight_layers: int


class Part(Record):
    """The sum over a kind of layers: those that share weights over positions, or those that use each weight once."""

    layers: int
    params: int
    macs: int


class Story(Record):
    """A network from its input to its output.

    `sliding` are the layers that share weights over positions, `dense` those that use each weight once, and
    `other` the rest. `most_params` and `most_macs` are the heaviest layers, None if no layer has any.
    """

    network: LayerGraph
    totals: Totals
    stages: tuple[StoryStage, ...]
    sliding: Part
    dense: Part
    other: Part
    most_params: Layer | None
    most_macs: Layer | None
    training_only: int


def story(network: LayerGraph) -> Story:
    """The stages of a network, and its heaviest layers."""
    rest = inference_layers(network.layers)
    wired = [layer for layer in rest if wiring(layer) is not None]
    dense = [layer for layer in wired if _is_dense(layer)]
    sliding = [layer for layer in wired if not _is_dense(layer)]
    other = [layer for layer in rest if wiring(layer) is None and (layer.params or layer.macs)]
    return Story(
        network,
        totals(network),
        stages(network),
        _part(sliding),
        _part(dense),
        _part(other),
        max((layer for layer in rest if layer.params), key=lambda layer: layer.params, default=None),
        max((layer for layer in rest if layer.macs), key=lambda layer: layer.macs, default=None),
        len(network.layers) - len(rest),
    )


def _part(layers: Iterable[Layer]) -> Part:
    found = list(layers)
    return Part(len(found), sum(layer.params for layer in found), sum(layer.macs for layer in found))


def stages(network: LayerGraph) -> tuple[StoryStage, ...]:
    """The network split where the scale of its feature maps changes.

    A block is split only if it has more than two scales inside: a block that halves its map, or squeezes it to
    a vector and back, is one part. If that gives no sequence, as with parallel streams, the parts are those of
    the spec.
    """
    scales = _scales(network)
    root = tree(network)
    from_map = any(shape.positions > 1 for _, shape in network.inputs)
    cut = _cut([unit for unit in _units(root, scales) if not unit.training_only], scales, from_map=from_map)
    if len(cut) > MOST_STAGES:
        cut = _cut([unit for unit in root.children if not unit.training_only], scales, from_map=from_map)
    return tuple(_stage(tuple(nodes), scales) for nodes in cut)


def _cut(units: list[Node], scales: dict[str, Fraction | None], *, from_map: bool) -> list[list[Node]]:
    """The parts in runs of one scale; `from_map` tells whether the first reads a feature map."""
    found: list[list[Node]] = []
    own = [_scale(unit, scales) for unit in units]
    # For each part, the scale of the first map from there on.
    next_maps: list[Fraction | None] = [None]
    for scale in reversed(own):
        next_maps.append(next_maps[-1] if scale is None else scale)
    next_maps.reverse()
    # The scale of a run is that of its first map.
    run: Fraction | None = None
    for position, (unit, scale) in enumerate(zip(units, own, strict=True)):
        more = next_maps[position] is not None
        # A squeeze to one number per channel between maps belongs to the map.
        squeezed = scale is None and more and run in (next_maps[position], None) and (from_map or run is not None)
        unknown = len(found) == 1 and run is None and from_map and more
        if found and (squeezed or unknown or scale == run):
            found[-1].append(unit)
            run = scale if run is None else run
        else:
            found.append([unit])
            run = scale
    return found


def _scale_of(nodes: Iterable[Node], scales: dict[str, Fraction | None]) -> Fraction | None:
    """The scale of a run: that of its first map."""
    return next((scale for node in nodes if (scale := _scale(node, scales)) is not None), None)


def _scales(network: LayerGraph) -> dict[str, Fraction | None]:
    """The distance between outputs in input positions, along the last axis; None for one position."""
    scales = {name: Fraction(1) for name, _ in network.inputs}
    for layer in network.layers:
        largest = max(layer.input_shapes, key=lambda shape: (shape.rank, shape.positions))
        numerator, denominator = 1, 1
        if largest.rank and layer.output_shape.rank == largest.rank:
            size, left = largest.spatial[-1], layer.output_shape.spatial[-1]
            window = layer.figures.type.windows(layer.input_shapes)[-1]
            numerator, denominator = (size, 1) if left == 1 else window.pace(size)
        # A gate is broadcast over the map and has its scale.
        shapes = zip(layer.inputs, layer.input_shapes, strict=True)
        incoming = max(scales[name] for name, shape in shapes if shape.positions == largest.positions)
        scales[layer.name] = incoming * Fraction(numerator, denominator) if numerator else incoming
    maps = {layer.name for layer in network.layers if layer.output_shape.positions > 1}
    return {layer.name: scales[layer.name] if layer.name in maps else None for layer in network.layers}


def _scale(node: Node, scales: dict[str, Fraction | None]) -> Fraction | None:
    """The scale of a part's output."""
    while node.children:
        node = [child for child in node.children if node.training_only or not child.training_only][-1]
    return scales[node.name]


def _units(node: Node, scales: dict[str, Fraction | None]) -> Iterable[Node]:
    for child in node.children:
        inside = {scales[leaf.name] for leaf in _leaves(child)} - {None}
        if child.children and len(inside) > 2 and not child.training_only:
            yield from _units(child, scales)
        else:
            yield child


def _leaves(node: Node) -> Iterable[Node]:
    if node.layer is not None:
        yield node
    for child in node.children:
        yield from _leaves(child)


def _stage(nodes: tuple[Node, ...], scales: dict[str, Fraction | None]) -> StoryStage:
    figure = NOTHING
    for node in nodes:
        figure += node.figure
    inside = [leaf.layer for node in nodes for leaf in _leaves(node) if leaf.layer and not leaf.layer.training_only]
    shape = nodes[-1].output_shape
    if shape is None:
        raise TypeError("a stage has a layer")
    return StoryStage(
        nodes,
        _scale_of(nodes, scales),
        not set(inside[0].inputs) <= scales.keys(),
        shape,
        figure,
        len(inside),
        sum(layer.figures.type.counts_as_depth for layer in inside),
    )
