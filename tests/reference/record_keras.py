"""The rows of a network of Keras, for record.py: `record.py keras ResNet50V2`.

Keras 3.15.1 with torch as its backend. A network is a graph of layers, which are taken in the order in which the
output needs them; nothing runs. Moving means and variances are buffers.
"""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras

ROWS = ("Conv2D", "DepthwiseConv2D", "Dense", "BatchNormalization", "MaxPooling2D", "AveragePooling2D")


def measure(name: str) -> list[dict[str, object]]:
    """The rows of keras.applications' network of this name."""
    keras.utils.clear_session()  # which counts the layers that have no name of their own
    model = getattr(keras.applications, name)(weights=None)
    rows: list[dict[str, object]] = []
    sources: dict[str, frozenset[int]] = {}  # the rows that a layer's output comes from, by its name
    for layer in in_order(model.output._keras_history.operation):
        given = inputs(layer)
        reads = frozenset().union(*(sources[before.name] for before in given)) if given else frozenset({0})
        sources[layer.name] = reads
        if type(layer).__name__ in ROWS:
            rows.append(row_of(layer, given[0], reads))
            sources[layer.name] = frozenset({len(rows)})
    return rows


def inputs(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    return [tensor._keras_history.operation for tensor in layer._inbound_nodes[0].input_tensors]


def in_order(last: keras.layers.Layer) -> list[keras.layers.Layer]:
    """All layers that a layer needs and the layer itself, each after those it reads; residuals before shortcuts."""
    done: dict[str, keras.layers.Layer] = {}
    waiting = [last]
    while waiting:
        layer = waiting[-1]
        missing = [before for before in inputs(layer) if before.name not in done]
        if missing:
            waiting.append(missing[-1])
        else:
            done[layer.name] = waiting.pop()
    return list(done.values())


def row_of(layer: keras.layers.Layer, before: keras.layers.Layer, reads: frozenset[int]) -> dict[str, object]:
    kind = type(layer).__name__
    height, width, *channels = [*layer.output.shape[1:]] if len(layer.output.shape) == 4 else [1, 1]
    row: dict[str, object] = {"name": layer.name, "type": kind}
    row["reads"] = " ".join("input" if number == 0 else str(number) for number in sorted(reads))
    row["output"] = f"{channels[0]}x{height}x{width}" if channels else str(layer.output.shape[1])
    row["params"] = count(layer.trainable_weights)
    row["buffers"] = count(layer.non_trainable_weights)
    weights = 0 if kind == "BatchNormalization" or not layer.weights else count(layer.weights[:1])
    row["macs"] = height * width * weights
    if kind not in ("Dense", "BatchNormalization"):
        kernel = layer.pool_size if "Pooling" in kind else layer.kernel_size
        row |= {"kernel": across(kernel), "stride": across(layer.strides)}
        row["padding"] = padding(layer, before, kernel)
    if "Conv" in kind:
        row["dilation"] = across(layer.dilation_rate)
        row["groups"] = channels[0] if kind == "DepthwiseConv2D" else layer.groups
    return row


def count(weights: list[keras.Variable]) -> int:
    total = 0
    for weight in weights:
        size = 1
        for axis in weight.shape:
            size *= axis
        total += size
    return total


def across(sizes: tuple[int, int]) -> str:
    return "x".join(map(str, sizes))


def padding(layer: keras.layers.Layer, before: keras.layers.Layer, kernel: tuple[int, int]) -> str:
    """What `same` adds on each axis, the larger half behind."""
    axes = []
    for axis in (0, 1):
        size, result = before.output.shape[1 + axis], layer.output.shape[1 + axis]
        missing = max((result - 1) * layer.strides[axis] + kernel[axis] - size, 0) if layer.padding == "same" else 0
        first, second = missing // 2, missing - missing // 2
        axes.append(f"{first}" if first == second else f"{first}:{second}")
    return "x".join(axes)
