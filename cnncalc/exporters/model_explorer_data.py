"""A figure of each node of a graph for Model Explorer, which colors the nodes by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cnncalc.exporters import COLUMNS, ExportedNetwork
from cnncalc.exporters.model_explorer import GRAPH
from cnncalc.exporters.node_figures import ELEMENT_BYTES
from cnncalc.formats.json import dumps
from cnncalc.network.records import Layer, inference_layers

# The figures of COLUMNS; sizes are bytes of 32-bit numbers, for one sample.
FIGURES: dict[str, tuple[str, Callable[[Layer], int]]] = {
    "macs": ("MACs", lambda layer: layer.macs),
    "params": ("parameters", lambda layer: layer.params),
    "buffers": ("buffers", lambda layer: layer.buffers),
    "flops": ("FLOPs", lambda layer: layer.flops),
    "weights_size": ("memory of weights", lambda layer: (layer.params + layer.buffers) * ELEMENT_BYTES),
    "output_size": ("memory of output", lambda layer: layer.output_shape.elements * ELEMENT_BYTES),
}
# From the smallest to the largest.
GRADIENT = (
    {"stop": 0, "bgColor": "#fffbe6", "textColor": "#000000"},
    {"stop": 0.5, "bgColor": "#f59f3c", "textColor": "#000000"},
    {"stop": 1, "bgColor": "#b3261e", "textColor": "#ffffff"},
)


def export(source: ExportedNetwork, *, column: str = COLUMNS[0]) -> Iterator[str]:
    """The lines of a file: one for each layer that inference runs."""
    label, figure = FIGURES[column]
    yield f'{{"{GRAPH}": {{"name": {dumps(label)}, "gradient": {dumps(GRADIENT)}, "results": {{'
    layers = inference_layers(source.network.layers)
    for number, layer in enumerate(layers, start=1):
        end = "," if number < len(layers) else ""
        yield f'{dumps(layer.name)}: {{"value": {figure(layer)}}}{end}'
    yield "}}}"
