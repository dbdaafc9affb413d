"""Graphs for Netron (netron.app), in the JSON of its own that version 9.3 reads from files that end in .netron.

Nodes are called as the layers, with their settings, parameters, operations and memory as attributes, and the shapes of
their weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from cnncalc import __version__
from cnncalc.exporters import ExportedNetwork
from cnncalc.exporters.node_figures import attribute_texts
from cnncalc.formats.json import dumps
from cnncalc.layers.contract import Role
from cnncalc.network.records import Layer, LayerGraph

# Netron's categories, which color nodes.
CATEGORIES = {
    Role.CONVOLUTION: "Layer",
    Role.LINEAR: "Layer",
    Role.BATCH_NORM: "Normalization",
    Role.CHANNEL_NORM: "Normalization",
    Role.NORMALIZATION: "Normalization",
    Role.ACTIVATION: "Activation",
    Role.PROBABILITIES: "Activation",
    Role.DROPOUT: "Dropout",
    Role.MAX_POOL: "Pool",
    Role.AVERAGE_POOL: "Pool",
    Role.GLOBAL_POOL: "Pool",
    Role.CONCATENATION: "Tensor",
    Role.REARRANGEMENT: "Shape",
    Role.WEIGHTS: "Constant",
}


def export(source: ExportedNetwork) -> Iterator[str]:
    """The lines of a file: one for each layer and tensor."""
    network = source.network
    # Netron knows the format by the first line.
    yield '{"signature": "netron:cnncalc",'
    yield f'"format": "cnncalc", "producer": {dumps(f"cnncalc {__version__}")},'
    yield f'"description": {dumps(network.name)},'
    yield f'"metadata": {dumps([{"name": key, "value": value} for key, value in _metadata(network).items()])},'
    yield '"modules": [{"arguments": ['
    yield from _joined(_tensors(network))
    yield '], "inputs": ['
    yield from _joined(_argument(name, name) for name, _ in network.inputs)
    yield '], "outputs": ['
    yield from _joined(_argument(name, name) for name in network.outputs)
    yield '], "nodes": ['
    yield from _joined(map(_node, network.layers))
    yield "]}]}"


def _joined(records: Iterator[dict[str, object]]) -> Iterator[str]:
    """The records of a list, one a line."""
    previous = ""
    for record in chain(records, [{}]):
        if previous:
            yield f"{previous}," if record else previous
        previous = dumps(record)


def _metadata(network: LayerGraph) -> dict[str, str]:
    year = "" if network.year is None else str(network.year)
    found = {"source": network.source, "family": network.family, "task": network.task, "year": year}
    return {key: value for key, value in found.items() if value}


def _type(shape: tuple[int | str, ...]) -> dict[str, object]:
    return {"dataType": "float32", "shape": {"dimensions": list(shape)}}


def _weight(layer: Layer, name: str) -> str:
    """The name of a weight: layers that share it name the same one. Names of layers have no colon."""
    return f"{layer.weights_from or layer.name}:{name}"


def _tensors(network: LayerGraph) -> Iterator[dict[str, object]]:
    for name, shape in network.inputs:
        yield {"name": name, "type": _type(("N", *shape))}
    for layer in network.layers:
        yield {"name": layer.name, "type": _type(("N", *layer.output_shape))}
        if not layer.weights_from:
            for weight in layer.weights:
                yield {"name": _weight(layer, weight.name), "initializer": {"type": _type(weight.shape)}}


def _argument(name: str, *values: str) -> dict[str, object]:
    return {"name": name, "value": list(values)}


def _node(layer: Layer) -> dict[str, object]:
    weights = [_argument(weight.name, _weight(layer, weight.name)) for weight in layer.weights]
    inputs = [_argument("input" if len(layer.inputs) == 1 else "inputs", *layer.inputs)] if layer.inputs else []
    attributes = attribute_texts(layer).items()
    return {
        "name": layer.name,
        "type": {"name": layer.type, "category": CATEGORIES.get(layer.figures.type.role, "")},
        "inputs": [*inputs, *weights],
        "outputs": [_argument("output", layer.name)],
        "attributes": [{"name": key, "value": value, "type": "string"} for key, value in attributes],
    }
