"""The facts that explain a layer: its formulas with numbers, and comparisons.

A layer's derivations are the formulas of its type with numbers. The comparisons follow CS231n's notes,
"Convolutional Networks": parameter sharing, im2col, a linear layer as a convolution, stacks of small
filters; and MobileNet's separable pairs.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import cached_property
from math import ceil, prod

from cnncalc import limits
from cnncalc.analyses.counting import Implementation, find_implementation
from cnncalc.analyses.fits import AxisFit, fits
from cnncalc.analyses.layer_rules import LayerRule, layer_rules
from cnncalc.analyses.receptive_field import Field, receptive_fields
from cnncalc.analyses.sharing import (
    Counts,
    ExactRatio,
    SeparablePair,
    connectivity,
    counts,
    is_dense,
    is_pointwise,
    reads,
    separable_pairs,
    ungrouped_figures,
    wiring,
)
from cnncalc.analyses.totals import Totals, totals
from cnncalc.errors import RuleError
from cnncalc.layers.contract import Aliasing, Matrices, Remark
from cnncalc.layers.shapes import Shape, SlidingWindow, SpreadWindow, Window, axis_names
from cnncalc.network.records import Figures, Group, Layer, LayerGraph, inference_layers
from cnncalc.record import Record
from cnncalc.spec.templates import Computed, FilledText, Listed, Template
from cnncalc.syntax.expressions import Value, parse

# The larger image, in strides of the network: 384 instead of 224 for VGG-16, as in CS231n's notes.
LARGER_BY = 5
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
    rules: tuple[LayerRule, ...]

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of the output's spatial axes."""
        return axis_names(self.layer.output_shape.rank)


def explain(network: LayerGraph, name: str, bundled: str = "") -> Explanation:
    """The explanation of the layer with this name, which must exist; `bundled` is the bundled network, if it is one."""
    return NetworkExplainer(network, bundled).explain(name)


class NetworkExplainer:
    """Explains the layers of a network. What several of them need is computed once, when it is first needed."""

    def __init__(self, network: LayerGraph, bundled: str = "") -> None:
        self.network = network
        self.bundled = bundled
        self._slid: dict[Shape, dict[str, Shape | None]] = {}

    def explain(self, name: str) -> Explanation:
        """The explanation of the layer with this name, which must exist."""
        layer = self.layers[name]
        figures = layer.figures
        wired = wiring(layer)
        separable = self._separable.get(name)
        return Explanation(
            self.network,
            layer,
            self._totals,
            self._origin(layer),
            tuple(self._readers.get(name, ())),
            derivations(figures),
            self._ranks(layer),
            None if wired is None else counts(layer),
            _compared(layer),
            reads(layer),
            connectivity(layer),
            _most_read(layer),
            _grouping(layer),
            separable,
            None if separable is None else _separable_share(separable),
            self._stack(layer),
            figures.type.matrices(figures.input_shapes, figures.output_shape),
            self._as_convolution(layer),
            fits(layer),
            self._remarks(layer),
            () if layer.training_only else layer_rules(layer, self._implementation),
        )

    @cached_property
    def layers(self) -> dict[str, Layer]:
        """The layers by name."""
        return {layer.name: layer for layer in self.network.layers}

    @cached_property
    def _totals(self) -> Totals:
        return totals(self.network)

    @cached_property
    def _implementation(self) -> Implementation:
        return find_implementation(self.network, self.bundled)

    @cached_property
    def _readers(self) -> dict[str, list[str]]:
        """The layers that read each layer or input."""
        readers: dict[str, list[str]] = {}
        for layer in self.network.layers:
            for name in dict.fromkeys(layer.inputs):
                readers.setdefault(name, []).append(layer.name)
        return readers

    @cached_property
    def _separable(self) -> dict[str, SeparablePair]:
        """The first pair that each layer is in."""
        pairs: dict[str, SeparablePair] = {}
        for pair in separable_pairs(self.network):
            for layer in (pair.depthwise, pair.pointwise):
                pairs.setdefault(layer.name, pair)
        return pairs

    @cached_property
    def _groups(self) -> dict[str, list[Group]]:
        groups: dict[str, list[Group]] = {}
        for group in self.network.groups:
            groups.setdefault(group.name, []).append(group)
        return groups

    @cached_property
    def _amounts(self) -> tuple[list[int], list[int]]:
        """The parameters and the MACs of all layers at inference, sorted."""
        rest = inference_layers(self.network.layers)
        return sorted(layer.params for layer in rest), sorted(layer.macs for layer in rest)

    def _origin(self, layer: Layer) -> Origin:
        kind = layer.figures.type
        settings = tuple(
            GivenSetting(key, value, _text(layer.written.get(key)), key not in layer.written)
            for key, value in layer.settings.items()
            if key in kind.settings
        )
        dots = [place for place, character in enumerate(layer.name) if character == "."]
        around = tuple(group for dot in dots for group in self._groups.get(layer.name[:dot], ()))
        return Origin(settings, around)

    def _ranks(self, layer: Layer) -> dict[str, int]:
        """The layer's rank in the network by parameters and by MACs, the heaviest first."""
        params, macs = self._amounts
        return {
            "params": 1 + len(params) - bisect_right(params, layer.params),
            "macs": 1 + len(macs) - bisect_right(macs, layer.macs),
        }

    def _remarks(self, layer: Layer) -> tuple[Remark, ...]:
        """The layer's remarks with all numbers; remarks about its source include the source's name."""
        figures = layer.figures
        names = figures.type.symbols(figures.input_shapes, figures.output_shape)
        found: list[Remark] = []
        for remark in figures.type.remarks(figures.input_shapes, figures.output_shape):
            if remark.unless_frozen and layer.frozen:
                continue
            values = {**names, **remark.values}
            if remark.of_source:
                source = self._source_of(layer)
                if source is None:
                    continue
                values |= {"source": source.name, "source_params": source.figures.params, "source_macs": source.macs}
            found.append(remark._replace(values=values))
        return tuple(found)

    def _source_of(self, layer: Layer) -> Layer | None:
        """The nearest previous layer with weights that connect outputs to inputs; None if paths meet before it."""
        return next((above for above in self._above(layer) if wiring(above) is not None), None)

    def _above(self, layer: Layer) -> Iterable[Layer]:
        """The layers that lead to a layer, the nearest first, as long as there is only one path."""
        at = layer
        while len(at.inputs) == 1 and at.inputs[0] in self.layers:
            at = self.layers[at.inputs[0]]
            yield at

    # --- a linear layer as a convolution ----------------------------------------------------------

    def _read_map(self, layer: Layer) -> tuple[str, Shape] | None:
        """The feature map that was flattened to a vector, with its source; None if there is none."""
        if layer.input_shapes[0].rank:
            return layer.inputs[0], layer.input_shapes[0]
        for above in self._above(layer):
            if not above.inputs:
                return None
            shape = above.input_shapes[0]
            if wiring(above) is not None or shape.elements != above.output_shape.elements:
                return None
            if shape.rank:
                return above.inputs[0], shape
        return None

    @cached_property
    def _fields(self) -> dict[str, Field | None]:
        return receptive_fields(self.network)

    @cached_property
    def _rank(self) -> int:
        return max((layer.output_shape.rank for layer in self.network.layers), default=0)

    def _as_convolution(self, layer: Layer) -> AsConvolution | None:
        if not is_dense(layer):
            return None
        read = self._read_map(layer)
        filters = layer.output_shape.channels
        if read is None:
            if not self._rank:
                return None
            above = self._source_of(layer)
            name, kernel = layer.inputs[0] if above is None else above.name, (1,) * self._rank
            equal = AsConvolution(layer.input_shapes[0].elements, kernel, filters, name, False, None, None, None, None)
        else:
            origin, image = read
            equal = AsConvolution(image.channels, image.spatial, filters, origin, True, None, None, None, None)
        return self._on_a_larger_image(layer, equal)

    def _on_a_larger_image(self, layer: Layer, equal: AsConvolution) -> AsConvolution:
        """The layer's output for a larger image if all linear layers are convolutions."""
        strides: set[object] = set()
        for above in (layer, *self._above(layer)):
            if not above.inputs:
                break
            shape, field = above.input_shapes[0], self._fields.get(above.inputs[0])
            if shape.rank and field is not None:
                strides = {axis.stride for axis in field}
                break
        stride = strides.pop() if len(strides) == 1 else None
        if len(self.network.inputs) != 1 or not isinstance(stride, int):
            return equal
        image = self.network.inputs[0][1]
        larger = Shape((image.channels, *(size + LARGER_BY * stride for size in image.spatial)))
        if larger not in self._slid:
            self._slid[larger] = self._slide(larger)
        slid = self._slid[larger]
        given, end = slid[layer.name], slid[self.network.outputs[0]]
        return equal if given is None else equal._replace(larger=larger, gives=given, end=end, shift=stride)

    def _slide(self, image: Shape) -> dict[str, Shape | None]:
        """The shape of each output for another image, with linear layers as convolutions; None if undefined."""
        shapes: dict[str, Shape | None] = {self.network.inputs[0][0]: image}
        for layer in self.network.layers:
            inputs = [shapes[name] for name in layer.inputs]
            known = tuple(shape for shape in inputs if shape is not None)
            shapes[layer.name] = self._slide_layer(layer, known) if len(known) == len(inputs) else None
        return shapes

    def _slide_layer(self, layer: Layer, inputs: tuple[Shape, ...]) -> Shape | None:
        kind = layer.figures.type
        if not inputs:
            return layer.output_shape
        image = inputs[0]
        if image.rank and is_dense(layer):
            read = self._read_map(layer)
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

    # --- small filters one after another ----------------------------------------------------------

    def _stack(self, layer: Layer) -> Stack | None:
        """The full convolutions of stride 1 and equal channels that end in a layer, if there are two or more."""
        if not _stackable(layer):
            return None
        chain: list[Layer] = [layer]
        for above in self._above(layer):
            if _stackable(above):
                chain.append(above)
            elif wiring(above) is not None or above.input_shapes[:1] != (above.output_shape,):
                break
        if len(chain) < 2:
            return None
        chain.reverse()
        kernels = [tuple(window.kernel for window in _sliding(one)) for one in chain]
        field = tuple(1 + sum(size - 1 for size in along) for along in zip(*kernels, strict=True))
        channels = layer.output_shape.channels
        taps = sum(map(prod, kernels))
        together = derive("stacked_weights", "taps * channels ** 2", {"taps": taps, "channels": channels})
        if len(set(kernels)) == 1:
            values: dict[str, Value] = {
                "layers": len(chain),
                "kernel_positions": prod(kernels[0]),
                "channels": channels,
            }
            together = derive("stacked_weights", "layers * kernel_positions * channels ** 2", values)
        single = derive(
            "single_weights",
            "kernel_positions * channels ** 2",
            {"kernel_positions": prod(field), "channels": channels},
        )
        return Stack(tuple(chain), field, together, single)


# --- one layer ------------------------------------------------------------------------------------


def _text(template: Template | None) -> str:
    """The text of an expression; empty for a constant."""
    if isinstance(template, Computed):
        return template.expression.text
    if isinstance(template, FilledText):
        return "".join(part if isinstance(part, str) else f"{{{_text(part)}}}" for part in template.parts)
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
        raise TypeError(f"{text} is not a number")
    return value


def _compared(layer: Layer) -> tuple[Derivation, ...]:
    """The derivations of the parameters without sharing, and with full connections."""
    wired, each = wiring(layer), reads(layer)
    if wired is None or each is None:
        return ()
    outputs = layer.output_shape.elements
    values: dict[str, Value] = {
        "in_elements": layer.input_shapes[0].elements,
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
    wired, output = wiring(layer), layer.output_shape
    if wired is None:
        return None
    image = layer.input_shapes[0]
    found = layer.figures.type.windows(layer.input_shapes)
    windows = [window for window in found if isinstance(window, SlidingWindow | SpreadWindow)]
    if not any(window.before > 0 or window.after > 0 for window in windows):
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


def _sliding(layer: Layer) -> tuple[SlidingWindow, ...]:
    windows = layer.figures.type.windows(layer.input_shapes)
    return tuple(window for window in windows if isinstance(window, SlidingWindow))


def _stackable(layer: Layer) -> bool:
    wired = wiring(layer)
    if wired is None or wired.full is not None:
        return False
    image = layer.input_shapes[0]
    if not image.rank or image.channels != layer.output_shape.channels:
        return False
    if layer.figures.type.matrices(layer.input_shapes, layer.output_shape) is None or is_pointwise(layer):
        return False
    windows = _sliding(layer)
    return len(windows) == image.rank and all(window.stride == window.dilation == 1 for window in windows)
