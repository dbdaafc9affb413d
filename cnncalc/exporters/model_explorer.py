"""Graphs for Model Explorer (ai.google.dev/edge/model-explorer, the package ai-edge-model-explorer 0.1.34).

A block is a namespace, which can be opened and closed, with the sums of its layers. `--to model-explorer-data` writes
a figure of each node, by which Model Explorer colors the graph.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.exporters import ExportedNetwork
from cnncalc.exporters.node_figures import attribute_texts, figure_texts, sums_of
from cnncalc.formats.json import dumps
from cnncalc.layers.shapes import Shape
from cnncalc.network.records import Layer, LayerGraph, inference_layers

# The name of the graph, by which data for its nodes find it.
GRAPH = "cnncalc"
# Names of layers have no colon.
OUTPUT = ":output"


def export(source: ExportedNetwork) -> Iterator[str]:
    """The lines of a file: one for each node."""
    network = source.network
    yield f'{{"label": {dumps(network.name)}, "graphs": [{{"id": "{GRAPH}",'
    yield f'"groupNodeAttributes": {dumps(_groups(network))},'
    yield '"nodes": ['
    for name, shape in network.inputs:
        yield f"{dumps(_node(name, 'input', '', _tensor(name, shape)))},"
    for layer in network.layers:
        yield f"{dumps(_layer(layer))},"
    output = _node(OUTPUT, "output", "", ()) | {"incomingEdges": _edges(network.outputs)}
    yield dumps(output)
    yield "]}]}"


def _groups(network: LayerGraph) -> dict[str, dict[str, str]]:
    """What is shown of each block by its namespace; that of the network is empty. Layers of training do not count."""
    sums: dict[str, dict[str, int]] = {}
    for layer in inference_layers(network.layers):
        figures = sums_of(layer)
        *scopes, _ = layer.name.split(".")
        for depth in range(len(scopes) + 1):
            total = sums.setdefault("/".join(scopes[:depth]), dict.fromkeys(figures, 0))
            for key, number in figures.items():
                total[key] += number
    found = {namespace: figure_texts(total) for namespace, total in sums.items()}
    return {**found, "": ({"source": network.source} if network.source else {}) | found.get("", {})}


def _tensor(name: str, shape: Shape) -> tuple[dict[str, object], ...]:
    """The output of a node: its name and shape."""
    sizes = ",".join(map(str, ("N", *shape)))
    return ({"id": "0", "attrs": _pairs({"__tensor_tag": name, "shape": f"float32[{sizes}]"})},)


def _pairs(texts: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in texts.items()]


def _edges(names: tuple[str, ...]) -> list[dict[str, str]]:
    return [
        {"sourceNodeId": name, "sourceNodeOutputId": "0", "targetNodeInputId": str(number)}
        for number, name in enumerate(names)
    ]


def _node(name: str, label: str, namespace: str, outputs: tuple[dict[str, object], ...]) -> dict[str, object]:
    return {"id": name, "label": label, "namespace": namespace, "outputsMetadata": list(outputs)}


def _layer(layer: Layer) -> dict[str, object]:
    *scopes, last = layer.name.split(".")
    label = last if last == layer.type else f"{last} ({layer.type})"
    node = _node(layer.name, label, "/".join(scopes), _tensor(layer.name, layer.output_shape))
    return node | {"attrs": _pairs(attribute_texts(layer)), "incomingEdges": _edges(layer.inputs)}
