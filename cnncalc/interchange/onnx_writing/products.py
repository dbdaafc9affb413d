"""Sums of products as operators of ONNX: linear layers, recurrences, einsum, and learned tensors."""

from __future__ import annotations

import string
from collections.abc import Callable

from cnncalc.interchange.onnx_writing.nodes import LayerNodes

# Recurrent layers that are stacked in one.
MOST_STACKED = 64


def _linear(layer: LayerNodes) -> str:
    features, along = layer.settings["features"], layer.settings["axis"]
    has_bias = layer.settings["bias"]
    if along is None:
        flat = layer.add("Flatten", layer.x, axis=1) if layer.shape.rank else layer.x
        weights = [layer.weight("weight", (features, layer.shape.elements))]
        weights += [layer.weight("bias", (features,), 0.0)] if has_bias else []
        return layer.add("Gemm", flat, *weights, transB=1)
    axis, count = along % len(layer.shape) + 1, len(layer.shape) + 1
    inner = layer.shape[axis - 1]
    order = [*(at for at in range(count) if at != axis), axis]
    found = layer.add("MatMul", layer.transpose(layer.x, order), layer.weight("weight", (inner, features), 0.1 / inner))
    if has_bias:
        found = layer.add("Add", found, layer.weight("bias", (features,), 0.0))
    return layer.transpose(found, [order.index(at) for at in range(count)])


def _rbf(layer: LayerNodes) -> str:
    inner = layer.shape.channels
    centers = layer.weight("centres", (layer.settings["units"], inner))
    difference = layer.add("Sub", layer.reshape(layer.x, 1, inner), centers)
    square = layer.add("Mul", difference, difference)
    return layer.add("ReduceSum", square, layer.wholes((2,)), keepdims=0)


def _recurrence(op: str, gates: int) -> Callable[[LayerNodes], str]:
    def write(layer: LayerNodes) -> str:
        hidden, both = layer.settings["hidden"], layer.settings["bidirectional"]
        if layer.settings["layers"] > MOST_STACKED:
            raise layer.refuse(f"stacks more than {MOST_STACKED} layers")
        ways, rows = 2 if both else 1, gates * hidden
        (steps,) = layer.shape.spatial
        # Steps x batch x features.
        found = layer.transpose(layer.x, (2, 0, 1))
        features = layer.shape.channels
        for number in range(layer.settings["layers"]):
            weights = [
                layer.weight(f"weight_ih_l{number}", (ways, rows, features), 0.1 / features),
                layer.weight(f"weight_hh_l{number}", (ways, rows, hidden), 0.1 / hidden),
            ]
            weights += [layer.weight(f"bias_l{number}", (ways, 2 * rows), 0.0)] if layer.settings["bias"] else []
            attributes = {"direction": "bidirectional" if both else "forward", "hidden_size": hidden}
            if op == "GRU":
                attributes["linear_before_reset"] = 1
            # Steps x directions x batch x states.
            states = layer.add(op, found, *weights, **attributes)
            parted = layer.add("Transpose", states, perm=(0, 2, 1, 3))
            features = ways * hidden
            found = layer.add("Reshape", parted, layer.wholes((steps, -1, features)))
        return layer.transpose(found, (1, 2, 0))

    return write


def _einsum(layer: LayerNodes) -> str:
    equation = layer.settings["equation"].replace(" ", "")
    batch = next((letter for letter in string.ascii_letters if letter not in equation), "")
    if not batch:
        raise layer.refuse("uses all letters, and the batch needs one")
    left, _, right = equation.partition("->")
    terms = ",".join(f"{batch}{term}" for term in left.split(","))
    return layer.add("Einsum", *layer.inputs, equation=f"{terms}->{batch}{right}")


def _matmul(layer: LayerNodes) -> str:
    rank = len(layer.shape)
    swapped = (*range(rank - 1), rank, rank - 1)
    turned = (layer.settings["transpose_first"], layer.settings["transpose_second"])
    pair = [layer.transpose(x, swapped) if turn else x for x, turn in zip(layer.inputs, turned, strict=True)]
    return layer.add("MatMul", *pair)


def _embedding(layer: LayerNodes) -> str:
    table = layer.weight("weight", (layer.settings["vocabulary"], layer.settings["features"]))
    indices = layer.add("Squeeze", layer.add("Cast", layer.x, to=7), layer.wholes((1,)))
    found = layer.add("Gather", table, indices, axis=0)
    last = layer.output.rank + 1
    return layer.transpose(found, (0, last, *range(1, last)))


def _parameter(layer: LayerNodes) -> str:
    """A learned tensor for each sample."""
    shape = tuple(layer.output)
    weight = layer.weight("weight", shape)
    sizes = layer.add("Concat", layer.batch_size(), layer.wholes(shape), axis=0)
    return layer.add("Expand", weight, sizes)


WRITERS: dict[str, Callable[[LayerNodes], str]] = {
    "einsum": _einsum,
    "embedding": _embedding,
    "gru": _recurrence("GRU", 3),
    "linear": _linear,
    "lstm": _recurrence("LSTM", 4),
    "matmul": _matmul,
    "parameter": _parameter,
    "rbf": _rbf,
}
