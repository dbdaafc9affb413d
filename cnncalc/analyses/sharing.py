"""A network's parameters without the savings of convolutions.

A convolution uses each weight at every position of its output. The variants undo its savings one by one:

- current: the network's learnable parameters;
- unshared: every connection between an output and an input element has its own weight, and every output
  element its own bias: a locally connected layer (CS231n, "Convolutional Networks"). LeCun et al. 1998
  publish this number as a layer's connections;
- fully connected: every output element reads every input element, between the same tensors;
- ungrouped: every filter of a grouped, depthwise or partly connected convolution reads all channels;
- merged: as ungrouped, but a depthwise convolution and the 1x1 convolution after it are one full
  convolution, without the normalization between them (Howard et al. 2017, Table 4);
- untied: layers that share the weights of another layer have their own.

Unshared and fully connected count separate weights for every layer; in ungrouped and merged, shared
weights stay shared. As in multiply-accumulates, connections to the padding count, so that a padded 3x3
filter on a 1x1 map has more of them than a full connection. Weights that connect nothing, such as the
scales and shifts of normalizations and the slopes of activations, are equal in all variants; so are
those of layers of unknown structure. Buffers do not count.
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
    """An exact ratio."""

    part: int
    whole: int


class Counts(Record):
    """Learnable parameters of a layer or a network, current and in the other variants."""

    params: int
    unshared: int
    fully_connected: int
    ungrouped: int
    merged: int
    untied: int

    def ratio(self, key: str) -> ExactRatio:
        """The ratio of a count to the current parameters: 105,705,600 to 34,944."""
        return ExactRatio(getattr(self, key), self.params)


NOTHING = Counts(0, 0, 0, 0, 0, 0)


# --- one layer ------------------------------------------------------------------------------------


def wiring(layer: Layer) -> Wiring | None:
    """How a layer's learnable weights connect its outputs to its inputs; None if they do not."""
    figures = layer.figures
    return _wiring(figures.type, figures.input_shapes, figures.output_shape) if figures.params else None


# Cached: each variant needs it.
@lru_cache(maxsize=1_024)
def _wiring(layer_type: LayerType, input_shapes: Shapes, output_shape: Shape) -> Wiring | None:
    return layer_type.wiring(input_shapes, output_shape)


def unshared(layer: Layer) -> int:
    """The parameters without sharing: 105,705,600 in CS231n's example."""
    wired = wiring(layer)
    return layer.figures.params if wired is None else wired.connections + wired.biases


def all_connections(layer: Layer) -> int:
    """The connections if every output element read every input element."""
    return layer.input_shapes[0].elements * layer.output_shape.elements


def is_dense(layer: Layer) -> bool:
    """Whether every output is a weighted sum of all inputs, and the output is a vector."""
    wired = wiring(layer)
    return wired is not None and not layer.output_shape.rank and wired.connections == all_connections(layer)


def fully_connected(layer: Layer) -> int:
    """The parameters of a linear layer between the same tensors, with a bias if the layer has one."""
    wired = wiring(layer)
    return layer.figures.params if wired is None else all_connections(layer) + wired.biases


def ungrouped_figures(layer: Layer) -> Figures | None:
    """The figures of the convolution with filters over all channels; None for layers that it does not apply to."""
    wired = wiring(layer)
    return None if wired is None or wired.full is None else figures_of(wired.full, layer.input_shapes)


def ungrouped(layer: Layer) -> int:
    """The parameters if every filter read all channels; 0 if they count in the layer whose weights are shared."""
    full = None if layer.weights_from else ungrouped_figures(layer)
    return layer.params if full is None else full.params


def untied(layer: Layer) -> int:
    """The parameters if the layer had its own."""
    return layer.figures.params


def connectivity(layer: Layer) -> ExactRatio | None:
    """The existing share of all possible connections: the layer's sparse connectivity."""
    wired = wiring(layer)
    return None if wired is None else ExactRatio(wired.connections, all_connections(layer))


def reads(layer: Layer) -> Fraction | None:
    """The average number of inputs that an output element reads: 363 of 154,587 in CS231n's example."""
    wired = wiring(layer)
    return None if wired is None else Fraction(wired.connections, layer.output_shape.elements)


def counts(layer: Layer) -> Counts:
    """A layer's parameters in all variants."""
    full = ungrouped(layer)
    return Counts(layer.params, unshared(layer), fully_connected(layer), full, full, untied(layer))


# --- a depthwise convolution and the 1x1 convolution after it ---------------------------------------


class SeparablePair(Record):
    """A depthwise separable convolution, and the full convolution that it replaces.

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
        """The ratio of the pair's multiply-accumulates to those of the full convolution: 1/N + 1/k^2."""
        return ExactRatio(self.depthwise.macs + self.pointwise.macs, self.full_macs)


def separable_pairs(network: LayerGraph) -> tuple[SeparablePair, ...]:
    """The depthwise separable convolutions of a network, of which only the second layer reads the first."""
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
    """The full convolution of a depthwise one; None for other layers and for a single channel."""
    wired = wiring(layer)
    full = ungrouped_figures(layer)
    if wired is None or full is None:
        return None
    every = full.type.wiring(full.input_shapes, full.output_shape)
    alone = every is not None and every.connections == layer.input_shapes[0].channels * wired.connections
    return full if alone else None


def is_pointwise(layer: Layer) -> bool:
    """Whether outputs read all channels of their own position with weights shared between positions."""
    wired = wiring(layer)
    shape, filters = layer.input_shapes[0], layer.output_shape.channels
    return (
        wired is not None
        and layer.output_shape.spatial == shape.spatial != ()
        and layer.figures.type.windows(layer.input_shapes) == (POINT,) * shape.rank
        and layer.figures.params == shape.channels * filters + (filters if wired.biases else 0)
    )


def _pair(depthwise: Layer, full: Figures, between: Iterable[Layer], pointwise: Layer) -> SeparablePair:
    """The pair, with the full convolution with the filters of the second layer."""
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
    """A network's parameters in all variants.

    `layers` are those with learnable weights, `total` sums those at inference and `training` all of them.
    `connections` is the share of existing connections at inference; `kept` has the parameters of each layer
    type that connect nothing, or whose connections are unknown. `macs` are those of the network,
    `ungrouped_macs` and `merged_macs` those with full convolutions, for one sample at inference.
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
    """The parameters of a network in all variants."""
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
    """The counts of the layers of separable pairs as full convolutions, counted in the first layer."""
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
    """The current multiply-accumulates, and those with full convolutions instead of grouped ones."""
    as_is = full = 0
    for layer in layers:
        as_is += layer.macs
        full += _full_macs(layer)
    return as_is, full


def _full_macs(layer: Layer) -> int:
    full = ungrouped_figures(layer)
    return layer.macs if full is None else full.operations.multiply_accumulates
