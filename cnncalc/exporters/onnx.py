"""ONNX models without weights: each weight is a constant of its shape, so that ResNet-50 takes 0.1 MB.

Nodes and tensors have the names of the spec's layers, and the batch is the dimension N. Layers that exist only in
training are left out. Files need ONNX 1.16 (IR version 10), of 2024, whose nodes have metadata.
"""

from __future__ import annotations

from cnncalc import __version__, limits
from cnncalc.errors import Problem, RuleError, SpecError, plural
from cnncalc.exporters import ExportedNetwork
from cnncalc.interchange import protobuf_writer as wire
from cnncalc.interchange.onnx_file import SOURCE
from cnncalc.interchange.onnx_marks import write_mark
from cnncalc.interchange.onnx_writing import OPSET, write_layer
from cnncalc.interchange.onnx_writing.messages import TensorData, encode_entry, encode_value
from cnncalc.interchange.onnx_writing.nodes import LayerSource, PoolSource
from cnncalc.network.records import LayerGraph, inference_layers

IR_VERSION = 10
BATCH = "N"
# Most layers are a few nodes; parts of unequal size and stacked recurrences are hundreds.
NODES_PER_LAYER = 10


def export(source: ExportedNetwork) -> bytes:
    """The bytes of a model. Raises SpecError with every layer that ONNX has no operators for."""
    network = source.network
    layers = inference_layers(network.layers)
    images = tuple(name for name, _ in network.inputs)
    reserved = frozenset((*images, *(layer.name for layer in layers)))
    parts: list[bytes] = []
    most = NODES_PER_LAYER * limits.current().layers
    constants: dict[str, TensorData] = {}
    tensors: dict[str, tuple[int | str, ...]] = {}
    # The pools whose positions other layers may use.
    pools: dict[str, PoolSource] = {}
    problems = []
    for layer in layers:
        mark = write_mark(layer.figures.type, layer.inputs, layer.weights_from or "", frozen=layer.frozen)
        owner = layer.weights_from or layer.name
        pool = pools.get(layer.inputs[-1]) if layer.inputs else None
        kind, shapes = layer.figures.type, layer.input_shapes
        written = LayerSource(layer.name, kind, layer.inputs, shapes, owner, images, reserved, pool)
        try:
            nodes = write_layer(written, mark)
        except RuleError as error:
            problems.append(Problem(layer.span, f"{layer.name} {error.message}", error.hint))
            continue
        parts += [wire.data(1, node.encode()) for node in nodes.nodes]
        if len(parts) > most:
            message = f"the model has more than {most:,} nodes, {NODES_PER_LAYER} for each layer of the limit"
            raise SpecError([Problem(layer.span, message, limits.raised("layers"))])
        constants |= nodes.constants
        if layer.type == "max_pool":
            pools[layer.name] = PoolSource(kind, layer.inputs[0], shapes[0])
        tensors |= nodes.weights
    if problems:
        raise SpecError(problems)
    tensors |= {layer.name: (BATCH, *layer.output_shape) for layer in layers}
    outputs = [name for name in dict.fromkeys(network.outputs) if name in tensors]
    graph = b"".join(
        (
            *parts,
            wire.text(2, network.name),
            *(wire.data(5, constant.encode()) for constant in constants.values()),
            *(wire.data(11, encode_value(name, (BATCH, *shape))) for name, shape in network.inputs),
            *(wire.data(12, encode_value(name, tensors[name])) for name in outputs),
            *(wire.data(13, encode_value(name, shape)) for name, shape in tensors.items() if name not in outputs),
        )
    )
    return b"".join(
        (
            wire.whole(1, IR_VERSION),
            wire.text(2, "cnncalc"),
            wire.text(3, __version__),
            wire.text(6, _describe(network)),
            wire.data(7, graph),
            wire.data(8, wire.whole(2, OPSET)),
            wire.data(14, encode_entry(SOURCE, network.source)) if network.source else b"",
        )
    )


def _describe(network: LayerGraph) -> str:
    layers = inference_layers(network.layers)
    params, macs = sum(layer.params for layer in layers), sum(layer.macs for layer in layers)
    about = f"{network.name}. {network.source}." if network.source else f"{network.name}."
    totals = f"{plural(len(layers), 'layer')}, {params:,} parameters, {macs:,} multiply-accumulates per sample."
    return f"{about} {totals} Weights are constants: the file describes the architecture, and is not trained."
