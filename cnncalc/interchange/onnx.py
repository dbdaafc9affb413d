"""ONNX models: the operators of versions 7 to the newest, without any dependency, and without reading weights.

Operators and their defaults are those of onnx/docs/Operators.md (github.com/onnx/onnx, 1.23). Files of torch (both
exporters), tf2onnx and paddle are read; the first axis of an input is the batch, which a graph does not have. Files of
weights outside the model are never opened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnncalc.errors import Problem, Span, SpecError, quoted
from cnncalc.interchange import onnx_elementwise, onnx_layers, onnx_parts, onnx_products, onnx_resizing, onnx_shapes
from cnncalc.interchange.building import GraphInput, Sizes
from cnncalc.interchange.graph import Graph
from cnncalc.interchange.onnx_file import OnnxInput, OnnxModel, OnnxNode, read_model
from cnncalc.interchange.onnx_graph import LOST, OnnxCall, OnnxGraph, OpReader
from cnncalc.interchange.onnx_names import rename_layers
from cnncalc.interchange.onnx_patterns import READERS as PATTERNS
from cnncalc.interchange.onnx_views import BATCH, Group, plain_view
from cnncalc.interchange.protobuf import Data

READERS: dict[str, OpReader] = {
    **onnx_elementwise.READERS,
    **onnx_parts.READERS,
    **onnx_resizing.READERS,
    **onnx_shapes.READERS,
    **onnx_layers.READERS,
    **onnx_products.READERS,
    **PATTERNS,
}
# The operators that show, or do not change, where an input has its channels.
CHANNELS_SECOND = ("Conv", "ConvTranspose", "MaxPool", "AveragePool", "BatchNormalization", "GlobalAveragePool")
CHANNELS_LAST = ("MatMul", "Gemm", "LayerNormalization", "RMSNormalization")
PASSING = (
    "Pow",
    "Add",
    "Sub",
    "Mul",
    "Div",
    "Cast",
    "Identity",
    "Pad",
    "QuantizeLinear",
    "DequantizeLinear",
    "Clip",
    "Relu",
)
# What exporters call graphs that have no name: the file's name is better.
UNNAMED = ("main_graph", "main", "graph", "torch_jit", "torch-jit-export")
# Without batch norms in a file, nobody can tell whether the network had some.
FOLDED = (
    "The file has no batch normalization. If the network had some, the exporter has folded it into the weights and "
    "biases of convolutions, and it cannot be recovered."
)
MOST_FOLLOWED = 50
EXAMPLE_SIZE = 224


def read(data: Data, file: str, sizes: Sizes, *, opaque: bool = False) -> Graph:
    """The graph of a model. Raises SpecError with every operator that cannot be read.

    If `opaque`, such an operator is a layer of unknown type, with the shape that the file has for it.
    """
    model = read_model(data, file)
    graph = OnnxGraph(model, sizes, file, READERS, opaque=opaque)
    graph.values |= {
        name: onnx_shapes.from_tensor(tensor, is_weight=True) for name, tensor in model.initializers.items()
    }
    _add_inputs(graph, model)
    names = [output.name for output in model.outputs]
    graph.run(model.nodes, names)
    if graph.problems:
        raise SpecError(graph.problems)
    outputs = []
    missing = [name for name in names if name not in graph.values]
    if len(missing) == len(names):
        message = f"no node computes the output {quoted(missing[0])}" if missing else "the graph has no outputs"
        raise SpecError([Problem(Span(file, 0, 0), message)])
    # Others are of training, such as the mask of a dropout.
    for name in names:
        if name in missing:
            continue
        call = OnnxCall(graph, OnnxNode("output", "", name, (name,), (), {}, Span(file, 0, 0, name)))
        value = graph.values[name]
        if value is not LOST:
            outputs.append(call.as_view(value).layer)
    origin = model.source or (f"an ONNX model of {model.producer}" if model.producer else "an ONNX model")
    name = "" if model.name in UNNAMED else model.name
    made = _prune(graph.builder.finish(name, origin, Span(file, 0, 0), tuple(outputs)))
    types = {layer.type for layer in made.layers}
    if "conv" in types and "batch_norm" not in types:
        made = made._replace(notes=(FOLDED,))
    return rename_layers(made, graph.origins)


def _prune(graph: Graph) -> Graph:
    """The graph without layers that no output needs, such as the parts of what became a cyclic shift."""
    needed = set(graph.outputs)
    for layer in reversed(graph.layers):
        if layer.name in needed:
            needed.update((*layer.inputs, layer.weights_from))
    return graph._replace(layers=tuple(layer for layer in graph.layers if layer.name in needed))


def _add_inputs(graph: OnnxGraph, model: OnnxModel) -> None:
    """Add the inputs that nodes read, each without its batch."""
    readers: dict[str, list[OnnxNode]] = {}
    for node in model.nodes:
        for name in dict.fromkeys(graph.reads_of(node)):
            readers.setdefault(name, []).append(node)
    # What cnncalc wrote has the axes of a spec.
    is_marked = any(node.mark for node in model.nodes)
    inputs = {i.name: i for i in model.inputs if i.name not in graph.values and i.name in readers}
    wanted: dict[str, GraphInput] = {}
    orders: dict[str, Sequence[int]] = {}
    for name, tensor in inputs.items():
        place = Span(graph.file, 0, 0, name)
        if tensor.sizes is None:
            sizes: Sequence[int | str] = ("?", "?", "?", "?")
        else:
            sizes = tensor.sizes or (1,)
        orders[name] = tuple(range(1, len(sizes))) if is_marked else _find_order(tensor, readers)
        own = [sizes[axis] for axis in orders[name]] or [1]
        if not is_marked and _is_text(name, readers[name], own):
            own = [1, *own]
            orders[name] = (-1, *orders[name])
        known = tuple(size for size in own if isinstance(size, int))
        example = (3, EXAMPLE_SIZE, EXAMPLE_SIZE) if len(own) == 3 else (EXAMPLE_SIZE,) * len(own)
        pairs = zip(own, example, strict=False)
        shown = "x".join(str(size if isinstance(size, int) else given) for size, given in pairs)
        wanted[name] = GraphInput(known if len(known) == len(own) else (), place, shown)
    if not wanted:
        raise SpecError([Problem(Span(graph.file, 0, 0), "no node of the graph reads an input")])
    names = graph.builder.add_inputs(wanted)
    for name, layer in names.items():
        shape = tuple(graph.builder.shapes[layer])
        order = orders[name]
        rank = len(order) + (0 if -1 in order else 1)
        along = next((axis for axis in range(rank) if axis not in order), 0) if order else 0
        size = (inputs[name].sizes or ("?",))[along]
        batch = size if isinstance(size, int) else 1
        if len(shape) != len(order) and order:
            # The user gave another number of sizes than the file: they count, channels first.
            rank, order, along = len(shape) + 1, tuple(range(1, len(shape) + 1)), 0
        groups: list[Group] = [()] * max(rank, 1)
        groups[along] = (BATCH,) if batch > 1 else ()
        for atom, axis in enumerate(order):
            groups[axis] = (*groups[axis], atom) if axis >= 0 else groups[axis]
        if -1 in order:
            groups[1] = (0, *groups[1])
        if not order:
            groups = [(0,)]
        graph.values[name] = plain_view(layer, shape, groups, batch)


def _is_text(name: str, readers: Sequence[OnnxNode], sizes: Sequence[int | str]) -> bool:
    """Whether an input holds indices of a table."""
    return len(sizes) == 1 and any(node.op == "Gather" and node.inputs[1:2] == (name,) for node in readers)


def _find_order(tensor: OnnxInput, readers: Mapping[str, Sequence[OnnxNode]]) -> Sequence[int]:
    """The axes of an input with the channels first, found by the operators that read it."""
    rank = len(tensor.sizes) if tensor.sizes is not None else 4
    usual = tuple(range(1, rank))
    if rank < 3:
        return usual
    frontier = [tensor.name]
    for _ in range(MOST_FOLLOWED):
        if not frontier:
            break
        name = frontier.pop(0)
        for node in readers.get(name, ())[:MOST_FOLLOWED]:
            if node.op in CHANNELS_SECOND:
                return usual
            axes = node.attributes["axes"].wholes() if node.op == "ReduceMean" and "axes" in node.attributes else ()
            if (node.op in CHANNELS_LAST and node.inputs[0] == name) or axes in ((-1,), (rank - 1,)):
                return (rank - 1, *range(1, rank - 1))
            layout = node.attributes.get("layout")
            if node.op in ("LSTM", "GRU") and rank == 3 and (layout is None or not layout.whole()):
                # Steps x samples x features.
                return (2, 0)
            order = node.attributes["perm"].wholes() if node.op == "Transpose" and "perm" in node.attributes else ()
            if sorted(order) == list(range(rank)) and order[0] == 0:
                return order[1:]
            if node.op in PASSING:
                frontier += node.outputs
    return usual
