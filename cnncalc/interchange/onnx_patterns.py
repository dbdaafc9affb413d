"""Several nodes of ONNX that are one layer: normalizations written as means and roots."""

from __future__ import annotations

from cnncalc.interchange import onnx_layers
from cnncalc.interchange.onnx_constants import OnnxConstant, find_axes
from cnncalc.interchange.onnx_file import OnnxNode
from cnncalc.interchange.onnx_graph import OnnxCall, OpReader, Value
from cnncalc.interchange.onnx_layers import axes_norm

PASSING = ("Cast", "Identity")


def _reduce_mean(call: OnnxCall) -> Value | list[Value | None]:
    """ReduceMean, or the layer or RMS normalization that begins with it."""
    if not isinstance(call.value(0), OnnxConstant):
        axes = call.axes(1) or ()
        found = _find_layer_norm(call, call.node) or _find_rms_norm(call, call.node)
        if found and axes:
            kind, source, nodes = found
            view = call.as_view(call.graph.values[source])
            made = axes_norm(call, view, find_axes(axes, view.rank), kind, [None])
            call.graph.values[nodes[-1].outputs[0]] = made
            call.graph.done.update(node.outputs[0] for node in nodes)
            return []
    return onnx_layers.READERS[call.node.op](call)


def _next(call: OnnxCall, name: str, *ops: str) -> OnnxNode | None:
    """The one node that reads a tensor, if it is one of some operators."""
    readers = call.graph.readers_of.get(name, [])
    while len(readers) == 1 and readers[0].op in PASSING:
        name = readers[0].outputs[0]
        readers = call.graph.readers_of.get(name, [])
    return readers[0] if len(readers) == 1 and readers[0].op in ops else None


def _find_root(call: OnnxCall, mean: OnnxNode, tensor: str) -> list[OnnxNode]:
    """The nodes from a mean of squares to the tensor divided by its root; empty if there are none."""
    plus = _next(call, mean.outputs[0], "Add")
    root = plus and _next(call, plus.outputs[0], "Sqrt")
    last = root and _next(call, root.outputs[0], "Div", "Reciprocal")
    nodes = [mean, plus, root, last]
    if last and last.op == "Reciprocal":
        nodes.append(_next(call, last.outputs[0], "Mul"))
    found = [node for node in nodes if node]
    if len(found) < len(nodes) or tensor not in _origins(call, found[-1]):
        return []
    return found


def _origins(call: OnnxCall, node: OnnxNode) -> list[str]:
    """The tensors that a node reads, before casts."""
    return [_origin(call, name) for name in node.inputs]


def _origin(call: OnnxCall, name: str) -> str:
    maker = call.graph.makers.get(name)
    while maker and maker.op in PASSING and maker.inputs:
        name = maker.inputs[0]
        maker = call.graph.makers.get(name)
    return name


def _is_square(node: OnnxNode, call: OnnxCall, tensor: str) -> bool:
    names = _origins(call, node)
    if node.op == "Mul":
        return names == [tensor, tensor]
    if node.op == "Pow" and names[0] == tensor and len(names) == 2:
        power = call.graph.peek(node.inputs[1])
        return isinstance(power, OnnxConstant) and power.number == 2
    return False


def _find_layer_norm(call: OnnxCall, mean: OnnxNode) -> tuple[str, str, list[OnnxNode]] | None:
    """The nodes of (x - mean) / sqrt(mean((x - mean)^2) + epsilon), from the first mean on."""
    (source, *_) = _origins(call, mean)
    differences = call.graph.readers_of.get(mean.outputs[0], [])
    if not 1 <= len(differences) <= 2 or any(node.op != "Sub" for node in differences):
        return None
    if any(_origins(call, node)[0] != source for node in differences):
        return None
    for node in differences:
        for square in call.graph.readers_of.get(node.outputs[0], []):
            if not _is_square(square, call, node.outputs[0]):
                continue
            variance = _next(call, square.outputs[0], "ReduceMean")
            for other in differences:
                found = _find_root(call, variance, other.outputs[0]) if variance else []
                if found:
                    return "layer_norm", source, [mean, *differences, square, *found]
    return None


def _find_rms_norm(call: OnnxCall, mean: OnnxNode) -> tuple[str, str, list[OnnxNode]] | None:
    """The nodes of x / sqrt(mean(x^2) + epsilon), from the mean on."""
    square = call.graph.makers.get(mean.inputs[0])
    if square is None or square.op not in ("Pow", "Mul"):
        return None
    source = _origins(call, square)[0]
    if not _is_square(square, call, source):
        return None
    found = _find_root(call, mean, source)
    return ("rms_norm", source, [square, *found]) if found else None


READERS: dict[str, OpReader] = {"ReduceMean": _reduce_mean}
