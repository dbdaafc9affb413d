"""Receptive fields: which part of the network's input an output of each layer depends on.

A layer's field along one axis is a size, a stride (how far it moves from one output to the
next) and a start (where the first output's field begins; padding lies before 0). Through a
window they compose as in Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional
Neural Networks" (Distill, 2019); over branches the field is their union.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple, TypeAlias

from cnncalc.network import Layer, Network
from cnncalc.shapes import Shape, Window

Number: TypeAlias = "int | Fraction"


class AxisField(NamedTuple):
    """The field along one axis of the input, in its positions."""

    size: Number
    stride: Number
    start: Number

    @property
    def center(self) -> Number:
        """The middle of the first output's field."""
        return self.start + Fraction(self.size - 1) / 2


Field: TypeAlias = tuple[AxisField, ...]


def receptive_fields(network: Network) -> dict[str, Field | None]:
    """The field of each layer's outputs, by its name.

    None where one number an axis cannot say it: branches of unequal strides, axes that are
    permuted or made anew, inputs of unequal sizes.
    """
    spatial = {shape.spatial for _, shape in network.inputs}
    begin = tuple(AxisField(1, 1, 0) for _ in next(iter(spatial))) if len(spatial) == 1 else None
    fields: dict[str, Field | None] = {name: begin for name, _ in network.inputs}
    memo: dict[object, Field | None] = {}
    for layer in network.layers:
        incoming = tuple(fields[name] for name in layer.inputs)
        key = (id(layer.figures), incoming)
        if key not in memo:
            memo[key] = _through(layer, incoming)
        fields[layer.name] = memo[key]
    return fields


def _through(layer: Layer, incoming: tuple[Field | None, ...]) -> Field | None:
    """The field of a layer's outputs from those of its inputs."""
    joined = _union(layer.input_shapes, incoming)
    shape = max(layer.input_shapes, key=lambda shape: shape.rank)
    if joined is None or not shape.rank:
        return joined
    if layer.output_shape.rank not in (0, shape.rank) or len(joined) != shape.rank:
        return None
    windows = layer.figures.type.windows(layer.input_shapes)
    return tuple(map(_slide, joined, windows, shape.spatial))


def _slide(field: AxisField, window: Window, size: int) -> AxisField:
    numerator, denominator = window.pace(size)
    reads = window.reads(0, size)
    first = reads.start if len(reads) else 0
    stride = field.stride * numerator
    return AxisField(
        field.size + (window.span(size) - 1) * field.stride,
        stride if denominator == 1 else _whole(Fraction(stride, denominator)),
        field.start + first * field.stride,
    )


def _union(shapes: tuple[Shape, ...], fields: tuple[Field | None, ...]) -> Field | None:
    """The union of the inputs' fields; a gate (one number a channel) over a map is left aside."""
    if len(fields) == 1:
        return fields[0]
    most = max(shape.positions for shape in shapes)
    parts = [field for shape, field in zip(shapes, fields, strict=True) if shape.positions == most]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts) or len({len(part) for part in known}) > 1:
        return None
    axes = []
    for along in zip(*known, strict=True):
        if len({axis.stride for axis in along}) > 1:
            return None
        start = min(axis.start for axis in along)
        stop = max(axis.start + axis.size for axis in along)
        axes.append(AxisField(_whole(stop - start), along[0].stride, start))
    return tuple(axes)


def _whole(number: Number) -> Number:
    return number.numerator if number.denominator == 1 else number
