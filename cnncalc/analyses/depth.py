"""The figures of a network along its depth: layer after layer, with the blocks that they are in."""

from __future__ import annotations

from cnncalc.analyses.liveness import liveness
from cnncalc.analyses.receptive_field import fields
from cnncalc.analyses.tree import layers_below, tree
from cnncalc.network.records import LayerGraph, inference_layers
from cnncalc.record import Record


class DepthBlock(Record):
    """A block of the outermost level, with the positions of its first and its last layer."""

    name: str
    first: int
    last: int


class DepthProfile(Record):
    """The layers at inference in the order of the file, with their figures for one sample.

    `live` has the elements of all tensors that are alive while a layer runs, `field` the largest receptive field along
    any axis of any input, None without a rule; `longest` is the longest axis of the inputs, 0 without one.
    """

    layers: tuple[str, ...]
    params: tuple[int, ...]
    macs: tuple[int, ...]
    live: tuple[int, ...]
    field: tuple[int | None, ...]
    longest: int
    blocks: tuple[DepthBlock, ...]


def depth_profile(network: LayerGraph) -> DepthProfile:
    """The figures of a network along its depth."""
    layers = inference_layers(network.layers)
    position = {layer.name: number for number, layer in enumerate(layers)}
    found = fields(network)
    sizes: list[int | None] = []
    for layer in layers:
        known = found.of(layer.name).values()
        sizes.append(max((axis.size for field in known for axis in field or ()), default=None))
    blocks = []
    for node in tree(network._replace(layers=layers)).children:
        inside = [position[layer.name] for layer in layers_below(node)] if node.children else []
        if inside:
            blocks.append(DepthBlock(node.name, min(inside), max(inside)))
    return DepthProfile(
        tuple(layer.name for layer in layers),
        tuple(layer.params for layer in layers),
        tuple(layer.macs for layer in layers),
        tuple(step.live for step in liveness(network).steps),
        tuple(sizes),
        max((size for _, shape in network.inputs for size in shape.spatial), default=0),
        tuple(blocks),
    )
