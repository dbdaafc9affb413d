"""What a whole network amounts to: parameters, operations, memory and depth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple

from cnncalc.layer_type import Operations, Storage
from cnncalc.network import Layer, Network, inference_layers


class Sum(NamedTuple):
    """Sums over layers; operations and activations are of one sample.

    Activations are the numbers that a forward pass leaves in memory while a network is
    trained: the inputs, and every output that does not overwrite its input or is a view of it.
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
        """2 x macs and all other operations."""
        return self.operations.flops


class Totals(NamedTuple):
    """A network at inference, and `training` with the layers that are there in training only."""

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


def totals(network: Network) -> Totals:
    """The totals of a network."""
    inference = inference_layers(network.layers)
    kept = stored(network)
    at_rest = sum_of(inference, kept, network)
    trained = at_rest if len(inference) == len(network.layers) else sum_of(network.layers, kept, network)
    return Totals(at_rest, trained, weight_layers(network), len(inference))


def sum_of(layers: Iterable[Layer], kept: dict[str, int], network: Network) -> Sum:
    """The sums over some layers and the network's inputs."""
    params = buffers = 0
    activations = sum(shape.elements for _, shape in network.inputs)
    counted: Counter[Operations] = Counter()
    for layer in layers:
        params += layer.params
        buffers += layer.buffers
        activations += kept[layer.name]
        counted[layer.operations] += 1
    columns = zip(*[[number * times for number in operations] for operations, times in counted.items()], strict=True)
    return Sum(params, buffers, Operations(*map(sum, columns)), activations)


def stored(network: Network) -> dict[str, int]:
    """How many numbers each layer's output adds to memory.

    A layer overwrites its input only where nobody else reads it.
    """
    readers = Counter(chain.from_iterable([layer.inputs for layer in network.layers]))
    readers.update(network.outputs)
    kept: dict[str, int] = {}
    for layer in network.layers:
        storage = layer.figures.type.storage
        overwrites = storage is Storage.OVERWRITES and readers[layer.inputs[0]] == 1
        kept[layer.name] = 0 if overwrites or storage is Storage.VIEW else layer.output_shape.elements
    return kept


def weight_layers(network: Network) -> int:
    """Depth as papers count it: convolution and linear layers on the longest path at inference."""
    depth = {name: 0 for name, _ in network.inputs}
    for layer in network.layers:
        longest = max([depth[name] for name in layer.inputs])
        depth[layer.name] = longest + layer.figures.type.counts_as_depth
    return max((depth[layer.name] for layer in inference_layers(network.layers)), default=0)
