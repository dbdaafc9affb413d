"""Layers as nodes of ONNX: one function for each layer type. The exporter writes them, and the reader knows them again.

To add a layer type, add a function that takes `LayerNodes` and returns the tensor of its output, to the WRITERS of one
of the modules here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from cnncalc.errors import RuleError
from cnncalc.interchange.onnx_writing import axes, elements, norms, products, windows
from cnncalc.interchange.onnx_writing.nodes import LayerNodes, LayerSource

WRITERS: dict[str, Callable[[LayerNodes], str]] = {
    **axes.WRITERS,
    **elements.WRITERS,
    **norms.WRITERS,
    **products.WRITERS,
    **windows.WRITERS,
}
# The operators of this version have all that is written; those of version 20 are in ONNX 1.15 of 2023.
OPSET = 20


def write_layer(source: LayerSource, mark: dict[str, str], most: int = sys.maxsize) -> LayerNodes:
    """The nodes of a layer, up to `most`; the last one has the metadata `mark`.

    Raises RuleError, whose message follows the name, for a layer that ONNX does not have, or of more nodes.
    """
    write = WRITERS.get(source.kind.name)
    if write is None:
        raise RuleError(f"is of type {source.kind.name}, and ONNX has no operators for it")
    layer = LayerNodes(source, most)
    layer.finish(write(layer), mark)
    return layer
