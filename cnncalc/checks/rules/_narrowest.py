"""The receptive field of each layer along the path on which it is narrowest."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TypeAlias

from cnncalc.layers.contract import Reading
from cnncalc.network.records import Layer, LayerGraph
from cnncalc.record import Record

Number: TypeAlias = "int | Fraction"

# Strides with longer numerators or denominators are not followed.
LONGEST_NUMBER = 2**63


class NarrowestField(Record):
    """The field of a layer's outputs along an axis of its map, on an input of length `size`.

    `start` is the first position of the first output's field, and `outputs` the number of outputs.
    """

    size: int
    start: Number
    extent: Number
    stride: Number
    outputs: int

    @property
    def sees_all(self) -> bool:
        """Whether both the first and the last output see the input from end to end."""
        last = self.start + (self.outputs - 1) * self.stride
        return last <= 0 and self.start + self.extent >= self.size


# One field for each axis of a map; None for an axis that does not come from the input.
Map: TypeAlias = tuple[NarrowestField, ...]


def narrowest_fields(network: LayerGraph) -> dict[str, Map]:
    """The fields of each layer and each input of the network, without gates.

    If paths join, each axis has the narrowest of their fields. A layer that reads a whole axis, or makes it from
    something else, such as channels, ends the field.
    """
    found: dict[str, Map] = {
        name: tuple(NarrowestField(size, 0, 1, 1, size) for size in shape.spatial) for name, shape in network.inputs
    }
    for layer in network.layers:
        readings = layer.figures.type.readings(layer.input_shapes, layer.output_shape)
        maps = [
            _slide(reading, layer, number, found[name])
            for number, (reading, name) in enumerate(zip(readings, layer.inputs, strict=True))
            if not reading.repeated or len(readings) == 1
        ]
        laid = [each for each in maps if each]
        found[layer.name] = tuple(min(axes, key=_share) for axes in zip(*laid, strict=True)) if laid else ()
    return found


def _slide(reading: Reading, layer: Layer, number: int, fields: Map) -> Map:
    """The fields of a layer's outputs through one of its inputs; none for an axis that ends."""
    by_axis = dict(_grown(reading, layer, number, fields)) if fields else {}
    axes = range(layer.output_shape.rank)
    return tuple(by_axis[axis] for axis in axes) if all(axis in by_axis for axis in axes) else ()


def _grown(reading: Reading, layer: Layer, number: int, fields: Map) -> Iterator[tuple[int, NarrowestField]]:
    sizes = layer.input_shapes[number].spatial
    for window, axis, size, field in zip(reading.windows, reading.axes, sizes, fields, strict=True):
        step, positions = window.pace(size)
        stride = field.stride * step if positions == 1 else _whole(Fraction(field.stride * step, positions))
        if axis is None or not 0 < stride.numerator < LONGEST_NUMBER or stride.denominator > LONGEST_NUMBER:
            continue
        first = next(iter(window.reads(0, size)), 0)
        yield (
            axis,
            NarrowestField(
                field.size,
                field.start + first * field.stride,
                field.extent + (window.span(size) - 1) * field.stride,
                stride,
                layer.output_shape.spatial[axis],
            ),
        )


def _share(field: NarrowestField) -> Fraction:
    return Fraction(field.extent) / field.size


def _whole(number: Fraction) -> Number:
    return number.numerator if number.denominator == 1 else number
