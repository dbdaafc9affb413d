"""What a network's weights would be without the savings that convolutions make.

A convolution uses each weight at every position of its output. That is counted back, one change at
a time:

- as it is: the learned numbers that the network keeps;
- unshared: every connection of an output number to an input number has a weight of its own, and
  every output number a bias of its own: a locally connected layer (CS231n, "Convolutional
  Networks"). LeCun et al. 1998 publish this number as a layer's connections;
- fully connected: every output number reads every input number, between the same tensors;
- ungrouped: every filter of a grouped, depthwise or partly connected convolution reads all channels;
- merged: the same, and a depthwise convolution with the 1x1 convolution after it is the one full
  convolution that the two stand for; what normalizes between them is gone (Howard et al. 2017, Table 4);
- untied: layers that take their weights from another one have their own.

Unshared and fully connected count every layer with weights of its own; ungrouped and merged leave
tied what is tied. Connections to the padding count, as they do in the multiply-accumulates, so that
a padded 3x3 filter on a 1x1 map has more of them than a full connection. Weights that connect
nothing, the factors and addends of normalizations and the slopes of activations, are the same in
every way; so are those of layers that do not tell how they connect. What is not learned counts in
none.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache

from cnncalc.layers.contract import LayerType, Shapes, Wiring
from cnncalc.layers.shapes import POINT, Shape, quotient
from cnncalc.network.records import Figures, Layer, LayerGraph, figures_of, inference_layers
from cnncalc.record import Record


class ExactRatio(Record):
    """A ratio kept exact: so much of a whole, or so much for each one."""

    part: int
    whole: int


class Counts(Record):
    """Learned numbers of a layer or a network, as it is and in each of the other ways."""

    params: int
    unshared: int
    fully_connected: int
    ungrouped: int
    merged: int
    untied: int

    def ratio(self, key: str) -> ExactRatio:
        """One of the counts against the parameters as they are: 105,705,600 for each 34,944."""
        return ExactRatio(getattr(self, key), self.params)


NOTHING = Counts(0, 0, 0, 0, 0, 0)


# --- one layer ------------------------------------------------------------------------------------


def wiring(layer: Layer) -> Wiring | None:
    """How a layer's learned weights connect its outputs with its inputs; None where they do not, or there are none."""
    figures = layer.figures
    return _wiring(figures.type, figures.input_shapes, figures.output_shape) if figures.params else None


# Each way to count a layer asks for it.
@lru_cache(maxsize=1_024)
def _wiring(layer_type: LayerType, input_shapes: Shapes, output_shape: Shape) -> Wiring | None:
    return layer_type.wiring(input_shapes, output_shape)


def unshared(layer: Layer) -> int:
    """The parameters if every connection and every output number had its own: 105,705,600 of CS231n's example."""
    wired = wiring(layer)
    return layer.figures.params if wired is None else wired.connections + wired.biases


def all_connections(layer: Layer) -> int:
    """The connections if every output number read every input number."""
    return layer.input_shapes[0].elements * layer.output_shape.elements


def is_dense(layer: Layer) -> bool:
    """Whether every number that leaves is a weighted sum of all that come in, into a vector."""
    wired = wiring(layer)
    return wired is not None and not layer.output_shape.rank and wired.connections == all_connections(layer)


def fully_connected(layer: Layer) -> int:
    """The parameters of a linear layer between the same tensors, with a bias where the layer has one."""
    wired = wiring(layer)
    return layer.figures.params if wired is None else all_connections(layer) + wired.biases


def ungrouped_figures(layer: Layer) -> Figures | None:
    """The figures of the convolution whose every filter reads all channels; None where the layer is no part of one."""
    wired = wiring(layer)
    return None if wired is None or wired.full is None else figures_of(wired.full, layer.input_shapes)


def ungrouped(layer: Layer) -> int:
    """The parameters if every filter read all channels; 0 where they are counted in the layer that shares them."""
    full = None if layer.weights_from else ungrouped_figures(layer)
    return layer.params if full is None else full.params


def untied(layer: Layer) -> int:
    """The parameters if the layer shared them with no other layer."""
    return layer.figures.params


def connectivity(layer: Layer) -> ExactRatio | None:
    """The connections of all that there could be: the layer's sparse connectivity."""
    wired = wiring(layer)
    return None if wired is None else ExactRatio(wired.connections, all_connections(layer))


def reads(layer: Layer) -> Fraction | None:
    """How many inputs an output number reads, on average: 363 in CS231n's example, of 154,587 that come in."""
    wired = wiring(layer)
    return None if wired is None else Fraction(wired.connections, layer.output_shape.elements)


def counts(layer: Layer) -> Counts:
    """A layer's parameters in every way."""
    full = ungrouped(layer)
    return Counts(layer.params, unshared(layer), fully_connected(layer), full, full, untied(layer))


# --- a depthwise convolution and the 1x1 convolution after it ---------------------------------------


class SeparablePair(Record):
    """A depthwise separable convolution, and the full one that it stands for.

    `between` are normalizations and activations. The full convolution has the depthwise one's
    windows and the pointwise one's filters and bias; `full_macs` are of one sample.
    """

    depthwise: Layer
    between: tuple[Layer, ...]
    pointwise: Layer
    full_params: int
    full_macs: int

    @property
    def macs(self) -> ExactRatio:
        """The multiply-accumulates of the two against the full one's: 1/N + 1/k^2 of it."""
        return ExactRatio(self.depthwise.macs + self.pointwise.macs, self.full_macs)


def separable_pairs(network: LayerGraph) -> tuple[SeparablePair, ...]:
    """The depthwise separable convolutions of a network: nothing but the second reads what the first gives."""
    readers: dict[str, list[Layer]] = {}
    for layer in network.layers:
        for name in layer.inputs:
            readers.setdefault(name, []).append(layer)
    outputs = set(network.outputs)
    pairs = []
    for layer in network.layers:
        full = depthwise_in_full(layer)
        if full is None:
            continue
        between: list[Layer] = []
        at = layer
        while at.name not in outputs and len(readers.get(at.name, ())) == 1:
            at = readers[at.name][0]
            if is_pointwise(at):
                pairs.append(_pair(layer, full, between, at))
            if wiring(at) is not None or len(at.inputs) > 1 or at.output_shape != layer.output_shape:
                break
            between.append(at)
    return tuple(pairs)


def depthwise_in_full(layer: Layer) -> Figures | None:
    """The full convolution of a depthwise one, whose output channels read one of several input channels; else None."""
    wired = wiring(layer)
    full = ungrouped_figures(layer)
    if wired is None or full is None:
        return None
    every = full.type.wiring(full.input_shapes, full.output_shape)
    alone = every is not None and every.connections == layer.input_shapes[0].channels * wired.connections
    return full if alone else None


def is_pointwise(layer: Layer) -> bool:
    """Whether outputs read all channels of their own position, through weights that all positions share."""
    wired = wiring(layer)
    shape, filters = layer.input_shapes[0], layer.output_shape.channels
    return (
        wired is not None
        and layer.output_shape.spatial == shape.spatial != ()
        and layer.figures.type.windows(layer.input_shapes) == (POINT,) * shape.rank
        and layer.figures.params == shape.channels * filters + (filters if wired.biases else 0)
    )


def _pair(depthwise: Layer, full: Figures, between: Iterable[Layer], pointwise: Layer) -> SeparablePair:
    """The pair, with the full convolution of as many filters as the second has."""
    filters, channels = pointwise.output_shape.channels, full.output_shape.channels
    own = wiring(depthwise)
    weights = full.params - (channels if own is not None and own.biases else 0)
    bias = pointwise.figures.params - pointwise.input_shapes[0].channels * filters
    return SeparablePair(
        depthwise,
        tuple(between),
        pointwise,
        quotient(weights * filters, channels) + bias,
        quotient(full.operations.multiply_accumulates * filters, channels),
    )


# --- a network ------------------------------------------------------------------------------------


class Sharing(Record):
    """A network's parameters in every way.

    `layers` are those that have learned weights, `total` sums those of inference and `training`
    all. `connections` are what there is of all that there could be, at inference; `kept` says how
    many parameters of each layer type connect nothing, or do not tell. `macs` are those of the network,
    `ungrouped_macs` and `merged_macs` those of the full convolutions, for one sample at inference.
    """

    layers: tuple[tuple[Layer, Counts], ...]
    total: Counts
    training: Counts
    connections: ExactRatio
    kept: dict[str, int]
    macs: int
    ungrouped_macs: int
    merged_macs: int


def sharing(network: LayerGraph) -> Sharing:
    """The parameters of a network as it is and in every other way."""
    pairs = separable_pairs(network)
    merged = _merged(pairs)
    known: dict[tuple[int, bool], Counts] = {}
    found: list[tuple[Layer, Counts]] = []
    for layer in network.layers:
        if not layer.figures.params:
            continue
        # Equal layers share their figures.
        key = (id(layer.figures), layer.weights_from is None)
        if key not in known:
            known[key] = counts(layer)
        own = known[key]
        found.append((layer, own._replace(merged=merged[layer.name]) if layer.name in merged else own))
    inference = inference_layers(network.layers)
    macs, full_macs = _macs(inference)
    remaining = [pair for pair in pairs if not pair.depthwise.training_only]
    saved = sum(_full_macs(pair.depthwise) + pair.pointwise.macs - pair.full_macs for pair in remaining)
    return Sharing(
        tuple(found),
        total(each for layer, each in found if not layer.training_only),
        total(each for _, each in found),
        _connections(inference),
        _kept(inference),
        macs,
        full_macs,
        full_macs - saved,
    )


def total(counts: Iterable[Counts]) -> Counts:
    """The sum of counts."""
    sums = list(counts)
    return Counts(*map(sum, zip(*sums, strict=True))) if sums else NOTHING


def _merged(pairs: Iterable[SeparablePair]) -> dict[str, int]:
    """What the layers of separable pairs count where each pair is one full convolution, which stands for the first."""
    merged: dict[str, int] = {}
    for pair in pairs:
        is_shared = pair.depthwise.weights_from and pair.pointwise.weights_from
        merged[pair.depthwise.name] = 0 if is_shared else pair.full_params
        merged.update(dict.fromkeys((layer.name for layer in (*pair.between, pair.pointwise)), 0))
    return merged


def _connections(layers: Iterable[Layer]) -> ExactRatio:
    pairs = [pair for pair in map(connectivity, layers) if pair is not None]
    return ExactRatio(sum(pair.part for pair in pairs), sum(pair.whole for pair in pairs))


def _kept(layers: Iterable[Layer]) -> dict[str, int]:
    kept: dict[str, int] = {}
    for layer in layers:
        if layer.params and wiring(layer) is None:
            kept[layer.type] = kept.get(layer.type, 0) + layer.params
    return kept


def _macs(layers: Iterable[Layer]) -> tuple[int, int]:
    """The multiply-accumulates as they are, and with full convolutions in place of grouped ones."""
    as_is = full = 0
    for layer in layers:
        as_is += layer.macs
        full += _full_macs(layer)
    return as_is, full


def _full_macs(layer: Layer) -> int:
    full = ungrouped_figures(layer)
    return layer.macs if full is None else full.operations.multiply_accumulates
