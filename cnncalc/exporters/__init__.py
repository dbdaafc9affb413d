"""Networks in the formats of other programs.

A format is a module of this folder, or a folder of modules, with a function `export` that takes an `ExportedNetwork`
and yields lines of text, or returns bytes for a binary format. The layer types of a format, and what each becomes, are
there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from cnncalc.network.records import LayerGraph
from cnncalc.record import Record
from cnncalc.spec.records import Spec

# The name of each format, and its module.
TARGETS: dict[str, str] = {
    "pytorch": "pytorch",
    "keras": "keras",
    "onnx": "onnx",
    "netron": "netron",
    "model-explorer": "model_explorer",
    "model-explorer-data": "model_explorer_data",
    "scalesim": "scalesim",
}
# The options of formats, and the formats that have them.
OPTIONS = {"unpadded": ("scalesim",), "column": ("model-explorer-data",)}
# The figures of layers that a viewer can color nodes by.
COLUMNS = ("macs", "params", "buffers", "flops", "weights_size", "output_size")


class ExportedNetwork(Record):
    """A network with the spec that it was built from, whose blocks and loops generated code keeps."""

    spec: Spec
    network: LayerGraph


def export(source: ExportedNetwork, target: str, options: Mapping[str, object] = {}) -> Iterator[str] | bytes:
    """The lines of a text format, or the bytes of a binary one. Raises SpecError for what the format cannot hold.

    `options` are those of the format in OPTIONS.
    """
    exported: Iterator[str] | bytes = import_module(f"{__name__}.{TARGETS[target]}").export(source, **options)
    return exported
