"""Normalizations, scales and biases as operators of ONNX."""

from __future__ import annotations

from collections.abc import Callable

from cnncalc.interchange.onnx_writing.elements import real
from cnncalc.interchange.onnx_writing.nodes import LayerNodes

EPSILON = 1e-5


def _each(layer: LayerNodes) -> tuple[int, ...]:
    """The shape of a tensor with a number per channel, which is broadcast over the map."""
    return (layer.shape.channels, *(1 for _ in layer.shape.spatial))


def _factor(layer: LayerNodes, *, learned: bool) -> str:
    shape = (layer.shape.channels,)
    return layer.weight("weight", shape, 1.0) if learned else layer.filled("ones", shape, 1.0)


def _addend(layer: LayerNodes, *, learned: bool) -> str:
    shape = (layer.shape.channels,)
    return layer.weight("bias", shape, 0.0) if learned else layer.filled("zeros", shape, 0.0)


def _channel_norm(layer: LayerNodes) -> str:
    """A batch norm, or an instance norm, with the statistics tracked in training."""
    factor = _factor(layer, learned=layer.kind.has_scale)
    addend = _addend(layer, learned=layer.kind.has_center)
    mean = layer.weight("running_mean", (layer.shape.channels,), 0.0)
    variance = layer.weight("running_var", (layer.shape.channels,), 1.0)
    return layer.add("BatchNormalization", layer.x, factor, addend, mean, variance, epsilon=EPSILON)


def _batch_norm(layer: LayerNodes) -> str:
    if layer.settings["track_statistics"]:
        return _channel_norm(layer)
    axes = layer.wholes((0, *range(2, 2 + layer.shape.rank)))
    centered = layer.add("Sub", layer.x, layer.add("ReduceMean", layer.x, axes, keepdims=1))
    found = _divided(layer, centered, centered, axes)
    if layer.kind.has_scale:
        found = layer.add("Mul", found, layer.weight("weight", _each(layer), 1.0))
    if layer.kind.has_center:
        found = layer.add("Add", found, layer.weight("bias", _each(layer), 0.0))
    return found


def _divided(layer: LayerNodes, tensor: str, measured: str, axes: str) -> str:
    """A tensor divided by the root mean square of another one."""
    square = layer.add("ReduceMean", layer.add("Mul", measured, measured), axes, keepdims=1)
    return layer.add("Div", tensor, layer.add("Sqrt", layer.add("Add", square, layer.number(EPSILON))))


def _instance_norm(layer: LayerNodes) -> str:
    if layer.settings["track_statistics"]:
        return _channel_norm(layer)
    learned = layer.settings["affine"]
    factor, addend = _factor(layer, learned=learned), _addend(layer, learned=learned)
    return layer.add("InstanceNormalization", layer.x, factor, addend, epsilon=EPSILON)


def _group_norm(layer: LayerNodes) -> str:
    groups = layer.settings["groups"]
    parted = layer.reshape(layer.x, groups, -1)
    ones, zeros = layer.filled("ones", (groups,), 1.0), layer.filled("zeros", (groups,), 0.0)
    normalized = layer.add("InstanceNormalization", parted, ones, zeros, epsilon=EPSILON)
    found = layer.reshape(normalized, *layer.shape)
    if layer.settings["affine"]:
        found = layer.add("Mul", found, layer.weight("weight", _each(layer), 1.0))
        found = layer.add("Add", found, layer.weight("bias", _each(layer), 0.0))
    return found


def _last(layer: LayerNodes) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The normalized axes of the tensor, and the order of its axes that has them last."""
    axes, rank = layer.settings["axes"], len(layer.shape)
    words = {"all": range(rank), "channels": range(1)}
    given = words.get(axes) if isinstance(axes, str) else (axes,) if isinstance(axes, int) else axes
    chosen = tuple(sorted(axis % rank + 1 for axis in given or ()))
    return chosen, (*(axis for axis in range(rank + 1) if axis not in chosen), *chosen)


def _layer_norm(layer: LayerNodes) -> str:
    axes, order = _last(layer)
    sizes = [layer.shape[axis - 1] for axis in axes]
    if layer.settings["affine"]:
        weights = [layer.weight("weight", sizes, 1.0), layer.weight("bias", sizes, 0.0)]
    else:
        weights = [layer.filled("ones", sizes, 1.0)]
    moved = layer.transpose(layer.x, order)
    found = layer.add("LayerNormalization", moved, *weights, axis=len(order) - len(axes), epsilon=EPSILON)
    return layer.transpose(found, [order.index(axis) for axis in range(len(order))])


def _rms_norm(layer: LayerNodes) -> str:
    axes, _ = _last(layer)
    found = _divided(layer, layer.x, layer.x, layer.wholes(axes))
    if layer.settings["affine"]:
        sizes = [size if axis in axes else 1 for axis, size in enumerate(layer.shape, start=1)]
        found = layer.add("Mul", found, layer.weight("weight", sizes, 1.0))
    return found


def _lrn(layer: LayerNodes) -> str:
    size, rank = layer.settings["size"], layer.shape.rank
    alpha, beta, bias = (real(layer.settings[name]) for name in ("alpha", "beta", "k"))
    # ONNX divides alpha by the size, and knows images alone.
    tensor = layer.x if rank == 2 else layer.reshape(layer.x, layer.shape.channels, -1, 1)
    found = layer.add("LRN", tensor, alpha=alpha * size, beta=beta, bias=bias, size=size)
    return found if rank == 2 else layer.reshape(found, *layer.shape)


def _scale(layer: LayerNodes) -> str:
    shape = _each(layer) if layer.settings["per_channel"] else (1,)
    found = layer.add("Mul", layer.x, layer.weight("weight", shape, 1.0))
    return layer.add("Add", found, layer.weight("bias", shape, 0.0)) if layer.settings["bias"] else found


def _bias(layer: LayerNodes) -> str:
    shapes = {"channels": _each(layer), "positions": (1, *layer.shape.spatial), "all": tuple(layer.shape)}
    return layer.add("Add", layer.x, layer.weight("bias", shapes[layer.settings["axes"]], 0.0))


WRITERS: dict[str, Callable[[LayerNodes], str]] = {
    "batch_norm": _batch_norm,
    "bias": _bias,
    "group_norm": _group_norm,
    "instance_norm": _instance_norm,
    "layer_norm": _layer_norm,
    "lrn": _lrn,
    "rms_norm": _rms_norm,
    "scale": _scale,
}
