"""Totals of a network: parameters, operations, memory and depth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import chain

from cnncalc.layers.contract import Aliasing, Operations
from cnncalc.network.records import Layer, LayerGraph, inference_layers
from cnncalc.record import Record


class Sum(Record):
    """Sums over layers; operations and activations are those of one sample.

    Activations are the elements that a forward pass keeps in memory in training: the inputs, and
    every output that is neither in place nor a view of its input.
    """

    params: int
    buffers: int
    operations: Operations
    activations: int

    @property
    def macs(self) -> int:
        return self.operations.multiply_accumulates

    @property
    def flops(self) -> int:
        """2 x MACs plus all other operations."""
        return self.operations.flops


class Totals(Record):
    """A network at inference, and `training` with the layers that exist only in training."""

    inference: Sum
    training: Sum
    weight_layers: int
    layers: int

    @property
    def params(self) -> int:
        return self.inference.params

    @property
    def buffers(self) -> int:
        return self.inference.buffers

    @property
    def macs(self) -> int:
        return self.inference.macs

    @property
    def flops(self) -> int:
        return self.inference.flops

    @property
    def activations(self) -> int:
        return self.inference.activations


def totals(network: LayerGraph, kept: dict[str, int] | None = None) -> Totals:
    """The totals of a network; `kept` is the result of `stored`, if known."""
    inference = inference_layers(network.layers)
    kept = stored(network) if kept is None else kept
    at_rest = sum_of(inference, kept, network)
    trained = at_rest if len(inference) == len(network.layers) else sum_of(network.layers, kept, network)
    return Totals(at_rest, trained, weight_layers(network), len(inference))


def sum_of(layers: Iterable[Layer], kept: dict[str, int], network: LayerGraph) -> Sum:
    """The sums over some layers and the network's inputs; those of equal layers are multiplied."""
    layers = tuple(layers)
    # Equal layers share one record.
    figures = {id(layer.figures): layer.figures for layer in layers}
    counted = Counter([id(layer.figures) for layer in layers])
    owned = counted - Counter([id(layer.figures) for layer in layers if layer.weights_from])
    columns = zip(
        *[[times * number for number in figures[one].operations] for one, times in counted.items()], strict=True
    )
    return Sum(
        sum(times * figures[one].params for one, times in owned.items()),
        sum(times * figures[one].buffers for one, times in owned.items()),
        Operations(*map(sum, columns)),
        sum(shape.elements for _, shape in network.inputs) + sum([kept[layer.name] for layer in layers]),
    )


def stored(network: LayerGraph) -> dict[str, int]:
    """The elements that each layer's output adds to training memory.

    An in-place layer adds none if it is its input's only reader.
    """
    readers = Counter(chain.from_iterable([layer.inputs for layer in network.layers]))
    readers.update(network.outputs)
    kept: dict[str, int] = {}
    known: dict[int, tuple[Aliasing, int]] = {}
    for layer in network.layers:
        figures = layer.figures
        if id(figures) not in known:
            known[id(figures)] = figures.type.aliasing, figures.output_shape.elements
        aliasing, elements = known[id(figures)]
        overwrites = aliasing is Aliasing.IN_PLACE and readers[layer.inputs[0]] == 1
        kept[layer.name] = 0 if overwrites or aliasing is Aliasing.VIEW else elements
    return kept


def weight_layers(network: LayerGraph) -> int:
    """Depth as papers count it: convolution and linear layers on the longest path at inference."""
    depth = {name: 0 for name, _ in network.inputs}
    for layer in network.layers:
        inputs = layer.inputs
        longest = depth[inputs[0]] if len(inputs) == 1 else max([depth[name] for name in inputs], default=0)
        depth[layer.name] = longest + layer.figures.type.added_depth
    return max((depth[layer.name] for layer in inference_layers(network.layers)), default=0)
